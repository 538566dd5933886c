"""The statistic that `explosive_leverage.py` watches, and the values it exceeds when nothing happens.

Critical values are constants here, beside the function that simulates them; no daily pass simulates. What is
watched, and what a level means, is said by the signal.

Each day has the BSADF statistic of Phillips, Shi and Yu (2015) over windows of 38 levels (their shortest for
a year of days) up to about a year: the oldest level is 365 to 455 days old, because the series is cut anew
every 91 days from its own beginning, which makes a long history no dearer than a short one. Without lags.

A statistic read every day is no test of its nominal size. CRITICAL are therefore values for a whole year: the
largest statistic of 365 days exceeds them in 5, 1 and 0.1 % of random walks, after 456 days of history. A day
above one is above the critical value of the GSADF test over the year watched, so no day is marked unless that
test rejects. Read each day against the value of that day alone, the same monitor alarms in most quiet years
(`methods/monitoring.py`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.methods.explosive import explosive_test, minimum_window
from pipeline.methods.simulation import random_walks

Series = npt.NDArray[np.float64]

WINDOW_LEVELS = 365
SHORTEST_LEVELS = minimum_window(WINDOW_LEVELS)
STRIDE_LEVELS = 91
RISE_DAYS = 30
YEAR_DAYS = 365
SIZES_RATIO = (0.05, 0.01, 0.001)

# simulated(20_000), seed 20150501
CRITICAL = (2.025, 2.552, 3.157)


def statistic(log_index: Series) -> Series:
    """BSADF of each day of a complete series of logarithms, (n,); uses nothing later than the day.

    At most 0 on a day whose index is not above that of 30 days before: a collapse is explosive, too, and is
    no build-up. NaN for the first 37 days, and where a window is fitted without residual.
    """
    found = np.full(log_index.size, np.nan)
    begin = WINDOW_LEVELS + STRIDE_LEVELS
    for start in range(0, log_index.size, STRIDE_LEVELS):
        known = 0 if start == 0 else WINDOW_LEVELS
        levels = log_index[start : start + begin]
        if levels.size <= max(known, SHORTEST_LEVELS - 1):
            break
        found[start + known : start + begin] = explosive_test(levels, shortest=SHORTEST_LEVELS).bsadf[known:]
    is_rising = np.zeros(log_index.size, dtype=bool)
    is_rising[RISE_DAYS:] = log_index[RISE_DAYS:] > log_index[:-RISE_DAYS]
    return np.where(is_rising, found, np.minimum(found, 0.0))


def quiet_years(repetitions: int, seed: int = 20150501) -> Series:
    """Statistics of the 365 days after 456 of history, (repetitions, 365), of random walks without drift."""
    history = WINDOW_LEVELS + STRIDE_LEVELS
    walks = random_walks(np.random.default_rng(seed), repetitions, history + YEAR_DAYS, 0.0)
    return np.stack([statistic(walk)[history:] for walk in walks])


def simulated(repetitions: int, seed: int = 20150501) -> tuple[float, ...]:
    """CRITICAL from so many quiet years; 20,000 of them take 25 s on one core."""
    largest = quiet_years(repetitions, seed).max(axis=1)
    return tuple(float(value) for value in np.quantile(largest, [1.0 - size for size in SIZES_RATIO]))
