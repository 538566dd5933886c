"""Every declared rule of raw and staging is broken by the bad row that `bad_rows.yml` has for it, and by no
other.

The tables are real DuckDB tables with the declared types; rows go through `check_table` and Great
Expectations as in a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipeline.build import load_seeds
from pipeline.quality.rules import SCHEMA_RULE, Suite
from pipeline.quality.suites import SUITES
from pipeline.quality.tables import check_table
from pipeline.warehouse import open_warehouse

CASES = {
    table: case
    for table, case in yaml.safe_load((Path(__file__).parent / "bad_rows.yml").read_text()).items()
    if not table.startswith("_")
}
DAY = date(2026, 3, 1)
Row = dict[str, Any]
BY_TABLE = {suite.table: suite for suite in SUITES}
DELIVERED = [suite for suite in SUITES if suite.delivery is not None]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every judged table, empty, with the declared columns."""
    home = tmp_path_factory.mktemp("judged")
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        load_seeds(connection)
        for suite in SUITES:
            connection.execute(f"drop view if exists {suite.table}")
            _create(connection, suite.table, suite.schema)
        yield connection


@pytest.fixture(autouse=True)
def _clean(warehouse: duckdb.DuckDBPyConnection) -> Iterator[None]:
    yield
    for suite in SUITES:
        warehouse.execute(f"delete from {suite.table}")


def _create(connection: duckdb.DuckDBPyConnection, table: str, schema: Any) -> None:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in schema.items())
    connection.execute(f"create or replace table {table} ({columns})")


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))


def _named(suite: Suite, row: Row, name: str) -> Row:
    """A row of the venue of that name; of reference facts, which have none, of that run."""
    column = "venue" if "venue" in suite.schema else "source"
    return {column: name, **row} if row.get(column) is None and column not in row else {**row, column: name}


def _good(suite: Suite) -> list[Row]:
    return [row if "venue" in row else _named(suite, row, "good") for row in CASES[suite.table]["good"]]


def _planted(suite: Suite, rule: str) -> list[Row]:
    base, changed = CASES[suite.table]["good"][0], CASES[suite.table]["bad"][rule]
    row = _named(suite, {**base, **changed}, rule)
    if "venue" not in suite.schema:
        # no two facts of one kind, asset and day: each bad row is of a day of its own
        row["day"] = date(2026, 3, 2 + list(CASES[suite.table]["bad"]).index(rule))
        if "data_day" in row:
            row["data_day"] = row["day"]
        row |= changed
    return [row, row] if rule == "key_is_unique" else [row]


@pytest.mark.parametrize("table", list(BY_TABLE))
def test_every_rule_has_its_bad_row(table: str) -> None:
    assert [rule.name for rule in BY_TABLE[table].row_rules] == sorted(
        CASES[table]["bad"], key=[rule.name for rule in BY_TABLE[table].row_rules].index
    )


def test_every_judged_table_has_its_bad_rows() -> None:
    assert set(CASES) == set(BY_TABLE)


@pytest.mark.parametrize("table", list(BY_TABLE))
def test_a_bad_row_breaks_just_its_rule(warehouse: duckdb.DuckDBPyConnection, table: str) -> None:
    suite, case = BY_TABLE[table], CASES[table]
    for other, rows in case.get("beside", {}).items():
        _insert(warehouse, other, rows)
    _insert(warehouse, table, _good(suite))
    for rule in case["bad"]:
        _insert(warehouse, table, _planted(suite, rule))
    found = check_table(warehouse, suite, DAY)
    assert found is not None
    by_rule = {verdict.rule.name: verdict for verdict in found.verdicts}
    for rule in suite.row_rules:
        verdict = by_rule[rule.name]
        rows = 2 if rule.name == "key_is_unique" else 1
        assert (verdict.passed, verdict.unexpected) == (False, rows), verdict.sentence
        if "venue" in suite.schema:
            assert dict(verdict.broken_by) == {rule.name: rows}, verdict.sentence


