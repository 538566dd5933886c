"""Builds one model and proves its contract in one transaction, and decides from which day to build.

A model that breaks its contract is rolled back: yesterday's table stays and what depends on it is not
built. What a model says is `pipeline/models.py`; which connection it runs on is `pipeline/warehouse.py`.
"""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import duckdb
import pandas as pd

from pipeline.errors import ContractBroken
from pipeline.files import MODELS
from pipeline.lake import Lake, partition_day
from pipeline.models import Model, described_columns, read_models
from pipeline.records import Dataset
from pipeline.warehouse import publish, unreadable

FIRST_DAY = date(2009, 1, 3)  # before anything; a build from here is a full build


@dataclass(frozen=True)
class CheckResult:
    """One check of one table. `problem` is a sentence when it failed."""

    name: str
    passed: bool
    problem: str = ""


@dataclass
class Built:
    """What building one model did."""

    model: Model
    from_day: date
    rows: int
    seconds: float
    checks: list[CheckResult] = field(default_factory=list)


# How far behind the first day it builds a run may look in raw: what a venue last delivered, a rate before.
RAW_REACH_DAYS = 21


@dataclass(frozen=True)
class Plan:
    """From which day each incremental model is rebuilt, and what of raw this build will have read.

    months: fingerprint of each month (`Lake.months`) that is not as the last whole build left it, None where
    it is gone; new and gone: raw files since then. is_whole: these are all there are, what was known is void.
    """

    from_day: date
    new: frozenset[str]
    gone: frozenset[str]
    months: Mapping[str, str | None]
    is_whole: bool

    @property
    def raw_from(self) -> date:
        """The first day of raw that the build and its checks look at."""
        return self.from_day - timedelta(days=RAW_REACH_DAYS) if self.from_day > FIRST_DAY else FIRST_DAY


def make_plan(connection: duckdb.DuckDBPyConnection, lake: Lake, *, full: bool = False) -> Plan:
    """Compare the raw files and the model texts with those of the last whole build.

    An observation can be the level of its own day or of the one before, so building starts one day before
    the earliest new file. New seeds, changed models, vanished files or a venue's first market list mean a
    full build. Seeds are loaded here. Only the files of months that changed are looked at.
    """
    seeds_changed = load_seeds(connection)
    _state_tables(connection)
    found = lake.months()
    known = dict(connection.execute("select month, fingerprint from internal.read_months").fetchall())
    texts = dict(connection.execute("select name, fingerprint from internal.built_models").fetchall())
    if seeds_changed:
        # until a whole build is through: one that fails, or builds some tables only, does not use it up
        connection.execute("delete from internal.built_models")
    changed = {month: found.get(month) for month in {*found, *known} if found.get(month) != known.get(month)}
    there = lake.files_of(changed)
    rows = connection.execute(
        "select path from internal.read_files where list_contains($1::varchar[], month)", [list(changed)]
    ).fetchall()
    read = {path for (path,) in rows}
    new, gone = frozenset(there - read), frozenset(read - there)
    if (
        full
        or seeds_changed
        or not known
        or gone
        or any(texts.get(model.name) != model.fingerprint for model in read_models())
        or _first_lists(new, known)
    ):
        return Plan(FIRST_DAY, frozenset(lake.files_of(found)), frozenset(), found, is_whole=True)
    # nothing came: build the last day again, which is cheap and proves the contracts once more
    earliest = min(partition_day(path) for path in new) if new else _last_day(lake, known)
    return Plan(earliest - timedelta(days=1), new, gone, changed, is_whole=False)


def commit_plan(connection: duckdb.DuckDBPyConnection, plan: Plan, models: Sequence[Model]) -> None:
    """Remember what a whole, successful build has read."""
    connection.execute("begin")
    if plan.is_whole:
        connection.execute("delete from internal.read_files")
        connection.execute("delete from internal.read_months")
    remember_files(connection, plan.new, plan.gone)
    months = list(plan.months)
    connection.execute("delete from internal.read_months where list_contains($1::varchar[], month)", [months])
    connection.execute(
        "insert into internal.read_months by name select unnest($1::varchar[]) as month,"
        " unnest($2::varchar[]) as fingerprint",
        [months, list(plan.months.values())],
    )
    connection.execute("delete from internal.read_months where fingerprint is null")
    connection.execute("delete from internal.built_models")
    connection.executemany(
        "insert into internal.built_models values ($1, $2)", [[m.name, m.fingerprint] for m in models]
    )
    connection.execute("commit")


