"""Impact, cascades, deficits and who bears them: published numbers, closed forms, and what holds for any."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.methods.cascade import (
    Waterfall,
    book_deficit_ratio,
    final_move_ratio,
    gain_ratio,
    linear_cascade_ratio,
    square_root_impact_ratio,
    waterfall,
)
from pipeline.methods.cushion import Mixture, called_ratio

GRID = np.arange(0, 1201) / 2000  # moves up to 60 %, a twentieth of a percent apart
MIXED = Mixture(np.array([2.0, 10.0, 40.0]), np.array([0.2, 0.5, 0.3]))
GAPS = st.floats(-0.6, 0.6).filter(lambda gap: abs(gap) > 1e-3)


def test_i01_linear_impact_and_calls() -> None:
    # kappa 1e-11 a dollar, rho 5e10 dollars a unit of move: 0.02 / (1 - 0.5), and at 9e10 0.02 / 0.1
    assert linear_cascade_ratio(0.02, 1e-11 * 5e10) == pytest.approx(0.04, abs=1e-9)
    assert linear_cascade_ratio(0.02, 1e-11 * 9e10) == pytest.approx(0.2, abs=1e-9)


def test_i01_at_a_gain_of_one_it_does_not_stop() -> None:
    assert linear_cascade_ratio([0.02, 0.02], [1.0, 1.5]).tolist() == [math.inf, math.inf]
    assert math.isnan(final_move_ratio(0.02, GRID, 1e-11 * 1e11 * GRID))
    with pytest.raises(ValueError, match="absolute values"):
        linear_cascade_ratio(-0.02, 0.5)


@pytest.mark.parametrize(("rho", "end"), [(5e10, 0.04), (9e10, 0.2)])
def test_i01_the_fixed_point_of_a_linear_ladder(rho: float, end: float) -> None:
    impact = 1e-11 * rho * GRID
    assert final_move_ratio(0.02, GRID, impact) == pytest.approx(end, abs=1e-9)
    assert gain_ratio(impact[40], impact[60], GRID[60] - GRID[40]) == pytest.approx(1e-11 * rho)


def test_i03_the_square_root_law() -> None:
    assert square_root_impact_ratio(2.1, 50, 0.03, 1) == pytest.approx(0.00614817, abs=1e-7)


def test_n07_a_million_into_a_depth_of_four_is_no_half() -> None:
    # The circulating 50 % is sqrt(1 / 4) of raw depth. Of a day's volume, at a volatility of 3 %: 1.5 %.
    assert square_root_impact_ratio(1e6, 4e6, 0.03, 1) == pytest.approx(0.015)


@pytest.mark.parametrize("wrong", [(-1, 1, 0.1, 1), (1, 0, 0.1, 1), (1, 1, -0.1, 1), (1, 1, 0.1, -1)])
def test_no_impact_of_amounts_that_cannot_be(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="volume above zero"):
        square_root_impact_ratio(*wrong)


def test_an_unknown_volume_is_no_impact_of_zero() -> None:
    assert np.isnan(square_root_impact_ratio(1e6, np.nan, 0.03, 1))


def test_a_jump_in_the_ladder_carries_the_price_over_it() -> None:
    # 300 called by 5 %, 800 by 10 %: 0.1 sqrt(300 / 1200) = 0.05 carries 5 % to 10 %, where
    # 0.1 sqrt(800 / 1200) = 0.0816497 follows
    called = np.where(GRID >= 0.10, 800.0, np.where(GRID >= 0.05, 300.0, 0.0))
    found = final_move_ratio(0.05, GRID, square_root_impact_ratio(called, 1200, 0.1, 1))
    assert found == pytest.approx(0.1316497, abs=1e-7)
    # a coefficient of one half stops before: 0.05 + 0.025
    found = final_move_ratio(0.05, GRID, square_root_impact_ratio(called, 1200, 0.1, 0.5))
    assert found == pytest.approx(0.075)


def ladder(notional_usd: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Calls of a new book by a fall of each size of the grid."""
    falls = [called_ratio([100], [1], 100, -move, MIXED, 0.005, 0.0) for move in GRID]
    return notional_usd * np.array(falls)


CALLED = ladder(1e9)


@given(st.floats(0.001, 0.3), st.floats(1e7, 1e12), st.floats(0.001, 0.2), st.floats(0.1, 3))
def test_an_end_holds_its_own_consequences(
    first: float, volume: float, sigma: float, coefficient: float
) -> None:
    impact = square_root_impact_ratio(CALLED, volume, sigma, coefficient)
    end = final_move_ratio(first, GRID, impact)
    if math.isnan(end):
        assert np.all(first + impact > GRID)
        return
    step = GRID[1]
    assert end >= first
    behind = square_root_impact_ratio(np.interp(end + step, GRID, CALLED), volume, sigma, coefficient)
    assert end <= first + behind + 1e-12
    # nothing smaller holds: a step below the end the price would go on
    below = GRID[(first <= GRID) & (end - step > GRID)]
    assert np.all(first + impact[np.isin(GRID, below)] > below)


