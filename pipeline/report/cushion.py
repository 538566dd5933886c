"""How far prices may move before positions are called: distance over time, by asset, and dollars per move.

What calls led to (forced orders) and changes of margin tables are in `calls`.
"""

from __future__ import annotations

from typing import Any

from pipeline.report import calls, charts, maintenance, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, SectionContent, Series, Table
from pipeline.report.data import ReportData

MONTH_DAYS = 30
LARGEST_ASSETS = 12
TITLED_SHOCK_RATIO = 0.10

Columns = dict[str, list[Any]]


def draw(data: ReportData) -> SectionContent:
    """Lead with the date of the margin tables, distance over time, ladder, assets, what venues did."""
    day = data.day_series
    market = data.daily(
        """
        select
          day,
          max(distance_long_ratio) filter (book = 'vintage') as standing_ratio,
          max(distance_long_low_ratio) filter (book = 'vintage') as standing_low_ratio,
          max(distance_long_high_ratio) filter (book = 'vintage') as standing_high_ratio,
          max(distance_sigmas) filter (book = 'vintage') as standing_sigmas,
          max(call_probability_7d_ratio) filter (book = 'vintage') as standing_call_ratio,
          max(distance_long_ratio) filter (book = 'new_position') as new_ratio,
          max(distance_sigmas) filter (book = 'new_position') as new_sigmas,
          max(call_probability_7d_ratio) filter (book = 'new_position') as new_call_ratio,
          max(tiers_as_of) as tiers_as_of, max(tabled_ratio) as tabled_ratio,
          bool_or(is_counterfactual) as is_counterfactual
        from cushion_daily
        where scope_type = 'market' and scope = 'all' and day between $first_day::date and $day::date
        group by day
        """
    )
    after = (
        *maintenance.blocks(data),
        calls.tier_changes(data, data.column(market, "tabled_ratio")[-1]),
        calls.forced_orders(data, day),
    )
    if not market:
        return SectionContent(
            "The cushion is not known: it needs a price and an open interest of the same asset and day, and "
            "no such pair was seen.",
            after,
        )
    return SectionContent(
        _lead(data, market),
        (
            _distance_chart(data, day, market),
            _sigma_chart(data, day, market),
            _probability_chart(data, day, market),
            *_ladder(data),
            *_asset_table(data),
            *after,
        ),
    )


def _lead(data: ReportData, market: Columns) -> str:
    now = {name: values[-1] for name, values in market.items()}
    if now["standing_ratio"] is None:
        return f"The cushion of this day is {words.NOT_KNOWN}: no open interest was seen with a price."
    said = (
        f"The longs that stand are called after a fall of {words.percent(now['standing_ratio'])} on average "
        f"(bounds {_span(now['standing_low_ratio'], now['standing_high_ratio'])}), "
        f"{words.one_decimal(now['standing_sigmas'])} daily standard deviations; a position opened today "
        f"after {words.percent(now['new_ratio'])}."
    )
    return f"{said} {_tables_said(now)}"


def _span(low: float | None, high: float | None) -> str:
    return f"{words.percent(low)} to {words.percent(high)}"


def _tables_said(now: dict[str, Any]) -> str:
    """Of when the margin tables are, whether that is later than the day, and how many were collected."""
    collected = (
        f"{words.percent(now['tabled_ratio'])} of the open interest stands under a collected table, the rest "
        "under a declared first tier."
    )
    if now["tiers_as_of"] is None:
        return f"No margin table behind it has a date. {collected}"
    if now["is_counterfactual"]:
        return (
            f"Counterfactual: the youngest margin table behind it is as of {now['tiers_as_of']}, later than "
            f"this day; it says what would hold had that table applied. {collected}"
        )
    return f"Margin tables as of {now['tiers_as_of']}. {collected}"


def _tagged(title: str, data: ReportData, market: Columns) -> str:
    return f"{title} (counterfactual)" if data.column(market, "is_counterfactual")[-1] else title


def _distance_chart(data: ReportData, day: Series, market: Columns) -> Chart:
    standing = data.column(market, "standing_ratio")
    low = Series(
        "distance_low_ratio",
        "standing, lowest rule",
        data.column(market, "standing_low_ratio"),
        "ratio",
        dash=(2, 2),
    )
    high = Series(
        "distance_high_ratio",
        "standing, highest rule",
        data.column(market, "standing_high_ratio"),
        "ratio",
        dash=(2, 2),
    )
    middle = Series("distance_ratio", "standing, exits pro rata", standing, "ratio")
    new = Series(
        "distance_new_ratio", "opened that day", data.column(market, "new_ratio"), "ratio", "second", (5, 3)
    )
    then = words.ago(standing, MONTH_DAYS)
    title = (
        f"The fall that calls the standing longs {words.moved(words.difference(standing[-1], then))} "
        f"{words.percent(standing[-1])}"
        + ("" if then is None else f", from {words.percent(then)} 30 days ago")
    )
    return Chart(
        "distance",
        _tagged(title, data, market),
        "Entries are the days on which open interest rose, at the price of then. The band: first in first "
        "out, last in first out and pro rata, at the lowest and the highest maintenance rate. Those past "
        "their call count as zero.",
        "day",
        day,
        (low, middle, high, new),
        charts.band(low, high, "fall to a call", (middle, new)),
    )


def _sigma_chart(data: ReportData, day: Series, market: Columns) -> Chart:
    standing = Series("standing_sigmas", "standing", data.column(market, "standing_sigmas"))
    new = Series(
        "new_sigmas", "opened that day", data.column(market, "new_sigmas"), tone="second", dash=(5, 3)
    )
    return Chart(
        "sigmas",
        f"The standing longs are {words.one_decimal(standing.values[-1])} daily standard deviations from "
        f"their call, new ones {words.one_decimal(new.values[-1])}",
        "The distance over the volatility of a day's return (decay 0.97). A calm market makes the same "
        "distance look safer.",
        "day",
        day,
        (standing, new),
        charts.lines([standing, new], "distance, daily standard deviations"),
    )


