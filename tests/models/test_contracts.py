"""What holds for every model: its header, its checks, yesterday's table, and the published comments."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.build import FIRST_DAY, BrokenTable, build_model, load_seeds, publish_marts
from pipeline.errors import ContractBroken
from pipeline.models import MAY_READ, Model, described_columns, read_model, read_models
from pipeline.warehouse import open_published, open_warehouse

ALL = read_models()
HEADER = """/*
title: Numbers
grain: [day]
columns:
  day: UTC date
  value_usd: US dollars
checks:
  range: {value_usd: [0, 10]}
*/
"""


def write_model(folder: Path, select: str, header: str = HEADER) -> Model:
    path = folder / "marts" / "numbers.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(header + select)
    return read_model(path)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(tmp_path / "warehouse.duckdb", tmp_path / "raw") as connection:
        yield connection


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1", "numbers.sql has no header"),
        ("/* title: [ */ select 1", "numbers.sql has a header that is not YAML"),
        ("/*\ntitle: x\ncolumns: {}\n*/ select 1", "numbers.sql lacks checks, grain in its header"),
        (HEADER.replace("title: Numbers\n", "") + "select 1", "numbers.sql lacks title in its header"),
    ],
)
def test_a_broken_header_names_its_file(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ContractBroken, match=re.escape(complaint)):
        write_model(tmp_path, text, header="")


def test_models_that_read_each_other_are_named(tmp_path: Path) -> None:
    for layer in ("staging", "intermediate", "marts"):
        (tmp_path / layer).mkdir()
    for name, other in (("a", "b"), ("b", "a")):
        text = HEADER + f"select * from intermediate.{other}"
        (tmp_path / "intermediate" / f"{name}.sql").write_text(text)
    with pytest.raises(ContractBroken, match=r"circle: intermediate\.\w -> intermediate\.\w"):
        read_models(tmp_path)


GOOD = "select date '2026-03-01' as day, 5.0::double as value_usd"
BROKEN = {
    "range_value_usd": "select date '2026-03-01' as day, 11.0::double as value_usd",
    "grain_is_unique": f"{GOOD} union all {GOOD}",
    "not_null": "select null::date as day, 5.0::double as value_usd",
    "rows": f"{GOOD} where false",
}


@pytest.mark.parametrize("check", BROKEN)
def test_a_failed_check_keeps_yesterdays_table(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, check: str
) -> None:
    build_model(warehouse, write_model(tmp_path, GOOD), FIRST_DAY)
    with pytest.raises(BrokenTable, match=r"^numbers: ") as caught:
        build_model(warehouse, write_model(tmp_path, BROKEN[check]), FIRST_DAY)
    failed = {result.name for result in caught.value.results if not result.passed}
    # a grain that is missing is neither unique
    assert failed == ({check, "grain_is_unique"} if check == "not_null" else {check})
    assert warehouse.execute("select * from marts.numbers").fetchall() == [(date(2026, 3, 1), 5.0)]
    # and the connection is usable: the next good build goes through
    assert build_model(warehouse, write_model(tmp_path, GOOD), FIRST_DAY).rows == 1


@pytest.mark.parametrize(
    ("select", "compared"),
    [
        (GOOD, {"rows": 1, "grain_is_unique": 1, "not_null": 1, "range_value_usd": 1}),
        # a value that is not known is not within its range
        (
            GOOD.replace("5.0", "null"),
            {"rows": 1, "grain_is_unique": 1, "not_null": 1, "range_value_usd": 0},
        ),
        (f"{GOOD} where false", {"rows": 1, "grain_is_unique": 0, "not_null": 0, "range_value_usd": 0}),
    ],
)
def test_a_check_says_how_much_it_compared(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, select: str, compared: dict[str, int]
) -> None:
    header = HEADER.replace("checks:", "checks:\n  rows: 0")
    built = build_model(warehouse, write_model(tmp_path, select, header), FIRST_DAY)
    assert {check.name: check.compared for check in built.checks} == compared


@pytest.mark.parametrize(
    ("select", "complaint"),
    [
        (BROKEN["range_value_usd"].replace("11.0", "'NaN'"), "have value_usd outside"),
        (f"{GOOD}, 1 as stray", r"columns without a meaning \['stray'\]"),
        ("select date '2026-03-01' as day", r"columns only in the header \['value_usd'\]"),
        ("select day, value_usd from raw.no_such_table", "numbers could not be built"),
        ("select date '2026-03-01' as day, error('no conversion for lots')::double as value_usd", "for lots"),
    ],
)
def test_what_a_header_does_not_say_is_not_stored(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, select: str, complaint: str
) -> None:
    build_model(warehouse, write_model(tmp_path, GOOD), FIRST_DAY)
    with pytest.raises(ContractBroken, match=complaint):
        build_model(warehouse, write_model(tmp_path, select), FIRST_DAY)
    assert warehouse.execute("select * from marts.numbers").fetchall() == [(date(2026, 3, 1), 5.0)]


def test_an_incremental_build_replaces_its_days_and_keeps_the_others(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    warehouse.execute(
        "create table raw.days as select date '2026-03-01' + i::integer as day, i::double as value_usd"
        " from range(3) t(i)"
    )
    model = write_model(tmp_path, "select day, value_usd from raw.days where day >= $from_day::date")
    build_model(warehouse, model, FIRST_DAY)
    warehouse.execute("update raw.days set value_usd = value_usd + 5")
    build_model(warehouse, model, date(2026, 3, 3))
    said = warehouse.execute("select value_usd from marts.numbers order by day").fetchall()
    assert said == [(0.0,), (1.0,), (7.0,)]
    # a broken day takes nothing away: the delete is rolled back with the insert
    warehouse.execute("update raw.days set value_usd = 99 where day = date '2026-03-03'")
    with pytest.raises(BrokenTable):
        build_model(warehouse, model, date(2026, 3, 3))
    assert warehouse.execute("select value_usd from marts.numbers order by day").fetchall() == said


# No level changes in a quiet market, nothing has grown before the seventh day (int_growth knows when), a
# margin table, a list or a past day need never change, and nothing odd need ever be seen.
MAY_BE_EMPTY = {"risk_events", "growth_daily", "tier_changes", "restatements"} | {
    "int_unit_step",
    "int_market_flag",
    "int_listing_end",
}


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.name)
def test_an_empty_table_is_never_green(model: Model) -> None:
    """Each table must have rows, if only once another one has; that other table must be one it reads."""
    assert model.checks.rows >= (0 if model.name in MAY_BE_EMPTY else 1)
    if model.checks.rows_if is not None:
        table = model.checks.rows_if.split(" ")[0]
        known = {other.table for other in ALL}
        assert table in known or table.split(".")[0] in ("raw", "signals")


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.name)
def test_a_model_reads_only_what_comes_before_it(model: Model) -> None:
    position = {other.table: place for place, other in enumerate(ALL)}
    for read in model.reads:
        if read.endswith("()") or "." not in read:
            continue  # the catalogue's functions
        assert read.split(".")[0] in MAY_READ[model.schema], read
        if read in position:
            assert position[read] < position[model.table], read


# What the end of a column's name promises, and the words its meaning must hold one of.
SUFFIXES = {
    "_usd": ("US dollars", "USD", "dollar"),
    "_apr": ("fraction a year",),
    "_apy": ("fraction a year", "compounded"),
    "_hours": ("hours", "its age"),
    "_days": ("days",),
    "_ratio": ("share", "ratio", "fraction", "Herfindahl", "HHI", "Gini", "growth", " over "),
    "_base": ("coins",),
    "_at": ("UTC instant",),
    "day": ("UTC date", "UTC day"),
}


def _meanings() -> dict[str, dict[str, str]]:
    meanings: dict[str, dict[str, str]] = defaultdict(dict)
    for model in ALL:
        for name, meaning in model.columns.items():
            meanings[name][model.name] = meaning
    return meanings


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_suffix_is_what_the_meaning_says(suffix: str) -> None:
    found = [
        (table, name, meaning)
        for name, tables in _meanings().items()
        for table, meaning in tables.items()
        if (name == suffix or (suffix.startswith("_") and name.endswith(suffix)))
    ]
    assert found or suffix == "_days"
    strange = [line for line in found if not any(word in line[2] for word in SUFFIXES[suffix])]
    assert not strange


UNITS = ("US dollars", "coins", "fraction", "hours", "days", "UTC instant", "UTC date", "a count", "seconds")


def test_one_name_never_has_two_units() -> None:
    two: dict[str, dict[str, str]] = {}
    for name, tables in _meanings().items():
        units = {unit for meaning in tables.values() for unit in UNITS if re.search(rf"\b{unit}\b", meaning)}
        if len(units) > 1 and not any(
            len({unit for unit in UNITS if re.search(rf"\b{unit}\b", meaning)}) > 1
            for meaning in tables.values()
        ):
            two[name] = tables
    assert not two


def test_every_column_of_the_published_file_has_its_comment(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load_seeds(warehouse)
    built = []
    for model in ALL:  # signals and the dictionary are tables of other parts
        if any(read.startswith(("signals.", "internal.")) for read in model.reads):
            continue
        build_model(warehouse, model, FIRST_DAY)
        built.append(model)
    target = tmp_path / "serving" / "margin_debt.duckdb"
    publish_marts(warehouse, built, target)
    marts = [model for model in built if model.schema == "marts"]
    with open_published(target) as published:
        tables = dict(published.execute("select table_name, comment from duckdb_tables()").fetchall())
        columns = published.execute(
            "select table_name, column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    assert tables == {model.name: model.title for model in marts}
    known = {model.table: model for model in ALL}
    meanings = {model.name: described_columns(model, known) for model in marts}
    assert columns
    for table, column, comment in columns:
        assert comment
        assert comment == meanings[table][column]
