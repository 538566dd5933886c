"""How far a series stands above its own trend: the one-sided Hodrick-Prescott gap and the Hamilton gap.

The trend at T uses observations up to T only, as a supervisor in real time would have drawn it. The series
is what the caller means by credit: for a ratio x, 100 ln(x), so that the gap is in percent. Which gap is a
warning is decided by the signal.

The trend solves min sum((y - trend)^2) + lambda sum(second differences of the trend squared), Hodrick and
Prescott (1997), Journal of Money, Credit and Banking 29. It is computed by the Kalman filter of the model
behind it, whose state after observation T is the last point of that minimum over 1..T: exactly, in one pass,
and without the loss of digits of solving the equations, which lambda of daily data (2.8e13) makes hopeless.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]

# Basel Committee (2010), "Guidance for national authorities operating the countercyclical capital buffer".
QUARTERLY_LAMBDA = 400_000.0
DAYS_PER_QUARTER = 365.25 / 4.0


def scaled_lambda(observations_per_quarter: float, quarterly: float = QUARTERLY_LAMBDA) -> float:
    """Smoothing for another frequency: lambda grows with its fourth power.

    Ravn and Uhlig (2002), "On adjusting the Hodrick-Prescott filter for the frequency of observations",
    Review of Economics and Statistics 84.

    >>> scaled_lambda(3)
    32400000.0
    """
    return quarterly * observations_per_quarter**4


def trend_one_sided(series: npt.ArrayLike, smoothing: float) -> Series:
    """Trend at each observation from those up to it, (n,), in the unit of the series.

    An observation may be missing (NaN): the trend is carried on and the gap there is NaN. NaN before the
    second observation; at the second, two points being their own trend, the gap is 0.
    """
    filtered, _, _ = _filter(_checked(series, smoothing), smoothing)
    return filtered[:, 0]


def trend_two_sided(series: npt.ArrayLike, smoothing: float) -> Series:
    """Trend at each observation from the whole series, (n,): hindsight, to compare with and not to signal by.

    Raises ValueError for a missing observation or fewer than three.
    """
    y = _checked(series, smoothing)
    if y.size < 3 or np.isnan(y).any():
        message = "a two-sided trend needs at least three observations and no hole: fill it or cut there"
        raise ValueError(message)
    filtered, predicted, variances = _filter(y, smoothing)
    trend = filtered[:, 0].copy()
    # The smoothing pass of de Jong (1989), "Smoothing and interpolation with the state-space model", Journal
    # of the American Statistical Association 84: it carries back what later errors say and inverts nothing.
    from_trend = from_change = 0.0
    for at in range(y.size - 1, 1, -1):
        a, b = variances[at]
        from_trend += (y[at] - predicted[at, 0] - a * from_trend - b * from_change) / (a + 1.0)
        trend[at] = predicted[at, 0] + a * from_trend + b * from_change
        from_change += from_trend
    # At the second observation the trend has variance 1 and covariance 1 with its change.
    trend[1] += from_trend + from_change
    trend[0] = _first_of_two_sided(y, trend, smoothing)
    return trend


def hp_gap(series: npt.ArrayLike, smoothing: float, minimum: int) -> Series:
    """Series minus its one-sided trend, (n,); NaN until `minimum` observations have been seen."""
    y = _checked(series, smoothing)
    return _after_history(y - trend_one_sided(y, smoothing), y, minimum)


def hamilton_gap(series: npt.ArrayLike, horizon: int, lags: int = 4, minimum: int = 40) -> Series:
    """What the series became beyond what it was `horizon` ago foretold, (n,), in its own unit.

    y[t] minus its regression on a constant and y[t-h], ..., y[t-h-lags+1], estimated on rows up to t. NaN
    while fewer than `minimum` rows were seen, or where one of the values is missing. The author takes two
    years as the horizon of business cycles and five of debt: 8 and 20 quarters, with 4 lags.
    Source: Hamilton (2018), "Why you should never use the Hodrick-Prescott filter", Review of Economics and
    Statistics 100. Raises ValueError when `minimum` leaves no residual.
    """
    y = _checked(series, 1.0)
    if minimum <= lags + 1 or horizon < 1:
        message = f"a regression on {lags} lags needs more than {lags + 1} rows and a horizon of at least 1"
        raise ValueError(message)
    gap = np.full(y.size, np.nan)
    # The triangular factor of all rows so far, the target in its last column: one more row costs the same
    # however long the history is.
    factor = np.zeros((lags + 2, lags + 2))
    rows = 0
    for at in range(horizon + lags - 1, y.size):
        past = y[at - horizon - lags + 1 : at - horizon + 1][::-1]
        row = np.concatenate(([1.0], past, y[at : at + 1]))
        if np.isnan(row).any():
            continue
        factor = np.asarray(np.linalg.qr(np.vstack((factor, row)), mode="r"))
        rows += 1
        if rows >= minimum:
            coefficients = np.linalg.lstsq(factor[:-1, :-1], factor[:-1, -1], rcond=None)[0]
            gap[at] = y[at] - row[:-1] @ coefficients
    return gap


def _filter(y: Series, smoothing: float) -> tuple[Series, Series, Series]:
    """Filtered and predicted states and the predicted variances behind them, NaN before two observations.

    Both states are (n, 2): the trend and its last change; a change of the change moves both by 1 / smoothing
    of variance, an observation has a variance of 1. The variances are (n, 2): that of the trend and its
    covariance with the change. Plain numbers and no matrices: this loop is run for every asset.
    """
    filtered, predicted = np.full((y.size, 2), np.nan), np.full((y.size, 2), np.nan)
    variances = np.full((y.size, 2), np.nan)
    seen = np.flatnonzero(~np.isnan(y))[:2]
    if seen.size < 2:
        return filtered, predicted, variances
    first, second = int(seen[0]), int(seen[1])
    noise = 1.0 / smoothing
    trend, change, a, b, c = _two_points(float(y[first]), float(y[second]), second - first, noise)
    filtered[second] = trend, change
    for at, observed in enumerate(y[second + 1 :].tolist(), start=second + 1):
        trend += change
        a, b, c = a + 2.0 * b + c + noise, b + c + noise, c + noise
        predicted[at] = trend, change
        variances[at] = a, b
        if not math.isnan(observed):
            error, total = observed - trend, a + 1.0
            trend += a / total * error
            change += b / total * error
            a, b, c = a / total, b / total, c - b * b / total
        filtered[at] = trend, change
    return filtered, predicted, variances


def _two_points(early: float, late: float, apart: int, noise: float) -> tuple[float, ...]:
    """Trend, change and their three variances at the second observation; nothing was known before the first.

    The line through both, and its uncertainty: one unit of observation noise at each end, and what the
    change may have changed in the missing observations between them.
    """
    wander = noise * sum(step * step for step in range(1, apart))
    return late, (late - early) / apart, 1.0, 1.0 / apart, (2.0 + wander) / apart**2


def _first_of_two_sided(y: Series, trend: Series, smoothing: float) -> float:
    """The first trend point from the two after it: its own line of the equations that define the trend."""
    return float((y[0] + smoothing * (2.0 * trend[1] - trend[2])) / (1.0 + smoothing))


def _after_history(gap: Series, y: Series, minimum: int) -> Series:
    return np.where(np.cumsum(~np.isnan(y)) >= minimum, gap, np.nan)


def _checked(series: npt.ArrayLike, smoothing: float) -> Series:
    y = np.asarray(series, dtype=np.float64)
    if y.ndim != 1 or np.isinf(y).any() or not smoothing > 0:
        message = "a trend needs one series of finite or missing numbers, and smoothing above zero"
        raise ValueError(message)
    return y
