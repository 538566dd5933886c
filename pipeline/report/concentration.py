"""Who holds it: HHI over venues and assets, cells of venue and asset, shares of venues, largest assets."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from pipeline.report import charts, participants, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, SectionContent, Series, Table
from pipeline.report.data import ReportData

LARGEST_VENUES = 6
LARGEST_ASSETS = 12
CELL_ASSETS = 10
CELL_FULL_RATIO = 0.25  # a cell with a quarter of the market has the full colour


def draw(data: ReportData) -> SectionContent:
    """HHI over time, cells today, shares of venues over time, the largest assets today, all measures."""
    day = data.day_series
    rows = data.rows(
        """
        select day, dimension, hhi_ratio, effective_n, top1_ratio, top3_ratio
        from concentration_daily
        where measure = 'open_interest' and dimension in ('venue', 'asset')
          and day between $first_day::date and $day::date
        order by day, dimension
        """
    )
    found = {(row["dimension"], row["day"]): row for row in rows}
    venues = found.get(("venue", data.day), {})
    hhi = tuple(
        Series(
            f"hhi_{dimension}_number",
            f"over {dimension}s",
            [found.get((dimension, day), {}).get("hhi_ratio") for day in data.days],
            tone=tone,
            dash=dash,
        )
        for dimension, tone, dash in (("venue", "accent", ()), ("asset", "second", (5, 3)))
    )
    equal = [
        words.one_decimal(found.get((name, data.day), {}).get("effective_n")) for name in ("venue", "asset")
    ]
    return SectionContent(
        f"The largest venue holds {words.percent(venues.get('top1_ratio'))} of the open interest seen, "
        f"the three largest {words.percent(venues.get('top3_ratio'))}.",
        (
            Chart(
                "hhi",
                f"The market is as concentrated as {equal[0]} equal venues and {equal[1]} equal assets",
                "HHI: the sum of squared shares of open interest, 1 when one holds all; one over it is the "
                "number of equal members. Higher is more concentrated.",
                "day",
                day,
                hhi,
                charts.lines(hhi, "HHI"),
            ),
            _cells(data),
            _venue_shares(data, day),
            _largest_assets(data),
            *participants.blocks(data),
            _all_measures(data),
        ),
    )


def _venue_shares(data: ReportData, day: Series) -> Chart:
    by_venue: dict[str, dict[date, float]] = defaultdict(dict)
    for row in data.rows(
        """
        select day, venue, open_interest_usd from open_interest_by_venue_daily
        where day between $first_day::date and $day::date and open_interest_usd is not null
        order by day, venue
        """
    ):
        by_venue[row["venue"]][row["day"]] = row["open_interest_usd"]
    # Ranked by the last 30 days together, so that one unseen day does not reorder the picture.
    recent = data.days[-30:]
    weight = {name: sum(values.get(day, 0.0) for day in recent) for name, values in by_venue.items()}
    top = sorted(weight, key=lambda name: (-weight[name], name))[:LARGEST_VENUES]
    shares: dict[str, list[float | None]] = {name: [] for name in top}
    others: list[float | None] = []
    for one_day in data.days:
        seen = {name: values[one_day] for name, values in by_venue.items() if one_day in values}
        total = sum(seen.values())
        # A share of a market whose largest venues were not all seen would be a wrong share: leave a gap.
        is_whole = total > 0 and all(name in seen for name in top)
        for name in top:
            shares[name].append(seen[name] / total if is_whole else None)
        others.append(
            sum(value for name, value in seen.items() if name not in shares) / total if is_whole else None
        )
    series = tuple(
        Series(f"venue_share_{at}_ratio", name, shares[name], "ratio", f"share{at}", is_filled=True)
        for at, name in enumerate(top)
    )
    if len(by_venue) > len(top):
        series += (
            Series("venue_share_others_ratio", "all others", others, "ratio", "share6", is_filled=True),
        )
    title = f"Shares of venues today are {words.NOT_KNOWN}: not every large venue was seen"
    if series and series[0].values[-1] is not None:
        first = max(series[: len(top)], key=lambda one: (one.values[-1], one.label))
        title = f"{first.label} holds {words.percent(first.values[-1])} of open interest"
        then = words.ago(first.values, 30)
        if then is not None:
            title += f", {words.signed_points(first.values[-1] - then)} in 30 days"
    return Chart(
        "venue_shares",
        title,
        "Share of the open interest seen, in dollars; the first venue of the legend is at the bottom. "
        "A gap: a large venue was not seen that day.",
        "day",
        day,
        series,
        charts.stacked(series, "share of open interest", is_share=True),
    )


def _cells(data: ReportData) -> Chart:
    """Share of the whole market's open interest in each cell of a large asset and a large venue."""
    rows = data.rows(
        f"""
        with cells as (
          select asset, venue, sum(try_cast(open_interest_usd as decimal(38, 2)))::double as usd
          from market_daily where day = $day::date and status = 'seen' and open_interest_usd is not null
          group by asset, venue
        ),
        ranked as (
          select asset, venue, usd / nullif(sum(usd) over (), 0) as share_ratio,
            dense_rank() over (order by asset_usd desc, asset) as asset_place,
            dense_rank() over (order by venue_usd desc, venue) as venue_place
          from (select *, sum(usd) over (partition by asset) as asset_usd,
            sum(usd) over (partition by venue) as venue_usd from cells)
        )
        select * from ranked where asset_place <= {CELL_ASSETS} and venue_place <= {LARGEST_VENUES}
        order by asset_place, venue_place
        """
    )
    names = list(dict.fromkeys(row["asset"] for row in rows))
    venues = [venue for _, venue in sorted({(row["venue_place"], row["venue"]) for row in rows})]
    found = {(row["asset"], row["venue"]): row["share_ratio"] for row in rows}
    asset = Series("asset", "asset", names, "text")
    series = tuple(
        Series(f"cell_{at}_ratio", venue, [found.get((name, venue)) for name in names], "ratio")
        for at, venue in enumerate(venues)
    )
    known = [row for row in rows if row["share_ratio"] is not None]
    title = f"Open interest by asset and venue today is {words.NOT_KNOWN}"
    if known:
        most = max(known, key=lambda row: (row["share_ratio"], row["asset"], row["venue"]))
        title = (
            f"The largest cell is {most['asset']} on {most['venue']}: "
            f"{words.percent(most['share_ratio'])} of open interest"
        )
    return Chart(
        "cells",
        title,
        "% of the open interest seen, all assets and venues together. Blank: not seen or not listed; full "
        f"colour at {words.percent(CELL_FULL_RATIO)}.",
        "cells",
        asset,
        series,
        charts.heat(asset, series, CELL_FULL_RATIO) if known else {},
        has_legend=False,
    )


