"""The published database and its report, made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from made_reports import ABOUT, HOSTILE, PRODUCED_AT, make_database

from pipeline.report.base import write_report


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 days; the fifth venue's name is markup."""
    return make_database(tmp_path_factory.mktemp("published") / "margin_debt.duckdb", odd_venue=HOSTILE)


@pytest.fixture
def reader(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file as a reader opens it."""
    with duckdb.connect(str(published), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def report(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the last day."""
    with duckdb.connect(str(published), read_only=True) as connection:
        return write_report(connection, None, tmp_path_factory.mktemp("reports"), PRODUCED_AT, ABOUT)
