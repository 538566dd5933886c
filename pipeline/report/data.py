"""What a section may read: the published tables, up to the day of the report, on one complete grid of days.

Queries of a section live in that section. Nothing here opens a database or knows a table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import duckdb

from pipeline.clock import end_of
from pipeline.report.content import Series

WINDOW_DAYS = 400
# The UTC day an instant closes: the reading made at D+1 00:00 is about day D.
DAY_OF_AS_OF = "(date '1970-01-01' + cast(floor((epoch(as_of) - 1) / 86400) as integer))"


@dataclass(frozen=True)
class ReportData:
    """The published tables as they stood on `day`; `about` says whether the data were made.

    `first_day` is where the window begins: 400 days before, or the first published day. In SQL,
    `$day::date` is the day of the report and `$first_day::date` the first of the window.
    """

    connection: duckdb.DuckDBPyConnection
    day: date
    first_day: date
    produced_at: datetime
    about: Mapping[str, object]

    @property
    def days(self) -> list[date]:
        """Every UTC day of the window, without gaps; the last is `day`."""
        return [self.first_day + timedelta(days=at) for at in range((self.day - self.first_day).days + 1)]

    @property
    def day_series(self) -> Series:
        """The index column of everything that is drawn over days."""
        return Series("day", "day, UTC", [day.isoformat() for day in self.days], "day")

    @property
    def end(self) -> datetime:
        """The instant the day ended, UTC."""
        return end_of(self.day)

    def rows(self, sql: str, **values: object) -> list[dict[str, Any]]:
        """The rows of a SELECT; `values` are bound to `$name::type` in it.

        A NaN is as undefined as a NULL: both come back as None.
        """
        known = {"day": self.day, "first_day": self.first_day, **values}
        bound = {name: value for name, value in known.items() if f"${name}::" in sql}
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, bound)
            names = [column[0] for column in cursor.description or []]
            return [
                {name: _defined(cell) for name, cell in zip(names, row, strict=True)}
                for row in cursor.fetchall()
            ]
        finally:
            cursor.close()

    def daily(self, sql: str) -> dict[str, list[Any]]:
        """The columns of a SELECT with a unique `day`, laid on `days`; a day it lacks is None in each.

        A SELECT without rows gives no columns: ask with `column()`.
        """
        found = {row["day"]: row for row in self.rows(sql)}
        names = [name for name in next(iter(found.values()), {}) if name != "day"]
        return {name: [found.get(day, {}).get(name) for day in self.days] for name in names}

    def column(self, columns: Mapping[str, list[Any]], name: str) -> list[Any]:
        """One column of `daily()`; all None when the SELECT had no rows."""
        return columns.get(name, [None] * len(self.days))

    def missing(self, needs: Mapping[str, tuple[str, ...]]) -> list[str]:
        """`table` or `table.column` of what a section needs and the published file lacks."""
        lacking = []
        for table, columns in needs.items():
            if table not in self._tables:
                lacking.append(table)
            else:
                there = self._tables[table]
                lacking.extend(f"{table}.{column}" for column in columns if column not in there)
        return lacking

    @cached_property
    def _tables(self) -> dict[str, set[str]]:
        """Columns of each published table. Every section asks for some, and the file does not change."""
        found: dict[str, set[str]] = {}
        for row in self.rows("select table_name, column_name from information_schema.columns"):
            found.setdefault(row["table_name"], set()).add(row["column_name"])
        return found


def _defined(cell: Any) -> Any:  # noqa: ANN401 - a cell of any SQL type
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
