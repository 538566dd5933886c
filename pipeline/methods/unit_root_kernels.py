"""Compiled loops under `explosive.py`: the t-statistic of a unit-root regression over every window.

Importing this module imports numba (about a second), so callers import it inside functions. Only loops belong
here: what a window, a lag or a rejection means is said in `explosive.py`.

Both kernels walk a window backwards from its end and take in one observation after another with the
square-root-free Givens update of Gentleman (1974), "Basic procedures for large, sparse or weighted linear
least squares problems", Applied Statistics 23. Each update adds a squared residual to the residual sum, so
nothing is lost to cancellation, even where the level grows by many powers of ten: the relative error is near
one rounding times the statistic. Sums of squares kept from the start of the series lose most digits there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Kernel = TypeVar("Kernel", bound=Callable[..., object])

# Window ends handled side by side, in vector lanes: their six sums fit the first-level cache.
TILE = 256
TINY = 1e-300
# A mean residual below so many roundings of the largest level is none: the window is fitted exactly.
ROUNDINGS = 8.0 * np.finfo(np.float64).eps


def _compiled(function: Kernel) -> Kernel:
    """Machine code kept on disk; it releases the interpreter lock, and may fuse a product with a sum."""
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(function)
    return cast("Kernel", compiled)


@_compiled
def without_lags(series: Array, minimum: int, highest: Array, from_start: Array) -> None:
    """Regression of a change on a constant and the level before it, over all windows of a complete series.

    `minimum` counts levels. Both results are written, shape (n,): `highest` the largest t-statistic among the
    windows that end at each observation, `from_start` that of the window from the first one; NaN where the
    window is too short or fitted without residual.
    """
    n = series.size
    reciprocal = np.empty(n + 1)
    freedom = np.empty(n + 1)  # NaN keeps a window that is too short out of the maximum
    for rows in range(n + 1):
        reciprocal[rows] = 1.0 / max(rows, 1)
        freedom[rows] = rows - 2.0 if rows + 1 >= minimum else np.nan
    unexplained = (ROUNDINGS * np.max(np.abs(series))) ** 2
    highest[:] = np.nan
    from_start[:] = np.nan
    sums = np.empty((6, TILE))
    for low in range(1, n, TILE):
        high = min(low + TILE, n)
        sums[:5] = 0.0
        sums[5] = -np.inf
        for at in range(high - 1, 0, -1):
            level = series[at - 1]
            change = series[at] - series[at - 1]
            skipped = max(at - low, 0)  # windows that end before `at`
            lanes = high - low - skipped
            rows = low + skipped - at + 1
            over = reciprocal[rows : rows + lanes]
            free = freedom[rows : rows + lanes]
            mean_level = sums[0, skipped : skipped + lanes]
            mean_change = sums[1, skipped : skipped + lanes]
            squares = sums[2, skipped : skipped + lanes]
            slope = sums[3, skipped : skipped + lanes]
            residual = sums[4, skipped : skipped + lanes]
            best = sums[5, skipped : skipped + lanes]
            for lane in range(lanes):
                # No branch in here: the compiler turns it into vector instructions.
                share = over[lane]
                x = level - mean_level[lane]
                d = change - mean_change[lane]
                weight = 1.0 - share
                weighted = weight * x
                before = squares[lane]
                after = before + weighted * x
                inverse = 1.0 / max(after, TINY)
                error = d - x * slope[lane]
                slope_after = slope[lane] + weighted * inverse * error
                # A level that never moved explains nothing: the whole error stays, as TINY / TINY = 1.
                residual_after = residual[lane] + weight * max(before, TINY) * inverse * error * error
                # Its sign and square order as the statistic does; the root is taken once, of the largest.
                signed_square = slope_after * abs(slope_after) * after / residual_after * free[lane]
                is_fit = residual_after > unexplained * free[lane]
                best[lane] = max(best[lane], signed_square if is_fit else -np.inf)
                mean_level[lane] += x * share
                mean_change[lane] += d * share
                squares[lane] = after
                slope[lane] = slope_after
                residual[lane] = residual_after
        for lane in range(high - low):
            end = low + lane
            if sums[5, lane] > -np.inf:
                highest[end] = np.sign(sums[5, lane]) * np.sqrt(abs(sums[5, lane]))
            if sums[4, lane] > unexplained * freedom[end]:
                from_start[end] = sums[3, lane] * np.sqrt(sums[2, lane] * freedom[end] / sums[4, lane])


@_compiled
def _take_in(row: Array, target: float, factor: Array, squares: Array, coefficients: Array) -> float:
    """Rotate one observation into the triangular factor; returns what it adds to the residual sum.

    `row` is used up. `factor` is (p, p) unit upper triangular, `squares` the p squared diagonal entries.
    """
    weight = 1.0
    for i in range(row.size):
        x = row[i]
        if weight == 0.0:  # all of it went into a direction not seen before
            return 0.0
        if x == 0.0:
            continue
        before = squares[i]
        after = before + weight * x * x
        inverse = 1.0 / after
        keep = before * inverse
        turn = weight * x * inverse
        weight *= keep
        squares[i] = after
        for j in range(i + 1, row.size):
            other = row[j]
            row[j] = other - x * factor[i, j]
            factor[i, j] = keep * factor[i, j] + turn * other
        other = target
        target = other - x * coefficients[i]
        coefficients[i] = keep * coefficients[i] + turn * other
    return weight * target * target


@_compiled
def _statistics_back(series: Array, end: int, lag: int, unexplained: float, statistics: Array) -> None:
    """t-statistic of the level in every window that ends at `end`, by its start; NaN if it has none.

    The level is the last regressor: its coefficient and its sum of squares are then the factor's last ones.
    """
    p = lag + 2
    row = np.empty(p)
    factor = np.zeros((p, p))
    squares = np.zeros(p)
    coefficients = np.zeros(p)
    residual = 0.0
    statistics[: end + 1] = np.nan
    for at in range(end, lag, -1):
        row[0] = 1.0
        for k in range(lag):
            row[1 + k] = series[at - 1 - k] - series[at - 2 - k]
        row[p - 1] = series[at - 1]
        residual += _take_in(row, series[at] - series[at - 1], factor, squares, coefficients)
        free = end - at + 1 - p
        if free > 0 and residual > unexplained * free:
            statistics[at - 1 - lag] = coefficients[p - 1] * np.sqrt(squares[p - 1] * free / residual)


@_compiled
def _lags_back(series: Array, end: int, most: int, lags: Array) -> None:
    """Number of lagged changes with the smallest BIC in every window that ends at `end`, by its start.

    All candidates are compared on the rows that `most` lags leave. The level comes before the lags, so one
    factor holds the residual sums of all candidates.
    """
    p = most + 2
    row = np.empty(p)
    factor = np.zeros((p, p))
    squares = np.zeros(p)
    coefficients = np.zeros(p)
    residual = 0.0
    lags[: end + 1] = 0
    for at in range(end, most, -1):
        row[0] = 1.0
        row[1] = series[at - 1]
        for k in range(most):
            row[2 + k] = series[at - 1 - k] - series[at - 2 - k]
        residual += _take_in(row, series[at] - series[at - 1], factor, squares, coefficients)
        rows = end - at + 1
        smallest = np.inf
        total = residual
        for lag in range(most, -1, -1):
            criterion = rows * np.log(max(total, TINY) / rows) + (lag + 2) * np.log(rows)
            if criterion <= smallest:  # the shorter of two equals
                smallest = criterion
                lags[at - 1 - most] = lag
            total += squares[lag + 1] * coefficients[lag + 1] ** 2


@_compiled
def with_lags(series: Array, minimum: int, lag: int, chosen: bool, highest: Array, from_start: Array) -> None:
    """As `without_lags`, with `lag` lagged changes, or as many up to `lag` as BIC chooses in each window."""
    n = series.size
    unexplained = (ROUNDINGS * np.max(np.abs(series))) ** 2
    fewest = 0 if chosen else lag
    statistics = np.empty((lag + 1, n))
    lags = np.full(n, lag, dtype=np.float64)
    highest[:] = np.nan
    from_start[:] = np.nan
    for end in range(minimum - 1, n):
        for one in range(fewest, lag + 1):
            _statistics_back(series, end, one, unexplained, statistics[one])
        if chosen:
            _lags_back(series, end, lag, lags)
        for start in range(end - minimum + 1, -1, -1):
            value = statistics[int(lags[start]), start]
            if not value <= highest[end] and not np.isnan(value):
                highest[end] = value
        from_start[end] = statistics[int(lags[0]), 0]


@_compiled
def many(paths: Array, minimum: int, lag: int, highest: Array, from_start: Array) -> None:
    """Both results for each row of `paths`, (paths, n), with a fixed lag; for simulations."""
    for one in range(paths.shape[0]):
        if lag == 0:
            without_lags(paths[one], minimum, highest[one], from_start[one])
        else:
            with_lags(paths[one], minimum, lag, False, highest[one], from_start[one])
