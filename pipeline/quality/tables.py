"""Holds a suite against its table: rows of the new days, types of the columns, what each venue delivered.

A table without new rows is left out: what was judged once is not judged again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import pandas as pd

from pipeline.quality.gate import Validation, Verdict, validate
from pipeline.quality.rules import SCHEMA_RULE, Delivery, Suite

_TYPES = {"TIMESTAMP WITH TIME ZONE": "timestamptz"}
# Days before the newest among which a venue must have delivered for its silence to be news.
_LOOKBACK_DAYS = 14


@dataclass(frozen=True)
class TableResult:
    """What was found in one table. rows_by: new rows of each venue."""

    suite: Suite
    validations: tuple[Validation, ...]
    rows_by: dict[str, int]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every rule's."""
        return tuple(verdict for validation in self.validations for verdict in validation.verdicts)

    def broken(self, venue: str) -> list[Verdict]:
        """The rules that rows of a venue broke."""
        return [verdict for verdict in self.verdicts if verdict.broken_by.get(venue)]


def check_table(connection: duckdb.DuckDBPyConnection, suite: Suite, from_day: date) -> TableResult | None:
    """Hold a suite against the rows of `day >= from_day`; None without any.

    Deliveries are those of the last day asked for, against the days before. Raises duckdb.CatalogException
    when the table was never built.
    """
    count = connection.execute(f"select count(*) from {suite.table} where day >= $1::date", [from_day])
    if count.fetchone() == (0,):
        return None
    found = [validate(f"{suite.name} columns", _schema(connection, suite), [SCHEMA_RULE])]
    if not found[0].verdicts[0].passed:
        # what a rule means on another column is not known: nothing else is judged
        return TableResult(suite, tuple(found), {})
    by = "venue" if "venue" in suite.schema else None
    wanted = {name for rule in suite.row_rules for name in rule.columns} | ({by} if by else set())
    selected = ", ".join(
        f"{suite.expressions[name]} as {name}" if name in suite.expressions else f'"{name}"'
        for name in sorted(wanted)
    )
    rows = connection.execute(
        f"select {selected} from {suite.source or suite.table} where day >= $1::date", [from_day]
    ).df()
    units = set(rows["unit"]) if "unit" in rows else set()
    rules = [rule for rule in suite.row_rules if rule.unit is None or rule.unit in units]
    found.append(validate(suite.name, rows, rules, by))
    if suite.delivery is not None:
        deliveries = _deliveries(connection, suite, suite.delivery)
        found.append(validate(f"{suite.name} deliveries", deliveries, suite.delivery_rules, by))
    rows_by = {} if by is None else {str(name): int(count) for name, count in rows[by].value_counts().items()}
    return TableResult(suite, tuple(found), rows_by)


def _schema(connection: duckdb.DuckDBPyConnection, suite: Suite) -> pd.DataFrame:
    """A row a column that is there or declared: its type and the declared one, `absent` for none."""
    described = connection.execute(f"describe {suite.table}").fetchall()
    actual = {row[0]: _TYPES.get(row[1], row[1].lower()) for row in described}
    names = list(dict.fromkeys([*suite.schema, *actual]))
    return pd.DataFrame(
        {
            "column": names,
            "type": [actual.get(name, "absent") for name in names],
            "declared_type": [suite.schema.get(name, "absent") for name in names],
        }
    )


def _deliveries(connection: duckdb.DuckDBPyConnection, suite: Suite, delivery: Delivery) -> pd.DataFrame:
    """A row a venue that was asked for the last day and delivered lately: what came, against the day before.

    A raw row is delivered on the day it was fetched, a staging row is for its own day.
    """
    is_raw = suite.table.startswith("raw.")
    day = "utc_day(fetched_at)" if is_raw else "day"
    # not max(day): DuckDB 1.5.5 ends with an internal error on an aggregate of the partition's column alone
    newest = connection.execute(
        f"select {day}, day from raw.fetch_log order by fetched_at desc, day desc limit 1"
    ).fetchone()
    last_day, asked_day = newest or (None, None)
    asked = connection.execute(
        "select distinct venue from raw.fetch_log where day = $1::date and dataset = $2 order by venue",
        [asked_day, suite.name.removeprefix("stg_")],
    ).fetchall()
    return connection.execute(
        f"""
        with delivered as (
            select t.venue, {day} as day, count(distinct t."{delivery.counted}") as counted
            from {suite.table} as t
            where t.day >= $1::date - {_LOOKBACK_DAYS}
            group by all
        )
        select
            venue, date_diff('day', max(day), $1::date) as silent_days,
            max(case when day = $1::date then counted end)
                / arg_max(counted, day) filter (where day < $1::date) as of_day_before_ratio
        from delivered
        where list_contains($2::varchar[], venue) and day <= $1::date
        group by venue
        order by venue
        """,
        [last_day, [venue for (venue,) in asked]],
    ).df()