@pytest.mark.parametrize("table", list(BY_TABLE))
def test_a_column_of_another_type_is_told_and_nothing_else_is_judged(
    warehouse: duckdb.DuckDBPyConnection, table: str
) -> None:
    suite = BY_TABLE[table]
    *_, last = (name for name in suite.schema if name != "day")
    other = {**suite.schema, last: "bigint" if suite.schema[last] == "varchar" else "varchar"}
    try:
        _create(warehouse, table, other)
        _insert(warehouse, table, [{"day": DAY}])
        found = check_table(warehouse, suite, DAY)
    finally:
        _create(warehouse, table, suite.schema)
    assert found is not None
    ((name, passed, blocks),) = ((one.rule.name, one.passed, one.rule.is_blocking) for one in found.verdicts)
    assert (name, passed, blocks) == (SCHEMA_RULE.name, False, True)
    assert other[last] in found.verdicts[0].sentence


@pytest.mark.parametrize("change", ["one more", "one less"])
def test_a_column_more_or_less_is_told(warehouse: duckdb.DuckDBPyConnection, change: str) -> None:
    suite = BY_TABLE["staging.stg_price"]
    schema = {**suite.schema, "stray": "double"}
    if change == "one less":
        schema = {name: kind for name, kind in suite.schema.items() if name != "volume_quote"}
    try:
        _create(warehouse, suite.table, schema)
        _insert(warehouse, suite.table, [{"day": DAY}])
        found = check_table(warehouse, suite, DAY)
    finally:
        _create(warehouse, suite.table, suite.schema)
    assert found is not None
    assert [one.passed for one in found.verdicts] == [False]


@pytest.mark.parametrize("suite", DELIVERED, ids=lambda suite: suite.table)
def test_silence_and_half_an_answer_are_told_by_venue(
    warehouse: duckdb.DuckDBPyConnection, suite: Suite
) -> None:
    """Three venues showed ten each; of the last day one shows ten, one four, and one has been silent."""
    assert suite.delivery is not None
    is_raw = suite.table.startswith("raw.")
    silent_for = suite.delivery.most_silent_days + 1
    shown = {"whole": (1, 10), "short": (1, 4), "silent": (silent_for, 0)}
    base = CASES[suite.table]["good"][0]
    for venue, (days_before, today) in shown.items():
        for back, count in ((days_before, 10), (0, today)):
            # a raw row is delivered when it was fetched, ten minutes after the day that it tells of
            fetched = datetime(2026, 3, 12, 0, 10, tzinfo=UTC) - timedelta(days=back)
            day = fetched.date() if is_raw else fetched.date() - timedelta(days=1)
            times = {"fetched_at": fetched} if is_raw else {}
            rows = [
                {**base, **times, "day": day, "venue": venue, suite.delivery.counted: f"M{n}"}
                for n in range(count)
            ]
            _insert(warehouse, suite.table, rows)
        asked = {"venue": venue, "dataset": suite.name.removeprefix("stg_"), "day": date(2026, 3, 11)}
        _insert(
            warehouse, "raw.fetch_log", [{**asked, "fetched_at": datetime(2026, 3, 12, 0, 11, tzinfo=UTC)}]
        )
    found = check_table(warehouse, suite, date(2026, 3, 11))
    assert found is not None
    broken = {verdict.rule.name: dict(verdict.broken_by) for verdict in found.verdicts[-2:]}
    assert broken == {"still_arrives": {"silent": 1}, "as_many_as_the_day_before": {"short": 1}}


def test_a_venue_that_was_not_asked_is_not_missed(warehouse: duckdb.DuckDBPyConnection) -> None:
    suite = BY_TABLE["staging.stg_price"]
    for day, venue in ((DAY, "left"), (DAY, "kept"), (date(2026, 3, 2), "kept")):
        _insert(warehouse, suite.table, [{**CASES[suite.table]["good"][0], "day": day, "venue": venue}])
    asked = {"venue": "kept", "dataset": "price", "day": date(2026, 3, 2)}
    _insert(warehouse, "raw.fetch_log", [{**asked, "fetched_at": datetime(2026, 3, 3, 0, 10, tzinfo=UTC)}])
    found = check_table(warehouse, suite, DAY)
    assert found is not None
    assert [verdict.sentence for verdict in found.verdicts if not verdict.passed] == []
