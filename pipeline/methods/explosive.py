"""Explosive growth in a series: ADF, SADF, GSADF and BSADF tests, and the dates between which it lasted.

H0 of every test here: the series is a random walk, at most with a drift too small to see. H1, one-sided: in
some stretch it grows faster the larger it is. Phillips, Shi and Yu (2015), "Testing for multiple bubbles:
historical episodes of exuberance and collapse in the S&P 500", International Economic Review 56.

A window is counted in levels, as its authors do; a package that counts the regression's rows calls the same
window one shorter. Every regression has a constant and no trend. Where a rejection begins is simulated in
`critical_values.py`; what is tested (log of open interest in coins, of debt over market value) and how often
is said by the signal that calls. A series must be complete: a hole is filled or cut off by the caller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExplosiveTest:
    """What the tests say of one series of n levels; NaN where a statistic is undefined.

    `adf` is the statistic of the whole series, `sadf` the largest over windows from the first level, `gsadf`
    the largest over all windows. `bsadf` and `badf`, both (n,), are the largest over the windows that end at
    a level, and the statistic of the window from the first level to it: they use nothing later, and are NaN
    before `minimum_window` levels.
    """

    adf: float
    sadf: float
    gsadf: float
    bsadf: Series
    badf: Series
    minimum_window: int


@dataclass(frozen=True)
class Episode:
    """Levels start..end-1, counted from 0, whose BSADF lies above its critical value.

    `is_open` when the last level of the series is one of them, so that the end is not known yet.
    """

    start: int
    end: int
    is_open: bool


def minimum_window(n: int) -> int:
    """Shortest window for n levels: floor((0.01 + 1.8 / sqrt(n)) n), Phillips, Shi and Yu (2015).

    >>> minimum_window(100)
    19
    """
    return math.floor((0.01 + 1.8 / math.sqrt(n)) * n)


def minimum_duration(n: int, factor: float = 1.0) -> int:
    """Fewest levels that make an episode: factor x ln(n), rounded up; the factor depends on the frequency.

    >>> minimum_duration(365)
    6
    """
    return math.ceil(factor * math.log(n))


def adf(series: npt.ArrayLike, lag: int = 0) -> float:
    """Augmented Dickey-Fuller t-statistic of the whole series with a constant and `lag` lagged changes.

    Large values speak for explosive growth, very negative ones for a stable level. NaN when the regression
    leaves no residual. Raises ValueError for a missing level or a series shorter than 2 lag + 4.
    """
    levels = _complete(series)
    return explosive_test(levels, shortest=levels.size, lag=lag).adf


def explosive_test(
    series: npt.ArrayLike, *, shortest: int | None = None, lag: int = 0, is_lag_chosen: bool = False
) -> ExplosiveTest:
    """All statistics of a series of n levels, over every window of at least `shortest` levels.

    `shortest` is `minimum_window(n)` when left out. `lag` is the number of lagged changes in each regression;
    with `is_lag_chosen` it is the most, and each window takes as many as BIC says, compared on the rows all
    candidates have and estimated on all rows its own lag leaves. Cost: n squared windows.
    Raises ValueError for a missing level or a window too short for its regression.
    """
    from pipeline.methods import unit_root_kernels as kernels  # noqa: PLC0415  numba takes a second to import

    levels = _complete(series)
    window = checked_window(levels.size, shortest, lag)
    bsadf, badf = np.empty(levels.size), np.empty(levels.size)
    if lag == 0:
        kernels.without_lags(levels, window, bsadf, badf)
    else:
        kernels.with_lags(levels, window, lag, is_lag_chosen, bsadf, badf)
    return ExplosiveTest(
        adf=float(badf[-1]),
        sadf=_largest(badf),
        gsadf=_largest(bsadf),
        bsadf=bsadf,
        badf=badf,
        minimum_window=window,
    )


def checked_window(n: int, shortest: int | None, lag: int) -> int:
    """The shortest window for n levels, or ValueError when its regression would not have a residual."""
    window = minimum_window(n) if shortest is None else shortest
    fewest = (
        2 * lag + 4
    )  # one residual is left of the rows, lag + 3 of them, after a constant, level and lags
    if lag < 0 or not fewest <= window <= n:
        message = (
            f"windows of {window} levels do not fit a series of {n} with {lag} lagged changes: "
            f"give at least {fewest} and at most {n}"
        )
        raise ValueError(message)
    return window


def episodes(
    found: ExplosiveTest, gsadf_critical: float, bsadf_critical: npt.ArrayLike, shortest: int
) -> list[Episode]:
    """Explosive stretches of at least `shortest` levels; none unless the GSADF test rejects first.

    `bsadf_critical` is one number, of a bootstrap, or (n,), `CriticalValues.dating`, NaN where there is no
    statistic. The gate matters: some stretch of a random walk is often above the value of its level. An open
    episode is returned once it has lasted.
    """
    if not found.gsadf > gsadf_critical:  # also when it is undefined
        return []
    n = found.bsadf.size
    is_above = found.bsadf > np.broadcast_to(np.asarray(bsadf_critical, dtype=float), (n,))
    turns = np.flatnonzero(np.diff(np.concatenate(([False], is_above, [False])).astype(np.int8)))
    return [
        Episode(int(start), int(end), is_open=bool(end == n))
        for start, end in turns.reshape(-1, 2)
        if end - start >= shortest
    ]


def _complete(series: npt.ArrayLike) -> Series:
    levels = np.ascontiguousarray(series, dtype=np.float64)
    if levels.ndim != 1 or not np.all(np.isfinite(levels)):
        message = "an explosive test needs one complete series of numbers: fill its holes or cut it at one"
        raise ValueError(message)
    return levels


def _largest(statistics: Series) -> float:
    seen = statistics[~np.isnan(statistics)]
    return float(seen.max()) if seen.size else math.nan
