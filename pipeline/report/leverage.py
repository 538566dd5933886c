"""What open interest is set against: ratios of different things, named in full. Debt is in `debt`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pipeline.report import charts, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, Listing, SectionContent, Series, Table
from pipeline.report.data import ReportData

MONTH_DAYS = 30
LARGEST_ASSETS = 12
DRAWN_ASSETS = 2
MOST_NAMES = 6
NO_REFERENCE = "no dated figure is held; margin-debt import reference FILE adds one"
LOOKS = (("second", (5, 3)), ("third", (2, 2)))


def draw(data: ReportData) -> SectionContent:
    """Lead, the market's ratios with what they rest on, two of them over time, assets and venues today."""
    market = data.rows(
        """
        select * from leverage_daily
        where scope_type = 'market' and day between $first_day::date and $day::date order by day
        """
    )
    if not market:
        return SectionContent(
            "No ratio is known: leverage_daily holds no day up to this one; no open interest was seen.",
            (),
        )
    by_day = {row["day"]: row for row in market}
    today = by_day.get(data.day, {})
    then = by_day.get(data.day - timedelta(days=MONTH_DAYS), {})
    day = data.day_series
    assets = data.rows(
        """
        select l.*, a.open_interest_usd from leverage_daily as l
        left join open_interest_by_asset_daily as a on a.day = l.day and a.asset = l.scope
        where l.scope_type = 'asset' and l.day = $day::date
        order by a.open_interest_usd desc nulls last, l.scope
        """
    )
    return SectionContent(
        f"Open interest is {words.percent(today.get('oi_to_market_cap_ratio'))} of market capitalisation, "
        f"{_times(today.get('oi_to_posted_margin_ratio'))} the margin posted where that is known and "
        f"{_days(today.get('oi_to_volume_days'))} of trading. These answer different questions and must not "
        "be compared with each other.",
        (
            _market_table(today, then, assets),
            _cap_chart(data, day, by_day, assets),
            _volume_chart(data, day, by_day),
            _asset_table(assets[:LARGEST_ASSETS]),
            _venue_table(data),
        ),
    )


def _times(value: float | None) -> str:
    return words.NOT_KNOWN if value is None else f"{value:,.1f}{words.SPACE}times"


def _days(value: float | None) -> str:
    return words.NOT_KNOWN if value is None else f"{value:,.2f}{words.SPACE}days"


def _as_of(value: object) -> str:
    return NO_REFERENCE if value is None else f"as of {value}"


def _market_table(today: dict[str, Any], then: dict[str, Any], assets: list[dict[str, Any]]) -> Table:
    capped = [row["scope"] for row in assets if row["market_cap_usd"] is not None]
    named = ", ".join(capped[:MOST_NAMES]) + (
        f" and {len(capped) - MOST_NAMES} more" if len(capped) > MOST_NAMES else ""
    )
    cap = "oi_to_market_cap_ratio"
    posted = "oi_to_posted_margin_ratio"
    stable = "debt_high_to_stablecoin_supply_ratio"
    return Table(
        "The market's ratios, and what each stands on",
        (
            Column("ratio", is_number=False),
            Column("today"),
            Column("30 days ago"),
            Column("stands on", is_number=False),
        ),
        (
            (
                "open interest / market capitalisation",
                words.percent(today.get(cap)),
                words.percent(then.get(cap)),
                f"coins of {named}, {words.usd(today.get('market_cap_usd'))}; oldest supply "
                f"{_as_of(today.get('market_cap_as_of'))}, prices of the day"
                if capped
                else NO_REFERENCE,
            ),
            (
                "open interest / margin posted",
                _times(today.get(posted)),
                _times(then.get(posted)),
                "the venues and assets with a dated estimate of margin, not the whole market"
                if today.get(posted) is not None
                else "no venue has a dated estimate of margin",
            ),
            (
                "open interest / volume of a day",
                _days(today.get("oi_to_volume_days")),
                _days(then.get("oi_to_volume_days")),
                "markets of which both were seen",
            ),
            (
                "upper bound of debt / stablecoins in circulation",
                words.percent(today.get(stable)),
                words.percent(then.get(stable)),
                _as_of(today.get("stablecoin_supply_as_of")),
            ),
        ),
    )


