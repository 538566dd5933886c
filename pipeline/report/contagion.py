"""What a forced close on one venue costs the longs on others: who hits whom, and each venue's sum."""

from __future__ import annotations

from typing import Any

from pipeline.report import charts, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, SectionContent, Series, Table
from pipeline.report.data import ReportData

LARGEST_VENUES = 6
CELL_FULL_RATIO = 0.25  # a loss of a quarter of the own money has the full colour

Rows = list[dict[str, Any]]


def draw(data: ReportData) -> SectionContent:
    """Lead with the venue that costs most, a cell for each pair of large venues, every venue's sum."""
    venues = data.rows(
        "select * from contagion_daily where day = $day::date order by debtrank_ratio desc nulls last, venue"
    )
    known = [row for row in venues if row["debtrank_ratio"] is not None]
    if not known:
        return SectionContent(
            "Contagion is not known: it needs two venues that were seen, and an asset of theirs with a "
            "volume and three weeks of prices.",
            (),
        )
    return SectionContent(_lead(known), (_who_hits_whom(data), _all_venues(venues)))


def _lead(known: Rows) -> str:
    first = known[0]
    repeated = sum(row["fire_sale_ratio"] for row in known if row["fire_sale_ratio"] is not None)
    return (
        f"Were all longs on {first['venue']} closed by force within a day, longs elsewhere would lose "
        f"{words.percent(first['debtrank_ratio'])} of what all longs own (bounds "
        f"{words.percent(first['debtrank_low_ratio'])} to {words.percent(first['debtrank_high_ratio'])}). "
        f"When all prices fall alike, closings by those who keep their leverage add "
        f"{words.percent(repeated)} to the loss."
    )


def _who_hits_whom(data: ReportData) -> Chart:
    rows = data.rows(
        f"""
        with largest as (
          select venue, row_number() over (order by open_interest_usd desc, venue) as place
          from contagion_daily where day = $day::date and debtrank_ratio is not null
        )
        select p.venue, p.hit_venue, p.distress_ratio, c.place, h.place as hit_place
        from contagion_pairs_daily as p
        inner join largest as c on c.venue = p.venue and c.place <= {LARGEST_VENUES}
        inner join largest as h on h.venue = p.hit_venue and h.place <= {LARGEST_VENUES}
        where p.day = $day::date
        order by c.place, h.place
        """
    )
    names = list(dict.fromkeys(row["venue"] for row in rows))
    found = {(row["venue"], row["hit_venue"]): row["distress_ratio"] for row in rows}
    closed = Series("closed_venue", "closed", names, "text")
    series = tuple(
        Series(f"hit_{at}_ratio", hit, [found.get((name, hit)) for name in names], "ratio")
        for at, hit in enumerate(names)
    )
    title = f"Who hits whom today is {words.NOT_KNOWN}"
    if rows:
        most = max(rows, key=lambda row: (row["distress_ratio"], row["venue"], row["hit_venue"]))
        title = (
            f"A close on {most['venue']} hits {most['hit_venue']} hardest: "
            f"{words.percent(most['distress_ratio'])} of its longs' own money"
        )
    return Chart(
        "contagion",
        title,
        "% of own money that the longs of a column lose when those of a row are closed by force, with the "
        f"closings that follow. The {len(names)} largest venues; blank is the venue itself, full colour is "
        f"at {words.percent(CELL_FULL_RATIO)}.",
        "contagion",
        closed,
        series,
        charts.heat(closed, series, CELL_FULL_RATIO) if rows else {},
        has_legend=False,
    )


def _all_venues(venues: Rows) -> Table:
    return Table(
        "Contagion today, every venue",
        (
            Column("closed", is_number=False),
            Column("open interest"),
            Column("covered"),
            Column("shared book"),
            Column("direct loss of others"),
            Column("DebtRank"),
            Column("low"),
            Column("high"),
            Column("added in a fall"),
            Column("hit hardest by", is_number=False),
            Column("which costs it"),
        ),
        tuple(
            (
                words.text(row["venue"]),
                words.usd(row["open_interest_usd"]),
                words.percent(row["coverage_ratio"]),
                words.percent(row["overlap_ratio"]),
                words.percent(row["direct_ratio"]),
                words.percent(row["debtrank_ratio"]),
                words.percent(row["debtrank_low_ratio"]),
                words.percent(row["debtrank_high_ratio"]),
                words.percent(row["fire_sale_ratio"]),
                words.text(row["worst_venue"]),
                words.percent(row["worst_loss_ratio"]),
            )
            for row in venues
        ),
        "Losses are shares of what all longs own; the last column, of what the venue's own longs own. High: "
        "all debt at its upper bound, where who has no more than maintenance loses it by a small fall.",
        is_folded=True,
    )


SECTION = Section(
    key="contagion",
    title="Contagion",
    position=45,
    needs={
        "contagion_daily": (
            "day", "venue", "open_interest_usd", "coverage_ratio", "overlap_ratio", "direct_ratio",
            "debtrank_low_ratio", "debtrank_ratio", "debtrank_high_ratio", "worst_venue", "worst_loss_ratio",
            "fire_sale_ratio",
        ),
        "contagion_pairs_daily": ("day", "venue", "hit_venue", "distress_ratio"),
    },
    draw=draw,
)  # fmt: skip
