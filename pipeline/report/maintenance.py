"""A block of the cushion section: what margin tables ask of the book, by three assumptions on sizes."""

from __future__ import annotations

from pipeline.report import words
from pipeline.report.content import Column, Table
from pipeline.report.data import ReportData

# Homes that were built before there was such a table keep their cushion.
NEEDS = {
    "maintenance_rate_daily": (
        "day", "scope_type", "scope", "notional_usd", "tabled_ratio", "first_tier_ratio", "lognormal_ratio",
        "largest_ratio", "assumption", "sizes_as_of",
    )
}  # fmt: skip
LARGEST_ASSETS = 8


def blocks(data: ReportData) -> tuple[Table, ...]:
    """The market and its largest assets; nothing where no margin table was collected."""
    if data.missing(NEEDS):
        return ()
    rows = data.rows(
        f"""
        select * from maintenance_rate_daily where day = $day::date and scope_type in ('market', 'asset')
        order by scope_type desc, notional_usd desc, scope limit {LARGEST_ASSETS + 1}
        """
    )
    if not rows:
        return ()
    return (
        Table(
            "What margin tables ask positions to keep",
            (
                Column("of", is_number=False),
                Column("all in the first tier"),
                Column("sizes lognormal"),
                Column("all of the largest size"),
                Column("under a table"),
            ),
            tuple(
                (
                    "the market" if row["scope_type"] == "market" else row["scope"],
                    words.percent(row["first_tier_ratio"]),
                    words.percent(row["lognormal_ratio"]),
                    words.percent(row["largest_ratio"]),
                    words.percent(row["tabled_ratio"]),
                )
                for row in rows
            ),
            f"Lower bound, an estimate by assumption, upper bound. Assumed: {rows[0]['assumption']}; "
            f"as of {rows[0]['sizes_as_of']}, also on earlier days.",
            is_folded=True,
        ),
    )
