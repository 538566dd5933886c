"""Distances, probabilities and margin that follows volatility: closed forms, each worked out here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.methods.cushion import (
    Mixture,
    book_distance_ratio,
    call_probability_ratio,
    called_ratio,
    dynamic_margin_ratio,
    ewma_sigma_ratio,
    largest_rise_ratio,
    peak_to_trough,
)

TEN_TIMES = Mixture(np.array([10.0]), np.array([1.0]))
MIXED = Mixture(np.array([2.0, 10.0]), np.array([0.5, 0.5]))


def new(mixture: Mixture, maintenance: float, *, is_long: bool) -> float:
    return book_distance_ratio([100], [1], 100, mixture, maintenance, 0.0, is_long=is_long)


def test_e12_a_new_position_at_ten_times() -> None:
    assert new(TEN_TIMES, 0.005, is_long=True) == pytest.approx(0.0954773869, abs=1e-9)
    assert new(TEN_TIMES, 0.005, is_long=False) == pytest.approx(0.0945273632, abs=1e-9)


def test_e13_the_call_price_of_a_bought_holding() -> None:
    # 60 % posted, 20 % kept: from 20 to 10 is a fall of half
    posted_60 = Mixture(np.array([1 / 0.6]), np.array([1.0]))
    assert book_distance_ratio([20], [1], 20, posted_60, 0.2, 0.0, is_long=True) == pytest.approx(0.5)


def test_a_new_book_is_its_posted_margin_over_its_notional() -> None:
    # linear in 1/L: 0.5 x 0.5 + 0.5 x 0.1 = 0.3 posted; one over the mean leverage of 6 would be 0.17
    assert MIXED.initial_ratio(0.0) == pytest.approx(0.3)
    assert new(MIXED, 0.005, is_long=True) == pytest.approx((0.3 - 0.005) / 0.995)
    # a venue that asks 20 % of everybody: 0.5 x 0.5 + 0.5 x 0.2
    assert MIXED.initial_ratio(0.2) == pytest.approx(0.35)


@given(st.floats(0.0, 0.05), st.lists(st.floats(50, 200), min_size=1, max_size=8))
def test_after_a_fall_of_a_fifth_the_longs_stand_thinner_and_the_shorts_safer(
    maintenance: float, entries: list[float]
) -> None:
    shares = np.full(len(entries), 1 / len(entries))

    def distance(price: float, *, is_long: bool) -> float:
        return book_distance_ratio(entries, shares, price, MIXED, maintenance, 0.0, is_long=is_long)

    long_before, long_after = distance(100, is_long=True), distance(80, is_long=True)
    assert long_after < long_before or long_before == 0
    assert distance(80, is_long=False) >= distance(100, is_long=False)


def test_a_fall_of_a_fifth_by_hand() -> None:
    # entered at 100 at ten times with nothing to keep: the call is at 90; from 95 that is a nineteenth
    assert book_distance_ratio([100], [1], 95, TEN_TIMES, 0.0, 0.0, is_long=True) == pytest.approx(5 / 95)
    assert book_distance_ratio([100], [1], 80, TEN_TIMES, 0.0, 0.0, is_long=True) == 0.0


def test_the_ladder_calls_what_stands_within_the_move() -> None:
    entries, shares = [100, 80], [0.5, 0.5]
    # at ten times with 0.5 % kept: calls at 90 / 0.995 = 90.5 and 72 / 0.995 = 72.4 (falls 9.5 % and 27.6 %)
    assert called_ratio(entries, shares, 100, -0.05, TEN_TIMES, 0.005, 0.0) == 0.0
    assert called_ratio(entries, shares, 100, -0.10, TEN_TIMES, 0.005, 0.0) == 0.5
    assert called_ratio(entries, shares, 100, -0.30, TEN_TIMES, 0.005, 0.0) == 1.0
    # shorts: 110 / 1.005 = 109.5, and 88 / 1.005 = 87.6, past its call
    assert called_ratio(entries, shares, 100, 0.05, TEN_TIMES, 0.005, 0.0) == 0.5
    assert called_ratio(entries, shares, 100, 0.10, TEN_TIMES, 0.005, 0.0) == 1.0


@given(st.floats(0, 0.04), st.floats(0, 0.04), st.floats(-0.5, -0.01), st.floats(-0.5, -0.01))
def test_a_larger_move_or_a_higher_demand_never_calls_less(
    low: float, more: float, one: float, other: float
) -> None:
    entries, shares = [60, 100, 140], [0.2, 0.5, 0.3]
    small, large = max(one, other), min(one, other)
    low_small = called_ratio(entries, shares, 100, small, MIXED, low, 0.0)
    assert low_small <= called_ratio(entries, shares, 100, large, MIXED, low, 0.0)
    assert low_small <= called_ratio(entries, shares, 100, small, MIXED, low + more, 0.0)


def test_two_sigmas_are_touched_with_probability_0_0455() -> None:
    assert call_probability_ratio(0.2, 0.05, 4) == pytest.approx(0.0455, abs=5e-5)  # sigma sqrt(4) = 0.1
    assert call_probability_ratio(0.0, 0.05, 7) == 1.0
    with pytest.raises(ValueError, match="above zero"):
        call_probability_ratio(0.1, 0.0, 7)


def test_constant_volatility_is_returned_and_few_days_are_not() -> None:
    returns = np.tile([0.02, -0.02], 45)
    assert ewma_sigma_ratio(returns) == pytest.approx(0.02)
    assert ewma_sigma_ratio(2 * returns) == pytest.approx(0.04)
    assert np.isnan(ewma_sigma_ratio(returns[:19]))
    # the last day's weight is 1, the one before 0.97: sqrt((0.01 + 0.97 x 0.04) / 1.97)
    assert ewma_sigma_ratio([0.2, 0.1], least=2) == pytest.approx(np.sqrt((0.01 + 0.97 * 0.04) / 1.97))


def test_dynamic_margin_follows_sigma_above_its_floor() -> None:
    asked = dynamic_margin_ratio([0.001, 0.02, 0.04], 0.01)
    assert asked == pytest.approx([0.01, 0.0466, 0.0932])  # 2.33 sigmas of one day, never below 1 %
    assert dynamic_margin_ratio(0.02, 0.0, days=4) == pytest.approx(2 * 0.0466)


def test_a_floor_makes_margin_less_procyclical() -> None:
    sigma = np.array([0.01, 0.01, 0.03, 0.05, 0.02])
    free, floored = dynamic_margin_ratio(sigma, 0.0), dynamic_margin_ratio(sigma, 0.05)
    assert peak_to_trough(free) == pytest.approx(5)
    assert peak_to_trough(floored) == pytest.approx(2.33)  # 0.1165 over 0.05
    assert largest_rise_ratio(free, 2) == pytest.approx(2.33 * 0.04)
    assert largest_rise_ratio(floored, 2) < largest_rise_ratio(free, 2)
    assert peak_to_trough(dynamic_margin_ratio(np.full(9, 0.02), 0.0)) == 1.0
    assert np.isnan(largest_rise_ratio(free, 5))
