"""Facts from a file: a good one reaches the tables with its own date, a bad one leaves nothing behind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from homes import command

from pipeline.build import FIRST_DAY, build_model, load_seeds
from pipeline.errors import UsageError
from pipeline.lake import Lake
from pipeline.models import read_models
from pipeline.reference import import_reference
from pipeline.warehouse import open_warehouse

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
HEADER = "day,kind,asset,amount,unit,source\n"
GOOD = HEADER + (
    "2026-03-01,circulating_supply,SOL,500000000,coins,made for a test\n"
    "2026-03-05,exchange_reserve,SOL,60000000,coins,made for a test\n"
    "2026-03-05,stablecoin_supply,all,250000000000,usd,made for a test\n"
)


def test_an_import_reaches_the_staging_table(tmp_path: Path) -> None:
    file, lake = tmp_path / "facts.csv", Lake(tmp_path / "raw")
    file.write_text(GOOD)
    assert import_reference(file, lake, NOW) == 3
    assert len(list(lake.files())) == 1
    (staging,) = [model for model in read_models() if model.name == "stg_reference"]
    with open_warehouse(tmp_path / "warehouse.duckdb", tmp_path / "raw") as connection:
        load_seeds(connection)
        build_model(connection, staging, FIRST_DAY)
        rows = connection.execute(
            "select day::varchar, kind, asset, amount, unit from staging.stg_reference"
            " where source = 'made for a test' order by day, kind"
        ).fetchall()
    assert rows == [
        ("2026-03-01", "circulating_supply", "SOL", 5e8, "coins"),
        ("2026-03-05", "exchange_reserve", "SOL", 6e7, "coins"),
        ("2026-03-05", "stablecoin_supply", "all", 2.5e11, "usd"),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("day,kind,asset,amount,unit\n", "lacks the columns source"),
        (HEADER, "holds no row"),
        (HEADER + "2026-03-01,supply,SOL,5,coins,x\n", "line 2: kind supply is unknown"),
        (HEADER + "2026-03-01,circulating_supply,SOL,5,usd,x\n", "counts coins, not usd"),
        (HEADER + "2026-03-01,circulating_supply,SOL,0,coins,x\n", "not a number above zero"),
        (HEADER + "2026-03-01,circulating_supply,SOL,nan,coins,x\n", "not a number above zero"),
        (HEADER + "2026-03-01,circulating_supply,SOL,,coins,x\n", "amount is empty"),
        (HEADER + "2026-03-01,circulating_supply,SOL,5,coins,\n", "source is empty"),
        (HEADER + "2026-03-11,circulating_supply,SOL,5,coins,x\n", "in the future"),
        (HEADER + "yesterday,circulating_supply,SOL,5,coins,x\n", "line 2"),
        (
            GOOD + "2026-03-05,exchange_reserve,SOL,7,coins,x\n",
            "line 5: repeats exchange_reserve of SOL of line 3",
        ),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_kept(tmp_path: Path, text: str, complaint: str) -> None:
    file, lake = tmp_path / "facts.csv", Lake(tmp_path / "raw")
    file.write_text(text)
    with pytest.raises(UsageError, match=complaint):
        import_reference(file, lake, NOW)
    assert list(lake.files()) == []


def test_the_command_says_what_to_do_next(tmp_path: Path) -> None:
    file = tmp_path / "facts.csv"
    file.write_text(GOOD)
    ended = command("import", "reference", str(file), "--home", str(tmp_path / "home"))
    assert ended.returncode == 0, ended.stderr
    assert "3 rows" in ended.stdout
    assert "margin-debt build" in ended.stdout
    ended = command("import", "reference", str(tmp_path / "none.csv"), "--home", str(tmp_path / "home"))
    assert ended.returncode == 2
    assert "cannot be read" in ended.stderr
