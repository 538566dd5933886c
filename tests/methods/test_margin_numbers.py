"""Published and closed-form numbers of margin, each with its id (E12...)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.methods.margin import (
    call_distance_long_ratio,
    call_distance_short_ratio,
    debt_estimate_usd,
    debt_high_usd,
    debt_low_usd,
    margin_call_price,
)


def test_e12_cushion_of_an_isolated_position() -> None:
    # L = 10, mmr = 0.5 %: 0.095 / 0.995 and 0.095 / 1.005
    assert call_distance_long_ratio(10, 0.005) == pytest.approx(0.0954773869, abs=1e-9)
    assert call_distance_short_ratio(10, 0.005) == pytest.approx(0.0945273632, abs=1e-9)


def test_e13_margin_call_price() -> None:
    assert margin_call_price(20, 0.60, 0.20) == pytest.approx(10, abs=1e-6)
    assert margin_call_price(100, 0.50, 0.25) == pytest.approx(66.6666667, abs=1e-6)


def test_debt_of_100_at_five_times_is_80_and_unlevered_is_none() -> None:
    assert debt_estimate_usd(100, 20, 100) == pytest.approx(80)  # L = 5: a fifth is posted
    assert debt_estimate_usd(100, 100, 100) == pytest.approx(0)  # L = 1
    assert debt_low_usd(100, 100, 100) == pytest.approx(0)


def test_high_bound_leaves_the_maintenance_margin() -> None:
    assert debt_high_usd([100, 250], [0.004, 0.02]) == pytest.approx([99.6, 245.0])


def test_estimate_is_sum_over_sum_and_not_a_mean_of_leverages() -> None:
    # 100 at L = 2 and 100 at L = 50: posted 50 + 2 = 52 of 200, so 74 of every 100 are borrowed.
    # The leverage of the mean (26) would say 96.15.
    assert debt_estimate_usd(100, 50 + 2, 200) == pytest.approx(74)


def test_bounds_enclose_the_estimate() -> None:
    # A sample of 1,000 notional with 300 posted and, with free balances, 750 of equity; first tier 0.5 %.
    low = debt_low_usd(2_000, 750, 1_000)
    estimate = debt_estimate_usd(2_000, 300, 1_000)
    high = debt_high_usd(2_000, 0.005)
    assert [float(low), float(estimate), float(high)] == pytest.approx([500, 1_400, 1_990])


def test_more_own_money_than_positions_is_no_debt() -> None:
    assert debt_low_usd(100, 300, 100) == 0.0
    assert debt_estimate_usd(100, 120, 100) == 0.0


def test_without_a_sample_the_low_bound_is_zero_and_the_estimate_missing() -> None:
    nan = float("nan")
    assert debt_low_usd(100, nan, nan) == 0.0
    assert math.isnan(debt_estimate_usd(100, nan, nan))


def test_an_unseen_book_has_no_bounds() -> None:
    nan = float("nan")
    found = np.array([debt_low_usd(nan, 1, 2), debt_estimate_usd(nan, 1, 2), debt_high_usd(nan, 0.01)])
    assert np.isnan(found).all()


def test_wrong_scales_are_refused() -> None:
    with pytest.raises(ValueError, match="fraction between 0 and 1"):
        debt_high_usd(100, 5)  # 5 % written as 5
    with pytest.raises(ValueError, match="counts one leg"):
        debt_high_usd(-100, 0.05)
    with pytest.raises(ValueError, match="no position"):
        debt_low_usd(100, 1, 0)
    with pytest.raises(ValueError, match="above zero"):
        call_distance_long_ratio(0, 0.005)
