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
        deliveries = connection.execute(_deliveries(suite, suite.delivery)).df()
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


def _deliveries(suite: Suite, delivery: Delivery) -> str:
    """A row a venue that was asked for the last day and delivered lately: what came, against the day before.

    A raw row is delivered on the day it was fetched, a staging row is for its own day.
    """
    is_raw = suite.table.startswith("raw.")
    dataset = suite.name.removeprefix("stg_")
    day, last = ("utc_day(fetched_at)", "utc_day(max(fetched_at))") if is_raw else ("day", "max(day)")
    return f"""
        with last as (
            select {last} as last_day, max(day) as asked_day from raw.fetch_log
        ),
        asked as (
            select distinct l.venue from raw.fetch_log as l, last
            where l.day = last.asked_day and l.dataset = '{dataset}'
        ),
        delivered as (
            select t.venue, {day} as day, count(distinct t."{delivery.counted}") as counted
            from {suite.table} as t
            where t.day >= (select last_day from last) - {_LOOKBACK_DAYS}
            group by all
        )
        select
            d.venue, date_diff('day', max(d.day), any_value(last.last_day)) as silent_days,
            max(case when d.day = last.last_day then d.counted end)
                / arg_max(d.counted, d.day) filter (where d.day < last.last_day) as of_day_before_ratio
        from delivered as d
        cross join last
        where d.venue in (select venue from asked) and d.day <= last.last_day
        group by d.venue
        order by d.venue
    """
