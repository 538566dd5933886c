"""Every row of the table of rules: who says so, of a venue that there is, and an example that it gives.

An example is a published number with its id, or arithmetic by the words of the source; a row needs one.
"""

from __future__ import annotations

import csv

import pytest

from pipeline.files import MODELS
from pipeline.methods.sizing import Position, Rule, liquidation_price
from pipeline.methods.tiers import tier_table
from pipeline.venues import VENUES

with (MODELS / "seeds" / "liquidation_rules.csv").open(newline="") as _file:
    ROWS = {(row["venue"], row["direction"], row["version"]): row for row in csv.DictReader(_file)}

# venue, direction, version -> entry, notional in dollars, leverage, rate to keep, price of a long, of a short
EXAMPLES = {
    # F03 without its deduction: 8 / 0.99 and 12 / 1.01
    ("binance", "linear", "FAQ b3c689c1"): (10, 10, 5, 0.01, 8.0808081, 11.8811881),
    # by the page's own terms: a position of 0.4 coins, Q = 10,000 at 25,000, 0.4 % kept, ten times
    ("binance", "inverse", "FAQ of 2021-02-05"): (25_000, 10_000, 10, 0.004, 22_818.1818, 27_666.6667),
    # F05: 20,000 less 400 - 100, and that much above
    ("bybit", "linear", "help page of USDT contracts"): (20_000, 20_000, 50, 0.005, 19_700, 20_300),
    # F07
    ("bybit", "inverse", "help page of 2024-09-10"): (50_000, 60_000, 10, 0.005, 45_662.1005, 55_248.6188),
    # the same by the newer words: 60,000 x 1.005 / 1.32 and 60,000 x 0.995 / 1.08
    ("bybit", "inverse", "help page of 2026-05-27"): (50_000, 60_000, 10, 0.005, 45_681.8182, 55_277.7778),
    # F03's form with the fee of 0.05 % in place of 0.06 %: 8 / 0.9895 and 12 / 1.0105
    ("gate", "linear", "formula with steps since 2025-07-29"): (10, 10, 5, 0.01, 8.0848914, 11.8753093),
    ("okx", "linear", "rules of 2025-05-16"): (10, 10, 5, 0.01, 8.0848914, 11.8753093),
    # F10
    ("hyperliquid", "linear", "documentation"): (100, 100, 10, 1 / 80, 91.139241, 108.641975),
}


@pytest.mark.parametrize("key", ROWS, ids=" ".join)
def test_a_rule_gives_its_example(key: tuple[str, str, str]) -> None:
    row = ROWS[key]
    entry, notional, leverage, kept, long, short = EXAMPLES[key]
    rule = Rule(row["direction"] == "inverse", row["rule"] == "at_entry", float(row["taker_fee_ratio"]))
    for is_long, price in ((True, long), (False, short)):
        position = Position(is_long, entry, notional, tier_table([0], [kept]))
        posted = (position.coins if rule.is_inverse else notional) / leverage
        assert liquidation_price(rule, position, posted) == pytest.approx(price, rel=1e-8)


def test_every_example_is_of_a_row() -> None:
    assert EXAMPLES.keys() == ROWS.keys()


@pytest.mark.parametrize("key", ROWS, ids=" ".join)
def test_a_rule_says_whose_it_is_and_who_says_so(key: tuple[str, str, str]) -> None:
    row = ROWS[key]
    assert row["venue"] in VENUES
    assert row["source"].startswith("https://")
    assert bool(row["taker_fee_source"]) == (float(row["taker_fee_ratio"]) > 0)
    assert row["is_in_force"] in ("true", "false")


def test_one_rule_of_a_venue_and_direction_is_in_force() -> None:
    in_force = [(row["venue"], row["direction"]) for row in ROWS.values() if row["is_in_force"] == "true"]
    assert len(in_force) == len(set(in_force))
    assert set(in_force) == {(row["venue"], row["direction"]) for row in ROWS.values()}
