"""Reads `evidence/<venue>.yml`: the truth a venue's answers are made from, and cases worked out by hand.

One file a venue. Its keys:
- markets: a table; size is of a contract (base, or dollars when inverse), hours between settlements ("-" for
  none), price the mark around which the truth moves, amount the open interest (coins as listed, contracts
  where inverse)
- spot, multipliers, listed_late, delisted, interval_changes, gaps, gaps_are_of_price_too: what is special
- borrow_rates, margin_loans, long_short_ratios, leverage_tiers, liquidations, insurance_funds: the other
  datasets, each row with the columns of the history folder; levels move a little from day to day
- wallets: public accounts, each with its money and positions [market, signed coins, leverage set]
- silent: columns the venue does not send, as `dataset.column`
- without_history: markets whose levels the venue's history leaves out (dated futures, say)
- settled_outlives_listing: directions whose settlement history is asked of all markets at once
- settled_is_not_listed: directions whose settlements no public call lists
- cases: `listing` and `truth` go into a history, `raw` must come out as sent, `staging` as worth; numbers are
  typed from recorded payloads and published examples, never computed by the code under test
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.venues import VENUES

FOLDER = Path(__file__).parent / "evidence"
# VENUES=okx,binance in the environment tests these alone: for whoever is adding one
_CHOSEN = [name for name in os.environ.get("VENUES", "").split(",") if name]
UNDER_TEST = {name: venue for name, venue in VENUES.items() if not _CHOSEN or name in _CHOSEN}


def needs(*names: str) -> pytest.MarkDecorator:
    """The mark of a test about these venues: skipped where VENUES leaves one of them out."""
    missing = [name for name in names if name not in UNDER_TEST]
    return pytest.mark.skipif(bool(missing), reason=f"VENUES leaves out {', '.join(missing)}")


@dataclass(frozen=True)
class ListedMarket:
    """One line of the table of markets."""

    venue: str
    market: str
    base: str
    quote: str
    settle: str
    kind: str
    direction: str
    contract_size: float
    interval_hours: int | None
    price: float
    amount: float


@dataclass(frozen=True)
class Evidence:
    """One venue's file."""

    venue: str
    said: dict[str, Any]

    @property
    def markets(self) -> list[ListedMarket]:
        """The table of markets, in its order."""
        header, *rows = [line.split() for line in self.said["markets"].strip().splitlines()]
        cells = [dict(zip(header, row, strict=True)) for row in rows]
        return [
            ListedMarket(
                venue=self.venue,
                market=cell["market"],
                base=cell["base"],
                quote=cell["quote"],
                settle=cell["settle"],
                kind=cell["kind"],
                direction=cell["direction"],
                contract_size=float(cell["size"]),
                interval_hours=None if cell["hours"] == "-" else int(cell["hours"]),
                price=float(cell["price"]),
                amount=float(cell["amount"]),
            )
            for cell in cells
        ]

    def rows(self, key: str) -> list[dict[str, Any]]:
        """The rows of another dataset, empty where the venue has none."""
        return list(self.said.get(key, []))

    @property
    def silent(self) -> frozenset[str]:
        """Columns the venue does not send."""
        return frozenset(self.said.get("silent", []))


def _read() -> dict[str, Evidence]:
    return {
        name: Evidence(name, yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8")))
        for name in UNDER_TEST
    }


EVIDENCE = _read()
