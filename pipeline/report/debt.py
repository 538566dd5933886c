"""How much is owed and how fast it grows: bounds in total, classes, open interest, price-free growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report import charts, totals, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, Listing, SectionContent, Series, Table
from pipeline.report.data import ReportData

MONTH_DAYS = 30
CLASS_TONES = ("share4", "second", "fourth", "share2", "third")


def draw(data: ReportData) -> SectionContent:
    """Total band, classes on each other with their table, open interest, growth, figures of others."""
    day = data.day_series
    bounds = totals.debt(data)
    by_class = data.rows(
        """
        select
          day, class, string_agg(distinct measure, ', ' order by measure) as measures,
          sum(try_cast(low_usd as decimal(38, 2)))::double as low_usd,
          case when count(estimate_usd) = count(*)
            then sum(try_cast(estimate_usd as decimal(38, 2)))::double end as estimate_usd,
          sum(try_cast(high_usd as decimal(38, 2)))::double as high_usd,
          count(*) - count(high_usd) as unbounded
        from margin_debt_daily
        where day between $first_day::date and $day::date and measure is distinct from 'not_seen'
        group by day, class
        order by class, day
        """
    )
    classes = sorted({row["class"] for row in by_class})
    series = {name: _by_day(data, [row for row in by_class if row["class"] == name]) for name in classes}
    changes = {name: totals.debt_change(data, MONTH_DAYS, name) for name in classes}
    interest = totals.open_interest(data)
    seen = totals.open_interest_seen(data)
    return SectionContent(
        _lead(bounds, interest, series),
        (
            _band_chart(day, bounds, change=totals.debt_change(data, MONTH_DAYS), seen=seen),
            _class_chart(day, series, bounds),
            _class_table(series, interest, changes),
            _not_seen_table(data),
            _basis_table(data),
            _interest_chart(day, interest, totals.open_interest_change(data, MONTH_DAYS), seen),
            _growth_chart(day, totals.growth_30d(data)),
            _published_elsewhere(data),
        ),
    )


def _by_day(data: ReportData, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    found = {row["day"]: row for row in rows}
    names = ("low_usd", "estimate_usd", "high_usd", "measures", "unbounded")
    return {name: [found.get(day, {}).get(name) for day in data.days] for name in names}


def _lead(bounds: dict[str, list[Any]], interest: list[Any], series: dict[str, dict[str, list[Any]]]) -> str:
    low, high = bounds["low_usd"][-1], bounds["high_usd"][-1]
    words_said = [f"Borrowed money behind positions is between the two bounds: {words.usd_range(low, high)}."]
    book = series.get("derivative")
    if book and interest[-1]:
        shares = [
            None if bound is None else bound / interest[-1]
            for bound in (book["low_usd"][-1], book["high_usd"][-1])
        ]
        words_said.append(
            f"Derivative debt is {words.percent(shares[0])} to {words.percent(shares[1])} of open interest."
        )
    unbounded = sum(one["unbounded"][-1] or 0 for one in series.values())
    if unbounded:
        words_said.append(
            f"The upper bound leaves out {words.plural(unbounded, 'row')} without an upper bound of its own."
        )
    return " ".join(words_said)


def _band_chart(day: Series, bounds: dict[str, list[Any]], *, change: float | None, seen: Series) -> Chart:
    low = Series("debt_low_usd", "lower bound", bounds["low_usd"], "usd", dash=(2, 2))
    high = Series("debt_high_usd", "upper bound", bounds["high_usd"], "usd")
    estimate = None
    if any(value is not None for value in bounds["estimate_usd"]):
        estimate = Series("debt_estimate_usd", "estimate", bounds["estimate_usd"], "usd", "second", (5, 3))
    title = f"Margin debt is between its bounds: {words.usd_range(low.values[-1], high.values[-1])}"
    if low.values[-1] is None and high.values[-1] is None:
        title = f"Margin debt on this day is {words.NOT_KNOWN}"
    elif change is not None:
        title += f"; the upper bound {words.went(change)} in 30 days"
    return Chart(
        "debt",
        title,
        "Both bounds at the end of each UTC day; the change is on what was seen on both days. A step in a "
        "bound can be a change of what it rests on, not of debt: see below.",
        "day",
        day,
        (low, high, seen) if estimate is None else (low, high, estimate, seen),
        charts.band(low, high, "margin debt", () if estimate is None else (estimate,), seen),
    )


def _class_chart(day: Series, series: dict[str, dict[str, list[Any]]], bounds: dict[str, list[Any]]) -> Chart:
    """Upper bounds of the classes on each other; the lower bound of all of them is a line."""
    # The largest class lies at the bottom, so that its own course can be read.
    ranked = sorted(series, key=lambda name: (-(series[name]["high_usd"][-1] or 0), name))
    drawn = tuple(
        Series(
            f"debt_class{at}_high_usd",
            f"{name.replace('_', ' ')}, upper bound",
            series[name]["high_usd"],
            "usd",
            CLASS_TONES[at % len(CLASS_TONES)],
            is_filled=True,
        )
        for at, name in enumerate(ranked)
    )
    low = Series("debt_low_usd", "all classes, lower bound", bounds["low_usd"], "usd", "ink", (2, 2))
    known = [
        (one.values[-1], name) for one, name in zip(drawn, ranked, strict=True) if one.values[-1] is not None
    ]
    title = f"The classes of margin debt on this day are {words.NOT_KNOWN}"
    if known and bounds["high_usd"][-1]:
        most, name = max(known)
        share = words.percent(most / bounds["high_usd"][-1])
        title = f"{name.replace('_', ' ').capitalize()} debt is {share} of the upper bound"
    return Chart(
        "debt_classes",
        title,
        "Upper bounds laid on each other add up to the total; the dotted line is the lower bound of all. A "
        "class that no venue reported on a day is missing from it, not zero.",
        "day",
        day,
        (*drawn, low),
        charts.stacked(drawn, "margin debt", (low,)),
    )


def _class_table(
    series: dict[str, dict[str, list[Any]]], interest: Sequence[Any], changes: Mapping[str, float | None]
) -> Table:
    rows = []
    for name, one in series.items():
        high = one["high_usd"]
        rows.append(
            (
                name.replace("_", " "),
                words.text(one["measures"][-1]).replace("_", " "),
                words.usd(one["low_usd"][-1]),
                words.usd(one["estimate_usd"][-1]),
                words.usd(high[-1]),
                words.signed_percent(changes[name]),
                words.percent(high[-1] / interest[-1])
                if high[-1] is not None and interest[-1]
                else words.NOT_KNOWN,
            )
        )
    return Table(
        "Margin debt by class",
        (
            Column("class", is_number=False),
            Column("measure", is_number=False),
            Column("lower bound"),
            Column("estimate"),
            Column("upper bound"),
            Column("upper, 30 days"),
            Column("upper / open interest"),
        ),
        tuple(rows),
        "Classes add up to the total. Classes that no venue of ours reports follow, as not seen.",
    )


def _not_seen_table(data: ReportData) -> Table:
    rows = data.rows(
        """
        select class, venue, not_seen_usd, replace(high_basis, 'not seen: ', '') as basis
        from margin_debt_daily
        where day = $day::date and measure = 'not_seen'
        order by not_seen_usd desc nulls last, class, venue
        """
    )
    return Table(
        "Classes of debt that exist and are not seen",
        (
            Column("class", is_number=False),
            Column("who", is_number=False),
            Column("size elsewhere"),
            Column("from", is_number=False),
        ),
        tuple(
            (
                row["class"],
                row["venue"].replace("_", " "),
                words.usd(row["not_seen_usd"]),
                words.text(row["basis"]),
            )
            for row in rows
        ),
        "In no total and in no chart of this page; the share of the known market counts them.",
    )


def _basis_table(data: ReportData) -> Table:
    rows = data.rows(
        """
        select class, bound, basis, sum(try_cast(usd as decimal(38, 2)))::double as usd, count(*) as rows
        from (
          select day, class, 1 as place, 'lower' as bound, low_basis as basis, low_usd as usd
          from margin_debt_daily where measure is distinct from 'not_seen'
          union all
          select day, class, 2, 'estimate', estimate_basis, estimate_usd from margin_debt_daily
          where measure is distinct from 'not_seen'
          union all
          select day, class, 3, 'upper', high_basis, high_usd from margin_debt_daily
          where measure is distinct from 'not_seen'
        )
        where day = $day::date
        group by class, place, bound, basis
        order by class, place, usd desc nulls last, basis
        """
    )
    return Table(
        "What each bound rests on",
        (
            Column("class", is_number=False),
            Column("bound", is_number=False),
            Column("amount"),
            Column("basis", is_number=False),
        ),
        tuple(
            (row["class"].replace("_", " "), row["bound"], words.usd(row["usd"]), words.text(row["basis"]))
            for row in rows
        ),
        is_folded=True,
    )


def _interest_chart(day: Series, interest: list[Any], change: float | None, seen: Series) -> Chart:
    one = Series("open_interest_usd", "open interest", interest, "usd")
    return Chart(
        "open_interest",
        f"Open interest {words.moved(change)} {words.usd(interest[-1])}"
        + ("" if change is None else f", {words.signed_percent(change)} in 30 days"),
        "Dollars, all venues that were seen, one side counted. It moves with prices; it is not debt.",
        "day",
        day,
        (one, seen),
        charts.lines([one], "open interest", seen=seen),
    )


def _growth_chart(day: Series, grown: dict[str, list[Any]]) -> Chart:
    coins = Series(
        "growth_30d_quantity_ratio", "in coins (price-free)", grown["quantity_growth_ratio"], "ratio"
    )
    dollars = Series(
        "growth_30d_usd_ratio", "in dollars", grown["usd_growth_ratio"], "ratio", "third", (5, 3)
    )
    now, now_usd = coins.values[-1], dollars.values[-1]
    title = f"Growth of positions in 30 days is {words.NOT_KNOWN}"
    if now is not None:
        title = f"Positions {words.went(now)} in 30 days without the moves of prices"
        title += "" if now_usd is None else f"; in dollars they {words.went(now_usd)}"
    return Chart(
        "growth",
        title,
        "Open interest against 30 days before, on markets seen on both days. "
        "A gap: less than 60 % of the base was matched.",
        "day",
        day,
        (coins, dollars),
        charts.lines([coins, dollars], "30-day growth", reference=0),
    )


def _published_elsewhere(data: ReportData) -> Table | Listing:
    """Dated figures of others beside ours of the same day, and why the two differ."""
    title = "What others publish, and our number of the same day"
    rows = data.rows(
        """
        select measure, what, day, published_usd, our_usd, our_ratio, source, why_ours_differs
        from reference_bands where day <= $day::date
        order by measure, day desc, published_usd
        """
    )
    if not rows:
        sentence = "Nothing to compare: no figure published elsewhere is of this day or an earlier one."
        return Listing(title, (sentence,))
    note = "A day that our history does not hold is not known."
    if data.about["is_made"]:
        note += " These data are made: the ratio checks nothing here."
    return Table(
        title,
        (
            Column("published", is_number=False),
            Column("day", is_number=False),
            Column("theirs"),
            Column("ours"),
            Column("ours / theirs"),
            Column("source", is_number=False),
            Column("why ours differs", is_number=False),
        ),
        tuple(
            (
                row["what"],
                row["day"].isoformat(),
                words.usd(row["published_usd"]),
                words.usd(row["our_usd"]),
                words.percent(row["our_ratio"]),
                row["source"],
                row["why_ours_differs"],
            )
            for row in rows
        ),
        note,
        is_folded=True,
    )


SECTION = Section(
    key="debt",
    title="Debt",
    position=20,
    needs={
        "margin_debt_daily": (
            *totals.NEEDS_DEBT["margin_debt_daily"],
            "venue", "low_basis", "estimate_basis", "high_basis", "not_seen_usd",
        ),
        **totals.NEEDS_OPEN_INTEREST,
        **totals.NEEDS_GROWTH,
        **totals.NEEDS_COVERAGE,
        "reference_bands": (
            "measure", "what", "day", "published_usd", "our_usd", "our_ratio", "source", "why_ours_differs",
        ),
    },
    draw=draw,
)  # fmt: skip
