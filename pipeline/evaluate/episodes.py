"""When borrowed positions grew explosively: one test a series, and dates only where the test rejects.

The dated history beside the daily monitor of `signals/explosive_leverage.py`, which has another size. Here:
which series are tested and how long they are. The test is `methods/explosive.py`, its critical values are
`pipeline/critical_cache.py`; nothing is simulated here.

Notes
-----
H0: the logarithm is a random walk. Tested, not on prices: the price-free index of open interest (coins) of
the market and of each asset, and the market's open interest over market capitalisation. The GSADF test of
Phillips, Shi and Yu (2015) at 5 %; where it rejects, the days whose BSADF lies above the 95 % value of SADF
up to them, for at least ln(n) days running. A stretch that ends below where it began is no build-up and
is left out. Each series is cut to its last 1,460, 730, 365 or 180 days, the longest that it has.

A test at 5 % on each of 300 assets rejects 15 times when nothing happens: `series_tested` stands in each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.critical_cache import LENGTHS_DAYS, shipped
from pipeline.methods.critical_values import LEVELS
from pipeline.methods.explosive import episodes, explosive_test, minimum_duration
from pipeline.signals.explosive_leverage import SCOPES, log_steps, stretch_begins
from pipeline.signals.panel import panel_of

COINS, OVER_MARKET_CAP = "coins", "coins_over_market_cap"
GROWTH, OVER_CAP = "quantity_growth_1d_ratio", "oi_to_market_cap_ratio"
SIZE_AT = LEVELS.index(0.95)
COLUMNS = (
    "scope_type", "scope", "series", "episode", "days", "tested_from", "tested_to", "gsadf",
    "gsadf_critical", "is_explosive", "from_day", "to_day", "is_open", "series_tested",
)  # fmt: skip


@dataclass(frozen=True)
class _Series:
    scope_type: str
    scope: str
    name: str
    days: pd.DatetimeIndex
    levels: npt.NDArray[np.float64]


def explosive_episodes(inputs: pd.DataFrame) -> pd.DataFrame:
    """One row a series and episode, columns COLUMNS; `episode` 0 says that none was found.

    inputs: rows of marts.signal_inputs_daily. Days are UTC dates, statistics have no unit.
    """
    tested = list(_all_series(inputs))
    rows = [row for one in tested for row in _rows(one, len(tested))]
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[:3], "str"))
    return found.sort_values(list(COLUMNS[:4]), ignore_index=True)


def _all_series(inputs: pd.DataFrame) -> Iterator[_Series]:
    for scope_type in SCOPES:
        panel = panel_of(inputs, scope_type, (GROWTH, OVER_CAP))
        steps = log_steps(panel.columns[GROWTH])
        ratio = panel.columns[OVER_CAP]
        of_cap = np.log(np.where(ratio > 0, ratio, np.nan))
        for name, logs, is_steps in ((COINS, steps, True), (OVER_MARKET_CAP, of_cap, False)):
            begins = stretch_begins(np.isfinite(logs))
            for column, scope in enumerate(panel.scopes):
                starts = np.flatnonzero(begins[:, column])
                known = np.flatnonzero(np.isfinite(logs[:, column]))
                if not len(starts) or known[-1] + 1 - starts[-1] < min(LENGTHS_DAYS):
                    continue
                days = max(length for length in LENGTHS_DAYS if length <= known[-1] + 1 - starts[-1])
                stretch = logs[starts[-1] : known[-1] + 1, column]
                if is_steps:
                    levels = np.cumsum(np.nan_to_num(stretch))
                else:
                    levels = pd.Series(stretch).ffill().to_numpy()
                dates = panel.days[known[-1] + 1 - days : known[-1] + 1]
                yield _Series(scope_type, scope, name, dates, levels[-days:])


def _rows(one: _Series, series_tested: int) -> Iterator[tuple[object, ...]]:
    n = one.levels.size
    critical = shipped(n)
    test = explosive_test(one.levels, shortest=critical.settings.shortest)
    limit = float(critical.gsadf[SIZE_AT])
    found = [
        stretch
        for stretch in episodes(test, limit, critical.dating[SIZE_AT], minimum_duration(n))
        if one.levels[stretch.end - 1] > one.levels[stretch.start]
    ]
    about = (one.scope_type, one.scope, one.name)
    tested = (n, one.days[0], one.days[-1], test.gsadf, limit, bool(found))
    if not found:
        yield (*about, 0, *tested, pd.NaT, pd.NaT, None, series_tested)
    for number, stretch in enumerate(found, start=1):
        dates = (one.days[stretch.start], one.days[stretch.end - 1], stretch.is_open)
        yield (*about, number, *tested, *dates, series_tested)
