"""Made worlds: seeded history folders with a known truth, for the demo, for tests and for scoring signals.

The random model is `market_model.py`, the listed markets are `made_markets.py`; here both become the tables
of a history folder. A made world is labelled as made, and never looks at what the signals do with it.

Families
--------
build_up_and_crash      open interest in coins gains 57 to 83 % over its trend in 45 to 70 days while funding
                        rises to 0.04-0.05 % per 8 h; 0 to 6 days later the price falls by 26 to 36 % in one
                        to three days and 32 to 43 % of the coins are closed
quiet                   nothing but ordinary noise and waves
price_only_rally        the price gains 65 to 95 % in 60 days; coins and funding stay ordinary
crash_without_build_up  the same crash out of a calm market
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.errors import HistoryInvalid
from pipeline.replay import market_model as model
from pipeline.replay.history import ABOUT_FILE, HISTORY_TABLES, write_history
from pipeline.replay.made_loans import borrow_rates, margin_loans
from pipeline.replay.made_markets import (
    ASSETS,
    ROLL_DAYS,
    SPOT_PAIRS,
    MadeMarket,
    amount_decimals,
    at_midnight,
    made_markets,
    price_decimals,
)
from pipeline.replay.market_model import FAMILIES, Array, Events, check_family

__all__ = ["FAMILIES", "Truth", "check_family", "scenario_truth", "write_scenario"]

FIRST_DAY = date(2025, 6, 1)
LISTING_RAMP_DAYS, DELISTING_RAMP_DAYS = 20, 6
BASIS_APR = 0.05  # of a dated future in an ordinary market


class Truth(TypedDict):
    """What a made world contains. Dates are UTC days; None where the family has no such event.

    crash_day is the day during which the price begins to fall: the first close that shows it is observed at
    the start of the day after.
    """

    family: str
    seed: int
    first_day: date
    last_day: date
    build_up_from: date | None
    rally_from: date | None
    crash_day: date | None


def write_scenario(
    folder: Path, family: str, seed: int, days: int = 400, first_day: date = FIRST_DAY
) -> Path:
    """Write a made world of `days` days as a history folder and return the folder.

    Equal arguments give equal bytes. Daily levels stand at every 00:00 UTC from the first day's start to the
    last day's end. Raises UsageError for an unknown family or a period too short for its event (30 days when
    quiet, else 301).
    """
    rng = np.random.default_rng([seed, *family.encode()])
    events = model.draw_events(family, days, rng)
    markets = made_markets(first_day, days)
    world = _World(rng, first_day, days, markets, events)
    tables = {
        "markets": _market_rows(markets),
        "open_interest": pd.concat(world.open_interest(), ignore_index=True),
        "price": pd.concat(world.prices(), ignore_index=True),
        "funding_rate": pd.concat(world.funding(), ignore_index=True),
        "borrow_rate": borrow_rates(rng, world.instants, world.heat),
        "margin_loan": margin_loans(rng, world.instants, world.heat),
    }
    about = {
        "title": f"A made market ({family.replace('_', ' ')}, seed {seed}): no number in it was recorded",
        "is_made": True,
        "family": family,
        "seed": seed,
        "first_day": first_day.isoformat(),
        "last_day": (first_day + timedelta(days=days - 1)).isoformat(),
        "build_up_from": _day(first_day, events.build_up_from),
        "rally_from": _day(first_day, events.rally_from),
        "crash_day": _day(first_day, events.crash_at),
    }
    write_history(folder, tables, about)
    return folder


def scenario_truth(folder: Path) -> Truth:
    """What `write_scenario` put into the folder; raises HistoryInvalid for a folder it did not write."""
    file = folder / ABOUT_FILE
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        days = {name: about[name] for name in ("build_up_from", "rally_from", "crash_day")}
        return Truth(
            family=about["family"],
            seed=about["seed"],
            first_day=date.fromisoformat(about["first_day"]),
            last_day=date.fromisoformat(about["last_day"]),
            build_up_from=_read_day(days["build_up_from"]),
            rally_from=_read_day(days["rally_from"]),
            crash_day=_read_day(days["crash_day"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        message = f"{file} does not describe a made world ({problem!r}): write one with write_scenario"
        raise HistoryInvalid(message) from problem


class _World:
    """One draw of the model, cut into the rows of each market while it lives."""

    def __init__(
        self, rng: np.random.Generator, first_day: date, days: int, markets: list[MadeMarket], events: Events
    ) -> None:
        self.start = at_midnight(first_day)
        self.markets = markets
        self.instants = pd.date_range(self.start, periods=days + 1, freq="D")
        self.heat = model.heat_path(days, events)
        names = [asset.name for asset in ASSETS]
        asset_of = np.array([names.index(market.asset) for market in markets])
        venues = sorted({market.venue for market in markets})
        venue_of = np.array([venues.index(market.venue) for market in markets])
        usual_usd = np.array(
            [
                market.share_ratio * ASSETS[asset].open_interest_usd
                for market, asset in zip(markets, asset_of, strict=True)
            ]
        )
        first_price = np.array([asset.price_usd for asset in ASSETS])
        betas = np.array([asset.beta_ratio for asset in ASSETS])
        asset_price = model.price_paths(rng, days, betas, events) * first_price
        level = model.open_interest_paths(rng, days, np.array([asset_of, venue_of]), usual_usd, events)
        self.lives = np.column_stack([self._life(market) for market in markets])
        coins = level * (usual_usd / first_price[asset_of]) * self.lives
        units = np.array([market.units for market in markets])
        decimals = [price_decimals(price) for price in first_price[asset_of] * units]
        index = asset_price[:, asset_of] * units
        gap = model.reverting(rng, days + 1, len(markets), 0.0003, 1)
        self.index = _rounded(index * (1 + gap / 3), decimals)
        self.mark = _rounded(index * (1 + gap + self._basis(markets)), decimals)
        self.amounts = self._whole(coins / units)
        # A day's volume belongs to the book at its start and its end, or a closing book would look idle.
        book = (self.amounts + np.vstack([self.amounts[:1], self.amounts[:-1]])) / 2
        turnover = np.exp(rng.normal(np.log(0.6), 0.35, book.shape))
        busy = 1 + np.abs(np.diff(self.heat, prepend=self.heat[0]))[:, None]
        self.volumes = self._whole(book / np.clip(turnover / busy, 0.12, 2.5))
        self.funding_8h = model.funding_paths(rng, days, len(markets), self.heat, events)

    def open_interest(self) -> Iterator[pd.DataFrame]:
        """One frame a market: open interest in the market's base at each instant of its life."""
        for column, market in enumerate(self.markets):
            alive = self._alive(market)
            values = {"observed_at": self.instants[alive], "open_interest_base": self.amounts[alive, column]}
            yield pd.DataFrame({"venue": market.venue, "market": market.market, **values})

    def prices(self) -> Iterator[pd.DataFrame]:
        """One frame a market: mark and index in quote per base, volume of the 24 hours before in base."""
        for column, market in enumerate(self.markets):
            alive = self._alive(market)
            values = {
                "observed_at": self.instants[alive],
                "mark_price": self.mark[alive, column],
                "index_price": self.index[alive, column],
                "volume_base_24h": self.volumes[alive, column],
            }
            yield pd.DataFrame({"venue": market.venue, "market": market.market, **values})

    def funding(self) -> Iterator[pd.DataFrame]:
        """One frame a market with funding: settlements to 8 hours after the last instant.

        The settlements beyond the end exist for their forecast, which is the rate one interval before.
        """
        horizon = len(self.funding_8h) - 1
        for column, market in enumerate(self.markets):
            if market.funding_interval_hours is None:
                continue
            hours, intervals = _settlement_hours(market, self.start, horizon)
            settled_at = self.start + pd.to_timedelta(hours, unit="h")
            rates = self.funding_8h[hours, column] * intervals / 8
            forecasts = self.funding_8h[np.maximum(hours - intervals, 0), column] * intervals / 8
            frame = pd.DataFrame(
                {
                    "venue": market.venue,
                    "market": market.market,
                    "settled_at": settled_at,
                    "funding_rate": np.round(rates, 10),
                    "interval_hours": intervals.astype(float),
                    "predicted_rate": np.round(forecasts, 10),
                }
            )
            since = frame["settled_at"] >= pd.Timestamp(market.listed_at)
            yield frame[since & (frame["settled_at"] < _closing(market))]

    def _alive(self, market: MadeMarket) -> npt.NDArray[np.bool_]:
        since = self.instants >= pd.Timestamp(market.listed_at)
        return np.asarray(since & (self.instants < _closing(market)), dtype=np.bool_)

    def _life(self, market: MadeMarket) -> Array:
        """Part of its usual open interest that a market holds: growing when new, going to zero at the end."""
        since = (self.instants - market.listed_at) / timedelta(days=1)
        left = (_closing(market) - self.instants) // timedelta(days=1)
        arriving = ROLL_DAYS if market.expires_at else LISTING_RAMP_DAYS
        grown = np.clip(0.1 + 0.9 * since / arriving, 0, 1)
        if market.expires_at is not None:
            return np.asarray(grown * np.clip(left / ROLL_DAYS, 0.1, 1), dtype=np.float64)
        return np.asarray(grown * np.clip(left / DELISTING_RAMP_DAYS, 0, 1), dtype=np.float64)

    def _basis(self, markets: list[MadeMarket]) -> Array:
        """Premium over the index: zero for a perpetual, shrinking to zero at expiry for a dated future."""
        premium = np.zeros((len(self.instants), len(markets)))
        for column, market in enumerate(markets):
            if market.expires_at is not None:
                years = (pd.Timestamp(market.expires_at) - self.instants) / timedelta(days=365)
                premium[:, column] = (
                    BASIS_APR * (1 + 1.5 * np.maximum(self.heat, -0.5)) * np.maximum(years, 0)
                )
        return premium

    def _whole(self, base: Array) -> Array:
        """Amounts in the smallest step a venue counts in: whole contracts, or digits of the coin."""
        result = np.empty_like(base)
        for column, market in enumerate(self.markets):
            amount, size, price = base[:, column], market.contract_size, self.mark[:, column]
            if not market.whole_contracts:
                result[:, column] = np.round(amount, amount_decimals(float(price[0])))
            elif market.direction == "inverse":
                result[:, column] = np.round(amount * price / size) * size / price
            else:
                result[:, column] = np.round(amount / size) * size
        return result


