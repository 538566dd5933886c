"""Blocks of the cushion section about the venues' doing: changed margin tables and forced orders."""

from __future__ import annotations

from pipeline.report import charts, words
from pipeline.report.content import Chart, Column, Listing, Series, Table
from pipeline.report.data import ReportData

RECENT_DAYS = 30
MOST_CHANGES = 20

NEEDS = {
    "tier_changes": (
        "day", "venue", "market", "before_day", "first_tier_before_ratio", "first_tier_after_ratio",
        "max_leverage_before", "max_leverage_after",
    ),
    "liquidations_daily": ("day", "venue", "low_usd", "estimate_usd", "is_censored"),
}  # fmt: skip


def tier_changes(data: ReportData, tabled_ratio: float | None) -> Table | Listing:
    """Changes of the last 30 days, newest first; without any, whether there was something to compare."""
    title = f"Margin tables changed in the last {RECENT_DAYS} days"
    rows = data.rows(
        """
        select * from tier_changes where day between $day::date - $days::integer + 1 and $day::date
        order by day desc, venue, market
        """,
        days=RECENT_DAYS,
    )
    if not rows:
        return Listing(
            title,
            (
                "None: every collected table equals the one before it."
                if tabled_ratio
                else "Not known: no margin table of a venue was collected on this day, so there is nothing "
                "to compare.",
            ),
        )
    return Table(
        title,
        (
            Column("day", is_number=False),
            Column("venue", is_number=False),
            Column("market", is_number=False),
            Column("first tier before"),
            Column("after"),
            Column("largest leverage before"),
            Column("after"),
            Column("table before, of", is_number=False),
        ),
        tuple(
            (
                row["day"].isoformat(),
                row["venue"],
                row["market"],
                _rate(row["first_tier_before_ratio"]),
                _rate(row["first_tier_after_ratio"]),
                words.plain(row["max_leverage_before"]),
                words.plain(row["max_leverage_after"]),
                row["before_day"].isoformat(),
            )
            for row in rows[:MOST_CHANGES]
        ),
        f"The newest {MOST_CHANGES} of {len(rows)}." if len(rows) > MOST_CHANGES else "",
        is_folded=len(rows) > 5,
    )


def _rate(value: float | None) -> str:
    """Maintenance rates differ in the second decimal: 0.40 % and 0.45 %."""
    return words.NOT_KNOWN if value is None else f"{100 * value:.2f}{words.SPACE}%"


def forced_orders(data: ReportData, day: Series) -> Chart | Listing:
    """Forced orders by day: as published, and with what censored feeds leave out."""
    columns = data.daily(
        """
        select
          day,
          sum(try_cast(low_usd as decimal(38, 2)))::double as low_usd,
          case when count(estimate_usd) = count(*)
            then sum(try_cast(estimate_usd as decimal(38, 2)))::double end as estimate_usd,
          count(distinct venue) as venues, count(distinct venue) filter (is_censored) as censored
        from liquidations_daily
        where day between $first_day::date and $day::date
        group by day
        """
    )
    if not columns:
        return Listing(
            "Forced orders", ("Not known: no venue that was asked publishes its forced orders to us.",)
        )
    shown, scaled = data.column(columns, "low_usd"), data.column(columns, "estimate_usd")
    low = Series("forced_low_usd", "as published", shown, "usd")
    estimate = Series("forced_estimate_usd", "with what feeds leave out", scaled, "usd", "second", (5, 3))
    title = f"Forced orders of this day are {words.NOT_KNOWN}: no feed answered"
    if shown[-1] is not None:
        title = f"Forced orders of {words.usd(shown[-1])} were published, {words.usd(scaled[-1])} by estimate"
    venues, censored = data.column(columns, "venues")[-1], data.column(columns, "censored")[-1]
    return Chart(
        "forced_orders",
        title,
        "Longs and shorts closed by the venue. Most feeds show one order a second at most; the estimate "
        "scales them by how full their seconds are."
        + (
            "" if venues is None else f" Today {censored} of {words.plural(venues, 'feed')} leave orders out."
        ),
        "day",
        day,
        (low, estimate),
        charts.lines([low, estimate], "forced orders a day"),
    )
