"""What shows only against a clock or against others: settlements at odd hours, prices of another hour or
asset.

Matrices as in `anomalies.py`, whose `Found` they return; what stands for the others is made here, too, a
median a day. A series that is wrong by its own past is not looked for here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.methods.anomalies import Found, Mask, Matrix, column_median

HOURS_LEAST_DAYS, HOURS_LONGEST_INTERVAL, HOURS_OFF = 14, 8.0, 0.25
COMPARED_LEAST_DAYS = 60
SHIFT_HOURS, SHIFT_DEVIATIONS, SHIFT_FIT_RATIO = 2.0, 5.0, 0.4
SAME_ASSET_CORRELATION, PEGGED_DAILY_RATIO = 0.95, 5e-3
PRICE_OFF_RATIO = 0.05


def odd_hours(offset_hours: Matrix, interval_hours: Matrix) -> list[Found]:
    """Settlements that stand where no venue settles: a clock of another time zone.

    offset_hours: hours since the last multiple of the interval from 00:00 UTC. H0: an interval of up to eight
    hours begins at 00:00 UTC (00, 08, 16) or half of it later (04, 12, 20, as BitMEX settled); no venue is
    known to begin elsewhere. Flagged when half the days of a series, and at least 14, stand a quarter of an
    hour or more from both. A clock that is a whole or half interval off cannot be seen here. value, size:
    hours past the interval's beginning.
    """
    half = np.where(_is_short(interval_hours), interval_hours / 2, np.nan)
    off = np.abs(np.mod(offset_hours + half / 2, half) - half / 2)
    known, odd = np.isfinite(off), np.isfinite(off) & (off >= HOURS_OFF)
    often = (odd.sum(axis=0) >= HOURS_LEAST_DAYS) & (2 * odd.sum(axis=0) >= known.sum(axis=0))
    found = []
    for column in np.flatnonzero(often).tolist():
        days = np.flatnonzero(odd[:, column])
        hours = float(np.median(offset_hours[days, column]))
        found.append(Found(column, int(days[0]), int(days[-1]), hours, HOURS_OFF, hours))
    return found


def moved_hours(offset_hours: Matrix, interval_hours: Matrix) -> list[Found]:
    """The first day from which settlements stand at other hours for good, their interval being the same.

    Arguments as in odd_hours. H0: a venue does not move the hours at which it settles. Both sides stand still
    for 14 known days. value: hours moved, unsigned; size: signed.
    """
    known = np.isfinite(offset_hours) & _is_short(interval_hours)
    found = []
    for column in np.flatnonzero(known.sum(axis=0) >= 2 * HOURS_LEAST_DAYS).tolist():
        days = np.flatnonzero(known[:, column])
        offsets, intervals = offset_hours[days, column], interval_hours[days, column]
        changes = np.flatnonzero((np.abs(np.diff(offsets)) >= HOURS_OFF) & (np.diff(intervals) == 0)) + 1
        for place in changes[(changes >= HOURS_LEAST_DAYS) & (changes <= len(days) - HOURS_LEAST_DAYS)]:
            before, after = offsets[place - HOURS_LEAST_DAYS : place], offsets[place:][:HOURS_LEAST_DAYS]
            if np.ptp(before) < HOURS_OFF and np.ptp(after) < HOURS_OFF:
                hours = float(after[0] - before[0])
                found.append(Found(column, int(days[place]), int(days[-1]), abs(hours), HOURS_OFF, hours))
                break
    return found


def _is_short(interval_hours: Matrix) -> Mask:
    return np.asarray((interval_hours >= 1) & (interval_hours <= HOURS_LONGEST_INTERVAL))


@dataclass(frozen=True)
class Compared:
    """How each column's returns follow the reference of its own day, the day before and the day after.

    hours: by how much the column is stamped late (it holds what the reference held that long before),
    negative for early; deviations: how many standard errors from none; fit_ratio: share of variance that the
    three days explain; days: compared, a count. NaN where fewer than 60 days were.
    """

    hours: Matrix
    deviations: Matrix
    fit_ratio: Matrix
    days: npt.NDArray[np.int64]


def others(values: Matrix, groups: npt.NDArray[np.int64]) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """For each column what the columns of its group say, a day at a time, and how many columns a group has.

    The median of the group on a day when three or more of it are seen, which one wrong member moves little;
    of two, the other one, and then nobody can tell which is wrong; NaN where a column stands alone.
    """
    reference = np.full(values.shape, np.nan)
    sizes = np.bincount(groups, minlength=groups.max(initial=-1) + 1)[groups]
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        own = values[:, members]
        seen = np.isfinite(own)
        count = seen.sum(axis=1)[:, None]
        other = np.where(seen, own, 0.0).sum(axis=1)[:, None] - own
        alone = np.where(count == 2, other, np.nan)
        reference[:, members] = np.where(count > 2, column_median(own.T)[:, None], alone)
    return reference, sizes


def compare(returns: Matrix, reference: Matrix) -> Compared:
    """Least squares of each column on its reference's returns of the day before, the day and the day after.

    A day stamped h hours late holds the last h hours of the reference's day before and the first 24 - h of
    its own: the weights tell h. Both are daily changes of logarithms.
    """
    around = np.full((3, *reference.shape), np.nan)
    around[0, 1:], around[1], around[2, :-1] = reference[:-1], reference, reference[1:]
    seen = np.isfinite(returns) & np.isfinite(around).all(axis=0)
    number = seen.sum(axis=0)
    enough = number >= COMPARED_LEAST_DAYS
    count = np.maximum(number, 1)
    x = np.where(seen, around, 0.0)
    x = np.where(seen, x - (x.sum(axis=1) / count)[:, None, :], 0.0)
    y = np.where(seen, returns, 0.0)
    y = np.where(seen, y - y.sum(axis=0) / count, 0.0)
    products = np.einsum("adc,bdc->cab", x, x)
    with_y = np.einsum("adc,dc->ca", x, y)
    # a reference that never moves explains nothing
    solvable = enough & (np.linalg.matrix_rank(products) == 3)
    inverse = np.full(products.shape, np.nan)
    inverse[solvable] = np.linalg.inv(products[solvable])
    weights = np.einsum("cab,cb->ca", inverse, with_y)
    total = (y**2).sum(axis=0)
    explained = (weights * with_y).sum(axis=1)
    residual = np.maximum(total - explained, 0.0) / np.maximum(number - 4, 1)
    before, own, after = weights.T
    is_late = np.abs(before) >= np.abs(after)
    beside = np.where(is_late, before, after)
    error = np.sqrt(residual * np.where(is_late, inverse[:, 0, 0], inverse[:, 2, 2]))
    with np.errstate(divide="ignore", invalid="ignore"):
        hours = 24.0 * np.where(is_late, beside, -beside) / (own + beside)
        return Compared(hours, np.abs(beside) / error, explained / total, number)


def clock_shifts(compared: Compared) -> list[tuple[int, float, float]]:
    """(column, hours, standard errors) of series whose day is not the day of the others.

    H0: both days end at one instant, and the weights of the days beside are zero. Flagged from 2 hours, the
    tolerance of an observation, and 5 standard errors, which one of 600 series passes by chance once in 700
    days, where the fit explains 0.4 of the variance (half a day: 0.5). A shift of more than a day is not
    seen; one of 3 hours is 5.3 standard errors after 400 days and so seen in three cases of five, one of 4
    hours in nine of ten.
    """
    with np.errstate(invalid="ignore"):
        shifted = np.abs(compared.hours) >= SHIFT_HOURS
        shifted &= (compared.deviations >= SHIFT_DEVIATIONS) & (compared.fit_ratio >= SHIFT_FIT_RATIO)
    return [
        (int(one), float(compared.hours[one]), float(compared.deviations[one]))
        for one in np.flatnonzero(shifted)
    ]


def other_assets(compared: Compared, reference: Matrix) -> list[tuple[int, float]]:
    """(column, correlation) of series that do not move as what they are called.

    H0: two prices of one asset, whose daily returns correlate by 0.95 or more over the days around; a clock
    off by h hours leaves ((24 - h)^2 + h^2) / 24^2 of the variance to explain, and is no other asset. Where
    0.95 is from: the two most alike of 69 recorded coins correlate by 0.90, the least alike sources of one
    coin by 0.989. Assets that hardly move (the reference under 0.5 % a day) are not tested.
    """
    moves = np.sqrt(column_median(np.square(reference)))
    correlation = np.sqrt(np.maximum(compared.fit_ratio, 0.0))
    hours = np.minimum(np.abs(compared.hours), 24.0)
    explainable = ((24.0 - hours) ** 2 + hours**2) / 24.0**2
    unlike = compared.fit_ratio < SAME_ASSET_CORRELATION**2 * explainable
    unlike &= moves >= PEGGED_DAILY_RATIO
    return [(int(one), float(correlation[one])) for one in np.flatnonzero(unlike)]


def other_prices(prices: Matrix, reference: Matrix) -> list[tuple[int, float]]:
    """(column, ratio) of series whose price stands more than 5 % off the reference on most days.

    H0: one asset has one price. Two weeks are needed; 5 % is what leaves a day of a market out of the totals.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(prices / reference)
    logs = np.where(np.isfinite(logs), logs, np.nan)
    usual = column_median(logs)
    off = (np.abs(usual) > np.log1p(PRICE_OFF_RATIO)) & (np.isfinite(logs).sum(axis=0) >= HOURS_LEAST_DAYS)
    return [(int(one), float(np.exp(usual[one]))) for one in np.flatnonzero(off)]
