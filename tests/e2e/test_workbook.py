"""The spreadsheet, opened: its sheets, how numbers are shown, its charts, and that no name is a formula."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from homes import DAYS, ask, published
from workbook_reader import Workbook

from pipeline.console import Console
from pipeline.export.command import Request, export
from pipeline.export.tables import Span, extract
from pipeline.export.workbook import write_workbook
from pipeline.settings import Settings

FRONT = ["overview", "by day", "dictionary", "coverage"]


@pytest.fixture(scope="module")
def book(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    out = tmp_path_factory.mktemp("book") / "debt.xlsx"
    export(Settings(finished), Request("xlsx", out), Console(is_quiet=True))
    return Workbook(out)


def test_what_a_reader_needs_first_stands_before_the_tables(finished: Path, book: Workbook) -> None:
    names = [
        row["name"] for row in ask(finished, "select table_name as name from duckdb_tables() order by 1")
    ]
    assert list(book.sheets) == [*FRONT, *(name for name in names if name != "dictionary")]
    said = " ".join(str(cell.value) for cell in book.cells("overview").values())
    assert "Days 2025-06-08 to 2025-06-14 (UTC)" in said
    assert "Made data" in said


@pytest.mark.parametrize(
    "sheet", ["margin_debt_daily", "signal_readings", "by day", "coverage", "dictionary"]
)
def test_a_sheet_has_a_head_that_stays_with_a_filter_and_notes(book: Workbook, sheet: str) -> None:
    cells = book.cells(sheet)
    head, rows = book.table(sheet)
    assert all(cells[f"{chr(65 + at)}1"].is_bold for at in range(min(26, len(head))))
    assert all(cells[f"{chr(65 + at)}1"].is_filled for at in range(min(26, len(head))))
    assert book.view(sheet) == ("B2", f"A1:{chr(64 + len(head))}{len(rows) + 1}")
    assert len(book.notes(sheet)) == len(head)


# the end of a name is its unit; the patterns are typed from what a spreadsheet shows for each
@pytest.mark.parametrize(
    ("sheet", "column", "pattern"),
    [
        ("margin_debt_daily", "high_usd", "#,##0"),
        ("margin_debt_daily", "coverage_ratio", "0.00%"),
        ("open_interest_by_asset_daily", "open_interest_base", "#,##0.00"),
        ("funding_daily", "funding_apr", "0.00%"),
        ("leverage_daily", "oi_to_volume_days", "0.00"),  # half a day is no whole day
        ("signal_readings", "history_days", "0"),
        ("coverage_daily", "age_hours", "0.0"),
        ("margin_debt_daily", "day", "yyyy-mm-dd"),
        ("signal_readings", "as_of", "yyyy-mm-dd hh:mm:ss"),
        ("open_interest_by_venue_daily", "markets", "#,##0"),
    ],
)
def test_a_number_is_shown_by_its_unit(book: Workbook, sheet: str, column: str, pattern: str) -> None:
    head, rows = book.table(sheet)
    shown = {cell.pattern for row in rows if (cell := row[head.index(column)]) is not None}
    assert shown == {pattern}


def test_notes_say_unit_and_meaning(book: Workbook) -> None:
    head, _ = book.table("margin_debt_daily")
    note = book.notes("margin_debt_daily")[f"{chr(65 + head.index('high_usd'))}1"]
    assert note.startswith("US dollars: ")
    assert "upper bound" in note


def test_rows_are_those_of_the_table_and_what_is_not_known_is_empty(finished: Path, book: Workbook) -> None:
    head, rows = book.table("margin_debt_daily")
    wanted = ask(finished, "from margin_debt_daily order by day, class, venue, asset, measure")
    assert len(rows) == len(wanted) > 0
    assert head == list(wanted[0])
    for row, said in zip(rows, wanted, strict=True):
        for cell, value in zip(row, said.values(), strict=True):
            if value is None:
                assert cell is None
            elif hasattr(value, "year"):
                assert cell is not None
                assert cell.instant.date() == value
            else:
                assert cell is not None
                # a file of this kind keeps 16 significant digits
                assert cell.value == (
                    value if isinstance(value, str | bool) else pytest.approx(value, rel=1e-15)
                )
    assert any(said["estimate_usd"] is None for said in wanted)  # so the first branch was met


def test_an_instant_is_that_of_the_table_in_utc(finished: Path, book: Workbook) -> None:
    head, rows = book.table("risk_level_daily")
    at = head.index("as_of")
    # the readings of 8 to 14 June are made when those days have ended
    found = [cell.instant for row in rows if (cell := row[at]) is not None]
    assert found == [datetime(2025, 6, day) for day in range(9, 16)]  # noqa: DTZ001 a sheet has no zones


def test_charts_stand_over_every_day_of_a_sheet_that_adds_up(finished: Path, book: Workbook) -> None:
    assert [title for title, _ in book.charts()] == [
        "Margin debt: lower and upper bound",
        "Open interest: growth over 30 days",
    ]
    head, rows = book.table("by day")
    assert len(rows) == len(DAYS) == 7
    for (_, lines), columns in zip(book.charts(), ("BC", "DE"), strict=True):
        for (_, days, values), column in zip(lines, columns, strict=True):
            assert days == "'by day'!$A$2:$A$8"
            assert values == f"'by day'!${column}$2:${column}$8"
    assert [[name for name, _, _ in lines] for _, lines in book.charts()] == [
        ["lower bound", "upper bound"],
        ["in dollars", "in coins"],
    ]
    debt = ask(finished, "select day, high_usd from margin_debt_daily where high_usd is not null")
    for row, day in zip(rows, DAYS, strict=True):
        cell = row[head.index("debt_high_usd")]
        assert cell is not None
        by_hand = sum(one["high_usd"] for one in debt if one["day"] == day)
        assert cell.value == pytest.approx(by_hand, abs=1)  # a dollar: the sheet adds up cents


def test_coverage_is_that_of_the_last_day_and_the_dictionary_names_every_column(
    finished: Path, book: Workbook
) -> None:
    head, rows = book.table("coverage")
    wanted = ask(
        finished,
        f"select dataset, venue, status from coverage_daily where day = '{DAYS[-1]}' order by dataset, venue",
    )
    places = [head.index(name) for name in ("dataset", "venue", "status")]
    said = [[cell.value for at in places if (cell := row[at]) is not None] for row in rows]
    assert said == [list(row.values()) for row in wanted]
    assert {"not_seen", "answered"} <= {row[2] for row in said}
    head, rows = book.table("dictionary")
    named = {(str(row[0].value), str(row[1].value)) for row in rows if row[0] and row[1]}
    for sheet in list(book.sheets)[len(FRONT) :]:
        assert {(sheet, column) for column in book.table(sheet)[0]} <= named


@pytest.mark.parametrize(
    "name",
    ['=HYPERLINK("http://a.example","x")', "+1+1", "-2+3", "@SUM(A1)", "\tx", "http://a.example", "007"],
)
def test_a_hostile_name_stays_text(finished: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy.duckdb"
    shutil.copy(published(finished), copy)
    out = tmp_path / "hostile.xlsx"
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update open_interest_by_venue_daily set venue = $1 where venue = 'okx'", [name])
        chosen = extract(
            connection, ["open_interest_by_venue_daily"], Span(), {"is_made": True, "title": name}
        )
        write_workbook(chosen, out)
    book = Workbook(out)
    head, rows = book.table("open_interest_by_venue_daily")
    venues = [cell for row in rows if (cell := row[head.index("venue")]) is not None]
    hostile = [cell for cell in venues if cell.value == name]
    assert len(hostile) == len(DAYS)  # one a day, letter by letter
    assert not any(cell.has_formula for sheet in book.sheets for cell in book.cells(sheet).values())
    assert not any(b'TargetMode="External"' in part for part in book.parts.values())


# an underscore in a LIKE is any letter: `what` was an instant, and `_usd` would have been the end of `busd`
@pytest.mark.parametrize(
    ("table", "column", "unit"),
    [
        ("reference_bands", "what", None),
        ("reference_bands", "published_usd", "US dollars"),
        ("margin_debt_daily", "formula_version", None),
        ("leverage_daily", "market_cap_as_of", "UTC date"),
        ("coverage_daily", "markets_seen", "count"),
        ("fetch_log", "throttled_seconds", "seconds"),
        ("borrow_daily", "lent_amount", "units of the currency"),
    ],
)
def test_the_dictionary_says_what_a_column_counts(
    finished: Path, table: str, column: str, unit: str | None
) -> None:
    found = ask(
        finished,
        f"select unit from dictionary where table_name = '{table}' and column_name = '{column}'",
    )
    assert found == [{"unit": unit}]