def _market_rows(markets: list[MadeMarket]) -> pd.DataFrame:
    """markets.parquet: a row a market, one more where its funding interval changes, and the spot pairs."""
    rows = []
    for market in markets:
        row = {name: value for name, value in vars(market).items() if name in HISTORY_TABLES["markets"].names}
        rows.append({**row, "effective_from": market.listed_at})
        if market.interval_change is not None:
            instant, hours = market.interval_change
            rows.append({**row, "effective_from": instant, "funding_interval_hours": hours})
    listed = min(market.listed_at for market in markets)
    for pair, base in SPOT_PAIRS:
        spot = {"venue": "bitfinex", "market": pair, "base": base, "quote": "USD", "kind": "spot"}
        rows.append({**spot, "effective_from": listed, "listed_at": listed})
    return pd.DataFrame(rows)


def _settlement_hours(
    market: MadeMarket, start: datetime, horizon: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Hours after `start` at which funding settles, and the interval each settlement closes."""
    step = int(market.funding_interval_hours or 0)
    change, new_step = horizon, step
    if market.interval_change is not None:
        change = int((market.interval_change[0] - start) / timedelta(hours=1))
        new_step = int(market.interval_change[1])
    before = np.arange(0, change + 1, step)
    after = np.arange(change + new_step, horizon + 1, new_step)
    return np.concatenate([before, after]), np.repeat([step, new_step], [len(before), len(after)])


def _closing(market: MadeMarket) -> pd.Timestamp:
    """The instant a market ends, far away for one that does not."""
    return pd.Timestamp(market.delisted_at or market.expires_at or datetime(2200, 1, 1, tzinfo=UTC))


def _rounded(values: Array, decimals: list[int]) -> Array:
    return np.column_stack([np.round(values[:, c], digits) for c, digits in enumerate(decimals)])


def _day(first_day: date, index: int | None) -> str | None:
    return None if index is None else (first_day + timedelta(days=index)).isoformat()


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
