"""Published and closed-form numbers of concentration, each with its id (G01...)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.methods.concentration import (
    effective_n,
    gini,
    hhi,
    rosenbluth,
    theil_l,
    theil_split,
    theil_t,
    top_share,
)

# R package ineq, example data of ten incomes.
TEN_INCOMES = [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]
# Three venues (rows) by three assets, USD.
GRID = [[60, 30, 10], [20, 15, 5], [4, 3, 3]]


def test_g01_ten_incomes() -> None:
    assert hhi(TEN_INCOMES) == pytest.approx(0.184081231, abs=1e-6)
    assert effective_n(TEN_INCOMES) == pytest.approx(5.432384, abs=1e-6)
    assert gini(TEN_INCOMES) == pytest.approx(0.462091, abs=1e-6)
    assert gini(TEN_INCOMES) * 10 / 9 == pytest.approx(0.513435, abs=1e-6)  # with the small-sample factor
    assert theil_t(TEN_INCOMES) == pytest.approx(0.362341, abs=1e-6)
    assert top_share(TEN_INCOMES, 3) == pytest.approx(0.637807, abs=1e-6)
    assert theil_l(TEN_INCOMES) == pytest.approx(0.433595, abs=1e-6)
    assert rosenbluth(TEN_INCOMES) == pytest.approx(0.185905, abs=1e-6)


def test_g02_theil_is_t_and_not_l() -> None:
    assert theil_t([10, 10, 10, 20, 50]) == pytest.approx(0.2502012, abs=1e-7)
    # what the R package REAT prints as "theil"
    assert theil_l([10, 10, 10, 20, 50]) == pytest.approx(0.2326302, abs=1e-7)


def test_g03_venue_by_asset_split() -> None:
    split = theil_split(GRID)
    assert split.total == pytest.approx(0.46286851883598, abs=1e-9)
    assert split.between_venues == pytest.approx(0.29529731252723, abs=1e-9)
    assert split.between_assets == pytest.approx(0.15486333636217, abs=1e-9)
    assert split.mutual_information == pytest.approx(0.01270786994657, abs=1e-9)
    within = [theil_t(row) for row in GRID]
    assert within == pytest.approx([0.20066656381, 0.1242975358, 0.00971231332], abs=1e-9)
    assert hhi(np.ravel(GRID)) == pytest.approx(0.23484444444, abs=1e-9)
    assert hhi([100, 40, 10]) == pytest.approx(0.52, abs=1e-9)
    assert hhi([84, 48, 18]) == pytest.approx(0.4304, abs=1e-9)


def test_g03_split_is_exact_with_zeros() -> None:
    # Each venue holds one asset only: knowing the venue tells the asset, so MI is the whole entropy, ln 2.
    split = theil_split([[5, 0], [0, 5]])
    assert split.mutual_information == pytest.approx(math.log(2))
    assert split.between_venues == pytest.approx(0.0, abs=1e-15)
    assert split.between_assets == pytest.approx(0.0, abs=1e-15)
    assert split.total == pytest.approx(math.log(2))  # ln 4 - ln 2


def test_g04_liquidations_of_10_october_2025() -> None:
    assert hhi([10.08, 4.58, 2.31]) == pytest.approx(0.4442, abs=5e-5)  # USD bn, three venues


def test_g07_cefi_lenders_end_of_2024() -> None:
    # Published: the first three hold 9.9 of 11.2 bn USD, the first alone 73 %; the split of the rest is free.
    lenders = [8.176, 1.0, 0.724, 0.5, 0.4, 0.4]
    assert sum(lenders) == pytest.approx(11.2)
    assert top_share(lenders, 3) == pytest.approx(0.886, abs=0.005)
    assert top_share(lenders, 1) == pytest.approx(0.73, abs=0.005)


def test_nothing_held_is_undefined_and_not_zero() -> None:
    for measure in (hhi, effective_n, gini, theil_t):
        assert math.isnan(measure([0.0, 0.0]))
    assert math.isnan(theil_split([[0, 0], [0, 0]]).total)


def test_bounds_of_equal_and_single_holders() -> None:
    assert hhi([7, 7, 7, 7]) == pytest.approx(0.25)
    assert gini([7, 7, 7, 7]) == pytest.approx(0.0)
    assert gini([0, 0, 0, 1]) == pytest.approx(0.75)  # (n-1)/n
    assert theil_t([0, 0, 0, 1]) == pytest.approx(math.log(4))
    assert top_share([5, 3], 10) == 1.0


@pytest.mark.parametrize("amounts", [[1.0, -1.0], [1.0, float("nan")]])
def test_negative_or_missing_amounts_are_refused(amounts: list[float]) -> None:
    with pytest.raises(ValueError, match="leave a member out"):
        hhi(amounts)


def test_wrong_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one holder"):
        top_share([1, 2], 0)
    with pytest.raises(ValueError, match="two-dimensional"):
        theil_split([1, 2])
