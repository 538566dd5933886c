"""What a signal is, what a reading is, and the words a level may use.

The shape every signal file keeps to. How thresholds are found and levels held belongs in `levels.py`; what
is measured belongs in the signal's own file. Nothing here or below reads a database, a clock or a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

import pandas as pd

from pipeline.errors import ContractBroken

SCOPE_TYPES = ("market", "asset", "venue")
KEY = ("day", "scope_type", "scope")


class Level(StrEnum):
    """How far a reading is from ordinary. `unknown` is never a kind of calm."""

    UNKNOWN = "unknown"
    CALM = "calm"
    ELEVATED = "elevated"
    HIGH = "high"
    CRITICAL = "critical"


# Places in this tuple are the ranks the machinery counts with; unknown has no rank.
RANKED = (Level.CALM, Level.ELEVATED, Level.HIGH, Level.CRITICAL)


@dataclass(frozen=True)
class Reading:
    """One row of a signal's answer.

    `as_of` is the end of the day read (D+1 00:00 UTC). `threshold` is in the unit of `value`: the one the
    level was entered by, or the one to `elevated` when calm; NaN while there is none. `history_days` counts
    the days of own history behind the threshold, 0 for a declared one.
    """

    as_of: datetime
    signal: str
    scope_type: str
    scope: str
    value: float
    level: str
    threshold: float
    threshold_source: str
    history_days: int
    reason: str


READING_COLUMNS = tuple(field.name for field in fields(Reading))


@dataclass(frozen=True)
class Signal:
    """A named pure function from a frame of daily inputs to readings.

    `inputs` names the columns it needs beside (day, scope_type, scope); `scopes` the scope types it reads.
    `formula_version` rises with every change that could alter a reading.
    """

    name: str
    title: str
    scopes: tuple[str, ...]
    formula_version: int
    inputs: tuple[str, ...]
    reader: Callable[[pd.DataFrame], pd.DataFrame]

    def read(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """Readings for every day in `inputs`, columns READING_COLUMNS, ordered by as_of and scope.

        `inputs` has one row a (day, scope_type, scope), ratios as fractions, rates a year; days may be
        missing and numbers may be NaN. The reading of day T uses rows of days up to T only. A scope is read
        from its first row until a month after its last. Raises ContractBroken when a column is missing or a
        row stands twice.
        """
        missing = [column for column in (*KEY, *self.inputs) if column not in inputs.columns]
        if missing:
            message = f"signal {self.name} needs the column(s) {', '.join(missing)} in its inputs: add them"
            raise ContractBroken(message)
        if inputs.duplicated(list(KEY)).any():
            message = f"signal {self.name} got a (day, scope_type, scope) twice: keep one row of each"
            raise ContractBroken(message)
        readings = self.reader(inputs).assign(signal=self.name)
        order = ["as_of", "scope_type", "scope"]
        return readings.sort_values(order, ignore_index=True)[list(READING_COLUMNS)]
