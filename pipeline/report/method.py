"""How to read the page: units, formulas, sources, and the formula version behind each table."""

from __future__ import annotations

from pipeline.report import words
from pipeline.report.base import Section
from pipeline.report.content import Column, Facts, SectionContent, Table
from pipeline.report.data import ReportData

# Tables whose numbers the page prints; each carries the version of the formula that made it.
VERSIONED = (
    "basis_daily",
    "borrow_daily",
    "call_ladder_daily",
    "cascade_daily",
    "concentration_daily",
    "contagion_daily",
    "contagion_pairs_daily",
    "coverage_daily",
    "cushion_daily",
    "deficit_daily",
    "funding_daily",
    "growth_daily",
    "leverage_daily",
    "liquidations_daily",
    "maintenance_rate_daily",
    "margin_debt_daily",
    "market_daily",
    "open_interest_by_asset_daily",
    "open_interest_by_venue_daily",
    "participants_daily",
    "reference_bands",
    "risk_level_daily",
    "scoreboard",
    "signal_readings",
    "tier_changes",
)

FORMULAS = (
    (
        "Open interest",
        "Outstanding contracts with one side counted, times what one is worth in dollars. It is not debt.",
    ),
    (
        "Margin debt, upper bound",
        "Open interest times one minus the maintenance rate of the first tier: every open position holds "
        "at least that margin. For loans, the amount in use, else the size of positions.",
    ),
    (
        "Margin debt, lower bound",
        "Open interest times one minus equity over notional of public accounts where they exist, and zero "
        "otherwise. The distance between the bounds is what public data leave open.",
    ),
    (
        "Growth, price-free",
        "Coins now over coins then, both at the earlier prices, minus one; only markets seen on both days. A "
        "delisted market counts as zero, an unseen one is left out; below 60 % matched there is no number.",
    ),
    (
        "Funding, a year",
        "The rate of each market times the intervals of a year, weighted by open interest.",
    ),
    (
        "Distance to a call",
        "The move of the price at which what is left of the posted margin equals maintenance, averaged over "
        "open interest. Standing positions entered on days of rising open interest; who left first is not "
        "known, so first in first out and last in first out bound the pro rata figure.",
    ),
    (
        "Call ladder",
        "Dollars of standing positions whose call lies within a move of the price.",
    ),
    (
        "Cascade",
        "The smallest move that is at least the first one plus what the orders called by it would move the "
        "price: coefficient times daily volatility times the root of orders over the day's volume. In the "
        "recorded falls of 2022 and 2023 a seventh of what was called was forced.",
    ),
    (
        "Deficit",
        "What positions owe beyond their own money were all prices to jump at once and everything closed "
        "there; insurance funds pay first, what they lack is uncovered.",
    ),
    (
        "Basis and carry",
        "Future over coin, a year, at constant maturity; funding less the cost of borrowed dollars.",
    ),
    (
        "Counterfactual",
        "Worked out with a margin table younger than the day: what would hold had it applied.",
    ),
    (
        "Contagion",
        "The longs of one venue are taken to be closed by force within a day. The price of each asset they "
        "hold falls by their part of its whole move (daily volatility times the root of open interest over a "
        "day's volume), and who loses a share of own money by that closes that share in turn. Own money is "
        "the margin posted at the assumed leverages.",
    ),
    (
        "Effective number",
        "One over the sum of squared shares (HHI): how many equal members would be as concentrated.",
    ),
    (
        "Seen share",
        "Dollars seen over dollars expected; the known market adds what no source of ours reports.",
    ),
    (
        "Levels",
        "calm, elevated, high, critical. Unknown when data are missing or late: never calm by default. A "
        "reading uses what was known when its day ended; the figures show the latest version of every day.",
    ),
)

UNITS = (
    ("bn USD, mn USD", "Thousand million and million US dollars, at the prices of the day."),
    (
        "% and pp",
        "A share or rate, and the difference of two of them in percentage points. Rates are simple, a year.",
    ),
    ("Day", "A UTC date; a level is read nearest to the end of it, 00:00 UTC of the next day."),
    (words.NOT_KNOWN, "Not seen or not defined. It is never zero, and never counted as zero."),
)


def draw(data: ReportData) -> SectionContent:
    """Facts about the data, units, formulas, and every column the page reads."""
    about = tuple(
        (str(name).replace("_", " "), str(value))
        for name, value in sorted(data.about.items())
        if name != "is_made"
    )
    made = "made by a seeded scenario" if data.about["is_made"] else "as the venues answered"
    return SectionContent(
        f"The data are {made}. Every number can be asked for again in SQL from the published DuckDB file.",
        (
            Facts("About these data", (("data", made), *about)),
            Facts("Units", UNITS),
            Facts("Formulas", FORMULAS),
            _every_number(data),
        ),
    )


def _every_number(data: ReportData) -> Table:
    """Each column of each table the page prints from, with the version of the formula behind its table."""
    present = [name for name in VERSIONED if not data.missing({name: ("formula_version",)})]
    sql = " union all ".join(
        f"select '{name}' as name, string_agg(version, ', ' order by version) as versions "
        f"from (select distinct formula_version::text as version from {name})"
        for name in present
    )
    versions = {row["name"]: row["versions"] for row in (data.rows(sql) if present else [])}
    rows = data.rows(
        """
        select table_name, column_name, unit, meaning, source from dictionary
        where list_contains($names::text[], table_name) and column_name <> 'formula_version'
        order by table_name, column_name
        """,
        names=list(VERSIONED),
    )
    return Table(
        "Every number: what it is, its unit, its source and the version of its formula",
        (
            Column("table", is_number=False),
            Column("column", is_number=False),
            Column("unit", is_number=False),
            Column("meaning", is_number=False),
            Column("source", is_number=False),
            Column("version", is_number=False),
        ),
        tuple(
            (
                row["table_name"],
                row["column_name"],
                row["unit"] or "",
                row["meaning"] or "",
                row["source"] or "",
                words.text(versions.get(row["table_name"])),
            )
            for row in rows
        ),
        is_folded=True,
    )


SECTION = Section(
    key="method",
    title="Method",
    position=90,
    needs={"dictionary": ("table_name", "column_name", "unit", "meaning", "source")},
    draw=draw,
)
