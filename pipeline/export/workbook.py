"""The spreadsheet: an overview with native charts, the dictionary, the last day's coverage, and the tables.

Every text is written as text: nothing a venue named can become a formula or a link. Times are UTC. The file
holds no time of writing; its property `created` is the end of the last day in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import xlsxwriter

from pipeline.errors import UsageError
from pipeline.export.tables import Column, Extract, Table, published_tables

MOST_ROWS = 1_048_576  # of a sheet, its header included
MOST_CHARACTERS = 32_767  # of a cell
OVERVIEW, BY_DAY, DICTIONARY, COVERAGE = "overview", "by day", "dictionary", "coverage"

_FORMATS = {
    "US dollars": "#,##0",
    "coins of the asset": "#,##0.00",
    "fraction": "0.00%",
    "fraction a year, simple": "0.00%",
    "fraction a year, compounded": "0.00%",
    "hours": "0.0",
    "days": "0",
    "count": "#,##0",
}
_PARTS_OF_DAYS = "0.00"  # half a day of trading is no whole day
_TIME_FORMATS = {"DATE": "yyyy-mm-dd", "TIMESTAMP WITH TIME ZONE": "yyyy-mm-dd hh:mm:ss"}
_WIDTHS = {"VARCHAR": 18, "DATE": 11, "TIMESTAMP WITH TIME ZONE": 19}

_BY_DAY_SQL = """
select debt.day, debt.low_usd, debt.high_usd, growth.usd_growth_ratio, growth.quantity_growth_ratio
from (
  select
    day,
    sum(low_usd::decimal(38, 2))::double as low_usd,
    sum(high_usd::decimal(38, 2))::double as high_usd
  from margin_debt_daily{where} group by day
) as debt
left join growth_daily as growth
  on growth.day = debt.day and growth.scope_type = 'market' and growth.horizon_days = 30
