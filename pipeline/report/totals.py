"""Market-wide daily columns that more than one section quotes. A section's own queries live in the section.

Dollars are added up as DECIMAL: a parallel sum of doubles differs from run to run.
"""

from __future__ import annotations

from typing import Any

from pipeline.report import words
from pipeline.report.charts import LITTLE_SEEN_RATIO
from pipeline.report.content import Series
from pipeline.report.data import ReportData

NEEDS_DEBT = {"margin_debt_daily": ("day", "class", "measure", "low_usd", "estimate_usd", "high_usd")}
NEEDS_OPEN_INTEREST = {"open_interest_by_venue_daily": ("day", "venue", "open_interest_usd")}
NEEDS_GROWTH = {
    "growth_daily": (
        "day",
        "scope_type",
        "scope",
        "horizon_days",
        "usd_growth_ratio",
        "quantity_growth_ratio",
    )
}
NEEDS_FUNDING = {"funding_daily": ("day", "scope_type", "scope", "funding_apr", "markets")}
NEEDS_COVERAGE = {
    "coverage_daily": (
        "day", "dataset", "venue", "status", "markets_expected", "markets_seen",
        "expected_usd", "seen_usd", "seen_ratio", "age_hours", "reason",
    )
}  # fmt: skip
NEEDS_CUSHION = {
    "cushion_daily": ("day", "scope_type", "scope", "book", "distance_long_ratio", "is_counterfactual")
}
NEEDS_LEVEL = {"risk_level_daily": ("as_of", "level", "score", "drivers", "blind_ratio")}
NEEDS_READINGS = {
    "signal_readings": (
        "as_of", "signal", "scope_type", "scope", "value", "level",
        "threshold", "threshold_source", "history_days", "reason",
    )
}  # fmt: skip


def debt(data: ReportData) -> dict[str, list[Any]]:
    """low_usd, high_usd: bounds of margin debt over all classes; a missing bound is left out of its sum.

    estimate_usd is None unless every row of the day has an estimate: a part is not the market.
    """
    columns = data.daily(
        """
        select
          day,
          sum(try_cast(low_usd as decimal(38, 2)))::double as low_usd,
          case when count(estimate_usd) = count(*)
            then sum(try_cast(estimate_usd as decimal(38, 2)))::double end as estimate_usd,
          sum(try_cast(high_usd as decimal(38, 2)))::double as high_usd
        from margin_debt_daily
        where day between $first_day::date and $day::date and measure is distinct from 'not_seen'
        group by day
        """
    )
    return {name: data.column(columns, name) for name in ("low_usd", "estimate_usd", "high_usd")}


def open_interest(data: ReportData) -> list[Any]:
    """Open interest of all venues seen, USD."""
    columns = data.daily(
        """
        select day, sum(try_cast(open_interest_usd as decimal(38, 2)))::double as open_interest_usd
        from open_interest_by_venue_daily
        where day between $first_day::date and $day::date
        group by day
        """
    )
    return data.column(columns, "open_interest_usd")


def debt_change(
    data: ReportData, days: int, class_name: str | None = None, *, is_lower: bool = False
) -> float | None:
    """Relative change of the upper (or lower) bound over `days` days, on the positions bounded on both days.

    A venue that was not seen on one of the days is left out of both: silence is not a repayment.
    """
    keys = "class, venue, asset, measure"
    only = "$class::text is null or class = $class::text"
    return _matched_change(
        data,
        f"select day, {keys}, {'low_usd' if is_lower else 'high_usd'} as usd from margin_debt_daily"
        f" where {only}",
        keys,
        days,
        class_name,
    )


def open_interest_change(data: ReportData, days: int) -> float | None:
    """Relative change of open interest in dollars over `days` days, on the venues seen on both days."""
    table = "select day, venue, open_interest_usd as usd from open_interest_by_venue_daily"
    return _matched_change(data, table, "venue", days)


