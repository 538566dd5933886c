"""Daily inputs as arrays: one row a calendar day, one column a scope. No threshold and no level belongs here.

The calendar is complete, so that "30 days ago" is 30 rows up even when days are missing; a missing day is a
row of NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Matrix = npt.NDArray[np.float64]

# A scope without any row for a month is gone (a closed venue, a delisted asset): its readings end, instead
# of being unknown for ever. Until then each missing day is an `unknown` reading.
GONE_AFTER_DAYS = 30


@dataclass(frozen=True)
class Panel:
    """Columns of one scope type, each a (days, scopes) matrix.

    `is_due` marks the readings to give: days the frame has, from a scope's first row until it is gone.
    """

    scope_type: str
    days: pd.DatetimeIndex
    scopes: tuple[str, ...]
    is_due: npt.NDArray[np.bool_]
    columns: dict[str, Matrix]


def panel_of(inputs: pd.DataFrame, scope_type: str, columns: Sequence[str]) -> Panel:
    """The rows of `scope_type` as matrices; infinite numbers become NaN, absent rows are NaN."""
    day = pd.DatetimeIndex(pd.to_datetime(inputs["day"]))
    calendar = pd.date_range(day.min(), day.max(), freq="D") if len(day) else day
    mine = (inputs["scope_type"] == scope_type).to_numpy(dtype=bool)
    at = (day[mine] - calendar[0]).days.to_numpy() if mine.any() else np.empty(0, dtype=np.int64)
    codes, scopes = pd.factorize(inputs.loc[mine, "scope"].astype(str), sort=True)
    shape = (len(calendar), len(scopes))

    matrices = {}
    for column in columns:
        numbers = inputs.loc[mine, column].to_numpy(dtype=float, na_value=np.nan)
        matrix = np.full(shape, np.nan)
        matrix[at, codes] = np.where(np.isfinite(numbers), numbers, np.nan)
        matrices[column] = matrix

    has_row = np.zeros(shape, dtype=bool)
    has_row[at, codes] = True
    in_frame = np.asarray(calendar.isin(day), dtype=bool)
    is_due = (days_since(has_row) <= GONE_AFTER_DAYS) & in_frame[:, None]
    return Panel(scope_type, calendar, tuple(scopes), is_due, matrices)


def days_since(mark: npt.NDArray[np.bool_]) -> Matrix:
    """Days since the latest mark up to each row, 0 on the mark itself, infinite before the first."""
    rows = np.arange(mark.shape[0], dtype=float)[:, None]
    if mark.shape[0] == 0:
        return np.zeros(mark.shape)
    return np.asarray(rows - np.maximum.accumulate(np.where(mark, rows, -np.inf), axis=0))
