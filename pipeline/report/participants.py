"""Blocks of the concentration section on what is public about participants, each with what it cannot tell."""

from __future__ import annotations

from typing import Any

from pipeline.report import words
from pipeline.report.content import Column, Facts, Listing, Table
from pipeline.report.data import ReportData

# Homes that were built before there was such a table are not less concentrated.
NEEDS = {
    "participants_daily": (
        "day", "population", "long_share_ratio", "covered_usd", "covered_ratio", "venues", "accounts",
        "equity_debt_ratio", "account_debt_ratio", "set_debt_ratio", "hhi_ratio", "top1_ratio", "sample_bias",
    )
}  # fmt: skip
TITLE = "Who stands on which side, as far as it is public"
POPULATIONS = {
    "accounts": "all accounts, by number",
    "top_accounts": "the largest accounts, by number",
    "top_positions": "the largest accounts, by size",
    "listed_wallets": "listed wallets, by size",
}


def blocks(data: ReportData) -> tuple[Table | Listing | Facts, ...]:
    """Sides of each population, and leverage of the listed wallets where some were asked."""
    if data.missing(NEEDS):
        return ()
    rows = data.rows("select * from participants_daily where day = $day::date")
    found = {row["population"]: row for row in rows}
    if not found:
        sentence = (
            "Not known: no venue that was asked publishes its accounts' sides, and no wallet is "
            "listed in the settings."
        )
        return (Listing(TITLE, (sentence,)),)
    wallets = found.get("listed_wallets")
    return (_sides(found), *([_wallets(wallets)] if wallets is not None else []))


def _sides(found: dict[str, dict[str, Any]]) -> Table:
    return Table(
        TITLE,
        (
            Column("who", is_number=False),
            Column("on the long side"),
            Column("of open interest"),
            Column("venues"),
            Column("what it cannot tell", is_number=False),
        ),
        tuple(
            (
                label,
                words.percent(row["long_share_ratio"]),
                words.percent(row["covered_ratio"]),
                words.count(row["venues"]),
                words.text(row["sample_bias"]),
            )
            for name, label in POPULATIONS.items()
            if (row := found.get(name)) is not None
        ),
        "A contract has a long and a short: where most accounts are long, the shorts are fewer and larger.",
    )


def _wallets(row: dict[str, Any]) -> Facts:
    return Facts(
        f"Leverage of {words.plural(row['accounts'], 'listed wallet')}, "
        f"{words.usd(row['covered_usd'])} of positions: a sample that moves no bound of the debt",
        (
            ("Share borrowed, by the money of all together", words.percent(row["equity_debt_ratio"])),
            ("Share borrowed, by the money of each one", words.percent(row["account_debt_ratio"])),
            ("Share borrowed, at the leverage they set", words.percent(row["set_debt_ratio"])),
            ("HHI of their positions", words.plain(row["hhi_ratio"])),
            ("Share of the largest of them", words.percent(row["top1_ratio"])),
        ),
    )
