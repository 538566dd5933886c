"""What a daily series holds twice or not at all: copied stretches, levels that stand still, holes, an end.

Matrices as in `anomalies.py`, whose `Found` they return. A series that is wrong in its level or unit is not
looked for here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.methods.anomalies import Found, Mask, Matrix, column_median

TILE_SHARE_RATIO, TILE_LEAST_DAYS, TILE_PRECISION = 0.5, 20, 1e-6
STALE_DAYS, PEGGED_RATIO = 5, 2e-3
GAP_DAYS = 3
ENDED_DAYS, ENDED_BEFORE_DAYS, ENDED_SHARE_RATIO = 5, 60, 0.9


def tiles(values: Matrix) -> list[Found]:
    """Series whose changes repeat those of k days before, to six digits: one stretch copied behind another.

    H0: a change of a measured number is not found again at one fixed distance. Each change of a logarithm
    other than zero is paired with the last one before it that was the same to 1e-6; of the days that could
    have a pair at distance k, the share that has. Flagged from one half of at least 20 days. Where it is
    from: the largest share of any recorded series at any distance up to 800 days is 0.034 (a dollar coin's
    price, in coarse steps). Noise on the copy, or rounding it to few digits, hides it. value: share. size: k,
    days.
    """
    rows, columns = values.shape
    if rows < 3:
        return []
    changes = np.diff(np.log(np.where(values > 0, values, np.nan)), axis=0)
    rounded = np.round(changes / TILE_PRECISION)
    day, column = np.nonzero(np.isfinite(rounded) & (rounded != 0))
    keys = rounded[day, column]
    order = np.lexsort((day, keys, column))
    day, column, keys = day[order], column[order], keys[order]
    same = (keys[1:] == keys[:-1]) & (column[1:] == column[:-1])
    lags = (day[1:] - day[:-1])[same]
    pairs = np.zeros((columns, rows), dtype=np.int64)
    np.add.at(pairs, (column[1:][same], lags), 1)
    pairs[:, :2] = 0  # the day before is a stale or straight line, and no tile
    found = []
    for one in np.flatnonzero(pairs.max(axis=1) >= TILE_LEAST_DAYS):
        lag = int(pairs[one].argmax())
        moved = np.isfinite(rounded[:, one]) & (rounded[:, one] != 0)
        both = moved[lag:] & moved[:-lag]
        share = float(pairs[one, lag] / both.sum())
        if share >= TILE_SHARE_RATIO:
            mine = np.flatnonzero(both)
            found.append(
                Found(int(one), int(mine[0]) + lag + 1, int(mine[-1]) + lag + 1, share, TILE_SHARE_RATIO, lag)
            )
    return found


def stale_runs(values: Matrix) -> list[Found]:
    """Stretches of at least five days on which a level stood to the last digit.

    H0: what is measured moves each day. Where it is from: no recorded open interest stood for two days, no
    price for more than three. Zeros do not count, nor do series that hardly move when they do (median change
    under 0.2 %: a dollar coin's price). value, size: days.
    """
    # a day that was not seen ends a run: what it held is not known
    same = (np.diff(values, axis=0, prepend=np.nan) == 0) & (values > 0)
    changes = np.abs(np.diff(np.log(np.where(values > 0, values, np.nan)), axis=0))
    usual = column_median(np.where(changes > 0, changes, np.nan))
    found = []
    for column, first, last in _runs(same):
        days = last - first + 2
        if days >= STALE_DAYS and not usual[column] < PEGGED_RATIO:
            found.append(Found(column, first - 1, last, days, STALE_DAYS, days))
    return found


def gaps(seen: Mask, expected: Mask) -> list[Found]:
    """Holes of at least three days between days that were seen, where other series of the source were there.

    expected: whether the source delivered at all that day. H0: what was delivered before and after was
    delivered between. Three days, because two are left for what comes late. value, size: days.
    """
    inside = np.maximum.accumulate(seen, axis=0) & np.maximum.accumulate(seen[::-1], axis=0)[::-1]
    return [
        Found(column, first, last, last - first + 1, GAP_DAYS, last - first + 1)
        for column, first, last in _runs(~seen & expected & inside)
        if last - first + 1 >= GAP_DAYS
    ]


def ended(seen: Mask) -> list[Found]:
    """Series of events that end: none on the last five days, some on nine of ten of the 60 days before.

    H0: a day without an event is as rare as it was; at one in ten, five in a row come once in 100,000. Sixty
    days of the series are needed. value, size: days without.
    """
    rows = seen.shape[0]
    found = []
    for column in np.flatnonzero(seen.any(axis=0)).tolist():
        last = int(np.flatnonzero(seen[:, column])[-1])
        silent = rows - 1 - last
        before = seen[max(0, last + 1 - ENDED_BEFORE_DAYS) : last + 1, column]
        is_usual = len(before) == ENDED_BEFORE_DAYS and before.mean() >= ENDED_SHARE_RATIO
        if silent >= ENDED_DAYS and is_usual:
            found.append(Found(column, last + 1, rows - 1, silent, ENDED_DAYS, silent))
    return found


def _runs(mask: Mask) -> Iterator[tuple[int, int, int]]:
    """(column, first row, last row) of each stretch of true rows."""
    edges = np.diff(mask.astype(np.int8), axis=0, prepend=0, append=0)
    columns, firsts = np.nonzero(edges.T == 1)
    _, ends = np.nonzero(edges.T == -1)
    yield from zip(columns.tolist(), firsts.tolist(), (ends - 1).tolist(), strict=True)
