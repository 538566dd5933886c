"""The only module that opens DuckDB: the writer's warehouse and, read-only, the published file.

SQL text lives in `sql/` and `dbt_like_models/`; what is built, and in which order, is `pipeline/build.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import RawUnreadable, UsageError, WarehouseBusy
from pipeline.files import SQL
from pipeline.records import FETCH_LOG, REFERENCE, arrow_schema, raw_tables

SCHEMAS = ("raw", "seeds", "staging", "intermediate", "marts", "signals", "internal")

_DUCK = {"string": "varchar", "double": "double", "int64": "bigint", "bool": "boolean"}


@contextmanager
def open_warehouse(path: Path, raw: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The writer's connection, with schemas and macros in place, and views over all raw Parquet below `raw`.

    raw None: whoever opens it binds the views to the days it will read (`bind_raw`), for to look for the
    files of years takes seconds. A file that is no database is put aside as `.broken`: with none, everything
    is built anew from raw. Raises WarehouseBusy when another process holds the file (a reader never does),
    RawUnreadable when a raw file is not whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(path))
    except duckdb.IOException as problem:
        if "not a valid DuckDB database" in str(problem):
            path.replace(path.with_suffix(".duckdb.broken"))
            path.with_suffix(".duckdb.wal").unlink(missing_ok=True)
            connection = duckdb.connect(str(path))
        elif "lock" in str(problem).lower():
            message = f"another run is writing to {path}: wait for it to end, or choose another --home"
            raise WarehouseBusy(message) from problem
        else:
            raise
    try:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        # each raw file is read once: kept in memory, those of four years take 15 GiB and more time
        connection.execute("set enable_external_file_cache = false")
        # what a day writes goes into the file once, at closing: in between, that costs a fifth of a day
        connection.execute("set checkpoint_threshold = '256MB'")
        for schema in SCHEMAS:
            connection.execute(f"create schema if not exists {schema}")
        for macro in sorted((SQL / "macros").glob("*.sql")):
            connection.execute(macro.read_text())
        if raw is not None:
            # bound again at each opening: a dataset may have got its first file
            bind_raw(connection, raw)
        yield connection
    finally:
        connection.close()


def bind_raw(
    connection: duckdb.DuckDBPyConnection, raw: Path, files: Mapping[str, Sequence[str]] | None = None
) -> None:
    """One view a dataset over its Parquet files, pruned by `day`; an empty one where nothing was fetched.

    files: the files of each dataset that the views are to show, all of them when None.
    """
    template = (SQL / "ddl" / "raw_view.sql").read_text()
    for name in raw_tables():
        columns, empty = empty_columns(name)
        if files is not None:
            shown = list(files.get(name, ()))
        else:
            below = "day=*/*.parquet" if name in (FETCH_LOG, REFERENCE) else "venue=*/day=*/*.parquet"
            shown = [str(raw / name / below)] if next((raw / name).glob(below), None) is not None else []
        if shown:
            quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in shown)
            statement = template.format(name=name, files=f"[{quoted}]", columns=columns)
        else:
            statement = f"create or replace view raw.{name} as select {empty} where false"
        try:
            connection.execute(statement)
        except duckdb.Error as problem:
            raise unreadable(problem) from None  # its own words are in ours


def empty_columns(name: str) -> tuple[str, str]:
    """The columns of a raw dataset, and the same as NULLs of their types with the partition's day."""
    schema = arrow_schema(raw_tables()[name])
    nulls = [f"null::{_duck_type(field.type)} as {field.name}" for field in schema]
    return ", ".join(field.name for field in schema), ", ".join([*nulls, "null::date as day"])


def unreadable(problem: duckdb.Error) -> RawUnreadable:
    """What DuckDB says of a raw file, which it names, and what to do about it."""
    said = " ".join(str(problem).split(" LINE ")[0].split("\n")[0].split())
    return RawUnreadable(f"{said}: move the file away, run `margin-debt build`, and fetch its day again")


def _duck_type(kind: pa.DataType) -> str:
    return "timestamptz" if pa.types.is_timestamp(kind) else _DUCK[str(kind)]


def open_published(path: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the published file; it stays valid while a newer one is published.

    Raises UsageError when nothing was published yet, or what stands there is no whole database.
    """
    if not path.exists():
        message = f"nothing is published at {path} yet: run `margin-debt demo` or `margin-debt run` first"
        raise UsageError(message)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as problem:
        message = f"{path} cannot be read: `margin-debt build` publishes it anew from what was fetched"
        raise UsageError(message) from problem
    connection.execute("set timezone = 'UTC'")
    # a query reads the published tables only: no other file, and COPY writes none
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def publish(connection: duckdb.DuckDBPyConnection, tables: Iterable[str], target: Path) -> None:
    """Copy tables (`schema.table`) into a new file and put it in the place of the published one.

    Readers that hold the old file keep their view. Table and column comments are carried over.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".duckdb.tmp")
    for leftover in (temporary, temporary.with_suffix(".tmp.wal")):
        leftover.unlink(missing_ok=True)
    escaped = str(temporary).replace("'", "''")
    connection.execute(f"attach '{escaped}' as published")
    try:
        comments = _comments(connection)
        for name in tables:
            table = name.split(".", 1)[1]
            connection.execute(f"create table published.main.{table} as select * from {name}")
            said = []
            for kind, column, comment in comments.get(name, ()):
                place = f"published.main.{table}" + (f'."{column}"' if column else "")
                said.append(f"comment on {kind} {place} is '{comment.replace(chr(39), chr(39) * 2)}'")
            # at once: a transaction for each of some 500 comments is half a second
            connection.execute("; ".join(["begin", *said, "commit"]))
        connection.execute("checkpoint published")
    finally:
        connection.execute("detach published")
    temporary.replace(target)


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str, str]]]:
    """By `schema.table`: what is commented (table, column), the column's name, and the comment."""
    # in one look: each lists every table of the warehouse
    rows = connection.execute(
        "select schema_name || '.' || table_name, 'table', '', comment from duckdb_tables()"
        " where database_name = current_database() and comment is not null"
        " union all"
        " select schema_name || '.' || table_name, 'column', column_name, comment from duckdb_columns()"
        " where database_name = current_database() and comment is not null"
    ).fetchall()
    found: dict[str, list[tuple[str, str, str]]] = {}
    for name, kind, column, comment in rows:
        found.setdefault(name, []).append((kind, column, comment))
    return found


def table_hash(connection: duckdb.DuckDBPyConnection, name: str, grain: list[str]) -> str:
    """SHA-256 of a table written out in the order of its grain: equal bytes mean the same table."""
    columns = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
    text = ", ".join(f"coalesce(\"{column}\"::varchar, '\\N')" for column in columns)
    order = ", ".join(f'"{column}"' for column in [*grain, *[c for c in columns if c not in grain]])
    row = connection.execute(
        f"select sha256(coalesce(string_agg(concat_ws('|', {text}), chr(10) order by {order}), ''))"
        f" from {name}"
    ).fetchone()
    assert row is not None  # noqa: S101 an aggregate always answers
    return str(row[0])
