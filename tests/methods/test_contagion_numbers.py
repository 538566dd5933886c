"""Contagion: closed forms and published numbers (H01, H02, H04, H11, I03), and what holds of any network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.methods.contagion import (
    closing_move_ratio,
    debtrank,
    debtrank_ratio,
    fire_sale,
    linear_debtrank,
    loss_weights,
    shared_losses,
)

Array = npt.NDArray[np.float64]
CHAIN = np.array([[0, 0.5, 0], [0, 0, 0.4], [0, 0, 0]])
CYCLE = np.array([[0, 0.5, 0], [0, 0, 0.4], [0.3, 0, 0]])
SEEDS = st.integers(0, 2**32 - 1)
STOPS = 1e-6  # rounds end at a billionth a round: of two networks one may end a little earlier


def network(seed: int, nodes: int = 5) -> tuple[Array, Array, np.random.Generator]:
    """Weights with holes in them, one distressed node, and the generator for what a test changes."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0, 0.8, (nodes, nodes)) * (rng.random((nodes, nodes)) < 0.6)
    np.fill_diagonal(weights, 0)
    start = np.zeros(nodes)
    start[0] = rng.uniform(0.05, 1)
    return weights, start, rng


def test_h01_a_chain() -> None:
    distress = debtrank(CHAIN, [1, 0, 0])
    assert distress == pytest.approx([1, 0.5, 0.2], abs=1e-12)
    # a third each of 0.5 and 0.2
    assert debtrank_ratio(distress, [1, 0, 0], [1, 1, 1]) == pytest.approx(0.2333333, abs=1e-7)


def test_h02_a_cycle_passes_on_once_and_the_first_node_still_takes_in() -> None:
    distress = debtrank(CYCLE, [0.5, 0, 0])
    # 0.5, 0.25, 0.1, and back: 0.5 + 0.3 x 0.1; who stops taking in at the seed says 0.5
    assert distress == pytest.approx([0.53, 0.25, 0.1], abs=1e-12)
    # a third each of 0.03, 0.25 and 0.1
    assert debtrank_ratio(distress, [0.5, 0, 0], [1, 1, 1]) == pytest.approx(0.1266667, abs=1e-7)


def test_the_linear_form_goes_round_the_same_cycle_for_ever() -> None:
    # h1 = 0.5 + 0.3 h3, h2 = 0.5 h1, h3 = 0.4 h2: h1 = 0.5 / (1 - 0.06)
    first = 0.5 / 0.94
    assert linear_debtrank(CYCLE, [0.5, 0, 0]) == pytest.approx([first, first / 2, first / 5], abs=1e-8)
    # a chain ends, and both forms say the same
    assert linear_debtrank(CHAIN, [1, 0, 0]) == pytest.approx([1, 0.5, 0.2], abs=1e-12)


def test_a_loss_that_keeps_coming_back_is_followed_for_so_many_rounds() -> None:
    # the second takes a thousandth from the first, and all of its own loss again, in each round
    weights = np.array([[0, 0.001], [0, 1]])
    assert linear_debtrank(weights, [1, 0]) == pytest.approx([1, 0.1])
    assert linear_debtrank(weights, [1, 0], most_rounds=7) == pytest.approx([1, 0.007])
    assert linear_debtrank(weights, [1, 0], tolerance=0.01) == pytest.approx([1, 0.001])


def test_h04_banks_after_a_tenth_of_their_outside_assets_is_lost() -> None:
    owes = np.array([[0, 4, 0], [0, 0, 3], [2, 0, 0]])  # debtor x creditor
    outside, outside_debt = np.array([20, 20, 10]), np.array([17, 18, 8])
    equity = outside + owes.sum(axis=0) - outside_debt - owes.sum(axis=1)
    assert equity.tolist() == [1, 3, 3]
    shock = outside / 10
    distress = linear_debtrank(loss_weights(owes, equity), np.minimum(1, shock / equity))
    lost_claims = distress @ owes
    assert -lost_claims == pytest.approx([-2, -4, -3], abs=1e-6)
    assert equity - shock - lost_claims == pytest.approx([-3, -3, -1], abs=1e-6)
    # what is left for other banks once the outside is paid
    left = outside - shock + owes.sum(axis=0) - lost_claims - outside_debt
    assert left == pytest.approx([1, 0, 1], abs=1e-6)


