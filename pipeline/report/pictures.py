"""The report's charts as complete Vega-Lite specifications, for pictures outside the page (SVG, PNG, PDF).

A specification holds its own rows, its title and its key of colours, and names no variable of the style
sheet: what the page's own HTML says around a chart stands inside it. The page is made in `base`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.report import charts, find_sections, words
from pipeline.report.base import drawn_sections, published
from pipeline.report.content import Chart, Series
from pipeline.report.data import ReportData
from pipeline.report.templates import light_colours

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH_PX = 720
LINE_LETTERS = 105
VARIABLE = re.compile(r"var\(--([a-z0-9]+)\)")


def charts_of(
    database: Path | duckdb.DuckDBPyConnection, day: date | None, about: Mapping[str, object]
) -> list[tuple[str, dict[str, Any]]]:
    """Name and specification of every chart of a day's report that has something to draw, in its order.

    `day` None is the latest published day; `about` holds `is_made`, and made data are labelled in each
    picture. `vl_convert.vegalite_to_svg(spec)` and its like turn one into a file. Raises UsageError when
    nothing is published for the day.
    """
    with published(database, day, datetime.min.replace(tzinfo=UTC), about) as data:
        return [
            (block.key, full_spec(block, data))
            for _, content in drawn_sections(data, find_sections())
            for block in content.blocks
            if isinstance(block, Chart) and block.spec
        ]


def full_spec(chart: Chart, data: ReportData) -> dict[str, Any]:
    """One chart with its rows, finding, note, legend and the instant it stands for."""
    as_of = f"As of {words.utc(data.end)}." + (" Made data." if data.about["is_made"] else "")
    spec = {
        "$schema": SCHEMA,
        **chart.spec,
        "width": WIDTH_PX,
        "background": "var(--panel)",
        "padding": 12,
        "title": {
            "text": _wrapped(chart.title),
            "subtitle": _wrapped(f"{chart.note} {as_of}"),
            "anchor": "start",
            "color": "var(--ink)",
            "subtitleColor": "var(--muted)",
        },
        "config": {**charts.CONFIG, "font": "sans-serif"},
        "datasets": {"rows": [_row(chart, at) for at in range(len(chart.index.values))]},
    }
    if chart.has_legend and len(chart.series) > 1:
        spec["layer"] = [*spec["layer"], _legend(chart.series)]
    coloured: dict[str, Any] = _with_colours(spec, light_colours())
    return coloured


def _row(chart: Chart, at: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for one in (chart.index, *chart.series):
        row[one.key] = _instant_ms(one.values[at]) if one.unit == "day" else one.values[at]
        row[f"{one.key}_text"] = one.shown(at)
    return row


def _instant_ms(day: str | None) -> float | None:
    """Milliseconds since 1970 at which a UTC day begins, as the page counts them."""
    return None if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000


def _legend(series: tuple[Series, ...]) -> dict[str, Any]:
    """A layer without marks whose only work is a key of colours and line patterns."""
    names = [one.label for one in series]
    legend = {"orient": "top", "title": None, "symbolType": "stroke", "symbolOpacity": 1, "labelLimit": 300}
    return {
        "data": {"values": [{"name": name} for name in names]},
        "mark": {"type": "point", "opacity": 0},
        "encoding": {
            "stroke": {
                "field": "name",
                "type": "nominal",
                "scale": {"domain": names, "range": [f"var(--{one.tone})" for one in series]},
                "legend": legend,
            },
            "strokeDash": {
                "field": "name",
                "type": "nominal",
                "scale": {"domain": names, "range": [list(one.dash) or [1, 0] for one in series]},
                "legend": legend,
            },
        },
    }


def _with_colours(part: Any, colours: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a JSON document
    if isinstance(part, dict):
        return {
            name: one if name == "datasets" else _with_colours(one, colours) for name, one in part.items()
        }
    if isinstance(part, list):
        return [_with_colours(one, colours) for one in part]
    return VARIABLE.sub(lambda found: colours[found[1]], part) if isinstance(part, str) else part


def _wrapped(text: str) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) > LINE_LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip(" ")
    return lines
