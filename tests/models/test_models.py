"""Each `<model>.yml` here: a few input rows and the rows they must become, worked out by hand.

The runner makes every table with its real column types, fills the ones a case names, builds the one model
with its own checks (after those that the case names in `after`), and compares. A case lists every row of the
model that `where` leaves, and of each the columns it is about.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from empty_tables import build_empty, raw_tables

from pipeline.build import FIRST_DAY, build_model
from pipeline.models import Model, read_models
from pipeline.warehouse import open_warehouse

HERE = Path(__file__).parent
MODELS = {model.name: model for model in read_models()}
EXACT = 1e-9


def _cases() -> Iterator[Any]:
    for path in sorted(HERE.glob("*.yml")):
        for case in yaml.safe_load(path.read_text())["cases"]:
            yield pytest.param(MODELS[path.stem], case, id=f"{path.stem}: {case['case'][:60]}")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which every table exists, with its real types and without a row (seeds are whole)."""
    path = tmp_path_factory.mktemp("empty") / "warehouse.duckdb"
    with open_warehouse(path, path.parent / "raw") as connection:
        raw_tables(connection)
        build_empty(connection)
    return path


@pytest.fixture
def warehouse(empty: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    copy = tmp_path / "warehouse.duckdb"
    shutil.copyfile(empty, copy)
    connection = duckdb.connect(str(copy))
    connection.execute("set timezone = 'UTC'")
    yield connection
    connection.close()


def fill(connection: duckdb.DuckDBPyConnection, table: str, content: dict[str, Any]) -> None:
    """Replace a table's rows."""
    connection.execute(f"delete from {table}")
    for row in content["rows"]:
        whole = {**content.get("defaults", {}), **row}
        columns = ", ".join(f'"{name}"' for name in whole)
        marks = ", ".join("?" for _ in whole)
        connection.execute(f"insert into {table} ({columns}) values ({marks})", list(whole.values()))


def rows_of(connection: duckdb.DuckDBPyConnection, table: str, where: str = "true") -> list[dict[str, Any]]:
    """The rows of a table as dictionaries."""
    cursor = connection.execute(f"select * from {table} where {where}")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _plain(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _equal(said: object, wanted: object, tolerance: float) -> bool:
    if isinstance(said, float) and wanted is not None:
        return bool(said == pytest.approx(wanted, rel=tolerance, abs=1e-12))
    return bool(_plain(said) == _plain(wanted))


@pytest.mark.parametrize(("model", "case"), _cases())
def test_rows_become_what_was_worked_out(
    warehouse: duckdb.DuckDBPyConnection, model: Model, case: dict[str, Any]
) -> None:
    before = [MODELS[name] for name in case.get("after", [])]
    assert set(case["given"]) <= {
        *(table for each in (*before, model) for table in each.reads),
        str(model.checks.rows_if).split(" ")[0],
        "intermediate.int_days",
    }
    for table, content in case["given"].items():
        fill(warehouse, table, content)
    for each in (*before, model):
        build_model(warehouse, each, FIRST_DAY)
    said = rows_of(warehouse, model.table, case.get("where", "true"))
    tolerance = case.get("tolerance", EXACT)
    left = list(said)
    for wanted in case["expect"]:
        key = [name for name in model.grain if name in wanted]
        found = [row for row in left if all(_equal(row[name], wanted[name], 0) for name in key)]
        assert len(found) == 1, f"{len(found)} rows for {[wanted[name] for name in key]}: {said}"
        wrong = {
            name: (found[0][name], value)
            for name, value in wanted.items()
            if not _equal(found[0][name], value, tolerance)
        }
        assert not wrong, f"{[wanted[name] for name in key]} (said, wanted): {wrong}"
        left.remove(found[0])
    assert not left, f"rows that were not expected: {left}"


def test_a_late_version_changes_today_but_not_what_signals_read(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    day, end = date(2026, 3, 1), datetime(2026, 3, 2, tzinfo=UTC)
    row = {
        "day": day, "venue": "okx", "market": "A", "observed_at": end, "distance_hours": 0,
        "is_backfilled": False, "unit": "base", "sides": 1, "amount": 10, "known_at": end,
        "open_interest_base_listed": 10, "open_interest_quote": 1000,
    }  # fmt: skip
    grid = {
        "day": day, "venue": "okx", "market": "A", "asset": "BTC", "multiplier": 1, "kind": "swap",
        "direction": "linear", "quote": "USDT", "settle": "USDT", "is_closed": False, "list_day": day,
    }  # fmt: skip
    fill(warehouse, "intermediate.int_days", {"rows": [{"day": day}]})
    fill(warehouse, "intermediate.int_grid", {"rows": [grid]})
    said = []
    late = {**row, "known_at": datetime(2026, 3, 4, tzinfo=UTC), "open_interest_quote": 2000, "amount": 20}
    for versions in ([row], [row, {**late, "open_interest_base_listed": 20}]):
        fill(warehouse, "staging.stg_open_interest", {"rows": versions})
        for name in (
            "int_market_day", "int_coverage", "int_funding_scope", "int_growth", "int_margin_rate",
            "int_margin_debt", "int_concentration", "market_daily", "signal_inputs_daily",
        ):  # fmt: skip
            build_model(warehouse, MODELS[name], FIRST_DAY)
        shown = [market["open_interest_usd"] for market in rows_of(warehouse, "marts.market_daily")]
        read = sorted(rows_of(warehouse, "marts.signal_inputs_daily"), key=lambda line: line["scope_type"])
        said.append((shown, read))
    (before, read_before), (after, read_after) = said
    assert (before, after) == ([1000.0], [2000.0])
    assert read_before == read_after
    assert {line["open_interest_usd"] for line in read_after} == {1000.0}
