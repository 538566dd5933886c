"""Asks the published database: a statement, a question of `sql/queries/`, or what its columns mean.

Whole tables go into files by `pipeline/export/`; how a table looks on a screen is `pipeline/screen.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import yaml

from pipeline.errors import UsageError
from pipeline.export.tables import BATCH_ROWS, chosen_tables, did_you_mean, published_tables
from pipeline.export.text import write_csv, write_parquet, write_records
from pipeline.files import SQL, replacing
from pipeline.screen import show_table
from pipeline.settings import Settings
from pipeline.warehouse import open_published

FORMATS = ("table", "csv", "json", "parquet")
QUERIES = SQL / "queries"
_HEADER = re.compile(r"\A\s*/\*(\s*title:.*?)\*/", re.DOTALL)
_A_NAME = re.compile(r"\w+\Z")


@dataclass(frozen=True)
class Question:
    """One file of `sql/queries/`: what it answers, its parameters with their defaults, its statement."""

    name: str
    title: str
    parameters: dict[str, dict[str, Any]]
    sql: str

    def values(self, given: Sequence[str]) -> dict[str, Any]:
        """A value for each parameter: the given `name=value`, else its default. Raises UsageError."""
        values = {name: about["default"] for name, about in self.parameters.items()}
        for words in given:
            name, is_set, value = words.partition("=")
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                near = did_you_mean(name, self.parameters)
                message = f"the query has no parameter {name!r}{near}: it has {known}"
                raise UsageError(message)
            if not is_set:
                message = f"--set {words} gives no value: write it as --set {name}=VALUE"
                raise UsageError(message)
            values[name] = value
        return values


def questions() -> dict[str, Question]:
    """Every file of `sql/queries/` by name."""
    return {path.stem: _question(path.stem, path.read_text()) for path in sorted(QUERIES.glob("*.sql"))}


def _question(name: str, text: str) -> Question:
    found = _HEADER.match(text)
    header = yaml.safe_load(found.group(1)) if found else {}
    return Question(name, header.get("title", ""), header.get("parameters") or {}, text)


def question_of(words: str) -> Question:
    """What was asked: the name of a question, the path of a .sql file, or a statement itself.

    Raises UsageError for a name or a file that is not there.
    """
    if words.endswith(".sql"):
        path = Path(words)
        if not path.is_file():
            message = f"there is no file {words}: `margin-debt queries` lists the questions that come along"
            raise UsageError(message)
        return _question(path.stem, path.read_text())
    if _A_NAME.match(words):
        known = questions()
        if words not in known:
            message = (
                f"no query is called {words!r}{did_you_mean(words, known)}: `margin-debt queries` lists all"
            )
            raise UsageError(message)
        return known[words]
    return _question("", words)


def query(
    settings: Settings,
    words: str,
    form: str | None = None,
    given: Sequence[str] = (),
    out: Path | None = None,
) -> None:
    """Run one read-only statement and write its rows to `out`, or print them.

    `form` None is the ending of `out`, else a table. Raises UsageError for an unknown format or parameter, a
    statement DuckDB refuses, and Parquet that would land on a screen.
    """
    chosen = form or (out.suffix.removeprefix(".") if out is not None else "table")
    if chosen not in FORMATS or (chosen == "table" and out is not None):
        message = f"--format {chosen} is not known: use {', '.join(FORMATS)}"
        if chosen == "table":
            message = "a table is for the screen: give --out a file that ends in .csv, .json or .parquet"
        raise UsageError(message)
    if chosen == "parquet" and out is None and sys.stdout.isatty():
        message = "Parquet is no text for a screen: name a file with --out FILE.parquet"
        raise UsageError(message)
    question = question_of(words)
    values = question.values(given)
    connection = open_published(settings.serving)
    try:
        with _refusals():
            result = connection.execute(question.sql, values or None)
            if chosen == "table":
                names = [one[0] for one in result.description or []]
                show_table(names, iter(result.fetchone, None))
            elif out is None:
                _write(chosen, result, sys.stdout.buffer)
            else:
                with replacing(out) as part, part.open("wb") as file:
                    _write(chosen, result, file)
    finally:
        connection.close()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as problem:
        message = f"the query failed: {' '.join(str(problem).split())}"
        raise UsageError(message) from problem


def _write(form: str, result: duckdb.DuckDBPyConnection, file: BinaryIO) -> None:
    if form == "csv":
        write_csv(result.to_arrow_reader(BATCH_ROWS), file)
    elif form == "parquet":
        write_parquet(result.to_arrow_reader(BATCH_ROWS), file)
    else:
        columns = [one[0] for one in result.description or []]
        write_records(columns, iter(result.fetchone, None), file)
    file.flush()


def dictionary_rows(serving: Path, table: str | None = None) -> list[dict[str, Any]]:
    """What every column of every published table, or of one, means: its type, unit and meaning.

    Raises UsageError when nothing is published, and for a table that is not.
    """
    connection = open_published(serving)
    try:
        tables = chosen_tables(published_tables(connection), [table] if table else [])
    finally:
        connection.close()
    return [
        {
            "table": one.name,
            "column": column.name,
            "type": column.kind,
            "unit": column.unit,
            "meaning": column.meaning,
            "is_grain": column.name in one.grain,
            "title": one.title,
        }
        for one in tables
        for column in one.columns
    ]
