"""Commands that only look: a query, the venues' declarations, the state of this machine and home."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import yaml
from rich.console import Console as RichConsole
from rich.table import Table

from pipeline.errors import MarginDebtError, UsageError
from pipeline.records import Unit
from pipeline.runtime import live_runtime
from pipeline.settings import Settings
from pipeline.venues import VENUES
from pipeline.venues.base import KeyOnly, Reports, Unsupported
from pipeline.venues.holds import Holds
from pipeline.warehouse import open_published

FORMATS = ("table", "csv", "json")
_HEADER = re.compile(r"\A\s*/\*(\s*title:.*?)\*/", re.DOTALL)  # of the files in sql/queries/
_MOST_ROWS = 200  # of a table on a screen; csv and json print all


def query(settings: Settings, sql: str, form: str, given: Sequence[str] = ()) -> None:
    """Run one statement on the published file and print its rows; the file cannot be written.

    sql is the statement itself or the path of a .sql file; given are `name=value` for the parameters that
    its header declares, the others take their defaults. Raises UsageError for an unknown format or
    parameter, or a statement DuckDB refuses.
    """
    if form not in FORMATS:
        message = f"--format {form} is not known: use {', '.join(FORMATS)}"
        raise UsageError(message)
    path = Path(sql)
    text = path.read_text() if sql.endswith(".sql") and path.is_file() else sql
    values = _parameters(text, given)
    connection = open_published(settings.serving)
    try:
        result = connection.execute(text, values) if values else connection.execute(text)
        columns = [column[0] for column in result.description or []]
        rows = result.fetchall()
    except duckdb.Error as problem:
        message = f"the query failed: {' '.join(str(problem).split())}"
        raise UsageError(message) from problem
    finally:
        connection.close()
    if form == "csv":
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_plain(cell) for cell in row] for row in rows)
        sys.stdout.write(buffer.getvalue())
    elif form == "json":
        records = [dict(zip(columns, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(records, default=str, indent=1, allow_nan=False) + "\n")
    else:
        _print_table(columns, rows)


def _parameters(text: str, given: Sequence[str]) -> dict[str, Any]:
    """A value for each parameter that the statement's header declares."""
    header = _HEADER.match(text)
    declared = (yaml.safe_load(header.group(1)) or {}).get("parameters", {}) if header else {}
    values = {name: about["default"] for name, about in declared.items()}
    for words in given:
        name, _, value = words.partition("=")
        if name not in declared:
            message = f"the query has no parameter {name!r}: it has {', '.join(declared) or 'none'}"
            raise UsageError(message)
        values[name] = value
    return values


def _print_table(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    table = Table(*columns, header_style="bold", box=None, pad_edge=False)
    for row in rows[:_MOST_ROWS]:
        table.add_row(*(_short(cell) for cell in row))
    console = RichConsole(markup=False, highlight=False)
    if not console.is_terminal:
        # a pipe has no width: let no cell be folded or cut
        console = RichConsole(markup=False, highlight=False, width=10_000)
    console.print(table)
    if len(rows) > _MOST_ROWS:
        console.print(f"{len(rows) - _MOST_ROWS} more rows: use --format csv for all")


def _short(cell: object) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, float):
        return f"{cell:,.2f}" if abs(cell) >= 1000 else f"{cell:.6g}"
    return str(cell)


def _plain(cell: object) -> object:
    """A cell that a spreadsheet shows instead of running: names come from venues."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t"):
        return f"'{cell}"
    return cell


def venue_rows() -> list[dict[str, str]]:
    """One row a venue and dataset: what is reported, in which unit, how, how deep, on what evidence."""
    rows = []
    for venue in VENUES.values():
        for dataset, report in venue.reports.items():
            row = {"venue": venue.name, "dataset": dataset.value}
            if isinstance(report, Reports):
                row |= {
                    "access": "public",
                    "unit": _units(report.unit),
                    "calls": report.how,
                    "history": f"{report.history_days} days" if report.history_days else "none",
                    "stamp": report.stamp.value,
                    "tolerance": f"{report.tolerance_hours:g} h",
                    "evidence": report.evidence.value,
                    "link": report.link,
                    "note": report.note,
                }
            elif isinstance(report, KeyOnly):
                row |= {"access": "needs a key", "note": report.reason}
            elif isinstance(report, Unsupported):
                row |= {"access": "not published", "note": report.reason}
            rows.append(row)
    return rows


def list_venues(form: str) -> None:
    """Print `venue_rows()`. Raises UsageError for an unknown format."""
    rows = venue_rows()
    if form == "json":
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return
    if form != "table":
        message = f"--format {form} is not known: use table or json"
        raise UsageError(message)
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in ("venue", "dataset", "unit", "calls", "history", "evidence"):
        table.add_column(column, no_wrap=column in ("venue", "dataset", "calls", "history"))
    last = ""
    for row in rows:
        name, last = ("" if row["venue"] == last else row["venue"]), row["venue"]
        unit = row["unit"] if row["access"] == "public" else row["access"]
        cells = (row.get(column, "").replace("_", " ") for column in ("calls", "history", "evidence"))
        table.add_row(name, row["dataset"], unit.replace("_", " "), *cells)
    RichConsole(highlight=False).print(table)


def _units(unit: Unit | Mapping[Any, Unit]) -> str:
    if isinstance(unit, Unit):
        return unit.value
    return ", ".join(f"{direction.value} {one.value}" for direction, one in unit.items())


def examine(settings: Settings) -> int:
    """Print what was checked, one line each; returns 0 if all is well, else 1."""
    checks = [
        _check("home can be written", lambda: _writable(settings)),
        _check("ccxt as pinned", lambda: _pinned("ccxt", "4.5.90")),
        _check("duckdb as pinned", lambda: _pinned("duckdb", "1.5.5")),
        _check("disk space", lambda: f"{shutil.disk_usage(settings.home).free / 2**30:.1f} GiB free"),
        _check("published database", lambda: _published(settings)),
        _check("venues on hold", lambda: _on_hold(settings)),
        _check("redirect", lambda: settings.redirect or "none: commands ask the live venues"),
    ]
    for is_well, line in checks:
        sys.stdout.write(f"{'ok  ' if is_well else 'bad '} {line}\n")
    return 0 if all(is_well for is_well, _ in checks) else 1


def _check(name: str, look: Any) -> tuple[bool, str]:  # noqa: ANN401 a callable returning text
    try:
        return True, f"{name}: {look()}"
    except (MarginDebtError, OSError) as problem:
        return False, f"{name}: {problem}"


def _writable(settings: Settings) -> str:
    settings.prepare()
    return str(settings.home)


def _pinned(package: str, version: str) -> str:
    found = importlib.metadata.version(package)
    if found != version:
        message = f"{found} is installed, {version} is part of the data: reinstall with constraints.txt"
        raise MarginDebtError(message)
    return found


def _on_hold(settings: Settings) -> str:
    held = Holds(settings.holds, live_runtime(settings).clock).lasting()
    if not held:
        return "none"
    sentences = "; ".join(str(hold.problem(venue)) for venue, hold in held.items())
    return f"{sentences} (delete {settings.holds} to ask sooner)"


def _published(settings: Settings) -> str:
    connection = open_published(settings.serving)
    try:
        row = connection.execute("select max(day), count(distinct day) from margin_debt_daily").fetchone()
    finally:
        connection.close()
    return f"{row[1]} days, the last {row[0]}" if row else "empty"
