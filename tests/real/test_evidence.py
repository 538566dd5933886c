"""The seeds of the bounds of debt against the recorded snapshots they were taken from."""

from __future__ import annotations

from typing import Any

import pytest
from recorded import needs_shared, recorded, seed

pytestmark = [needs_shared, pytest.mark.real]


def wallets() -> dict[str, dict[str, Any]]:
    """Accounts with all their positions; one that leads both lists is counted once."""
    lists = recorded("hyperliquid_wallets_2026-02-22.json.gz")["whaleTracker"]
    return {wallet["address"]: wallet for name in ("daily", "weekly") for wallet in lists[name]}


def test_borrowed_share_of_hyperliquid_wallets_is_that_of_the_seed() -> None:
    holders = [wallet for wallet in wallets().values() if wallet["positions"]]
    # 500 accounts a list, 202 of them in both; 608 of the 798 hold a position
    assert len(holders) == 608
    positions = [position for wallet in holders for position in wallet["positions"]]
    notional_usd = sum(position["positionValue"] for position in positions)
    # 2.55 billion USD
    assert notional_usd == pytest.approx(2.55e9, abs=5e6)
    posted_usd = sum(position["positionValue"] / position["leverage"] for position in positions)
    equity_usd = sum(wallet["accountValue"] for wallet in holders)
    (evidence,) = [row for row in seed("account_evidence.csv") if row["venue"] == "hyperliquid"]
    assert float(evidence["estimate_debt_ratio"]) == round(1 - posted_usd / notional_usd, 2)
    assert float(evidence["low_debt_ratio"]) == round(max(0.0, 1 - equity_usd / notional_usd), 2)


def test_first_binance_tiers_are_those_of_the_snapshot() -> None:
    tiers = recorded("binance_leverage_tiers_907.json.gz")
    assert len(tiers) == 907
    first = {symbol: brackets[0]["maintenanceMarginRate"] for symbol, brackets in tiers.items()}
    mine = {row["asset"]: row for row in seed("first_tier_margins.csv") if row["venue"] == "binance"}
    lowest = float(mine.pop("*")["first_tier_maintenance_ratio"])
    assert lowest == min(first.values())
    assert mine
    for asset, row in mine.items():
        # an upper bound of debt takes the lowest maintenance of the asset's markets
        lowest_of_asset = min(rate for symbol, rate in first.items() if symbol.startswith(f"{asset}/"))
        assert float(row["first_tier_maintenance_ratio"]) == lowest_of_asset
