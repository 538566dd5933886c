"""What a section is, and how sections become one HTML file a day. No section's own content belongs here.

The page loads nothing: scripts are inlined and named by their hash in a content security policy, so that
even markup which slipped through the escaping could not run or fetch.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import UsageError
from pipeline.files import put
from pipeline.kept import kept
from pipeline.report import charts, find_sections, words
from pipeline.report.content import Banner, Chart, SectionContent, Series
from pipeline.report.data import WINDOW_DAYS, ReportData
from pipeline.report.index import render_index
from pipeline.report.templates import fill, page_script
from pipeline.warehouse import open_published

SIGNIFICANT_DIGITS = 6


@dataclass(frozen=True)
class Section:
    """One part of the report.

    `needs` names the published tables and columns it reads; when one is absent the section says so instead
    of being drawn. Sections appear by `position`.
    """

    key: str
    title: str
    position: int
    needs: Mapping[str, tuple[str, ...]]
    draw: Callable[[ReportData], SectionContent]


def write_report(
    database: Path | duckdb.DuckDBPyConnection,
    day: date | None,
    out: Path,
    produced_at: datetime,
    about: Mapping[str, object],
) -> Path:
    """Write `out`/YYYY-MM-DD.html and renew `out`/index.html; returns the path of the day's file.

    `day` None is the latest published day. `about` must hold `is_made` (True: the data are a scenario, and
    the page says so on top) and may hold `title` and other facts, which are listed under the method.
    Raises UsageError when nothing is published for the day.
    """
    with published(database, day, produced_at, about) as data:
        text = render(data, find_sections())
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{data.day.isoformat()}.html"
    put(target, text)
    put(out / "index.html", render_index(out))
    return target


@contextmanager
def published(
    database: Path | duckdb.DuckDBPyConnection,
    day: date | None,
    produced_at: datetime,
    about: Mapping[str, object],
) -> Iterator[ReportData]:
    """What the sections read for `day` (None: the latest); a file is opened and closed, a connection kept."""
    connection = open_published(database) if isinstance(database, Path) else database
    try:
        chosen, first = _chosen_day(connection, day)
        window = max(first, chosen - timedelta(days=WINDOW_DAYS - 1))
        yield ReportData(connection, chosen, window, produced_at, about)
    finally:
        if isinstance(database, Path):
            connection.close()


def drawn_sections(data: ReportData, sections: Iterable[Section]) -> list[tuple[Section, SectionContent]]:
    """Each section with what it has to say; one whose tables are not published says which."""
    drawn = []
    with charts.unchecked():
        for section in sections:
            lacking = data.missing(section.needs)
            content = (
                section.draw(data)
                if not lacking
                else SectionContent(f"Not drawn: the published database lacks {', '.join(lacking)}.", ())
            )
            drawn.append((section, content))
    return drawn


def render(data: ReportData, sections: Iterable[Section]) -> str:
    """The whole document. The same data, sections and `produced_at` give the same bytes."""
    drawn = drawn_sections(data, sections)
    blocks = [block for _, content in drawn for block in content.blocks]
    banner = next((block for block in blocks if isinstance(block, Banner)), None)
    level = banner.level if banner else "unknown"
    summary = {
        "day": data.day.isoformat(),
        "level": level,
        "sentence": banner.sentence if banner else "",
        "debt": banner.debt if banner else words.NOT_KNOWN,
        "is_made": bool(data.about["is_made"]),
    }
    scripts = [_bundle(), page_script()]
    return fill(
        "document.html",
        data=data,
        drawn=drawn,
        level=level,
        is_made=summary["is_made"],
        summary=json.dumps(summary, sort_keys=True),
        day_text=words.long_day(data.day),
        as_of=words.utc(data.end),
        produced_at=words.utc(data.produced_at),
        columns=_as_json(
            {
                "day": data.day.isoformat(),
                **shared_block([block for block in blocks if isinstance(block, Chart)]),
            }
        ),
        scripts=scripts,
        policy=" ".join(f"'sha256-{_digest(script)}'" for script in scripts),
    )


def shared_block(drawn: Iterable[Chart]) -> dict[str, Any]:
    """The one data block of the page: columns by frame and key, and what each chart draws from them.

    Two charts that name the same key share one column; a key that names two different columns is a mistake
    of ours and raises ValueError.
    """
    frames: dict[str, dict[str, list[Any]]] = {}
    described = []
    for chart in drawn:
        if not chart.spec:
            continue
        frame = frames.setdefault(chart.frame, {})
        for one in (chart.index, *chart.series):
            column = [_short(value) for value in one.values]
            if frame.setdefault(one.key, column) != column:
                message = f"chart {chart.key}: the column {chart.frame}.{one.key} already holds other values"
                raise ValueError(message)
        described.append(
            {
                "key": chart.key,
                "frame": chart.frame,
                "index": _described(chart.index),
                "series": [_described(one) for one in chart.series],
                "spec": chart.spec,
            }
        )
    return {"config": charts.CONFIG, "frames": frames, "charts": described}


def _described(one: Series) -> dict[str, str]:
    return {"key": one.key, "label": one.label, "unit": one.unit}


def _short(value: Any) -> Any:  # noqa: ANN401 - a cell of a column
    """Six significant digits: what a picture and a download need, a third of the bytes."""
    if isinstance(value, float):
        rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        return int(rounded) if rounded.is_integer() else rounded
    return value.isoformat() if isinstance(value, date) else value


def _as_json(block: Mapping[str, Any]) -> str:
    """JSON that can stand inside a script element: `<` cannot close it."""
    text = json.dumps(block, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script that leaks one name, vegaEmbed."""

    def make() -> str:
        import vl_convert  # noqa: PLC0415 - starts a JavaScript engine

        bundle: str = vl_convert.javascript_bundle(leaked)
        return bundle

    leaked = "window.vegaEmbed = vegaEmbed;"
    # two seconds of work for the same bytes
    bundle = kept("vega", (version("vl-convert-python"), leaked), make)
    return f"(function(){{{bundle}}})();"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _chosen_day(connection: duckdb.DuckDBPyConnection, day: date | None) -> tuple[date, date]:
    """The day of the report and the first published one."""
    # A day on which every venue failed has coverage and no debt: it is the latest day all the same.
    found = connection.execute(
        "select min(day), max(day) from"
        " (select day from margin_debt_daily union all select day from coverage_daily)"
    ).fetchone()
    first, last = found if found else (None, None)
    if first is None or last is None:
        message = "no day is published yet: run `margin-debt run` or `margin-debt demo` first"
        raise UsageError(message)
    if day is None:
        day = date.fromisoformat(str(last))
    if not first <= day <= last:
        message = f"no report for {day}: the published days are {first} to {last}"
        raise UsageError(message)
    return day, date.fromisoformat(str(first))
