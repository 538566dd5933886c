"""Each of the 69 recorded coins with its own events, pooled: the third market of the rule's page."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from record import Panel, readings

from pipeline.evaluate.baselines import RECORD_COLUMNS, VOLATILITY, baselines
from pipeline.evaluate.rule import RULES, label_days
from pipeline.evaluate.score import REPETITIONS, SEED, Candidate
from pipeline.evaluate.scoreboard import COMPOSITE, candidates
from pipeline.methods.scoring import auroc
from pipeline.methods.scoring_bootstrap import (
    block_counts,
    block_days,
    interval,
    pairs_by_day,
    resampled_aurocs,
)

RULE, HORIZON_DAYS = RULES[0], 14


@dataclass(frozen=True)
class Pooled:
    """One series over all coins. `event_days` counts days on which any coin had an event, once each."""

    name: str
    auroc: float
    low: float
    high: float
    gain_low: float
    gain_high: float
    coin_events: int
    event_days: int


def score_coins(recorded: Panel, only: Collection[str] = ()) -> list[Pooled]:
    """Every series of the coins (or `only` some), highest AUROC first; the gain is over volatility."""
    own = dict(tuple(readings(_inputs(recorded)).groupby("scope")))
    parts = [_of_coin(recorded, coin, own[coin]) for coin in recorded.coins.columns]
    rows = pd.concat(parts, ignore_index=True)
    names = [name for name in rows.columns if name not in ("day", "label", "event", "coin")]
    names = [name for name in names if not only or name in only]
    found = [_pooled(rows.dropna(subset=["label", name]), name) for name in names]
    return sorted(found, key=lambda one: -one.auroc)


def _inputs(recorded: Panel) -> pd.DataFrame:
    held = recorded.coins
    frames = [
        pd.DataFrame(
            {
                "day": held.index,
                "scope_type": "asset",
                "scope": coin,
                "quantity_growth_30d_ratio": (held[coin] / held[coin].shift(30) - 1).to_numpy(),
                "funding_apr": recorded.funding_apr[coin].to_numpy(),
                "seen_ratio": np.nan,  # an asset has none
            }
        )
        for coin in held.columns
    ]
    return pd.concat(frames, ignore_index=True)


def _of_coin(recorded: Panel, coin: str, own: pd.DataFrame) -> pd.DataFrame:
    """A row a day: the label, the event it stands before, and each series where it is known."""
    price, usd = recorded.price[coin], recorded.coins[coin] * recorded.price[coin]
    days = pd.DatetimeIndex(usd.index)
    change = np.log(usd).diff(3), np.log(price).diff(3), np.log(price).diff()
    growth = usd / usd.shift(30) - 1
    record = pd.concat([*change, growth, recorded.funding_apr[coin]], axis=1, keys=RECORD_COLUMNS)
    events = RULE.event_days(change[0], change[1])
    known = {one.name: one.value for one in _series(days, own, record)}
    frame = pd.DataFrame(known).assign(day=days, coin=coin, label=label_days(days, events, HORIZON_DAYS))
    dated = pd.Series(pd.DatetimeIndex(events), index=pd.DatetimeIndex(events)).reindex(days)
    return frame.assign(event=dated.bfill().shift(-1))


def _series(days: pd.DatetimeIndex, own: pd.DataFrame, record: pd.DataFrame) -> Iterator[Candidate]:
    nobody = pd.DataFrame(columns=["as_of", "level", "score"])
    for one in candidates(days, own.assign(scope_type="market"), nobody):
        if one.name != COMPOSITE:  # there is none of one coin
            yield one
    yield from (one for one in baselines(record) if one.name != "always_calm")


def _pooled(rows: pd.DataFrame, name: str) -> Pooled:
    before = rows[rows["label"] == 1]
    low, high = interval(_resampled(rows, name))
    both = rows.dropna(subset=[VOLATILITY])
    gain = (float("nan"), float("nan"))
    if name != VOLATILITY:
        gain = interval(_resampled(both, name) - _resampled(both, VOLATILITY))
    return Pooled(
        name,
        auroc(rows["label"], rows[name]),
        low,
        high,
        *gain,
        coin_events=len(before[["coin", "event"]].drop_duplicates()),
        event_days=before["event"].nunique(),
    )


def _resampled(rows: pd.DataFrame, name: str) -> np.ndarray:
    place = (rows["day"] - rows["day"].min()).dt.days.to_numpy()
    counts = block_counts(int(place.max()) + 1, block_days(HORIZON_DAYS), REPETITIONS, SEED)
    return resampled_aurocs(pairs_by_day(rows["label"].to_numpy(), rows[name].to_numpy(), place), counts)
