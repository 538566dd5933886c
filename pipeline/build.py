"""Builds one model and proves its contract in one transaction.

A model that breaks its contract is rolled back: yesterday's table stays and what depends on it is not
built. What a model says is `pipeline/models.py`; from which day it is built, `pipeline/plan.py`; on which
connection, `pipeline/warehouse.py`.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import pandas as pd

from pipeline.errors import ContractBroken
from pipeline.files import MODELS
from pipeline.models import Model, described_columns, read_models
from pipeline.warehouse import publish, unreadable

FIRST_DAY = date(2009, 1, 3)  # before anything; a build from here is a full build


@dataclass(frozen=True)
class CheckResult:
    """One check of one table. `problem` is a sentence when it failed; compared: things it looked at."""

    name: str
    passed: bool
    compared: int
    problem: str = ""


@dataclass
class Built:
    """What building one model did."""

    model: Model
    from_day: date
    rows: int
    seconds: float
    checks: list[CheckResult] = field(default_factory=list)


def build_model(connection: duckdb.DuckDBPyConnection, model: Model, from_day: date) -> Built:
    """Build one table and check it; commit only if every check passed, else raise ContractBroken.

    The exception's `results` hold every check's outcome. Raises RawUnreadable when a raw file is not whole.
    """
    started = time.perf_counter()
    exists = _exists(connection, model.table)
    start = from_day if model.materialized == "incremental" and exists else FIRST_DAY
    statement = f"{model.select}"
    parameters = {"from_day": start} if "$from_day" in statement else {}
    connection.execute("begin")
    try:
        if start > FIRST_DAY:
            connection.execute(f"delete from {model.table} where day >= $1::date", [start])
            connection.execute(f"insert into {model.table} by name {statement}", parameters)
        else:
            connection.execute(f"create or replace table {model.table} as {statement}", parameters)
            _comment(connection, model)
        results = run_checks(connection, model, start)
        broken = [result for result in results if not result.passed]
        if broken:
            message = f"{model.name}: " + "; ".join(result.problem for result in broken)
            raise BrokenTable(message, results)
        connection.execute("commit")
    except duckdb.Error as problem:
        connection.execute("rollback")
        if ".parquet'" in str(problem):
            raise unreadable(problem) from None
        message = f"{model.name} could not be built: {' '.join(str(problem).split())[:400]}"
        raise ContractBroken(message) from problem
    except ContractBroken:
        connection.execute("rollback")
        raise
    count = connection.execute(f"select count(*) from {model.table}").fetchone()
    return Built(model, start, count[0] if count else 0, time.perf_counter() - started, results)


class BrokenTable(ContractBroken):
    """Carries the outcome of every check beside the sentence."""

    def __init__(self, message: str, results: list[CheckResult]) -> None:
        super().__init__(message)
        self.results = results


def run_checks(connection: duckdb.DuckDBPyConnection, model: Model, start: date) -> list[CheckResult]:
    """Every check of a model, over the days just built; the row count is of the whole table."""
    table = model.table
    # a row without a day belongs to no day and must not slip through between them
    new_days = f"{table} where (day >= date '{start}' or day is null)"
    scope = new_days if model.materialized == "incremental" else table
    grain = ", ".join(f'"{column}"' for column in model.grain)
    required = [*model.grain, *model.checks.not_null]
    missing = " or ".join(f'"{column}" is null' for column in required)
    # of each check: SQL of how many rows fail and how many there are to look at, and what those that fail do
    counted = [
        (
            "grain_is_unique",
            f"count(*) - count(distinct ({grain})), count(*)",
            f"repeat the grain ({', '.join(model.grain)})",
        ),
        ("not_null", f"count(*) filter (where {missing}), count(*)", f"lack one of {', '.join(required)}"),
    ]
    doubles = _doubles(connection, table, list(model.checks.range))
    for column, (low, high) in model.checks.range.items():
        outside = [f'isnan("{column}")'] if column in doubles else []
        outside += [f'"{column}" < {low}'] if low is not None else []
        outside += [f'"{column}" > {high}'] if high is not None else []
        sql = f'count(*) filter (where {" or ".join(outside)}), count("{column}")'
        counted.append((f"range_{column}", sql, f"have {column} outside [{low}, {high}]"))
    for column, allowed in model.checks.values.items():
        listed = ", ".join(f"'{value}'" for value in allowed)
        sql = f'count(*) filter (where "{column}" not in ({listed})), count("{column}")'
        counted.append((f"values_{column}", sql, f"have {column} not in ({', '.join(allowed)})"))
    # all of them in one look at the table
    row = connection.execute(f"select {', '.join(sql for _, sql, _ in counted)} from {scope}").fetchone()
    numbers = iter(row or ())
    results = [_row_check(connection, model)]
    for name, _, sentence in counted:
        failing, compared = next(numbers), next(numbers)
        problem = f"{failing} rows {sentence}" if failing else ""
        results.append(CheckResult(name, failing == 0, compared, problem))
    return results


def _row_check(connection: duckdb.DuckDBPyConnection, model: Model) -> CheckResult:
    checks = model.checks
    rows = connection.execute(f"select count(*) from {model.table}").fetchone()
    least = checks.rows
    if checks.rows_if is not None:
        source = connection.execute(f"select exists (select 1 from {checks.rows_if})").fetchone()
        least = checks.rows if source and source[0] else 0
    passed = rows is not None and rows[0] >= least
    return CheckResult(
        "rows", passed, 1, "" if passed else f"{rows[0] if rows else 0} rows, at least {least} expected"
    )


def load_seeds(connection: duckdb.DuckDBPyConnection, folder: Path = MODELS / "seeds") -> bool:
    """Load every seed file as `seeds.<name>`, all columns text. Returns whether any file had changed."""
    connection.execute("create table if not exists internal.built_seeds (name varchar, fingerprint varchar)")
    known = dict(connection.execute("select name, fingerprint from internal.built_seeds").fetchall())
    found = {path.stem: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.csv"))}
    if found == known:
        return False
    connection.execute("begin")
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            header = next(csv.reader(file))
        columns = ", ".join(f"'{name}': 'varchar'" for name in header)
        escaped = str(path).replace("'", "''")
        connection.execute(
            f"create or replace table seeds.{path.stem} as select * from read_csv('{escaped}', header = true,"
            f" columns = {{{columns}}}, nullstr = '')"
        )
    connection.execute("delete from internal.built_seeds")
    connection.executemany(
        "insert into internal.built_seeds values ($1, $2)", [list(p) for p in found.items()]
    )
    connection.execute("commit")
    return True


def write_dictionary(connection: duckdb.DuckDBPyConnection, models: Sequence[Model]) -> None:
    """The dictionary of every mart, from the model headers, as `internal.dictionary`."""
    known = {model.table: model for model in models}
    rows = [
        (model.name, name, meaning, model.title)
        for model in models
        if model.schema == "marts"
        for name, meaning in described_columns(model, known).items()
    ]
    frame = pd.DataFrame(rows, columns=["table_name", "column_name", "meaning", "source"])
    connection.register("incoming", frame)
    connection.execute("create or replace table internal.dictionary as select * from incoming")
    connection.unregister("incoming")


def publish_marts(connection: duckdb.DuckDBPyConnection, models: Sequence[Model], target: Path) -> None:
    """Publish all marts by rename."""
    publish(connection, [model.table for model in models if model.schema == "marts"], target)


def _comment(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    known = {other.table: other for other in read_models()}
    described = described_columns(model, known)
    actual = [row[0] for row in connection.execute(f"describe {model.table}").fetchall()]
    unknown = [column for column in actual if column not in described]
    absent = [column for column in model.columns if column not in actual]
    if unknown or absent:
        message = f"{model.name}: columns without a meaning {unknown}, columns only in the header {absent}"
        raise ContractBroken(message)
    connection.execute(f"comment on table {model.table} is '{_quoted(model.title)}'")
    for column in actual:
        meaning = _quoted(described[column])
        connection.execute(f"comment on column {model.table}.\"{column}\" is '{meaning}'")


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    try:
        # listing the catalogue takes a hundred times as long
        connection.execute(f"select 1 from {table} limit 0")
    except duckdb.CatalogException:
        return False
    return True


def _doubles(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> set[str]:
    """Which columns are of doubles: only those hold NaN. None of a table without rows."""
    if not columns:
        return set()
    types = ", ".join(f'typeof("{column}")' for column in columns)
    row = connection.execute(f"select {types} from {table} limit 1").fetchone()
    return {column for column, kind in zip(columns, row or (), strict=False) if kind == "DOUBLE"}
