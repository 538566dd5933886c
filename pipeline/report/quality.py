"""Blocks of the coverage section on what was answered and is doubtful: excluded, odd, found anomalies."""

from __future__ import annotations

from pipeline.report import words
from pipeline.report.content import Column, Listing, Table
from pipeline.report.data import ReportData

RECENT_DAYS = 30
MOST_ROWS = 20

NEEDS = {"market_daily": ("day", "venue", "market", "status", "reason", "open_interest_usd", "flags")}
# A file published before there was this table is not less covered.
ANOMALIES = {"anomalies": ("kind", "venue", "market", "series", "first_day", "last_day", "sentence")}


def blocks(data: ReportData) -> tuple[Table | Listing, ...]:
    """Excluded markets of the day, odd ones that count all the same, anomalies of the last 30 days."""
    found = () if data.missing(ANOMALIES) else _anomalies(data)
    return (_excluded(data), _odd(data), *found)


def _excluded(data: ReportData) -> Table | Listing:
    title = "Excluded today"
    rows = data.rows(
        """
        select venue, market, reason from market_daily
        where day = $day::date and status = 'excluded' order by venue, market
        """
    )
    if not rows:
        return Listing(title, ("No market: nothing that was answered had a proven fault of its unit.",))
    return Table(
        f"{title}: {words.plural(len(rows), 'market')} with a proven fault",
        (
            Column("venue", is_number=False),
            Column("market", is_number=False),
            Column("why", is_number=False),
        ),
        tuple((row["venue"], row["market"], words.text(row["reason"])) for row in rows[:MOST_ROWS]),
        f"Kept in raw and in no total. {_first_of(len(rows))}".strip(),
        is_folded=len(rows) > 5,
    )


def _odd(data: ReportData) -> Table | Listing:
    title = "Odd today, and counted all the same"
    rows = data.rows(
        """
        select flags, count(*) as markets, count(distinct venue) as venues,
          sum(try_cast(open_interest_usd as decimal(38, 2)))::double as usd,
          list(venue || ' ' || market order by open_interest_usd desc nulls last, venue, market)[1] as largest
        from market_daily where day = $day::date and status = 'seen' and flags is not null
        group by flags order by usd desc nulls last, flags
        """
    )
    if not rows:
        return Listing(title, ("No market: none is stale or turned over unusually.",))
    return Table(
        title,
        (
            Column("what looks odd", is_number=False),
            Column("markets"),
            Column("venues"),
            Column("open interest"),
            Column("the largest of them", is_number=False),
        ),
        tuple(
            (
                row["flags"].replace("_", " "),
                words.count(row["markets"]),
                words.count(row["venues"]),
                words.usd(row["usd"]),
                row["largest"],
            )
            for row in rows
        ),
        "Days of a crash look odd too: a flag excludes nothing.",
        is_folded=len(rows) > 5,
    )


def _anomalies(data: ReportData) -> tuple[Table, ...]:
    """What the series of the last 400 days hide; nothing where none hides anything."""
    rows = data.rows(
        """
        select kind, venue, market, series, first_day, last_day, sentence from anomalies
        where first_day <= $day::date and last_day > $day::date - $days::integer
        order by first_day desc, kind, venue, market, series
        """,
        days=RECENT_DAYS,
    )
    if not rows:
        return ()
    table = Table(
        f"Series that hide something: {words.plural(len(rows), 'finding')}",
        (
            Column("what", is_number=False),
            Column("venue", is_number=False),
            Column("market", is_number=False),
            Column("since", is_number=False),
            Column("what a person can check", is_number=False),
        ),
        tuple(
            (
                f"{row['kind']} of {row['series']}".replace("_", " "),
                row["venue"],
                row["market"],
                row["first_day"].isoformat(),
                row["sentence"],
            )
            for row in rows[:MOST_ROWS]
        ),
        f"Seen in the last {RECENT_DAYS} days, each by its own test; none of them excludes anything. "
        f"{_first_of(len(rows))}".strip(),
        is_folded=len(rows) > 5,
    )
    return (table,)


def _first_of(count: int) -> str:
    return f"The first {MOST_ROWS} of {count:,}." if count > MOST_ROWS else ""
