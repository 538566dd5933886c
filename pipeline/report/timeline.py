"""The picture of every market-wide signal's level over time, with the falls it should have told before.

An event is what the scoreboard's first rule calls one, so that picture and record speak of the same days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

import numpy as np
import pandas as pd

from pipeline.evaluate.rule import APART_DAYS, CHANGE_DAYS, RULES
from pipeline.report import charts, words
from pipeline.report.content import Chart, Series
from pipeline.report.data import DAY_OF_AS_OF, ReportData

NEEDS = {"market_moves_daily": ("day", "horizon_days", "usd_growth_ratio", "price_growth_ratio")}
RULE = RULES[0]
ALL = "risk level (all signals)"

Run = tuple[str, str, date, date]  # strip, level, first day, the day after the last


def chart(data: ReportData) -> Chart:
    """Runs of one level per signal, the composite on top, and a line for each event."""
    rows = data.rows(
        f"""
        select {DAY_OF_AS_OF} as day, '' as signal, arg_max(level, as_of) as level from risk_level_daily
        where {DAY_OF_AS_OF} between $first_day::date and $day::date
        group by all
        union all
        select {DAY_OF_AS_OF} as day, signal, arg_max(level, as_of) from signal_readings
        where scope_type = 'market' and {DAY_OF_AS_OF} between $first_day::date and $day::date
        group by all
        order by signal, day
        """
    )
    levels = [(row["signal"].replace("_", " ") or ALL, row["day"], row["level"]) for row in rows]
    events = event_days(data)
    runs = [
        *_runs([one for one in levels if one[2] is not None]),
        *((ALL, "event", day, day + timedelta(days=1)) for day in events),
    ]
    columns = list(zip(*runs, strict=True)) or [(), (), (), ()]
    strip = Series("signal", "signal", columns[0], "text")
    level = Series("level", "level", columns[1], "text")
    first = Series("from_day", "from", [day.isoformat() for day in columns[2]], "day")
    end = Series("to_day", "up to, without", [day.isoformat() for day in columns[3]], "day")
    told = [level for name, _, level in levels if name == ALL and level is not None]
    alarmed = sum(1 for one in told if one in ("high", "critical"))
    return Chart(
        "levels",
        f"The risk level was high or critical on {alarmed} of {words.plural(len(told), 'day')}; "
        f"{_events_said(events)}",
        "The thicker, the higher: calm, elevated, high, critical; a hairline is unknown, blank is a day "
        f"without a reading. Dashed: an event of rule {RULE.name}, open interest down "
        f"{words.percent(RULE.open_interest_fall_ratio)} and prices {words.percent(RULE.price_fall_ratio)} "
        f"or more in {CHANGE_DAYS} days, {APART_DAYS} days apart.",
        "runs",
        strip,
        (level, first, end),
        charts.level_strips(strip, level, first, end),
        has_legend=False,
    )


def event_days(data: ReportData) -> list[date]:
    """The days of the window on which an event of the rule was complete."""
    rows = data.rows(
        """
        select day, usd_growth_ratio, price_growth_ratio from market_moves_daily
        where horizon_days = $span::integer and day <= $day::date order by day
        """,
        span=CHANGE_DAYS,
    )
    moves = pd.DataFrame(rows, columns=["day", "usd_growth_ratio", "price_growth_ratio"])
    moves = moves.set_index(pd.DatetimeIndex(moves.pop("day"))).astype(float)
    # Where nothing is left there is no logarithm: unknown, and no event.
    usd, price = (
        pd.Series(np.log1p(moves[name].where(moves[name] > -1.0)), index=moves.index)
        for name in ("usd_growth_ratio", "price_growth_ratio")
    )
    found = RULE.event_days(usd, price)
    return [event.date() for event in found if event.date() >= data.first_day]


def _events_said(events: Sequence[date]) -> str:
    if not events:
        return "no event is marked"
    if len(events) == 1:
        return f"1 event is marked, on {events[0]}"
    return f"{len(events)} events are marked, the last on {events[-1]}"


def _runs(levels: Sequence[tuple[str, date, str]]) -> list[Run]:
    """Neighbouring days of one strip and one level as one run; a day left out ends it."""

    def place(numbered: tuple[int, tuple[str, date, str]]) -> tuple[str, str, int]:
        number, (name, day, level) = numbered
        return name, level, day.toordinal() - number

    return [
        (name, level, (days := [one[1][1] for one in group])[0], days[-1] + timedelta(days=1))
        for (name, level, _), group in groupby(enumerate(levels), key=place)
    ]