def _matched_change(
    data: ReportData, amounts: str, keys: str, days: int, class_name: str | None = None
) -> float | None:
    rows = data.rows(
        f"""
        with matched as (
          select day, usd from ({amounts})
          where day in ($day::date, $day::date - $days::integer) and usd is not null
          qualify count(*) over (partition by {keys}) = 2
        )
        select
          sum(try_cast(usd as decimal(38, 2))) filter (day = $day::date)::double as now_usd,
          sum(try_cast(usd as decimal(38, 2))) filter (day < $day::date)::double as then_usd
        from matched
        """,
        days=days,
        **{"class": class_name},
    )
    now, then = rows[0]["now_usd"], rows[0]["then_usd"]
    return now / then - 1 if now is not None and then else None  # from zero there is no share


def growth_30d(data: ReportData) -> dict[str, list[Any]]:
    """30-day growth of the market: usd_growth_ratio and quantity_growth_ratio (price-free)."""
    columns = data.daily(
        """
        select day, usd_growth_ratio, quantity_growth_ratio
        from growth_daily
        where scope_type = 'market' and scope = 'all' and horizon_days = 30
          and day between $first_day::date and $day::date
        """
    )
    return {name: data.column(columns, name) for name in ("usd_growth_ratio", "quantity_growth_ratio")}


def funding(data: ReportData) -> list[Any]:
    """Funding of the market, weighted by open interest, a fraction a year."""
    columns = data.daily(
        """
        select day, funding_apr from funding_daily
        where scope_type = 'market' and scope = 'all' and day between $first_day::date and $day::date
        """
    )
    return data.column(columns, "funding_apr")


def open_interest_seen(data: ReportData) -> Series:
    """Share of the open interest expected from our venues that was seen, by day; totals are shaded by it."""
    columns = data.daily(
        """
        select
          day,
          sum(try_cast(seen_usd as decimal(38, 2)))::double
            / nullif(sum(try_cast(expected_usd as decimal(38, 2)))::double, 0) as seen_ratio
        from coverage_daily
        where dataset = 'open_interest' and venue <> 'all' and day between $first_day::date and $day::date
        group by day
        """
    )
    label = f"seen share (shaded below {words.percent(LITTLE_SEEN_RATIO)})"
    return Series(
        "open_interest_seen_ratio",
        label,
        data.column(columns, "seen_ratio"),
        "ratio",
        "shade",
        is_filled=True,
    )


def known_share(data: ReportData) -> list[Any]:
    """Seen share of the known market, a ratio: what no venue of ours reports counts as unseen."""
    columns = data.daily(
        """
        select day, seen_ratio from coverage_daily
        where dataset = 'known_universe' and venue = 'all' and day between $first_day::date and $day::date
        """
    )
    return data.column(columns, "seen_ratio")


def standing_cushion(data: ReportData) -> tuple[list[Any], bool]:
    """The fall that calls the market's average standing long, a ratio a day; is the last counterfactual."""
    columns = data.daily(
        """
        select day, distance_long_ratio, is_counterfactual from cushion_daily
        where scope_type = 'market' and scope = 'all' and book = 'vintage'
          and day between $first_day::date and $day::date
        """
    )
    return data.column(columns, "distance_long_ratio"), bool(data.column(columns, "is_counterfactual")[-1])


def coverage_words(data: ReportData, dataset: str) -> str:
    """How much of one dataset was seen on the day of the report, in one phrase."""
    for row in data.rows(
        """
        select
          dataset,
          sum(try_cast(seen_usd as decimal(38, 2)))::double
            / nullif(sum(try_cast(expected_usd as decimal(38, 2)))::double, 0) as seen_ratio,
          sum(markets_seen) as markets_seen,
          sum(markets_expected) as markets_expected,
          count(*) filter (status in ('answered', 'seen')) as answered,
          count(*) filter (status not in ('unsupported', 'needs_addresses')) as asked
        from coverage_daily
        where day = $day::date and dataset <> 'known_universe' and venue <> 'all'
        group by dataset
        """
    ):
        if row["dataset"] == dataset:
            parts = []
            if row["seen_ratio"] is not None:
                parts.append(f"{words.percent(row['seen_ratio'])} of the dollars expected")
            if row["markets_expected"]:
                seen = words.count(row["markets_seen"])
                parts.append(f"{seen} of {words.count(row['markets_expected'])} markets")
            parts.append(f"{row['answered']} of {words.plural(row['asked'], 'venue')} answered in full")
            return "Seen: " + ", ".join(parts)
    return f"Coverage {words.NOT_KNOWN}"
