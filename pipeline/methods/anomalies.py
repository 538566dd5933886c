"""What a daily series hides, found in its own past: a break of level, a change of unit.

All take matrices, a row a day (complete calendar) and a column a series, NaN where unseen, and return what
they found; no table and no venue is known here. Copies, repeats and holes are `anomalies_repeats.py`, what
shows only against a clock or other series of the same thing is `anomalies_compared.py`. Each docstring gives
null, window and threshold. "Recorded" is 69 Binance perpetuals over 703 days (2022 and 2023), which nothing
is known to be wrong with; `tests/real/test_recorded_anomalies.py` computes them anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BREAK_BEFORE_DAYS, BREAK_AFTER_DAYS = 60, 28
BREAK_DEVIATIONS, BREAK_FACTOR = 3.25, 3.0
STEP_TOLERANCE, STEP_DEVIATIONS, STEP_FLAT, STEP_UNDONE_DAYS = 0.1, 6.0, 0.1, 7
SHIFT_DAYS, SHIFT_POWERS, SHIFT_TOLERANCE, SHIFT_GAP = 28, 2, 0.3, 1.0
SEEN_SHARE_RATIO = 0.75
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution


@dataclass(frozen=True)
class Found:
    """One stretch of one column, rows first..last. value is what the test measured and crossed threshold.

    size: how large it is in the method's own unit, as its docstring says.
    """

    column: int
    first: int
    last: int
    value: float
    threshold: float
    size: float


def level_breaks(logs: Matrix) -> list[Found]:
    """Days from which a logarithm stands on another level for at least four weeks.

    H0: a stationary series whose days hang together. Measured: mean of the 28 days from a day on less that of
    the 60 days before, over the root of the mean of both variances, with three quarters of each window seen.
    Flagged from 3.25, and a factor of 3. Where it is from: of 2,000 made series of 300 days with the
    autocorrelation of recorded forced orders over volume (0.3, 0.24 and 0.17 at 1, 5 and 20 days) none passes
    3.07, of 35 recorded ones none 2.12; `tests/methods/test_anomalies_null.py` makes them again. What it
    sees: a recorded total of 35 coins cut to a sixth, on every day; one coin cut to a sixth, in three of ten
    cases, to a hundredth, in eight. value: deviations. size: factor of the new level to the old.
    """
    rows = logs.shape[0]
    if rows < BREAK_BEFORE_DAYS + BREAK_AFTER_DAYS:
        return []
    mean_before, variance_before = _window_moments(logs, BREAK_BEFORE_DAYS)
    mean_after, variance_after = _window_moments(logs, BREAK_AFTER_DAYS)
    places = rows - BREAK_BEFORE_DAYS - BREAK_AFTER_DAYS + 1
    change = mean_after[BREAK_BEFORE_DAYS:] - mean_before[:places]
    spread = np.sqrt((variance_after[BREAK_BEFORE_DAYS:] + variance_before[:places]) / 2)
    deviations = np.full(change.shape, np.nan)
    np.divide(change, spread, out=deviations, where=spread > 0)
    far = np.abs(deviations) >= BREAK_DEVIATIONS
    far &= np.abs(change) >= np.log(BREAK_FACTOR)
    found = []
    for column in np.flatnonzero(far.any(axis=0)):
        left = np.where(far[:, column], np.abs(deviations[:, column]), 0.0)
        days = []
        while left.max() > 0:
            day = int(left.argmax())
            days.append(day)
            left[max(0, day - BREAK_AFTER_DAYS) : day + BREAK_BEFORE_DAYS] = 0.0
        days.sort()
        ends = [*(day + BREAK_BEFORE_DAYS - 1 for day in days[1:]), last_seen(logs[:, column])]
        for day, end in zip(days, ends, strict=True):
            found.append(
                Found(
                    int(column), day + BREAK_BEFORE_DAYS, end, abs(float(deviations[day, column])),
                    BREAK_DEVIATIONS, float(np.exp(change[day, column])),
                )
            )  # fmt: skip
    return found


def unit_steps(values: Matrix, flat: Matrix | None = None, least_powers: int = 1) -> list[Found]:
    """Jumps by a power of ten that stay, or are undone within a week: a change of unit.

    H0: the logarithm moves by its own daily noise. A jump within 0.1 of a whole power of ten, of at least six
    robust deviations (1.4826 MAD) of its series, while `flat` (a price; None: not asked) moved by under 10 %.
    It stays when the median of up to seven days from it is within 0.2 of that power over the median of the
    seven days before. Where it is from: the recorded open interest moves 0.025 to 0.044 a day in powers of
    ten, so 0.1 holds a change of unit on an ordinary day, and none of 48,438 recorded market-days is flagged.
    value: powers of ten, unsigned. size: signed exponent.
    """
    logs = np.log10(np.where(values > 0, values, np.nan))
    steps = np.diff(logs, axis=0, prepend=np.nan)
    noise = _MAD_TO_DEVIATION * column_median(np.abs(steps - column_median(steps)))
    powers = np.round(steps)
    jumps = (np.abs(powers) >= least_powers) & (np.abs(steps - powers) <= STEP_TOLERANCE)
    jumps &= np.abs(powers) > STEP_DEVIATIONS * noise
    if flat is not None:
        moved = np.abs(np.diff(np.log(np.where(flat > 0, flat, np.nan)), axis=0, prepend=np.nan))
        jumps &= moved < STEP_FLAT
    found = []
    for column in np.flatnonzero(jumps.any(axis=0)):
        series, closed_by = logs[:, column], -1
        for row in np.flatnonzero(jumps[:, column]):
            if row <= closed_by:
                continue
            power = powers[row, column]
            later = np.flatnonzero(jumps[row + 1 : row + 1 + STEP_UNDONE_DAYS, column]) + row + 1
            undone = [other for other in later if powers[other, column] == -power]
            moved_by = np.nanmedian(series[row : row + STEP_UNDONE_DAYS]) - np.nanmedian(
                series[max(0, row - STEP_UNDONE_DAYS) : row]
            )
            if undone:
                closed_by = int(undone[0])
                end = closed_by - 1
            elif abs(moved_by - power) <= 2 * STEP_TOLERANCE:
                end = last_seen(series)
            else:
                continue
            size = float(power)
            found.append(Found(int(column), int(row), end, abs(float(steps[row, column])), abs(size), size))
    return found


def unit_shifts(values: Matrix) -> list[Found]:
    """Levels of a noisy or signed series (funding, turnover) that moved by a hundred, a thousand or more.

    H0: the magnitude wanders within two powers of ten. Measured on log10 of the absolute value: the median of
    the 28 days from a day on less that of the 28 before, within 0.3 of a whole power of at least two, and the
    middle halves of both windows a power of ten apart. Where it is from: the largest such move of a recorded
    funding rate is 1.65 and of volume over open interest 0.93 (of volume alone 1.98: a wave of trading). A
    factor of ten is within what these series do and is not looked for. value: powers of ten, unsigned. size:
    signed exponent.
    """
    rows = values.shape[0]
    if rows < 2 * SHIFT_DAYS:
        return []
    logs = np.log10(np.where(values != 0, np.abs(values), np.nan))
    mean, _ = _window_moments(logs, SHIFT_DAYS)
    places = rows - 2 * SHIFT_DAYS + 1
    likely = np.abs(mean[SHIFT_DAYS:] - mean[:places]) >= SHIFT_POWERS - 2 * SHIFT_TOLERANCE
    found = []
    for column in np.flatnonzero(likely.any(axis=0)):
        best: tuple[float, int, float] | None = None
        for place in np.flatnonzero(likely[:, column]):
            row = int(place) + SHIFT_DAYS
            low_before, before, high_before = _quartiles(logs[row - SHIFT_DAYS : row, column])
            low_after, after, high_after = _quartiles(logs[row : row + SHIFT_DAYS, column])
            moved = after - before
            gap = max(low_after - high_before, low_before - high_after)
            power = round(moved)
            if abs(power) < SHIFT_POWERS or abs(moved - power) > SHIFT_TOLERANCE or gap < SHIFT_GAP:
                continue
            # of the windows that pass, the one that the days of one level fill: there the means are furthest
            apart = abs(float(mean[row, column] - mean[place, column]))
            if best is None or apart > best[0]:
                best = (apart, row, moved)
        if best is not None:
            _, row, moved = best
            power = round(moved)
            end = last_seen(values[:, column])
            found.append(Found(int(column), row, end, abs(moved), abs(power) - SHIFT_TOLERANCE, power))
    return found


def column_median(values: Matrix) -> Matrix:
    """Median of what each column has, NaN where it has nothing."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(values).sum(axis=0)
    columns = np.arange(values.shape[1])
    if values.shape[0] == 0:
        return np.full(values.shape[1], np.nan)
    low, high = (
        ordered[np.maximum(count - 1, 0) // 2, columns],
        ordered[np.minimum(count // 2, len(values) - 1), columns],
    )
    return np.where(count > 0, (low + high) / 2, np.nan)


def last_seen(series: Matrix) -> int:
    """Row of the last value of one column that has any."""
    return int(np.flatnonzero(np.isfinite(series))[-1])


def _window_moments(values: Matrix, days: int) -> tuple[Matrix, Matrix]:
    """Mean and variance of each window of `days` rows by its first row; NaN under three quarters seen."""
    seen = np.isfinite(values)
    count = seen.sum(axis=0)
    # centred, so that squares of a far level do not swallow the digits of what moves
    centre = np.where(count > 0, np.where(seen, values, 0.0).sum(axis=0) / np.maximum(count, 1), 0.0)
    centred = np.where(seen, values - centre, 0.0)
    number, total, squares = (_window_sums(one, days) for one in (seen.astype(float), centred, centred**2))
    enough = number >= SEEN_SHARE_RATIO * days
    number = np.where(enough, number, np.nan)
    mean = total / number
    return mean + centre, np.maximum(squares / number - mean**2, 0.0)


def _window_sums(values: Matrix, days: int) -> Matrix:
    sums = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), values]), axis=0)
    return np.asarray(sums[days:] - sums[:-days])


def _quartiles(values: Matrix) -> Matrix:
    return np.quantile(values[np.isfinite(values)], (0.25, 0.5, 0.75))