def _cap_chart(
    data: ReportData, day: Series, by_day: dict[Any, dict[str, Any]], assets: list[dict[str, Any]]
) -> Chart:
    names = [row["scope"] for row in assets if row["oi_to_market_cap_ratio"] is not None][:DRAWN_ASSETS]
    found = {
        (row["scope"], row["day"]): row["oi_to_market_cap_ratio"]
        for row in data.rows(
            """
            select scope, day, oi_to_market_cap_ratio from leverage_daily
            where scope_type = 'asset' and list_contains($names::text[], scope)
              and day between $first_day::date and $day::date
            """,
            names=names,
        )
    }
    ratio = [by_day.get(day, {}).get("oi_to_market_cap_ratio") for day in data.days]
    series = (
        Series("oi_to_market_cap_ratio", "assets of known supply", ratio, "ratio"),
        *(
            Series(
                f"oi_to_market_cap_{at}_ratio",
                name,
                [found.get((name, day)) for day in data.days],
                "ratio",
                *LOOKS[at],
            )
            for at, name in enumerate(names)
        ),
    )
    then = words.ago(ratio, MONTH_DAYS)
    return Chart(
        "oi_to_market_cap",
        f"Open interest {words.moved(words.difference(ratio[-1], then))} {words.percent(ratio[-1])} of "
        "market capitalisation" + ("" if then is None else f", from {words.percent(then)} 30 days ago"),
        "Coins in circulation as last dated, at the median price of the day; "
        f"oldest supply {_as_of(by_day.get(data.day, {}).get('market_cap_as_of'))}.",
        "day",
        day,
        series,
        charts.lines(series, "open interest / market cap"),
    )


def _volume_chart(data: ReportData, day: Series, by_day: dict[Any, dict[str, Any]]) -> Chart:
    values = [by_day.get(day, {}).get("oi_to_volume_days") for day in data.days]
    one = Series("oi_to_volume_days", "days of trading", values)
    then = words.ago(values, MONTH_DAYS)
    return Chart(
        "oi_to_volume",
        f"Closing every position would take {_days(values[-1])} of today's trading"
        + ("" if then is None else f", {_days(then)} 30 days ago"),
        "Open interest over the volume of a day, were nobody else to trade. More days: harder to leave.",
        "day",
        day,
        (one,),
        charts.lines([one], "open interest / volume, days"),
    )


def _asset_table(assets: list[dict[str, Any]]) -> Table | Listing:
    if not assets:
        return Listing("The largest assets today", ("No asset was seen on this day.",))
    return Table(
        f"Ratios of the {len(assets)} largest assets today",
        (
            Column("asset", is_number=False),
            Column("open interest / market cap"),
            Column("supply as of", is_number=False),
            Column("coins open / on exchanges"),
            Column("open interest / margin posted"),
            Column("open interest / volume"),
        ),
        tuple(
            (
                row["scope"],
                words.percent(row["oi_to_market_cap_ratio"]),
                words.text(row["market_cap_as_of"]),
                words.percent(row["oi_to_exchange_reserve_ratio"]),
                _times(row["oi_to_posted_margin_ratio"]),
                _days(row["oi_to_volume_days"]),
            )
            for row in assets
        ),
        is_folded=True,
    )


def _venue_table(data: ReportData) -> Table | Listing:
    rows = data.rows(
        """
        select scope, oi_to_posted_margin_ratio, oi_to_volume_days from leverage_daily
        where scope_type = 'venue' and day = $day::date order by oi_to_volume_days desc nulls last, scope
        """
    )
    if not rows:
        return Listing("Venues today", ("No venue was seen on this day.",))
    return Table(
        "Ratios of the venues today",
        (
            Column("venue", is_number=False),
            Column("open interest / margin posted"),
            Column("open interest / volume"),
        ),
        tuple(
            (row["scope"], _times(row["oi_to_posted_margin_ratio"]), _days(row["oi_to_volume_days"]))
            for row in rows
        ),
        is_folded=True,
    )


SECTION = Section(
    key="leverage",
    title="Leverage",
    position=25,
    needs={
        "leverage_daily": (
            "day", "scope_type", "scope", "oi_to_market_cap_ratio", "oi_to_exchange_reserve_ratio",
            "oi_to_posted_margin_ratio", "oi_to_volume_days", "market_cap_usd", "market_cap_as_of",
            "debt_high_to_stablecoin_supply_ratio", "stablecoin_supply_as_of",
        ),
        "open_interest_by_asset_daily": ("day", "asset", "open_interest_usd"),
    },
    draw=draw,
)  # fmt: skip