order by debt.day
"""
_BY_DAY_COLUMNS = (
    Column("day", "DATE", None, "UTC day"),
    Column("debt_low_usd", "DOUBLE", "US dollars", "lower bound of margin debt, all that was seen"),
    Column("debt_high_usd", "DOUBLE", "US dollars", "upper bound of margin debt, all that was seen"),
    Column("usd_growth_30d_ratio", "DOUBLE", "fraction", "open interest in dollars against 30 days before"),
    Column("quantity_growth_30d_ratio", "DOUBLE", "fraction", "the same in coins, at the earlier prices"),
)
# title, axis, number format of the axis, and (column of `by day`, what it is) of each line
_CHARTS = (
    ("Margin debt: lower and upper bound", "bn USD", "#,##0.0,,,", ((1, "lower bound"), (2, "upper bound"))),
    ("Open interest: growth over 30 days", "%", "0%", ((3, "in dollars"), (4, "in coins"))),
)
_COVERAGE_COLUMNS = (
    *("dataset", "venue", "status", "markets_expected", "markets_seen"),
    *("expected_usd", "seen_usd", "seen_ratio", "reason"),
)


def write_workbook(extract: Extract, path: Path, on_table: Callable[[str], None] = lambda _: None) -> None:
    """Write the whole workbook; one row is in memory at a time.

    Raises UsageError when a table has more rows than a sheet holds; nothing is written then.
    """
    counts = {table.name: extract.count(table) for table in extract.tables}
    for name, rows in counts.items():
        if rows >= MOST_ROWS:
            message = (
                f"{name} has {rows:,} rows and a sheet holds {MOST_ROWS - 1:,}: "
                "choose fewer days with --from and --to, or write csv or parquet"
            )
            raise UsageError(message)
    book = _Book(path, extract)
    try:
        book.overview()
        tables = published_tables(extract.connection)
        book.sheet(BY_DAY, _BY_DAY_COLUMNS, extract.connection.execute(_by_day_sql(extract)).fetchall())
        book.sheet(DICTIONARY, tables["dictionary"].columns, _rows(extract, tables["dictionary"]))
        book.sheet(COVERAGE, *_coverage(extract, tables["coverage_daily"]))
        for table in extract.tables:
            if table.name != DICTIONARY:
                book.sheet(table.name, table.columns, _rows(extract, table))
            on_table(table.name)
    finally:
        book.close()


def _rows(extract: Extract, table: Table) -> Iterable[Sequence[Any]]:
    for batch in extract.batches(table):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _by_day_sql(extract: Extract) -> str:
    return _BY_DAY_SQL.format(where=extract.span.where("day"))


def _coverage(extract: Extract, table: Table) -> tuple[Sequence[Column], list[tuple[Any, ...]]]:
    columns = [one for one in table.columns if one.name in _COVERAGE_COLUMNS]
    names = ", ".join(one.name for one in columns)
    rows = extract.connection.execute(
        f"select {names} from coverage_daily where day = $1::date order by dataset, venue", [extract.last_day]
    ).fetchall()
    return columns, rows


class _Book:
    """One open workbook and its formats."""

    def __init__(self, path: Path, extract: Extract) -> None:
        safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(
            str(path), {"constant_memory": True, "remove_timezone": True, **safe}
        )
        last = extract.last_day
        end = datetime(last.year, last.month, last.day) + timedelta(days=1)  # noqa: DTZ001 no zone in the format
        self._book.set_properties({"title": "Crypto margin debt", "created": end})
        self._extract = extract
        self._header = self._book.add_format({"bold": True, "bottom": 1, "bg_color": "#eef1f4"})
        self._formats = {
            pattern: self._book.add_format({"num_format": pattern})
            for pattern in (*_FORMATS.values(), *_TIME_FORMATS.values(), _PARTS_OF_DAYS)
        }

    def close(self) -> None:
        """Write the file."""
        self._book.close()

    def sheet(self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
        """One table: names with a note of unit and meaning, frozen and with a filter, then the rows."""
        sheet = self._book.add_worksheet(name)
        writers = []
        for at, one in enumerate(columns):
            sheet.set_column(at, at, max(len(one.name) + 4, _WIDTHS.get(one.kind, 12)))
            sheet.write_string(0, at, one.name, self._header)
            note = f"{one.unit}: {one.meaning}" if one.unit else one.meaning
            sheet.write_comment(0, at, note, {"x_scale": 2, "author": ""})
            writers.append(self._writer(sheet, one))
        sheet.freeze_panes(1, min(len(columns), 1))
        count = 0
        for count, row in enumerate(rows, start=1):
            for at, (write, cell) in enumerate(zip(writers, row, strict=True)):
                if cell is not None:
                    write(count, at, cell)
        sheet.autofilter(0, 0, count, len(columns) - 1)

    def _writer(self, sheet: Any, column: Column) -> Callable[[int, int, Any], None]:  # noqa: ANN401
        if column.kind == "VARCHAR":
            return partial(_write_text, sheet)
        if column.kind == "BOOLEAN":
            return sheet.write_boolean  # type: ignore[no-any-return]
        if column.kind in _TIME_FORMATS:
            chosen = self._formats[_TIME_FORMATS[column.kind]]
            return lambda row, at, cell: sheet.write_datetime(row, at, cell, chosen)
        pattern = _FORMATS.get(column.unit or "", "")
        if column.unit == "days" and column.kind == "DOUBLE":
            pattern = _PARTS_OF_DAYS
        number = self._formats.get(pattern)
        return partial(_write_number, sheet, number)

    def overview(self) -> None:
        """What the file holds, in words, and the charts over the sheet `by day`."""
        extract, sheet = self._extract, self._book.add_worksheet(OVERVIEW)
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 110)
        source = str(extract.about.get("title", "the venues"))
        made = extract.about.get("is_made")
        lines = (
            f"Days {extract.first_day} to {extract.last_day} (UTC), from {source}.",
            "Made data: a scenario. No real market is described." if made else "",
            "Open interest is not debt; debt lies between its bounds. Empty is not known, never zero.",
            "A note on each column's name says its unit and meaning; so does the sheet 'dictionary'.",
        )
        sheet.write_string(0, 0, "Crypto margin debt", self._book.add_format({"bold": True, "font_size": 16}))
        for at, line in enumerate((line for line in lines if line), start=1):
            sheet.write_string(at, 0, line)
        row = extract.connection.execute(f"select count(*) from ({_by_day_sql(extract)})").fetchone()
        days = int(row[0]) if row else 0
        for at, chart in enumerate(_CHARTS if days else ()):
            sheet.insert_chart(6 + at * 19, 0, self._chart(*chart, days=days))

    def _chart(self, title: str, axis: str, pattern: str, lines: Sequence[tuple[int, str]], days: int) -> Any:  # noqa: ANN401
        chart = self._book.add_chart({"type": "line"})
        for (column, name), colour in zip(lines, ("#8a5a00", "#1f5fa8"), strict=True):
            chart.add_series(
                {
                    "name": name,
                    "categories": [BY_DAY, 1, 0, days, 0],
                    "values": [BY_DAY, 1, column, days, column],
                    "line": {"color": colour, "width": 1.75},
                }
            )
        chart.set_title({"name": title, "name_font": {"size": 12}})
        chart.set_x_axis({"date_axis": True, "num_format": "yyyy-mm-dd", "label_position": "low"})
        chart.set_y_axis({"name": axis, "num_format": pattern, "major_gridlines": {"visible": True}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 760, "height": 360})
        chart.show_blanks_as("gap")
        return chart


def _write_text(sheet: Any, row: int, at: int, text: str) -> None:  # noqa: ANN401
    # a longer text would be left out without a word
    cut = text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."
    sheet.write_string(row, at, cut)


def _write_number(sheet: Any, style: Any, row: int, at: int, number: float) -> None:  # noqa: ANN401
    if math.isfinite(number):  # a spreadsheet knows neither infinity nor NaN
        sheet.write_number(row, at, number, style)
