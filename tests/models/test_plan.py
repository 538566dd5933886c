"""What a build reads anew: the days of files that came, everything when one went, nothing when none did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from pipeline.build import FIRST_DAY
from pipeline.lake import Lake
from pipeline.models import read_models
from pipeline.plan import Plan, commit_plan, make_plan
from pipeline.records import FetchLogRow
from pipeline.warehouse import open_warehouse

DAYS = (date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1))


def asked(lake: Lake, day: date, run_id: str = "first") -> None:
    """A log of one fetch: one file of that day."""
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC)
    lake.log(
        [
            FetchLogRow(
                run_id=run_id, venue="okx", dataset="price", attempt=1, data_day=instant, status="answered",
                rows=1, calls=1, bytes=1, seconds=1.0, throttled_seconds=0.0, error_class=None, message=None,
                fetched_at=instant,
            )
        ]
    )  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "raw")
    for day in DAYS:
        asked(lake, day)
    return lake


@pytest.fixture
def built(lake: Lake, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse that has read the three days."""
    with open_warehouse(tmp_path / "warehouse.duckdb", None) as connection:
        first = make_plan(connection, lake)
        assert first == Plan(FIRST_DAY, frozenset(lake.files()), frozenset(), lake.months(), is_whole=True)
        commit_plan(connection, first, read_models())
        yield connection


def test_nothing_came(built: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    plan = make_plan(built, lake)
    assert (plan.from_day, plan.new, plan.gone, plan.months) == (date(2026, 2, 28), set(), set(), {})


def test_a_file_of_an_earlier_month_came_late(built: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    before = set(lake.files())
    asked(lake, DAYS[0], "second")
    plan = make_plan(built, lake)
    assert plan.from_day == date(2026, 2, 26)
    assert plan.new == set(lake.files()) - before
    assert list(plan.months) == ["fetch_log/day=2026-02"]
    commit_plan(built, plan, read_models())
    assert make_plan(built, lake).new == set()


def test_a_file_went(built: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    next((lake.root / "fetch_log" / "day=2026-03-01").iterdir()).unlink()
    plan = make_plan(built, lake)
    assert plan.from_day == FIRST_DAY
    assert plan.new == set(lake.files())
    commit_plan(built, plan, read_models())
    assert make_plan(built, lake).from_day > FIRST_DAY


def test_a_month_went(built: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    for day in DAYS[:2]:
        folder = lake.root / "fetch_log" / f"day={day}"
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    plan = make_plan(built, lake)
    assert plan.from_day == FIRST_DAY
    commit_plan(built, plan, read_models())
    assert make_plan(built, lake).months == {}


def test_the_files_of_the_last_days(lake: Lake) -> None:
    files = lake.files_since(DAYS[1])
    assert list(files) == ["fetch_log"]
    assert [path.split("day=")[1][:10] for path in files["fetch_log"]] == ["2026-02-28", "2026-03-01"]