@given(st.floats(0.001, 0.2), st.floats(0.001, 0.2), st.floats(1e8, 1e12))
def test_a_larger_first_move_ends_further(one: float, other: float, volume: float) -> None:
    impact = square_root_impact_ratio(CALLED, volume, 0.04, 1)
    small, large = (final_move_ratio(first, GRID, impact) for first in sorted((one, other)))
    assert math.isnan(large) or small <= large + 1e-12


@given(st.floats(0.001, 0.5))
def test_t22_without_an_end_of_volume_the_first_move_is_the_last(first: float) -> None:
    assert final_move_ratio(first, GRID, square_root_impact_ratio(CALLED, math.inf, 0.04, 1)) == first


def deficit(gap: float, entries: list[float], called: str = "left_out", mixture: Mixture = MIXED) -> float:
    shares = np.full(len(entries), 1 / len(entries))
    return book_deficit_ratio(
        entries,
        shares,
        100,
        gap,
        mixture,
        0.005,
        0.0,
        called=called,  # type: ignore[arg-type]
    )


def test_a_gap_of_a_fifth_takes_more_than_forty_and_ten_times_hold() -> None:
    # a tenth of its value left at 10 times, a fortieth at 40: 0.5 x (0.2 - 0.1) + 0.3 x (0.2 - 0.025)
    assert deficit(-0.2, [100]) == pytest.approx(0.05 + 0.0525)
    assert deficit(0.2, [100]) == pytest.approx(0.05 + 0.0525)


def test_old_longs_hold_more_and_old_shorts_are_gone_or_have_paid() -> None:
    ten = Mixture(np.array([10.0]), np.array([1.0]))
    # bought at 80: 1 - 0.8 x 0.9 = 0.28 left; sold at 80: 0.8 x 1.1 - 1 = -0.12
    assert deficit(-0.3, [80.0], mixture=ten) == pytest.approx(0.02)
    assert deficit(0.2, [80.0], mixture=ten) == 0
    assert deficit(0.2, [80.0], "topped_up", mixture=ten) == pytest.approx(0.2 - 0.005)


@given(st.floats(0.0, 0.0249))
def test_no_new_position_owes_while_the_gap_is_below_the_margin_of_the_most_leveraged(gap: float) -> None:
    # the most leveraged has 1 / 40 = 2.5 %
    assert deficit(-gap, [100]) == 0
    assert deficit(gap or 0.01, [100]) == 0


@given(GAPS, st.floats(1.0, 1.5), st.lists(st.floats(60, 160), min_size=1, max_size=6))
def test_a_deeper_gap_owes_no_less_and_those_gone_owe_no_less_if_they_stayed(
    gap: float, deeper: float, entries: list[float]
) -> None:
    assert deficit(gap, entries) <= deficit(gap * deeper, entries) + 1e-12
    assert deficit(gap, entries) <= deficit(gap, entries, "topped_up") + 1e-12


def test_i05_the_fund_pays_before_others() -> None:
    assert waterfall(100, 60, math.inf) == Waterfall(60, 40, 0)
    # winners who can give up 30 leave 10 to nobody
    assert waterfall(100, 60, 30) == Waterfall(60, 30, 10)


def test_i07_a_fund_of_which_fifteen_percent_were_used() -> None:
    # 1.23 bn to 1.04 bn, 188 million by the venue's own words
    used = waterfall(188e6, 1.23e9, 0).fund_used_usd
    assert 100 * used / 1.23e9 == pytest.approx(15.3, abs=0.1)
    assert 1.23e9 - used == pytest.approx(1.04e9, rel=0.005)


def test_a_fund_that_owes_pays_nothing() -> None:
    assert waterfall(100, -5, math.inf) == Waterfall(0, 100, 0)
    with pytest.raises(ValueError, match="never below zero"):
        waterfall(-1, 5, 0)


@given(st.floats(0, 1e9), st.floats(-1e9, 1e9), st.floats(0, 1e9), st.floats(0, 1e9))
def test_t28_what_is_left_falls_in_the_fund_and_nothing_is_lost(
    loss: float, fund: float, more: float, limit: float
) -> None:
    paid = waterfall(loss, fund, limit)
    assert paid.fund_used_usd + paid.deleveraged_usd + paid.residual_usd == pytest.approx(loss, abs=1e-6)
    assert waterfall(loss, fund + more, limit).residual_usd <= paid.residual_usd + 1e-6
