"""What moved since yesterday and since a week ago: numbers side by side, then signals, venues and tables.

Changes of dollars are on what was seen on both days. The state of today is told by the other sections.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.report import totals, words
from pipeline.report.base import Section
from pipeline.report.content import Column, Listing, SectionContent, Table
from pipeline.report.data import DAY_OF_AS_OF, ReportData

SPANS = (("Since yesterday", 1), ("Since a week ago", 7))
MOST_EVENTS = 6
MOST_NAMES = 8
DAY_OF_AT = DAY_OF_AS_OF.replace("as_of", '"at"')

Values = Sequence[Any]
Writer = Callable[[float | None], str]


def draw(data: ReportData) -> SectionContent:
    """One table of numbers, then a list of what happened for each span."""
    levels = _levels(data)
    venues = {days: _venues(data, days) for _, days in SPANS}
    lists = [
        Listing(
            title,
            (
                *(_signals(data, days) or ("No signal changed its level.",)),
                *venues[days],
                *_tables(data, days),
            ),
        )
        for title, days in SPANS
    ]
    return SectionContent(_lead(data, levels, venues[1]), (_numbers(data, levels), *lists))


def _lead(data: ReportData, levels: Values, venues: Sequence[str]) -> str:
    debt, interest = totals.debt_change(data, 1), totals.open_interest_change(data, 1)
    lost = sum(1 for said in venues if said.endswith("no longer seen."))
    return (
        f"{_level(levels, 1)} In one day the upper bound of debt {_by(debt)} and open interest "
        f"{_by(interest)}; {words.plural(lost, 'venue') if lost else 'no venue'} newly missing."
    )


def _by(change: float | None) -> str:
    return "cannot be compared" if change is None else words.went(change)


def _level(levels: Values, days: int) -> str:
    then, now = words.ago(levels, days) or words.NOT_KNOWN, levels[-1] or words.NOT_KNOWN
    return f"Risk level: still {now}." if then == now else f"Risk level: {then} became {now}."


def _levels(data: ReportData) -> Values:
    columns = data.daily(
        f"""
        select {DAY_OF_AS_OF} as day, arg_max(level, as_of) as level from risk_level_daily
        where {DAY_OF_AS_OF} between $first_day::date and $day::date group by 1
        """
    )
    return data.column(columns, "level")


def _numbers(data: ReportData, levels: Values) -> Table:
    bounds = totals.debt(data)
    debt = [words.signed_percent(totals.debt_change(data, days)) for _, days in SPANS]
    least = [words.signed_percent(totals.debt_change(data, days, is_lower=True)) for _, days in SPANS]
    interest = totals.open_interest(data)
    held = [words.signed_percent(totals.open_interest_change(data, days)) for _, days in SPANS]
    hhi = data.daily(
        """
        select day, max(hhi_ratio) filter (dimension = 'venue') as venue,
          max(hhi_ratio) filter (dimension = 'asset') as asset
        from concentration_daily
        where measure = 'open_interest' and day between $first_day::date and $day::date group by day
        """
    )
    low = bounds["low_usd"]
    return Table(
        "How far the numbers moved",
        (
            Column("number", is_number=False),
            Column("now"),
            Column("1 day"),
            Column("7 days"),
        ),
        (
            (
                "risk level",
                words.text(levels[-1]),
                *(f"was {words.text(words.ago(levels, days))}" for _, days in SPANS),
            ),
            (
                "margin debt, lower bound",
                words.usd(low[-1]),
                *least,
            ),
            (
                "margin debt, upper bound",
                words.usd(bounds["high_usd"][-1]),
                *debt,
            ),
            ("open interest", words.usd(interest[-1]), *held),
            _row("growth in 30 days, price-free", totals.growth_30d(data)["quantity_growth_ratio"]),
            _row("funding, a year", totals.funding(data)),
            _row("fall that calls the standing longs", totals.standing_cushion(data)[0]),
            _row("concentration of venues, HHI", data.column(hhi, "venue"), _hhi, _signed_hhi),
            _row("concentration of assets, HHI", data.column(hhi, "asset"), _hhi, _signed_hhi),
            _row("seen share of the known market", totals.known_share(data)),
        ),
        f"As of {words.utc(data.end)}. Changes of dollars are on what was seen on both days. "
        "pp: percentage points.",
    )


def _row(
    name: str, values: Values, write: Writer = words.percent, write_change: Writer = words.signed_points
) -> tuple[str, ...]:
    changes = (write_change(words.difference(values[-1], words.ago(values, days))) for _, days in SPANS)
    return (name, write(values[-1]), *changes)


def _hhi(value: float | None) -> str:
    return words.NOT_KNOWN if value is None else f"{value:.3f}"


def _signed_hhi(value: float | None) -> str:
    return words.NOT_KNOWN if value is None else f"{value:+.3f}"


def _signals(data: ReportData, days: int) -> tuple[str, ...]:
    """The kinds of level changes of the last `days` days, those of the market first."""
    events = data.rows(
        f"""
        select signal, scope_type, from_level, to_level, list(distinct scope order by scope) as scopes
        from risk_events
        where {DAY_OF_AT} between $day::date - $days::integer + 1 and $day::date
        group by signal, scope_type, from_level, to_level
        order by scope_type <> 'market', len(scopes) desc, signal, scope_type, from_level, to_level
        """,
        days=days,
    )
    items = [_event(row) for row in events[:MOST_EVENTS]]
    if len(events) > MOST_EVENTS:
        items.append(f"And {words.plural(len(events) - MOST_EVENTS, 'more kind')} of change.")
    return tuple(items)


def _event(row: dict[str, Any]) -> str:
    """One kind of change and the scopes that made it."""
    where = "market"
    if row["scope_type"] != "market":
        names = row["scopes"][:MOST_NAMES]
        more = len(row["scopes"]) - len(names)
        where = f"{row['scope_type']} {', '.join(names)}" + (f" and {more} more" if more else "")
    signal = row["signal"].replace("_", " ")
    return f"{signal.capitalize()}, {where}: {row['from_level']} became {row['to_level']}."


def _venues(data: ReportData, days: int) -> tuple[str, ...]:
    """Venues whose open interest came or went."""
    rows = data.rows(
        """
        with seen as (
          select venue, day, coalesce(seen_usd, 0) > 0 as is_seen from coverage_daily
          where dataset = 'open_interest' and venue <> 'all'
            and day in ($day::date, $day::date - $days::integer)
        )
        select later.venue, later.is_seen from seen as later
        join seen as earlier on earlier.venue = later.venue and earlier.day < later.day
        where later.is_seen <> earlier.is_seen
        order by later.venue
        """,
        days=days,
    )
    return tuple(
        f"Open interest of {row['venue']} {'is seen again' if row['is_seen'] else 'is no longer seen'}."
        for row in rows
    )


def _tables(data: ReportData, days: int) -> tuple[str, ...]:
    """How many margin tables venues changed."""
    count = data.rows(
        "select count(*) as changed from tier_changes"
        " where day between $day::date - $days::integer + 1 and $day::date",
        days=days,
    )[0]["changed"]
    return (f"{words.plural(count, 'margin table')} changed; see the cushion.",) if count else ()


SECTION = Section(
    key="changes",
    title="What changed",
    position=15,
    needs={
        **totals.NEEDS_DEBT,
        **totals.NEEDS_OPEN_INTEREST,
        **totals.NEEDS_GROWTH,
        **totals.NEEDS_FUNDING,
        **totals.NEEDS_COVERAGE,
        **totals.NEEDS_LEVEL,
        **totals.NEEDS_CUSHION,
        "concentration_daily": ("day", "measure", "dimension", "hhi_ratio"),
        "tier_changes": ("day",),
        "risk_events": ("at", "signal", "scope_type", "scope", "from_level", "to_level"),
    },
    draw=draw,
)
