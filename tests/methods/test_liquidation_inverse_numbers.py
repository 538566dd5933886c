"""Published numbers of contracts paid in coins, each with its id (F07, F09...), and a wrong one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.methods.liquidation_inverse import (
    bankruptcy_price,
    inverse_gain,
    inverse_margin,
    inverse_price,
    inverse_price_at_entry,
    quanto_worth,
)
from pipeline.methods.liquidation_price import isolated_price
from pipeline.methods.tiers import tier_table

SIDES = pytest.mark.parametrize("is_long", [True, False], ids=["long", "short"])


def test_f07_bybit_inverse_of_2024() -> None:
    # 60,000 dollars at 50,000 are 1.2 coins; ten times posts 0.12 and 0.5 % keeps 0.006
    worth = 60_000 / 50_000
    posted, kept = worth / 10, worth * 0.005
    assert (posted, kept) == (pytest.approx(0.12, abs=1e-12), pytest.approx(0.006, abs=1e-12))
    # 60,000 over 1.2 + 0.114 and over 1.2 - 0.114
    long = inverse_price_at_entry(50_000, 60_000, posted, kept, is_long=True)
    short = inverse_price_at_entry(50_000, 60_000, posted, kept, is_long=False)
    assert long == pytest.approx(45_662.1, abs=0.01)
    assert short == pytest.approx(55_248.62, abs=0.01)


def test_bybit_inverse_of_2026_keeps_the_maintenance_of_the_price() -> None:
    # the same position by the newer page: 60,000 x 1.005 / (1.2 + 0.12) and 60,000 x 0.995 / (1.2 - 0.12)
    table = tier_table([0], [0.005])
    assert inverse_price(table, 50_000, 60_000, 0.12, is_long=True) == pytest.approx(60_300 / 1.32)
    assert inverse_price(table, 50_000, 60_000, 0.12, is_long=False) == pytest.approx(59_700 / 1.08)


def test_f09_bankruptcy_of_a_bitmex_long() -> None:
    # 200,000 at 10,000 are 20 coins, a twentieth is posted: 200,000 / 21
    price = bankruptcy_price(10_000, 200_000, 20 / 20, is_long=True)
    assert price == pytest.approx(9_523.81, abs=0.01)
    assert 200_000 / float(price) == pytest.approx(21, abs=1e-9)


def test_f13_gain_of_an_inverse_long() -> None:
    assert inverse_gain(60_000, 600, 700, is_long=True) == pytest.approx(14.2857143, abs=1e-6)
    assert inverse_gain(60_000, 600, 700, is_long=False) == pytest.approx(-14.2857143, abs=1e-6)


def test_f13_an_inverse_long_loses_faster_the_further_the_price_falls() -> None:
    """T17: each further fall of 100 dollars costs more coins than the one before."""
    losses = inverse_gain(60_000, 600, [500, 400, 300, 200], is_long=True)
    assert np.all(np.diff(losses) < 0)
    assert np.all(np.diff(losses, 2) < 0)


def test_f15_worth_of_a_quanto_contract() -> None:
    # 0.000001 XBT a dollar, 10,000 contracts at 500; 2 % of it opens them
    worth = quanto_worth(10_000, 1e-6, 500)
    assert worth == pytest.approx(5, abs=1e-9)
    assert 0.02 * worth == pytest.approx(0.1, abs=1e-9)


def test_n05_the_venues_own_formula_does_not_give_the_printed_price() -> None:
    """Bybit's help page: 10,000 at 8,000 with a wallet of 0.5 and 0.5 % kept; it prints 5,739.50."""
    fee = 0.00075
    # 1.00075 x 10,000 / (10,000 / 8,000 + 0.5) = 10,007.5 / 1.75
    ruin = bankruptcy_price(8_000, 10_000, 0.5, is_long=True, taker_fee_ratio=fee)
    assert ruin == pytest.approx(5_718.5714, abs=1e-4)
    # kept: 0.5 % of 1.25 and the fee of closing at the bankruptcy price, 7.5 / 5,718.5714 = 0.0013115
    kept = 1.25 * 0.005 + 10_000 * fee / float(ruin)
    price = float(inverse_price_at_entry(8_000, 10_000, 0.5, kept, is_long=True))
    assert price == pytest.approx(10_000 / (1.25 + 0.5 - 0.00625 - 0.0013115), rel=1e-6)
    assert price == pytest.approx(5_739.08, abs=0.01)
    assert abs(price - 5_739.50) > 0.4


def test_n02_an_inverse_long_without_spare_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="a long that is closed at or above its entry"):
        inverse_price(tier_table([0], [0.025]), 10_000, 10_000, 0.01, is_long=True)
    with pytest.raises(ValueError, match="a short that is closed at or below its entry"):
        inverse_price_at_entry(10_000, 10_000, 0.01, 0.025, is_long=False)


def test_a_short_of_one_times_is_never_closed() -> None:
    assert inverse_price(tier_table([0], [0.005]), 50_000, 60_000, 1.2, is_long=False) == np.inf
    assert inverse_price_at_entry(50_000, 60_000, 1.3, 0.006, is_long=False) == np.inf
    assert bankruptcy_price(50_000, 60_000, 1.2, is_long=False) == np.inf


def test_the_step_of_coins_is_that_of_the_price() -> None:
    # 1 coin at 50,000, the end of the first step; a fall makes it more, and the second keeps 5 % less 0.04:
    # 50,000 x 1.05 / (0.2 + 0.04 + 1) = 42,338.7, where the first alone would give 50,500 / 1.2 = 42,083.3
    table = tier_table([0, 1], [0.01, 0.05])
    assert inverse_price(table, 50_000, 50_000, 0.2, is_long=True) == pytest.approx(52_500 / 1.24)
    # a rise makes it less: the first step, 49,500 / 0.8
    assert inverse_price(table, 50_000, 50_000, 0.2, is_long=False) == pytest.approx(49_500 / 0.8)


@SIDES
@given(leverage=st.floats(1.5, 15), fee=st.sampled_from([0.0, 0.0005]), face=st.floats(100, 1e6))
def test_coins_for_a_price_give_that_price(is_long: bool, leverage: float, fee: float, face: float) -> None:
    table = tier_table([0, 2, 10], [0.005, 0.01, 0.025])
    posted = face / 50_000 / leverage
    price = inverse_price(table, 50_000, face, posted, is_long=is_long, taker_fee_ratio=fee)
    back = inverse_margin(table, 50_000, face, price, is_long=is_long, taker_fee_ratio=fee)
    assert float(back) == pytest.approx(posted, rel=1e-8)


@SIDES
def test_in_a_small_move_inverse_and_linear_agree(is_long: bool) -> None:
    """T08: at a hundred times both are closed after about half a percent; the rest is second order."""
    table = tier_table([0], [0.005])
    linear = float(isolated_price(table, 50_000, 1, 500, is_long=is_long)) / 50_000 - 1
    inverse = float(inverse_price(table, 50_000, 50_000, 0.01, is_long=is_long)) / 50_000 - 1
    assert inverse == pytest.approx(linear, abs=1e-4)
    assert abs(linear) == pytest.approx(0.005, abs=1e-4)
