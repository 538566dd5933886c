"""The block of the signals section about explosive stretches: when positions grew so, and what was tested.

The dates come from one test of a whole series, up to its last day. They are history, not an alarm: the daily
reading is the signal explosive leverage. Nothing is tested here.
"""

from __future__ import annotations

from typing import Any

from pipeline.report import words
from pipeline.report.content import Column, Listing, Table
from pipeline.report.data import ReportData

NEEDS = {
    "explosive_episodes": (
        "scope_type", "scope", "series", "tested_from", "tested_to", "gsadf", "gsadf_critical",
        "is_explosive", "from_day", "to_day", "is_open", "series_tested",
    )
}  # fmt: skip
TITLE = "When positions grew explosively"
MOST_ROWS = 12
FALSE_SHARE = 0.05  # of series that reject although nothing happens: the size of the test
OVER_MARKET_CAP = "coins_over_market_cap"


def block(data: ReportData) -> Table | Listing:
    """Dated stretches, the market's first, then the latest; nothing tested on later days is shown."""
    rows = data.rows(
        """
        select * from explosive_episodes where tested_to <= $day::date
        order by scope_type <> 'market', to_day desc nulls last, from_day desc, scope, series
        """
    )
    if not rows:
        return Listing(
            TITLE,
            ("Not known: no series of at least half a year was tested on days up to this one.",),
        )
    tested = max(row["series_tested"] for row in rows)
    dated = [row for row in rows if row["is_explosive"]]
    exploded = len({(row["scope_type"], row["scope"], row["series"]) for row in dated})
    by_chance = (
        f"{tested} series tested together, up to {max(row['tested_to'] for row in rows)}; "
        f"about {words.one_decimal(FALSE_SHARE * tested)} would reject if nothing had happened."
    )
    if not dated:
        return Listing(TITLE, (f"No series rejects a random walk: no stretch is dated. {by_chance}",))
    shown = dated[:MOST_ROWS]
    more = ""
    if len(dated) > MOST_ROWS:
        more = f" The market first, then the latest; {MOST_ROWS} of {len(dated)}."
    still = sum(1 for row in dated if row["is_open"])
    return Table(
        f"{TITLE}: {exploded} of {tested} series, {still or 'none'} to the last day",
        (
            Column("what", is_number=False),
            Column("from", is_number=False),
            Column("to", is_number=False),
            Column("days"),
            Column("statistic"),
            Column("critical at 5 %"),
        ),
        tuple(_row(row) for row in shown),
        "Dated afterwards from the whole series (GSADF test): positions in coins, or over market cap where "
        f"so named. {by_chance}{more}",
        is_folded=len(shown) > 5,
    )


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    where = "market" if row["scope_type"] == "market" else row["scope"]
    return (
        f"{where}, over market cap" if row["series"] == OVER_MARKET_CAP else where,
        words.text(row["from_day"]),
        "still on" if row["is_open"] else words.text(row["to_day"]),
        words.count((row["to_day"] - row["from_day"]).days + 1),
        f"{row['gsadf']:.2f}",
        f"{row['gsadf_critical']:.2f}",
    )
