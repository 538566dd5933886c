"""Whole tables in files that other programs open: what is in them, which days, and the same bytes again."""

from __future__ import annotations

import csv
import io
import json
import time
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from homes import DAYS, ask, command, published

from pipeline.console import Console
from pipeline.errors import UsageError
from pipeline.export.command import Request, export
from pipeline.export.tables import Span
from pipeline.export.text import write_csv
from pipeline.settings import Settings

QUIET = Console(is_quiet=True)


def exported(home: Path, form: str, out: Path, *tables: str, span: Span | None = None) -> list[Path]:
    return export(Settings(home), Request(form, out, tables, span or Span()), QUIET)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text())))


def test_all_tables_as_csv_hold_all_rows_in_the_order_of_the_published_columns(
    finished: Path, tmp_path: Path
) -> None:
    files = exported(finished, "csv", tmp_path / "all")
    with duckdb.connect(str(published(finished)), read_only=True) as connection:
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        assert sorted(path.stem for path in files) == sorted(names)
        assert {"margin_debt_daily", "signal_readings", "risk_events", "dictionary"} <= set(names)
        for path in files:
            described = connection.execute(f"describe {path.stem}").fetchall()
            count = connection.execute(f"select count(*) from {path.stem}").fetchone()
            header, *rows = rows_of(path)
            assert header == [row[0] for row in described]
            assert count == (len(rows),), path.stem


def test_a_file_says_what_the_table_says(finished: Path, tmp_path: Path) -> None:
    (path,) = exported(finished, "csv", tmp_path / "one.csv", "open_interest_by_venue_daily")
    header, *lines = rows_of(path)
    said = [dict(zip(header, line, strict=True)) for line in lines]
    rows = ask(finished, "select * from open_interest_by_venue_daily order by day, venue")
    wanted = [(str(row["day"]), row["venue"]) for row in rows]
    assert [(line["day"], line["venue"]) for line in said] == wanted
    assert [float(line["open_interest_usd"]) for line in said] == [row["open_interest_usd"] for row in rows]


HOSTILE = pa.table(
    {
        "name": [
            "=HYPERLINK(1)",
            "+1",
            "-1+2",
            "@SUM(1)",
            "\tx",
            "plain",
            'say "no"',
            "a,b",
            "",
            None,
            "\u5e01\u5b89",
        ],
        "value_usd": [-1.5, 0.0, 1e20, None, 2.0, 3.25, -0.1, 1.0, 1.0, 1.0, 1.0],
        "at": pa.array([0, 1_500_000, *[None] * 9], pa.timestamp("us", "UTC")),
    }
)
# typed by hand: NULL is nothing, an empty text is "", a number that is negative stays one
HOSTILE_CSV = """\
name,value_usd,at
'=HYPERLINK(1),-1.5,1970-01-01T00:00:00Z
'+1,0,1970-01-01T00:00:01.500000Z
'-1+2,1e+20,
'@SUM(1),,
'\tx,2,
plain,3.25,
"say ""no\""",-0.1,
"a,b",1,
"",1,
,1,
币安,1,
"""


def test_a_name_that_a_spreadsheet_would_run_is_defused_and_numbers_are_not() -> None:
    file = io.BytesIO()
    write_csv(HOSTILE.to_reader(), file)
    assert file.getvalue().decode() == HOSTILE_CSV


def test_parquet_keeps_types_units_and_meanings(finished: Path, tmp_path: Path) -> None:
    (path,) = exported(finished, "parquet", tmp_path / "debt.parquet", "margin_debt_daily")
    schema = pq.read_schema(path)
    assert schema.field("day").type == pa.date32()
    assert schema.field("low_usd").type == pa.float64()
    assert schema.field("low_usd").metadata[b"unit"] == b"US dollars"
    with duckdb.connect() as other:
        different = other.execute(
            f"attach '{published(finished)}' as home (read_only); select count(*) from"
            f" (from read_parquet('{path}') except all from home.margin_debt_daily)"
        ).fetchone()
        assert different == (0,)
        (rows,) = other.execute(f"select count(*) from read_parquet('{path}')").fetchone() or (0,)
    assert rows == ask(finished, "select count(*) as rows from margin_debt_daily")[0]["rows"] > 0


def test_no_count_becomes_a_decimal(finished: Path, tmp_path: Path) -> None:
    """DuckDB adds up counts in 128 bits, which Parquet would hand on as decimals."""
    for path in exported(finished, "parquet", tmp_path / "all"):
        assert not [field for field in pq.read_schema(path) if pa.types.is_decimal(field.type)], path.stem


