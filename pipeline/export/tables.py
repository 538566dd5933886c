"""Which published tables there are, what their columns mean, and their rows in the order of the grain.

How rows look in a file belongs to the module of its format. Nothing here writes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb
import pyarrow as pa

from pipeline.errors import UsageError
from pipeline.models import read_models

BATCH_ROWS = 20_000  # of one step of reading and writing: what bounds the memory


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, what its numbers count (None for names), and what it says."""

    name: str
    kind: str
    unit: str | None
    meaning: str


@dataclass(frozen=True)
class Table:
    """One published table. `day_sql` is the UTC day a row belongs to; None, rows belong to no day."""

    name: str
    title: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    day_sql: str | None


@dataclass(frozen=True)
class Span:
    """The days to export, both ends included; None is open."""

    first: date | None = None
    last: date | None = None

    def where(self, day_sql: str | None) -> str:
        """The condition on rows whose day is `day_sql`, empty if all of them are wanted."""
        if day_sql is None:
            return ""
        ends = [(">=", self.first), ("<=", self.last)]
        parts = [f"{day_sql} {sign} date '{day}'" for sign, day in ends if day is not None]
        return f" where {' and '.join(parts)}" if parts else ""


@dataclass(frozen=True)
class Extract:
    """What one export writes: the tables and days that were chosen, and facts about the data."""

    connection: duckdb.DuckDBPyConnection
    tables: tuple[Table, ...]
    span: Span
    first_day: date  # the first and last day that are in it
    last_day: date
    about: dict[str, object] = field(default_factory=dict)

    def count(self, table: Table) -> int:
        """How many rows of a table are exported."""
        where = self.span.where(table.day_sql)
        row = self.connection.execute(f"select count(*) from {table.name}{where}").fetchone()
        return int(row[0]) if row else 0

    def batches(self, table: Table) -> pa.RecordBatchReader:
        """The rows in the order of the grain, columns in the order of the published table.

        Counts are 64-bit integers: DuckDB's HUGEINT of a sum would become a decimal elsewhere.
        """
        columns = ", ".join(
            f'"{one.name}"::bigint as "{one.name}"' if one.kind == "HUGEINT" else f'"{one.name}"'
            for one in table.columns
        )
        order = ", ".join(f'"{name}"' for name in table.grain or [one.name for one in table.columns])
        return self.connection.execute(
            f"select {columns} from {table.name}{self.span.where(table.day_sql)} order by {order}"
        ).to_arrow_reader(BATCH_ROWS)


def published_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """Every published table by name, described by the dictionary that is published with it."""
    grains = {model.name: model.grain for model in read_models() if model.schema == "marts"}
    found = connection.execute(
        "select c.table_name, c.column_name, c.data_type, d.unit, coalesce(c.comment, ''),"
        " coalesce(t.comment, '') from duckdb_columns() as c join duckdb_tables() as t using (table_name)"
        " left join dictionary as d on d.table_name = c.table_name and d.column_name = c.column_name"
        " where not c.internal order by c.table_name, c.column_index"
    ).fetchall()
    titles = {row[0]: row[5] for row in found}
    tables = {}
    for name, title in titles.items():
        columns = tuple(Column(*row[1:5]) for row in found if row[0] == name)
        names = {one.name for one in columns}
        grain = tuple(column for column in grains.get(name, ()) if column in names)
        tables[name] = Table(name, title, grain, columns, _day_of_a_row(names))
    return tables


def _day_of_a_row(names: set[str]) -> str | None:
    if "day" in names:
        return '"day"'
    # an instant stands for the day that it ends: midnight is the end of the day before
    for name in ("as_of", "at"):
        if name in names:
            return f"(\"{name}\" - interval '1 microsecond')::date"
    return None


def chosen_tables(tables: dict[str, Table], names: Sequence[str]) -> tuple[Table, ...]:
    """The tables of these names, in the order they were named, or all; raises UsageError for another."""
    for name in names:
        if name not in tables:
            message = (
                f"no table is called {name!r}{did_you_mean(name, tables)}: `margin-debt dictionary` lists all"
            )
            raise UsageError(message)
    return tuple(tables[name] for name in dict.fromkeys(names)) or tuple(tables.values())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean X?` for the nearest of the known names, empty if none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]}" if near else ""


def extract(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], span: Span, about: dict[str, object]
) -> Extract:
    """What to export. Raises UsageError for a table that is not there, or days that are not published."""
    tables = chosen_tables(published_tables(connection), names)
    row = connection.execute("select min(day), max(day) from coverage_daily").fetchone()
    if row is None or row[0] is None:
        message = "no day is published yet: run `margin-debt run` or `margin-debt demo` first"
        raise UsageError(message)
    first, last = row
    if span.first is not None and span.last is not None and span.first > span.last:
        message = f"--from {span.first} is after --to {span.last}: exchange them"
        raise UsageError(message)
    if (span.first or first) > last or (span.last or last) < first:
        message = f"no published day is asked for: the published days are {first} to {last}"
        raise UsageError(message)
    return Extract(
        connection, tables, span, max(span.first or first, first), min(span.last or last, last), about
    )