def remember_files(connection: duckdb.DuckDBPyConnection, new: Iterable[str], gone: Iterable[str]) -> None:
    """Change which raw files count as read. Raises duckdb.CatalogException where nothing was built yet."""
    connection.execute(
        "delete from internal.read_files where path in (select unnest($1::varchar[]))", [sorted(gone)]
    )
    connection.execute(
        "insert into internal.read_files by name select unnest($1::varchar[]) as path,"
        " regexp_extract(path, '^.*/day=[0-9]{4}-[0-9]{2}') as month",
        [sorted(new)],
    )


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


def check_names(model: Model) -> list[str]:
    """The checks of a model in the order they run."""
    names = ["rows", "grain_is_unique", "not_null"]
    names += [f"range_{column}" for column in model.checks.range]
    names += [f"values_{column}" for column in model.checks.values]
    return names


def run_checks(connection: duckdb.DuckDBPyConnection, model: Model, start: date) -> list[CheckResult]:
    """Every check of a model, over the days just built; the row count is of the whole table."""
    table = model.table
    # a row without a day belongs to no day and must not slip through between them
    new_days = f"{table} where (day >= date '{start}' or day is null)"
    scope = new_days if model.materialized == "incremental" else table
    where = "and" if " where " in scope else "where"
    results = [_row_check(connection, model)]

    def count(sql: str) -> int:
        row = connection.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def check(name: str, failing: int, sentence: str) -> None:
        results.append(CheckResult(name, failing == 0, f"{failing} rows {sentence}" if failing else ""))

    grain = ", ".join(f'"{column}"' for column in model.grain)
    check(
        "grain_is_unique",
        count(f"select count(*) - count(distinct ({grain})) from {scope}"),
        f"repeat the grain ({', '.join(model.grain)})",
    )
    required = [*model.grain, *model.checks.not_null]
    missing = " or ".join(f'"{column}" is null' for column in required)
    check(
        "not_null",
        count(f"select count(*) from {scope} {where} ({missing})"),
        f"lack one of {', '.join(required)}",
    )
    for column, (low, high) in model.checks.range.items():
        outside = [f'isnan("{column}")'] if _is_double(connection, table, column) else []
        outside += [f'"{column}" < {low}'] if low is not None else []
        outside += [f'"{column}" > {high}'] if high is not None else []
        failing = count(f"select count(*) from {scope} {where} ({' or '.join(outside)})")
        check(f"range_{column}", failing, f"have {column} outside [{low}, {high}]")
    for column, allowed in model.checks.values.items():
        listed = ", ".join(f"'{value}'" for value in allowed)
        failing = count(f'select count(*) from {scope} {where} "{column}" not in ({listed})')
        check(f"values_{column}", failing, f"have {column} not in ({', '.join(allowed)})")
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
        "rows", passed, "" if passed else f"{rows[0] if rows else 0} rows, at least {least} expected"
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
    schema, name = table.split(".", 1)
    row = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = $1 and table_name = $2", [schema, name]
    ).fetchone()
    return bool(row and row[0])


def _is_double(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    row = connection.execute(f'select typeof("{column}") from {table} limit 1').fetchone()
    return bool(row and row[0] == "DOUBLE")


def _state_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table if not exists internal.read_files (month varchar, path varchar)")
    connection.execute("create table if not exists internal.read_months (month varchar, fingerprint varchar)")
    connection.execute("create table if not exists internal.built_models (name varchar, fingerprint varchar)")


def _first_lists(new: Iterable[str], known: Iterable[str]) -> bool:
    """Whether a venue's first market list is among the new files: it tells about earlier days too."""

    def venues(paths: Iterable[str]) -> set[str]:
        return {path.split("/")[1] for path in paths if path.startswith(f"{Dataset.MARKETS.value}/")}

    return bool(venues(new) - venues(known))


def _last_day(lake: Lake, months: Iterable[str]) -> date:
    """The last day that has a raw file: a month can be left with empty folders."""
    of_month: dict[str, list[str]] = defaultdict(list)
    for month in months:
        of_month[month[-len("2026-01") :]].append(month)
    for last in sorted(of_month, reverse=True):
        if files := lake.files_of(of_month[last]):
            return max(partition_day(path) for path in files)
    return FIRST_DAY + timedelta(days=1)
