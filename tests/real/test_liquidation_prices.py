"""Liquidation prices against recorded ones: Hyperliquid's public wallets, and Binance's 907 margin tables."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import needs_shared, recorded

from pipeline.methods.liquidation_price import cross_prices, isolated_price
from pipeline.methods.tiers import tier_table

pytestmark = [needs_shared, pytest.mark.real]

# Half of one over the largest leverage, as documented: 40, 25, 20 and 10 times.
KEPT = {"BTC": 1 / 80, "ETH": 1 / 50, "SOL": 1 / 40, "HYPE": 1 / 20}


def test_prices_of_wallets_with_one_position_are_those_of_the_venue() -> None:
    """Whether a position is cross or isolated, and what was added to its margin, is not recorded.

    So not every price can be met; but a cross price rests on the whole account, and is met by no accident:
    with half or twice the maintenance the middle one is further off.
    """
    wallets = recorded("hyperliquid_wallets_2026-02-22.json.gz")["whaleTracker"]
    accounts = {account["address"]: account for account in (*wallets["daily"], *wallets["weekly"])}
    single = [account for account in accounts.values() if len(account["positions"]) == 1]
    held = [one for one in single if one["positions"][0]["coin"] in KEPT]
    priced = [one for one in held if one["positions"][0]["liquidationPx"]]
    assert len(priced) > 100

    def off(times: float) -> float:
        """How far the middle price is off when `times` the documented maintenance is kept, a fraction."""
        gaps = []
        for account in priced:
            (one,) = account["positions"]
            coins = float(one["size"]) * (1 if one["direction"] == "Long" else -1)
            mark = float(one["positionValue"]) / abs(coins)
            wallet = float(account["accountValue"]) - float(one["unrealizedPnl"])
            table = tier_table([0], [KEPT[one["coin"]] * times])
            (price,) = cross_prices(wallet, [table], [float(one["entryPx"])], [mark], [coins])
            gaps.append(abs(price / float(one["liquidationPx"]) - 1))
        return float(np.median(gaps))

    # seen: 0.53 %, and 2.7 % and 3.2 %; over half of the prices within 1 %
    assert off(1) < 0.01
    assert off(0.5) > 0.02
    assert off(2) > 0.02


def test_the_step_in_force_is_the_one_a_search_ends_in() -> None:
    """Each recorded table, three sizes and both sides: the formula with each step's printed amount in turn,
    until the step is that of the notional at the price, as the venue's page says it is found."""
    answered = 0
    for symbol, steps in recorded("binance_leverage_tiers_907.json.gz").items():
        floors = np.array([float(step["minNotional"]) for step in steps])
        rates = np.array([float(step["maintenanceMarginRate"]) for step in steps])
        printed = np.array([float(step["info"]["cum"]) for step in steps])
        if floors[0] != 0 or np.any(np.diff(rates) < 0) or not symbol.endswith(("USDT", "USDC")):
            continue
        table = tier_table(floors, rates)
        for size in (0.5 * floors[1], 1.01 * floors[1], 0.9 * floors[-1]) if floors.size > 1 else ():
            step = np.searchsorted(floors, size, side="right") - 1
            posted = size * min(1.0, 1.6 * rates[step] + 0.01)  # what any step lends at most, and a bit
            for side in (1, -1):
                search = (posted + printed - side * size) / (rates - side)  # entered at 1: price is notional
                ends = np.append(floors[1:], np.inf) / size
                is_there = (search / size >= floors / size) & (search / size < ends)
                if search[is_there].size != 1:
                    continue  # closed exactly where two steps meet
                price = float(isolated_price(table, 1.0, size, posted, is_long=side == 1))
                assert price == pytest.approx(float(search[is_there][0]) / size, rel=1e-6), symbol
                answered += 1
    assert answered > 3_000
