"""Where a value stands in its own past: its rank, and its distance from the median in robust deviations.

Row T uses rows up to T only, so a later revision or a longer series changes nothing before it. Thresholds and
levels, and how they are held, belong to `signals/levels.py`.
"""

from __future__ import annotations

from bisect import bisect_right, insort

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]

# Makes a standard deviation of a normal variable's median absolute deviation: 1 / (its 75 % quantile).
NORMAL_MAD = 1.482602218505602


def recursive_rank(series: npt.ArrayLike, minimum: int) -> Series:
    """Share of the values up to and with each one that are no larger than it, (n,), in (0, 1].

    The recursive empirical distribution function of Hollo, Kremer and Lo Duca (2012), "CISS: a composite
    indicator of systemic stress in the financial system", ECB working paper 1426. NaN where a value is
    missing and until `minimum` values were seen; a missing value does not count.
    """
    values = _checked(series)
    ranks = np.full(values.size, np.nan)
    past: list[float] = []
    for at, value in enumerate(values.tolist()):
        if np.isfinite(value):
            insort(past, value)
            if len(past) >= minimum:
                ranks[at] = bisect_right(past, value) / len(past)
    return ranks


def robust_z(series: npt.ArrayLike, window: int, minimum: int) -> Series:
    """Distance of each value from the median of the `window` values before it, in robust deviations, (n,).

    A deviation is 1.4826 times the median absolute deviation, which estimates the standard deviation of a
    normal variable and is not moved by a few extremes. NaN where the value is missing, fewer than `minimum`
    of those before it are seen, or at least half of them are equal, so that there is no spread to measure by.
    """
    values = _checked(series)
    scores = np.full(values.size, np.nan)
    for at in range(1, values.size):
        past = values[max(at - window, 0) : at]
        past = past[~np.isnan(past)]
        if past.size >= max(minimum, 1):
            middle = np.median(past)
            spread = NORMAL_MAD * np.median(np.abs(past - middle))
            if spread > 0:
                scores[at] = (values[at] - middle) / spread
    return scores


def _checked(series: npt.ArrayLike) -> Series:
    values = np.asarray(series, dtype=np.float64)
    if values.ndim != 1 or np.isinf(values).any():
        message = "a standing needs one series of finite or missing numbers"
        raise ValueError(message)
    return values
