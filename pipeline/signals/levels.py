"""How a value becomes a level: thresholds from its own past, and a level that neither flickers nor floods.

Shared by every signal; the numbers of a particular signal are declared in its file. All of it was fixed
before any made scenario was scored, from the meaning of the measures and the years 2022-2023 of recorded
open interest and funding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.signals.base import RANKED, Level
from pipeline.signals.panel import Matrix, days_since

Ranks = npt.NDArray[np.int8]

# Four months: below that the 95 % quantile rests on fewer than six days, often one episode.
MINIMUM_HISTORY_DAYS = 120
# Two years hold both a rising and a falling market without letting an older regime set today's bar.
WINDOW_DAYS = 730
# The last month is kept out of the history: a 30-day change overlaps its neighbours, and a build-up that
# taught its own threshold would silence itself before it ends.
EMBARGO_DAYS = 30
# An earlier level is defended across a hole of a week at most; after that the reading starts afresh.
MEMORY_DAYS = 7
# Under half of the expected open interest seen, a figure describes the collection more than the market.
MINIMUM_SEEN_RATIO = 0.5

# How often a day of the own past was above: one in 20 and one in 100 for the whole market. One asset or
# venue is read among a hundred others, so its first quantile is higher, or the list would never be empty.
MARKET_QUANTILES = (0.95, 0.99, 1.0)
SINGLE_QUANTILES = (0.975, 0.99, 1.0)


@dataclass(frozen=True)
class Band:
    """The entry threshold of one level: a quantile of the own past, kept inside [floor, ceiling].

    Without a quantile the threshold is the floor itself, fixed and declared.
    """

    quantile: float | None
    floor: float
    ceiling: float = np.inf


@dataclass(frozen=True)
class LevelRule:
    """Bands of elevated, high and critical, and how hard it is to change the level.

    A level rises when the value was above the entry threshold on `confirm_days` observed days running, and
    falls when it was below `exit_share_ratio` of it on as many. Thresholds are positive and rise by level.
    """

    bands: tuple[Band, Band, Band]
    confirm_days: int = 3
    exit_share_ratio: float = 0.75

    @property
    def needs_history(self) -> bool:
        """Whether any threshold comes from the own past."""
        return any(band.quantile is not None for band in self.bands)


@dataclass(frozen=True)
class Assessment:
    """What the machinery found, as (days, scopes) matrices.

    `entry` holds the three entry thresholds and `quantiles` the walk-forward figures behind them, both
    (3, days, scopes); `rank` is a place in RANKED, -1 for unknown. `value_age_days` is the age of the latest
    value, 0 when today has one.
    """

    rule: LevelRule
    value: Matrix
    seen_ratio: Matrix
    entry: Matrix
    quantiles: Matrix
    history_days: Matrix
    value_age_days: Matrix
    is_blind: npt.NDArray[np.bool_]
    rank: Ranks


def quantile_bands(
    quantiles: tuple[float, float, float],
    floors: tuple[float, float, float],
    ceilings: tuple[float, float, float] = (np.inf, np.inf, np.inf),
) -> LevelRule:
    """A walk-forward rule from three quantiles with their floors and ceilings."""
    first, second, third = (Band(*numbers) for numbers in zip(quantiles, floors, ceilings, strict=True))
    return LevelRule((first, second, third))


def assess(value: Matrix, seen_ratio: Matrix, rule: LevelRule, minimum_seen_ratio: float) -> Assessment:
    """Levels of every day and scope. Row T of each result depends on rows up to T only.

    Where less than `minimum_seen_ratio` of the scope was seen, the value neither gets a level nor enters
    the history.
    """
    is_blind = seen_ratio < minimum_seen_ratio  # NaN: nothing was expected, so nothing is missing
    usable = np.where(is_blind, np.nan, value)
    quantiles, history_days = _walk_forward(usable, rule)
    entry = np.empty_like(quantiles)
    for place, band in enumerate(rule.bands):
        entry[place] = (
            band.floor if band.quantile is None else np.clip(quantiles[place], band.floor, band.ceiling)
        )
    return Assessment(
        rule=rule,
        value=value,
        seen_ratio=seen_ratio,
        entry=entry,
        quantiles=quantiles,
        history_days=history_days,
        value_age_days=days_since(np.isfinite(value)),
        is_blind=is_blind,
        rank=_held_ranks(usable, entry, rule),
    )


def level_of(rank: int) -> Level:
    """The level of a rank; -1 is unknown."""
    return RANKED[rank] if rank >= 0 else Level.UNKNOWN


def _walk_forward(usable: Matrix, rule: LevelRule) -> tuple[Matrix, Matrix]:
    """Quantiles of days T-730..T-30 as of each T, NaN under 120 of them; and how many there are."""
    quantiles = np.full((len(rule.bands), *usable.shape), np.nan)
    if not rule.needs_history or usable.size == 0:
        return quantiles, np.zeros(usable.shape)
    past = pd.DataFrame(usable).shift(EMBARGO_DAYS)
    window = past.rolling(WINDOW_DAYS - EMBARGO_DAYS + 1, min_periods=1)
    history_days = window.count().fillna(0.0).to_numpy()
    for place, band in enumerate(rule.bands):
        if band.quantile is not None:
            figures = window.quantile(band.quantile).to_numpy()
            quantiles[place] = np.where(history_days >= MINIMUM_HISTORY_DAYS, figures, np.nan)
    return quantiles, history_days


def _held_ranks(usable: Matrix, entry: Matrix, rule: LevelRule) -> Ranks:
    """A level moves only as far as every one of the last observed days allows."""
    known = np.isfinite(usable) & np.isfinite(entry).all(axis=0)
    rising = (usable > entry).sum(axis=0).astype(np.int8)
    falling = (usable >= rule.exit_share_ratio * entry).sum(axis=0).astype(np.int8)

    ranks = np.full(usable.shape, -1, dtype=np.int8)
    for scope in range(usable.shape[1]):
        rows = np.flatnonzero(known[:, scope])
        # with no earlier level to defend, the first value decides alone
        is_afresh = np.diff(rows, prepend=-np.inf) > MEMORY_DAYS
        place = np.arange(rows.size)
        age = place - np.maximum.accumulate(np.where(is_afresh, place, 0))
        up, down = rising[rows, scope], falling[rows, scope]
        least, most = up.copy(), down.copy()
        for back in range(1, rule.confirm_days):
            is_same = age[back:] >= back
            least[back:] = np.where(is_same, np.minimum(least[back:], up[:-back]), least[back:])
            most[back:] = np.where(is_same, np.maximum(most[back:], down[:-back]), most[back:])
        ranks[rows, scope] = _held(is_afresh.tolist(), least.tolist(), most.tolist())
    return ranks


def _held(is_afresh: Sequence[bool], least: Sequence[int], most: Sequence[int]) -> list[int]:
    """The one part that needs the day before: each level is the last one, moved into what the days allow."""
    held, found = 0, []
    for afresh, low, high in zip(is_afresh, least, most, strict=True):
        if afresh:
            held = 0
        # comparisons, not min and max: half the time over many days and scopes
        if held < low:  # noqa: PLR1730
            held = low
        if held > high:  # noqa: PLR1730
            held = high
        found.append(held)
    return found
