"""Vega-Lite specifications of the report's pictures, built with Altair. No data and no finding belong here.

Every picture reads the data set `rows`, which the page makes from the shared columns: one field per
series key, the same name with `_text` for what a reader sees, and the index. Colours are variables of the
style sheet, so one specification serves light, dark and paper. Without a series there is no picture: {}.
Reading out a day under the pointer is the page's work: as marks it would cost more than the picture.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from pipeline.report.content import Series

HEIGHT_PX = 220
BAR_PX = 22
BAR_ROOM = 1.4  # the axis ends beyond the longest bar, so that its value fits on a telephone
LITTLE_SEEN_RATIO = 0.95  # of the open interest expected that day
STRIP_PX = 42  # a strip of the level picture and the room for its name
# Share of a strip that a level fills: thickness says what colour says.
STRIP_SHARES = {"unknown": 0.04, "calm": 0.14, "elevated": 0.28, "high": 0.42, "critical": 0.56}

CONFIG: dict[str, Any] = {
    "background": None,
    "aria": False,  # the page names each picture and has its table; a sentence per mark is noise
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelOverlap": True,
    },
    "text": {"fill": "var(--ink)", "fontSize": 12},
}

AXES = {
    "usd": ("bn USD", "format(datum.value / 1e9, ',~f')"),
    "ratio": ("%", "format(datum.value * 100, ',~f')"),
    "number": ("", "format(datum.value, ',~f')"),
}


def lines(
    series: Sequence[Series], title: str, reference: float | None = None, seen: Series | None = None
) -> dict[str, Any]:
    """One line per series over days; `reference` is a thin level line; days little `seen` are shaded."""
    layers = [_line(one, title) for one in series if _is_known(one)]
    if reference is not None and layers:
        layers.insert(0, _rule(reference, series[0].unit, title))
    return _layered(_shaded(layers, seen))


def band(
    low: Series, high: Series, title: str, others: Sequence[Series] = (), seen: Series | None = None
) -> dict[str, Any]:
    """Bounds as a filled band between two lines, `others` as lines; days little `seen` are shaded."""
    if not (_is_known(low) and _is_known(high)):
        return {}
    area = (
        _rows()
        .mark_area(color=f"var(--{high.tone})", opacity=0.16)
        .encode(x=_x(), y=_y(low.key, low.unit, title), y2=alt.Y2(high.key))
    )
    inner = [low, high, *(one for one in others if _is_known(one))]
    return _layered(_shaded([area, *(_line(one, title) for one in inner)], seen))


def stacked(
    series: Sequence[Series], title: str, others: Sequence[Series] = (), is_share: bool = False
) -> dict[str, Any]:
    """Amounts laid on each other, first series at the bottom, `others` as lines over them.

    A series without a value that day leaves a gap of its own and lifts nothing above it. Shares end at one.
    """
    known = [one for one in series if _is_known(one)]
    layers = []
    for position, one in enumerate(known):
        below = " + ".join(f"(datum.{lower.key} || 0)" for lower in known[:position]) or "0"
        missing = f"datum.{one.key} == null ? null : "
        layers.append(
            _rows()
            .transform_calculate(
                **{"from": f"{missing}({below})", "to": f"{missing}({below} + datum.{one.key})"}
            )
            .mark_area(
                color=f"var(--{one.tone})", opacity=1, line={"color": "var(--panel)", "strokeWidth": 0.8}
            )
            .encode(
                x=_x(), y=_y("from", one.unit, title, domain=(0, 1) if is_share else None), y2=alt.Y2("to")
            )
        )
    return _layered([*layers, *(_line(one, title) for one in others if _is_known(one) and layers)])


def bars(index: Series, one: Series, title: str) -> dict[str, Any]:
    """One horizontal bar per name, in the order given, with its value written at the end."""
    if not index.values:
        return {}
    base = _rows().encode(y=_names(index), x=_length(one, one, title), tooltip=_tooltips([one], index))
    bar = base.mark_bar(color=f"var(--{one.tone})", height={"band": 0.7})
    value = base.mark_text(align="left", dx=5).encode(text=alt.Text(f"{one.key}_text:N"))
    return _finished(alt.layer(bar, value), height=BAR_PX * len(index.values) + 20)


def ranges(index: Series, low: Series, middle: Series, high: Series, title: str) -> dict[str, Any]:
    """One bar per name from its lower to its upper bound, a stroke and the words at the value between."""
    if not index.values:
        return {}
    base = _rows().encode(y=_names(index), tooltip=_tooltips([low, middle, high], index))
    bar = base.mark_bar(color=f"var(--{high.tone})", opacity=0.35, height={"band": 0.6}).encode(
        x=_length(low, high, title), x2=alt.X2(high.key)
    )
    stroke = base.mark_tick(color=f"var(--{middle.tone})", thickness=3, height={"band": 0.6}).encode(
        x=_length(middle, high, title)
    )
    value = base.mark_text(align="left", dx=5).encode(
        x=_length(high, high, title), text=alt.Text(f"{middle.key}_text:N")
    )
    return _finished(alt.layer(bar, stroke, value), height=BAR_PX * len(index.values) + 20)


def heat(index: Series, series: Sequence[Series], full_ratio: float) -> dict[str, Any]:
    """A cell per name and series with its percentage: tone by sign, deeper with size up to `full_ratio`."""
    if not index.values or not series:
        return {}
    names = json.dumps({one.key: one.label for one in series})
    base = (
        _rows()
        .transform_fold([one.key for one in series], as_=["key", "amount"])
        .transform_filter("isValid(datum.amount)")
        .transform_calculate(
            name=f"({names})[datum.key]", size="abs(datum.amount)", words="format(100 * datum.amount, ',.1f')"
        )
        .encode(
            y=_names(index),
            x=alt.X(
                "name:N",
                sort=[one.label for one in series],
                title=None,
                # Names too long for their column are cut, none is left out: the table below spells them out.
                axis=alt.Axis(
                    orient="top", labelAngle=-30, labelLimit=80, labelOverlap=False, ticks=False, domain=False
                ),
            ),
        )
    )
    cell = base.mark_rect(stroke="var(--panel)").encode(
        color=alt.condition("datum.amount < 0", alt.value("var(--second)"), alt.value("var(--accent)")),
        fillOpacity=alt.FillOpacity(
            "size:Q", scale=alt.Scale(domain=[0, full_ratio], range=[0, 0.75], clamp=True), legend=None
        ),
    )
    return _finished(
        alt.layer(cell, base.mark_text().encode(text="words:N")), height=BAR_PX * len(index.values)
    )


def level_strips(strip: Series, level: Series, first: Series, end: Series) -> dict[str, Any]:
    """A strip per name with a bar per run of one level, from day `first` up to, without, day `end`.

    Rows whose level is `event` are lines across all strips.
    """
    if not strip.values:
        return {}
    names = list(dict.fromkeys(strip.values))
    axis = alt.Axis(
        title=None, domain=False, ticks=False, labelAlign="left", labelPadding=-2, labelOffset=-STRIP_PX // 3,
        labelLimit=300, labelColor="var(--ink)", zindex=1,
    )  # fmt: skip
    layers = [
        _rows()
        .transform_filter(f"datum.{level.key} == '{name}'")
        .mark_rect(color=f"var(--{name})", height={"band": share})
        .encode(
            x=_x(first.key),
            x2=alt.X2(end.key),
            y=alt.Y(f"{strip.key}:N", sort=None, scale=alt.Scale(domain=names), axis=axis),
            tooltip=_tooltips([level, first, end], strip),
        )
        for name, share in STRIP_SHARES.items()
    ]
    event = (
        _rows()
        .transform_filter(f"datum.{level.key} == 'event'")
        .mark_rule(color="var(--ink)", strokeDash=[3, 3])
        .encode(x=_x(first.key), tooltip=_tooltips([], first))
    )
    return _finished(alt.layer(*layers, event), height=STRIP_PX * len(names))


def _rows() -> Any:  # noqa: ANN401 - Altair has no types
    return alt.Chart(alt.NamedData("rows"))


def _x(field: str = "day") -> Any:  # noqa: ANN401
    return alt.X(
        f"{field}:T",
        title=None,
        scale=alt.Scale(type="utc", nice=False),
        axis=alt.Axis(format="%b %Y", grid=False, tickCount=6, labelFlush=True),
    )


def _y(field: str, unit: str, title: str, domain: tuple[float, float] | None = None) -> Any:  # noqa: ANN401
    unit_title, label = AXES[unit]
    return alt.Y(
        f"{field}:Q",
        title=f"{title}, {unit_title}" if unit_title else title,
        scale=alt.Scale(domain=list(domain)) if domain else alt.Scale(zero=True),
        axis=alt.Axis(labelExpr=label, tickCount=5, domain=False, ticks=False),
    )


def _names(index: Series) -> Any:  # noqa: ANN401
    axis = alt.Axis(labelLimit=90, ticks=False, domain=False)
    return alt.Y(f"{index.key}:N", sort=None, title=None, axis=axis)


def _length(one: Series, longest: Series, title: str) -> Any:  # noqa: ANN401
    """A horizontal amount on an axis with room for words beyond the largest value of `longest`."""
    axis_title, label = AXES[one.unit]
    most = max((value for value in longest.values if value is not None), default=1)
    return alt.X(
        f"{one.key}:Q",
        title=f"{title}, {axis_title}",
        axis=alt.Axis(labelExpr=label, tickCount=5),
        scale=alt.Scale(domain=[0, most * BAR_ROOM], nice=False),
    )


def _is_known(one: Series) -> bool:
    """Whether any value is known: Vega cannot lay out a field without one."""
    return any(value is not None for value in one.values)


def _shaded(layers: Sequence[Any], seen: Series | None) -> list[Any]:
    """The layers over a shade on days of which too little was seen: a fall there is silence, not a sale."""
    if seen is None or all(value is None or value >= LITTLE_SEEN_RATIO for value in seen.values):
        return list(layers)
    shade = (
        _rows()
        .transform_filter(f"isValid(datum.{seen.key}) && datum.{seen.key} < {LITTLE_SEEN_RATIO}")
        .transform_calculate(day_end="datum.day + 86400000")
        .mark_rect(color=f"var(--{seen.tone})", opacity=0.45)
        .encode(x=_x(), x2=alt.X2("day_end"))
    )
    return [shade, *layers]


def _line(one: Series, title: str) -> Any:  # noqa: ANN401
    # A round end makes a day between two gaps a dot; on dashes it would fill the gaps.
    mark = {"color": f"var(--{one.tone})", "strokeWidth": 1.8, "strokeDash": list(one.dash)}
    if not one.dash:
        mark |= {"strokeCap": "round"}
    return _rows().mark_line(**mark).encode(x=_x(), y=_y(one.key, one.unit, title))


def _rule(value: float, unit: str, title: str) -> Any:  # noqa: ANN401
    return (
        _rows()
        .transform_aggregate(days="count()")
        .transform_calculate(reference=f"{value}")
        .mark_rule(color="var(--muted)", strokeDash=[2, 3])
        .encode(y=_y("reference", unit, title))
    )


def _tooltips(series: Sequence[Series], index: Series) -> list[Any]:
    """What stands under the pointer in a picture whose marks are few."""
    head = alt.Tooltip(f"{index.key}_text:N", title=index.label)
    return [head, *(alt.Tooltip(f"{one.key}_text:N", title=one.label) for one in series)]


@contextmanager
def unchecked() -> Iterator[None]:
    """Without Altair's look at each part of a picture as it is made: tests look at the whole ones."""
    with debug_mode(False):
        yield


def _layered(layers: Sequence[Any]) -> dict[str, Any]:
    return _finished(alt.layer(*layers), HEIGHT_PX) if layers else {}


def _finished(chart: Any, height: int) -> dict[str, Any]:  # noqa: ANN401
    # Checked against Vega-Lite's schema in tests, as in `unchecked`.
    spec: dict[str, Any] = chart.properties(width="container", height=height).to_dict(validate=False)
    # The schema's address would be the only outside link of the page; the shared config is sent once.
    return {name: part for name, part in spec.items() if name not in {"$schema", "config"}}
