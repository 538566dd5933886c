"""Published liquidation prices of linear positions, each with its id (F01, F03...), and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.methods.cushion import call_distance_ratio, call_probability_ratio
from pipeline.methods.liquidation_price import (
    cross_prices,
    cross_spillover_ratio,
    isolated_margin,
    isolated_price,
    isolated_price_at_entry,
    require_opened,
)
from pipeline.methods.margin import call_distance_long_ratio, call_distance_short_ratio
from pipeline.methods.tiers import TierTable, growing_margin, maintenance_margin, tier_table

# Binance BTCUSDT of 2021, as in the tests of tables
BTC = tier_table(
    [0, 50e3, 250e3, 1e6, 10e6, 20e6, 50e6, 100e6, 200e6, 300e6],
    [0.004, 0.005, 0.01, 0.025, 0.05, 0.10, 0.125, 0.15, 0.25, 0.50],
)
SIDES = pytest.mark.parametrize("is_long", [True, False], ids=["long", "short"])


def step(rate: float, deduction: float = 0.0) -> TierTable:
    """One step of a table with the deduction that the venue printed beside it."""
    return TierTable(np.array([0.0]), np.array([rate]), np.array([deduction]))


# wallet 1,535,443.01; BTC keeps 2.5 % less 16,300, ETH 10 % less 135,365
WALLET = 1_535_443.01
TABLES = [step(0.025, 16_300), step(0.10, 135_365)]
ENTRY, MARK, HELD = [32_481.98, 1_456.84], [31_967.27, 1_335.18], [109.488, 3_683.979]


def test_f01_two_cross_positions_of_binance() -> None:
    prices = cross_prices(WALLET, TABLES, ENTRY, MARK, HELD)
    assert prices == pytest.approx([26316.893265, 1153.256464], abs=1e-6)
    assert prices == pytest.approx([26316.89, 1153.26], abs=0.005)  # as published


def test_f01_the_other_position_is_in_the_price() -> None:
    # alone, BTC would be closed at (wallet + cum - q e) / (q (mmr - 1)): 0 here, for the wallet is that large
    alone = cross_prices(WALLET, TABLES[:1], ENTRY[:1], MARK[:1], HELD[:1])
    # (1,535,443.01 + 16,300 - 109.488 x 32,481.98) / (109.488 x -0.975) = -2,004,644.02 / -106.7508
    assert alone == pytest.approx([18778.73], abs=0.01)
    # ETH 10 % lower: BTC may lose less by 3,683.979 x 133.518, but a tenth of that need not be kept any more:
    # 3,683.979 x 133.518 x 0.9 = 442,691.8, over q (1 - mmr) = 106.7508 coins: 4,146.96 higher
    spill = cross_spillover_ratio(WALLET, TABLES, ENTRY, MARK, HELD)
    assert spill[1, 0] == pytest.approx(4_146.96 / 26_316.893265, rel=1e-5)
    assert spill[0, 0] == spill[1, 1] == 0.0
    assert spill[0, 1] > 0


def test_an_account_is_called_where_its_equity_is_its_maintenance() -> None:
    """T09: at the price of one position, the others at their marks, wallet + gains = total maintenance."""
    entry, mark, held = np.array(ENTRY), np.array(MARK), np.array([109.488, -3_683.979])
    for place, price in enumerate(cross_prices(WALLET, TABLES, entry, mark, held)):
        there = mark.copy()
        there[place] = price
        equity = WALLET + float(held @ (there - entry))
        kept = sum(
            float(maintenance_margin(t, abs(q) * p)) for t, q, p in zip(TABLES, held, there, strict=True)
        )
        assert equity == pytest.approx(kept, rel=1e-9)


def test_a_position_of_no_size_has_no_cross_price() -> None:
    prices = cross_prices(WALLET, [TABLES[0], tier_table([0], [0.10])], ENTRY, MARK, [109.488, 0])
    assert prices[0] == pytest.approx(18778.73, abs=0.01)
    assert np.isnan(prices[1])


def test_f03_binance_with_its_maintenance_amount() -> None:
    # wallet 2 of 10 at five times, 1 % less 0.01: (2 + 0.01 + 10) / 1.01 and (2 + 0.01 - 10) / -0.99
    assert isolated_price(step(0.01, 0.01), 10, 1, 2, is_long=False) == pytest.approx(
        11.89108910891089, abs=1e-9
    )
    assert isolated_price(step(0.01, 0.01), 10, 1, 2, is_long=True) == pytest.approx(
        8.070707070707071, abs=1e-9
    )


def test_f03_gate_and_okx_with_their_taker_fee() -> None:
    # 12 over 1 + 0.01 + 0.0006, and 8 over 1 - 0.01 - 0.0006
    fee = 0.0006
    short = isolated_price(step(0.01), 10, 1, 2, is_long=False, taker_fee_ratio=fee)
    long = isolated_price(step(0.01), 10, 1, 2, is_long=True, taker_fee_ratio=fee)
    assert short == pytest.approx(11.87413417771621, abs=1e-9)
    assert long == pytest.approx(8.085708510208207, abs=1e-9)


def test_f05_bybit_linear_keeps_the_maintenance_of_entry() -> None:
    initial, kept = 20_000 / 50, 20_000 * 0.005
    assert (initial, kept) == (400, 100)
    assert isolated_price_at_entry(20_000, 1, initial, kept, is_long=True) == pytest.approx(19_700, abs=1e-9)
    assert isolated_price_at_entry(20_000, 1, initial, kept, is_long=False) == pytest.approx(20_300, abs=1e-9)


def test_f10_hyperliquid() -> None:
    # ten times at 100, largest leverage 40, so 1/80 is kept: 100 - 8.75 / (1 - 1/80), 100 + 8.75 / (1 + 1/80)
    table = tier_table([0], [1 / 80])
    assert isolated_price(table, 100, 1, 10, is_long=True) == pytest.approx(91.139241, abs=1e-6)
    assert isolated_price(table, 100, 1, 10, is_long=False) == pytest.approx(108.641975, abs=1e-6)


def test_f11_the_step_is_that_of_the_notional_at_liquidation() -> None:
    # 60 BTC at 50,000 at 20 times: 2.9 million at the price, 2.5 % less 16,300
    posted = 60 * 50_000 / 20
    assert isolated_price(BTC, 50_000, 60, posted, is_long=True) == pytest.approx(48439.31623931624, abs=1e-6)
    assert isolated_price(BTC, 50_000, 60, posted, is_long=False) == pytest.approx(
        51484.55284552846, abs=1e-6
    )
    assert isolated_price(BTC, 50_000, 1, 2_500, is_long=True) == pytest.approx(47690.76305220884, abs=1e-6)
    # a short of 1 BTC enters at the end of the first step and is closed in the second: 52,550 / 1.005
    crosses = isolated_price(BTC, 50_000, 1, 2_500, is_long=False)
    assert crosses == pytest.approx(52288.557213930355, abs=1e-6)
    assert float(crosses) * 1 > BTC.floors[1]
    # with the rate of entry it would be 52,500 / 1.004 = 52,290.8, a call too late


def test_positions_are_answered_at_once() -> None:
    prices = isolated_price(BTC, 50_000, [60, 1], [150_000, 2_500], is_long=True)
    assert prices == pytest.approx([48439.31623931624, 47690.76305220884], abs=1e-6)


def test_e12_without_fee_and_step_it_is_the_plain_distance() -> None:
    table = tier_table([0], [0.005])
    assert 1 - isolated_price(table, 1, 1, 0.1, is_long=True) == pytest.approx(0.0954773869, abs=1e-9)
    assert isolated_price(table, 1, 1, 0.1, is_long=False) - 1 == pytest.approx(0.0945273632, abs=1e-9)
    assert 1 - isolated_price(table, 1, 1, 0.1, is_long=True) == pytest.approx(
        float(call_distance_long_ratio(10, 0.005))
    )
    assert isolated_price(table, 1, 1, 0.1, is_long=False) - 1 == pytest.approx(
        float(call_distance_short_ratio(10, 0.005))
    )


def test_e08_deribit_asks_more_of_every_coin() -> None:
    # 25 BTC at 100,000: 2 % + 25 x 0.005 % = 2.125 % to open, 1.125 % to keep
    assert growing_margin(2_500_000, 25, 0.02, 0.00005) == pytest.approx(53_125, abs=1e-9)
    assert growing_margin(2_500_000, 25, 0.01, 0.00005) == pytest.approx(28_125, abs=1e-9)


def test_n01_no_venue_opens_what_is_called_at_once() -> None:
    # 2.5 % kept at 100 times: the circulating factor 1 - 1/100 + 2.5 % puts a long's price at 1.015 of entry
    factor = 1 - 1 / 100 + 0.025
    assert factor == pytest.approx(1.015)
    with pytest.raises(ValueError, match="cannot be opened"):
        isolated_price_at_entry(10_000, 1, 100, 250, is_long=True)
    for is_long in (True, False):
        with pytest.raises(ValueError, match="cannot be opened"):
            isolated_price(tier_table([0], [0.025]), 10_000, 1, 100, is_long=is_long)


def test_n02_a_long_is_never_closed_above_its_entry() -> None:
    # published for an inverse long entered at 10,000
    with pytest.raises(ValueError, match="a long that is closed at or above its entry"):
        require_opened(10_000, 10_050, is_long=True)
    with pytest.raises(ValueError, match="a short that is closed at or below its entry"):
        require_opened([10_000, 10_000], [10_050, 10_000], is_long=False)
    require_opened(10_000, 9_999, is_long=True)


def test_n08_the_wallet_belongs_to_the_amount() -> None:
    # 0.6 of a coin at 10 and five times: 1.2 is posted, (1.2 + 0.01 + 6) / (0.6 x 1.01). The circulating
    # 12.5578 has 1.6 there, which is neither 1.2 nor the 2 of a whole coin.
    price = isolated_price(step(0.01, 0.01), 10, 0.6, 1.2, is_long=False)
    assert price == pytest.approx(11.897689768976898, abs=1e-9)
    circulating = (1.6 + 0.01 + 6) / (0.6 * 1.01)
    assert circulating == pytest.approx(12.5578, abs=5e-5)


def test_what_is_no_position_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        isolated_price(BTC, 100, -1, 10, is_long=True)
    with pytest.raises(ValueError, match="above zero"):
        isolated_price(BTC, 0, 1, 10, is_long=True)
    with pytest.raises(ValueError, match="a fee is a fraction"):
        isolated_price(BTC, 100, 1, 10, is_long=True, taker_fee_ratio=0.6)


def test_a_long_without_a_loan_is_closed_nowhere() -> None:
    assert isolated_price(tier_table([0], [0.01]), 100, 1, 100, is_long=True) == 0.0
    assert isolated_price(tier_table([0], [0.01]), 100, 1, 150, is_long=True) == 0.0


sizes = st.floats(0.01, 5_000)
leverages = st.floats(1.05, 1.9)
fees = st.sampled_from([0.0, 0.0005, 0.002])


@SIDES
@given(size=sizes, leverage=leverages, fee=fees)
def test_margin_for_a_price_gives_that_price(is_long: bool, size: float, leverage: float, fee: float) -> None:
    posted = size * 50_000 / leverage
    price = isolated_price(BTC, 50_000, size, posted, is_long=is_long, taker_fee_ratio=fee)
    back = isolated_margin(BTC, 50_000, size, price, is_long=is_long, taker_fee_ratio=fee)
    assert float(back) == pytest.approx(posted, rel=1e-9)


@SIDES
@given(size=sizes, probability=st.floats(0.001, 0.5), days=st.integers(1, 10))
def test_the_leverage_for_a_probability_is_called_with_that_probability(
    is_long: bool, size: float, probability: float, days: int
) -> None:
    """T21: P(L(p)) = p, through steps of the table, at a volatility of 2 % a day."""
    mark, sigma = 50_000.0, 0.02
    wanted = float(call_distance_ratio(probability, sigma, days))
    at = mark * (1 - wanted if is_long else 1 + wanted)
    leverage = size * mark / float(isolated_margin(BTC, mark, size, at, is_long=is_long))
    price = float(isolated_price(BTC, mark, size, size * mark / leverage, is_long=is_long))
    assert float(call_probability_ratio(abs(price / mark - 1), sigma, days)) == pytest.approx(
        probability, rel=1e-9
    )


@SIDES
@given(size=sizes, leverage=leverages)
def test_the_price_is_where_equity_meets_the_table(is_long: bool, size: float, leverage: float) -> None:
    """Held against the table itself, searched from the entry in small moves, not against the closed form."""
    posted = size * 50_000 / leverage
    price = float(isolated_price(BTC, 50_000, size, posted, is_long=is_long))
    side = 1 if is_long else -1

    def spare(at: float) -> float:
        gain = side * size * (at - 50_000)
        return posted + gain - float(maintenance_margin(BTC, size * at))

    nearly = [50_000 + (price - 50_000) * share for share in (0.0, 0.25, 0.5, 0.75, 0.999)]
    assert all(spare(at) > 0 for at in nearly)
    if price > 0:
        assert spare(price * (1 - side * 0.001)) < 0


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.2), st.floats(0.1, 90))
def test_distance_and_probability_are_each_other_turned_round(
    probability: float, sigma: float, days: float
) -> None:
    distance = float(call_distance_ratio(probability, sigma, days))
    assert float(call_probability_ratio(distance, sigma, days)) == pytest.approx(probability, rel=1e-9)


def test_two_sigmas_are_the_distance_of_0_0455() -> None:
    assert call_distance_ratio(0.0455002639, 0.05, 4) == pytest.approx(0.2, abs=1e-9)  # 2 x 0.05 x sqrt(4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        call_distance_ratio(0.0, 0.05, 4)
    with pytest.raises(ValueError, match="above zero"):
        call_distance_ratio(0.05, 0.0, 4)
