"""Explosive leverage: are borrowed positions growing faster the larger they are?

Notes
-----
Measured: the BSADF statistic of Phillips, Shi and Yu (2015), "Testing for multiple bubbles", International
Economic Review 56, on the logarithm of the price-free index of open interest: the daily growth in coins at
the old prices (`quantity_growth_1d_ratio`, matched sample), added up. Neither a price rise nor a newly
collected venue enters it. Windows, and the reading of falls, are those of `explosive_monitor.py`.

H0: the logarithm of the index is a random walk. H1, one-sided: in some stretch up to the day read it grows
explosively.

Window: the last year of the index. Minimum history: 120 days, else `unknown`. A day without a figure is
`unknown` and adds no growth to the index; a hole of more than a week begins it anew.

Thresholds: the largest statistic of 365 days exceeds them in 5 % (elevated), 1 % (high) and 0.1 % (critical)
of simulated random walks: that is the size of one market read every day for a year. A level also needs six
days running, the minimum duration ln(365) of the authors, and is left below three quarters; of 20,000
simulated quiet years 0.4 % have an elevated day then, 0.02 % a high one. Steps of daily open interest have
fatter tails than the simulated ones, so on a real series the rate is higher, and some of 300 assets are
elevated by chance every year. Fixed before any made scenario was scored.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.methods.explosive import minimum_duration
from pipeline.signals.base import Signal
from pipeline.signals.explosive_monitor import CRITICAL, YEAR_DAYS, statistic
from pipeline.signals.levels import (
    MEMORY_DAYS,
    MINIMUM_HISTORY_DAYS,
    MINIMUM_SEEN_RATIO,
    Band,
    LevelRule,
    assess,
)
from pipeline.signals.panel import Matrix, days_since, panel_of
from pipeline.signals.wording import Wording, readings_of

SCOPES = ("market", "asset")
INPUTS = ("quantity_growth_1d_ratio", "seen_ratio")
ELEVATED, HIGH, EXTREME = (Band(None, value) for value in CRITICAL)
RULE = LevelRule((ELEVATED, HIGH, EXTREME), confirm_days=minimum_duration(YEAR_DAYS))
# A book that vanished whole has no logarithm: it is taken as a trillionth of what it was.
LEAST_LEFT_RATIO = 1e-12


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market and each asset; see the module for the rule."""
    wording = Wording(
        "Explosive statistic (BSADF) of the price-free index of open interest",
        _number,
        needs=f"{MINIMUM_HISTORY_DAYS} days of daily growth",
        fixed_source="simulated for 365 days of random walks",
    )
    parts = []
    for scope_type in SCOPES:
        panel = panel_of(inputs, scope_type, INPUTS)
        growth, seen_ratio = (panel.columns[name] for name in INPUTS)
        found = assess(statistics(growth), seen_ratio, RULE, MINIMUM_SEEN_RATIO)
        parts.append(readings_of(panel, found, wording))
    return pd.concat(parts, ignore_index=True)


def statistics(growth_1d_ratio: Matrix) -> Matrix:
    """The statistic of every day and scope; NaN without a figure that day or under 120 days of index."""
    steps = log_steps(growth_1d_ratio)
    is_known = np.isfinite(steps)
    begins = stretch_begins(is_known)
    found = np.full(steps.shape, np.nan)
    for column in range(steps.shape[1]):
        cuts = np.append(np.flatnonzero(begins[:, column]), steps.shape[0])
        for start, end in pairwise(cuts):
            index = np.cumsum(np.nan_to_num(steps[start:end, column]))
            found[start:end, column] = statistic(index)
            found[start : start + MINIMUM_HISTORY_DAYS - 1, column] = np.nan
    return np.where(is_known, found, np.nan)


def log_steps(growth_1d_ratio: Matrix) -> Matrix:
    """Daily steps of the logarithm of the price-free index, of the shape given; NaN without a figure."""
    return np.asarray(np.log(np.maximum(1.0 + growth_1d_ratio, LEAST_LEFT_RATIO)))


def stretch_begins(is_known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Where a series begins, (days, scopes): its first figure, and the first after over a week without."""
    silent_days = pd.DataFrame(days_since(is_known)).shift(fill_value=np.inf).to_numpy()
    return np.asarray(is_known & (silent_days > MEMORY_DAYS))


def _number(value: float) -> str:
    return f"{value:.2f}"


SIGNAL = Signal(
    name="explosive_leverage",
    title="Growth of borrowed positions that feeds on itself",
    scopes=SCOPES,
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
