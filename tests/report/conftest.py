"""Published databases with made numbers, written by SQL and not by the package, and the reports on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from pipeline.report.base import write_report

LAST_DAY = date(2026, 3, 31)
PRODUCED_AT = datetime(2026, 4, 1, 0, 20, tzinfo=UTC)
ABOUT = {"is_made": True, "title": "Seeded scenario 7, 400 days", "ccxt_version": "4.5.90"}
HOSTILE = "<script>alert(1)</script>"


def make_database(path: Path, days: int = 400, odd_venue: str = "gate") -> Path:
    """A finished file, closed, ready to be opened read-only."""
    with duckdb.connect(str(path)) as connection:
        for name, value in (("last_day", LAST_DAY.isoformat()), ("days", days), ("odd_venue", odd_venue)):
            connection.execute(f"set variable {name} = $value", {"value": value})
        connection.execute((Path(__file__).parent / "published.sql").read_text())
    return path


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