def test_h11_holders_who_keep_their_leverage() -> None:
    found = fire_sale([100, 50], [[0.6, 0.4], [0.2, 0.8]], [4, 9], [1e-3, 2e-3], [-0.05, 0])
    assert found.first_returns == pytest.approx([-0.03, -0.01], abs=1e-9)
    # the holders sell 12 (100 x 4 x 3 %) and 4.5 (50 x 9 x 1 %), spread as they hold
    assert found.sales_usd == pytest.approx([-8.1, -8.4], abs=1e-9)
    assert found.impacts == pytest.approx([-0.0081, -0.0168], abs=1e-9)
    assert found.second_returns == pytest.approx([-0.01158, -0.01506], abs=1e-9)
    assert found.vulnerability == pytest.approx(-0.07644, abs=1e-9)


def test_i03_the_square_root_law() -> None:
    assert closing_move_ratio(0.03, 2.1, 50) == pytest.approx(0.00614817, abs=1e-7)
    # a hundred days' volume of what moves a fifth a day: a price cannot fall further than to nothing
    assert closing_move_ratio(0.2, 100, 1) == 1
    with pytest.raises(ValueError, match="volume above zero"):
        closing_move_ratio(0.03, 1, 0)


def test_what_two_venues_cost_each_other_by_hand() -> None:
    # 300 and 100 of an asset that falls by 4 % when all 400 are sold; another that only the first holds
    losses = shared_losses([[300, 50], [100, 0]], [0.04, 0.5])
    # first on second: 3/4 of 4 % of 100; back: 1/4 of 4 % of 300; itself: 3/4 of 4 % of 300 and half of 50
    assert losses == pytest.approx(np.array([[9 + 25, 3], [3, 1]]))
    # own money of 10 and 2
    assert loss_weights(losses, [10, 2]) == pytest.approx(np.array([[3.4, 1.5], [0.3, 0.5]]))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="square matrix"):
        debtrank([[0, 1]], [1, 0])
    with pytest.raises(ValueError, match="within"):
        linear_debtrank(CHAIN, [1.5, 0, 0])
    with pytest.raises(ValueError, match="zero or more"):
        linear_debtrank(np.array([[0, np.nan], [0, 0]]), [1, 0])
    with pytest.raises(ValueError, match="leave a holder out"):
        loss_weights([[0, 1], [1, 0]], [float("nan"), 1])
    with pytest.raises(ValueError, match="do not fit"):
        fire_sale([1, 1], [[1, 0]], [1, 1], [1, 1], [0, 0])
    assert np.isnan(debtrank_ratio([1, 0], [1, 0], [0, 0]))


@given(SEEDS)
def test_both_forms_stay_within_all_value_and_grow_with_the_seed(seed: int) -> None:
    weights, start, rng = network(seed)
    values = rng.uniform(0, 1, start.size)
    smaller = start * rng.random()
    for form in (debtrank, linear_debtrank):
        distress = form(weights, start)
        assert 0 <= debtrank_ratio(distress, start, values) <= 1
        assert np.all(distress >= start)
        assert np.all(form(weights, smaller) <= distress + STOPS)


@given(SEEDS)
def test_a_link_less_lowers_linear_distress_weakly(seed: int) -> None:
    weights, start, rng = network(seed)
    fewer = weights.copy()
    fewer[tuple(rng.integers(0, start.size, 2))] = 0
    assert np.all(linear_debtrank(fewer, start) <= linear_debtrank(weights, start) + STOPS)


def test_a_link_more_can_lower_distress_that_is_passed_on_once() -> None:
    """Why the table has the linear form: the fourth is hit through the third, which passes on too early."""
    without = np.zeros((4, 4))
    without[0, 1] = without[1, 2] = without[2, 3] = 1
    with_one = without.copy()
    with_one[0, 2] = 0.01
    assert debtrank(without, [1, 0, 0, 0]).tolist() == [1, 1, 1, 1]
    assert debtrank(with_one, [1, 0, 0, 0]) == pytest.approx([1, 1, 1, 0.01])
    assert linear_debtrank(with_one, [1, 0, 0, 0]).tolist() == [1, 1, 1, 1]


@given(SEEDS, st.floats(0.1, 0.9))
def test_splitting_a_venue_changes_nothing_for_the_others(seed: int, part: float) -> None:
    rng = np.random.default_rng(seed)
    positions, moves = rng.uniform(0, 100, (4, 3)), rng.uniform(0, 0.1, 3)
    own = positions.sum(axis=1) * rng.uniform(0.05, 0.5, 4)
    whole = linear_debtrank(loss_weights(shared_losses(positions, moves), own), [1, 0, 0, 0])
    halves = np.vstack([positions[:3], positions[3] * part, positions[3] * (1 - part)])
    split = linear_debtrank(
        loss_weights(shared_losses(halves, moves), [*own[:3], own[3] * part, own[3] * (1 - part)]),
        [1, 0, 0, 0, 0],
    )
    assert split == pytest.approx([*whole, whole[3]], abs=1e-7)