def _largest_assets(data: ReportData) -> Chart:
    rows = data.rows(
        f"""
        select asset, open_interest_usd, coverage_ratio from open_interest_by_asset_daily
        where day = $day::date and open_interest_usd is not null
        order by open_interest_usd desc, asset limit {LARGEST_ASSETS}
        """
    )
    whole = data.rows(
        """
        select sum(try_cast(open_interest_usd as decimal(38, 2)))::double as usd
        from open_interest_by_asset_daily where day = $day::date
        """
    )[0]["usd"]
    asset = Series("asset", "asset", [row["asset"] for row in rows], "text")
    one = Series(
        "asset_open_interest_usd", "open interest", [row["open_interest_usd"] for row in rows], "usd"
    )
    title = f"Open interest by asset today is {words.NOT_KNOWN}"
    if rows and whole:
        title = (
            f"{rows[0]['asset']} is {words.percent(rows[0]['open_interest_usd'] / whole)} of open interest"
        )
        if len(rows) > 2:
            three = sum(row["open_interest_usd"] for row in rows[:3]) / whole
            title += f", the three largest assets {words.percent(three)}"
    return Chart(
        "assets",
        title,
        f"The {len(rows)} largest assets at the end of the day, all venues seen.",
        "assets",
        asset,
        (one,),
        charts.bars(asset, one, "open interest"),
        has_legend=False,
    )


def _all_measures(data: ReportData) -> Table:
    rows = data.rows(
        """
        select measure, dimension, hhi_ratio, effective_n, top1_ratio, top3_ratio, top5_ratio, members
        from concentration_daily where day = $day::date order by measure, dimension
        """
    )
    return Table(
        "Concentration today, every measure",
        (
            Column("of", is_number=False),
            Column("over", is_number=False),
            Column("HHI"),
            Column("effective"),
            Column("largest"),
            Column("top 3"),
            Column("top 5"),
            Column("members"),
        ),
        tuple(
            (
                words.text(row["measure"]).replace("_", " "),
                words.text(row["dimension"]),
                words.plain(row["hhi_ratio"]),
                words.one_decimal(row["effective_n"]),
                words.percent(row["top1_ratio"]),
                words.percent(row["top3_ratio"]),
                words.percent(row["top5_ratio"]),
                words.count(row["members"]),
            )
            for row in rows
        ),
        "Participants are samples, of accounts by side or of listed wallets: see what they cannot tell.",
        is_folded=True,
    )


SECTION = Section(
    key="concentration",
    title="Concentration",
    position=40,
    needs={
        "concentration_daily": (
            "day", "measure", "dimension", "hhi_ratio", "effective_n",
            "top1_ratio", "top3_ratio", "top5_ratio", "members",
        ),
        "open_interest_by_venue_daily": ("day", "venue", "open_interest_usd"),
        "open_interest_by_asset_daily": ("day", "asset", "open_interest_usd", "coverage_ratio"),
        "market_daily": ("day", "venue", "asset", "status", "open_interest_usd"),
    },
    draw=draw,
)  # fmt: skip
