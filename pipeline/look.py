"""Lists what can be asked: the venues' declarations, the questions that come along, the dictionary.

Numbers are asked for by `pipeline/ask.py`; how a table looks on a screen is `pipeline/screen.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from pipeline.ask import dictionary_rows, question_of, questions
from pipeline.errors import UsageError
from pipeline.records import Unit
from pipeline.screen import show_table
from pipeline.settings import Settings
from pipeline.venues import VENUES, choose
from pipeline.venues.base import KeyOnly, Reports, Unsupported


def venue_rows(name: str | None = None) -> list[dict[str, str]]:
    """One row a venue and dataset: what is reported, in which unit, how, how deep, on what evidence.

    name: of that venue only. Raises UsageError when there is none of that name.
    """
    rows = []
    for venue in VENUES.values() if name is None else choose(name).values():
        for dataset, report in venue.reports.items():
            row = {"venue": venue.name, "dataset": dataset.value}
            if isinstance(report, Reports):
                row |= {
                    "access": "needs a key" if report.needs_key else "public",
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


def list_venues(form: str, name: str | None = None) -> None:
    """Print `venue_rows()`. Raises UsageError for an unknown format or venue."""
    rows = venue_rows(name)
    if form == "json":
        _print_json(rows)
        return
    if form != "table":
        message = f"--format {form} is not known: use table or json"
        raise UsageError(message)
    cells, last = [], ""
    for row in rows:
        venue, last = ("" if row["venue"] == last else row["venue"]), row["venue"]
        unit = row["unit"] if row["access"] == "public" else row["access"]
        told = (row.get(column, "") for column in ("history", "evidence"))
        cells.append([venue, row["dataset"], *(text.replace("_", " ") for text in (unit, *told))])
    show_table(["venue", "dataset", "unit", "history", "evidence"], cells, most_rows=len(cells))


def _units(unit: Unit | Mapping[Any, Unit]) -> str:
    if isinstance(unit, Unit):
        return unit.value
    return ", ".join(f"{direction.value} {one.value}" for direction, one in unit.items())


def list_questions(name: str | None, *, is_json: bool) -> None:
    """Print the questions of `sql/queries/`, or one with its parameters and its SQL."""
    if is_json:
        known = [question_of(name)] if name else list(questions().values())
        _print_json([{"name": q.name, "title": q.title, "parameters": q.parameters} for q in known])
    elif name is None:
        show_table(["name", "asks"], [[one.name, one.title] for one in questions().values()])
    else:
        question = question_of(name)
        sys.stdout.write(f"{question.title}\n")
        for parameter, about in question.parameters.items():
            default = "" if about["default"] is None else f" (default {about['default']})"
            sys.stdout.write(f"  --set {parameter}={about['type'].upper()}: {about['meaning']}{default}\n")
        sys.stdout.write(f"\n{question.sql.partition('*/')[2].strip()}\n")


def list_dictionary(settings: Settings, table: str | None, *, is_json: bool) -> None:
    """Print the published tables, or what each column of one means; as JSON always the columns."""
    rows = dictionary_rows(settings.serving, table)
    if is_json:
        _print_json(rows)
    elif table is None:
        titles = {row["table"]: row["title"] for row in rows}
        show_table(["table", "holds"], list(titles.items()))
    else:
        sys.stdout.write(f"{rows[0]['title']}; one row for each {', '.join(_grain(rows))}\n\n")
        shown = [[row["column"], row["unit"] or "", row["meaning"]] for row in rows]
        show_table(["column", "unit", "meaning"], shown)


def _grain(rows: list[dict[str, Any]]) -> list[str]:
    return [row["column"] for row in rows if row["is_grain"]]


def _print_json(rows: list[dict[str, Any]]) -> None:
    sys.stdout.write(json.dumps(rows, indent=1, default=str) + "\n")