def test_json_says_what_its_columns_are_and_that_the_data_are_made(finished: Path, tmp_path: Path) -> None:
    (path,) = exported(finished, "json", tmp_path / "some.json", "risk_level_daily", "growth_daily")
    document = json.loads(path.read_text())
    assert list(document["tables"]) == ["risk_level_daily", "growth_daily"]
    assert document["about"]["is_made"] is True
    assert (document["first_day"], document["last_day"]) == (str(DAYS[0]), str(DAYS[-1]))
    growth = document["tables"]["growth_daily"]
    assert growth["grain"] == ["day", "scope_type", "scope", "horizon_days"]
    columns = {one["name"]: one for one in growth["columns"]}
    assert columns["usd_growth_ratio"]["unit"] == "fraction"
    assert all(len(row) == len(columns) for row in growth["rows"])
    levels = document["tables"]["risk_level_daily"]
    assert [row[0] for row in levels["rows"]][-1] == "2025-06-15T00:00:00Z"  # the end of the seventh day


def test_only_the_days_asked_for_are_written(finished: Path, tmp_path: Path) -> None:
    """A reading stands for the day that its instant ends."""
    span = Span(DAYS[2], DAYS[3])
    days = exported(finished, "csv", tmp_path / "day.csv", "margin_debt_daily", span=span)[0]
    readings = exported(finished, "csv", tmp_path / "at.csv", "signal_readings", span=span)[0]
    assert {row[0] for row in rows_of(days)[1:]} == {"2025-06-10", "2025-06-11"}
    assert {row[0] for row in rows_of(readings)[1:]} == {"2025-06-11T00:00:00Z", "2025-06-12T00:00:00Z"}


def test_the_same_home_gives_the_same_bytes_at_another_time(finished: Path, tmp_path: Path) -> None:
    forms = ("csv", "parquet", "json", "xlsx", "html")
    written: list[dict[str, bytes]] = []
    for take in ("first", "second"):
        folder = tmp_path / take
        files = [path for form in forms for path in exported(finished, form, folder / f"out_{form}")]
        written.append({str(path.relative_to(folder)): path.read_bytes() for path in files})
        time.sleep(2.1 if take == "first" else 0)  # an archive counts time in steps of two seconds
    assert len(written[0]) == 2 * len({path for path in written[0] if path.endswith(".csv")}) + 3
    assert [name for name in written[0] if written[0][name] != written[1][name]] == []


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (Request("xml", Path("a.xml")), "--format xml is not known: use csv, parquet, xlsx, html, json, pdf"),
        (Request("csv", Path("a"), ["margin_debt_dayly"]), "did you mean margin_debt_daily: "),
        (Request("csv", Path("a.csv")), "tables do not fit into the one file"),
        (Request("json", Path("a"), span=Span(date(2030, 1, 1))), "are 2025-06-08 to 2025-06-14"),
        (Request("json", Path("a"), span=Span(DAYS[3], DAYS[2])), "is after --to 2025-06-10: exchange them"),
        (Request("html", Path("a.html"), ["growth_daily"]), "is the report of a day: leave the tables out"),
        (Request("json", Path("a", "b" * 300)), "name another path with --out"),
    ],
    ids=lambda value: value.form if isinstance(value, Request) else "",
)
def test_what_cannot_be_exported_is_one_sentence_and_writes_nothing(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: Request, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as problem:
        export(Settings(finished), request_, QUIET)
    assert sentence in str(problem.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_there_is_replaced_only_on_request_and_only_by_a_whole_export(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "debt.json"
    out.write_text("mine")
    settings, asked = Settings(finished), Request("json", out, ["growth_daily"])
    with pytest.raises(UsageError, match="exists: name another path, or replace it with --force"):
        export(settings, asked, QUIET)
    forced = Request("json", out, ["growth_daily"], is_forced=True)
    with monkeypatch.context() as broken:
        broken.setattr("pipeline.export.command.write_json", _half_of_a_disk)
        with pytest.raises(UsageError, match="No space left on device"):
            export(settings, forced, QUIET)
    assert out.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [out]
    export(settings, forced, QUIET)
    assert list(json.loads(out.read_text())["tables"]) == ["growth_daily"]


def _half_of_a_disk(_: object, file: io.BufferedWriter, __: object) -> None:
    file.write(b'{"version"')
    raise OSError(28, "No space left on device")


def test_a_file_of_a_folder_that_is_not_ours_stays(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        exported(finished, "csv", out, "growth_daily")
    export(Settings(finished), Request("csv", out, ["growth_daily"], is_forced=True), QUIET)
    assert sorted(path.name for path in out.iterdir()) == ["growth_daily.csv", "notes.txt"]


def test_tables_are_selected_as_in_dbt(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--select", "+risk_level_daily", "--out", str(out), "--format", "csv", "--home", str(finished)]
    ended = command("export", *words)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{out}\n", "")
    names = {path.stem for path in out.iterdir()}
    assert {"risk_level_daily", "signal_inputs_daily"} <= names
    assert not {"dictionary", "call_ladder_daily"} & names