def _probability_chart(data: ReportData, day: Series, market: Columns) -> Chart:
    standing = Series("standing_call_ratio", "standing", data.column(market, "standing_call_ratio"), "ratio")
    new = Series(
        "new_call_ratio",
        "opened that day",
        data.column(market, "new_call_ratio"),
        "ratio",
        "second",
        (5, 3),
    )
    return Chart(
        "call_probability",
        f"The average standing long is called within 7 days with a probability of "
        f"{words.percent(standing.values[-1])}, the average new one {words.percent(new.values[-1])}",
        "First passage of a price without drift over the average distance. Positions thinner than the "
        "average are called sooner, and real returns have fatter tails.",
        "day",
        day,
        (standing, new),
        charts.lines([standing, new], "probability of a call"),
    )


def _ladder(data: ReportData) -> tuple[Chart, ...]:
    rows = data.rows(
        """
        select
          shock_ratio,
          sum(try_cast(called_low_usd as decimal(38, 2)))::double as low_usd,
          sum(try_cast(called_usd as decimal(38, 2)))::double as called_usd,
          sum(try_cast(called_high_usd as decimal(38, 2)))::double as high_usd,
          max(tiers_as_of) as tiers_as_of, bool_or(is_counterfactual) as is_counterfactual
        from call_ladder_daily where day = $day::date
        group by shock_ratio order by shock_ratio
        """
    )
    if not rows:
        return ()
    move = Series(
        "move", "move of all prices", [f"{100 * row['shock_ratio']:+.0f} %" for row in rows], "text"
    )
    low = Series("called_low_usd", "lower bound", [row["low_usd"] for row in rows], "usd")
    middle = Series("called_usd", "exits pro rata", [row["called_usd"] for row in rows], "usd")
    high = Series("called_high_usd", "upper bound", [row["high_usd"] for row in rows], "usd", is_filled=True)
    said = [
        f"a {'fall' if row['shock_ratio'] < 0 else 'rise'} of {words.percent(abs(row['shock_ratio']))} would "
        f"call {words.usd(row['called_usd'])} of {'longs' if row['shock_ratio'] < 0 else 'shorts'}"
        for row in rows
        if abs(abs(row["shock_ratio"]) - TITLED_SHOCK_RATIO) < 1e-9
    ]
    title = words.sentence(", ".join(said) or "positions that a move of the price would call").rstrip(".")
    tables = f" Margin tables as of {rows[0]['tiers_as_of']}." if rows[0]["tiers_as_of"] else ""
    return (
        Chart(
            "call_ladder",
            f"{title} (counterfactual)" if rows[0]["is_counterfactual"] else title,
            "Every asset moves by the same share at once; what the sales themselves would do to prices is "
            f"not in it. The stroke: pro rata; the bar: the bounds over the rules of who left first.{tables}",
            "ladder",
            move,
            (low, middle, high),
            charts.ranges(move, low, middle, high, "positions called"),
            has_legend=False,
        ),
    )


def _asset_table(data: ReportData) -> tuple[Table, ...]:
    rows = data.rows(
        f"""
        select * from cushion_daily
        where scope_type = 'asset' and book = 'vintage' and day = $day::date
        order by notional_usd desc, scope limit {LARGEST_ASSETS}
        """
    )
    if not rows:
        return ()
    return (
        Table(
            f"Standing positions of the {len(rows)} largest assets today"
            + (" (counterfactual)" if any(row["is_counterfactual"] for row in rows) else ""),
            (
                Column("asset", is_number=False),
                Column("fall to a call"),
                Column("bounds"),
                Column("rise to a call"),
                Column("sigmas"),
                Column("call in 7 days"),
                Column("lost, 30 days"),
                Column("maintenance"),
                Column("dynamic margin"),
            ),
            tuple(
                (
                    row["scope"],
                    words.percent(row["distance_long_ratio"]),
                    _span(row["distance_long_low_ratio"], row["distance_long_high_ratio"]),
                    words.percent(row["distance_short_ratio"]),
                    words.one_decimal(row["distance_sigmas"]),
                    words.percent(row["call_probability_7d_ratio"]),
                    words.percent(row["compression_30d_ratio"]),
                    words.percent(row["maintenance_rate_high_ratio"]),
                    words.percent(row["dynamic_margin_ratio"]),
                )
                for row in rows
            ),
            "Dynamic margin: what 2.33 daily standard deviations would demand, a counterfactual. Lost: "
            "the share of the longs' distance of 30 days ago; below zero it grew.",
            is_folded=True,
        ),
    )


SECTION = Section(
    key="cushion",
    title="Cushion and margin calls",
    position=35,
    needs={
        "cushion_daily": (
            "day", "scope_type", "scope", "book", "notional_usd", "maintenance_rate_high_ratio",
            "distance_long_ratio", "distance_long_low_ratio", "distance_long_high_ratio",
            "distance_short_ratio", "distance_sigmas",
            "call_probability_7d_ratio", "compression_30d_ratio", "dynamic_margin_ratio",
            "tabled_ratio", "tiers_as_of", "is_counterfactual",
        ),
        "call_ladder_daily": (
            "day", "asset", "shock_ratio", "called_low_usd", "called_usd", "called_high_usd", "tiers_as_of",
            "is_counterfactual",
        ),
        **calls.NEEDS,
    },
    draw=draw,
)  # fmt: skip
