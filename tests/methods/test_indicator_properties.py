"""What must hold for any market: of units, of splitting a holder, of zero and missing, of bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.methods.concentration import effective_n, hhi, theil_split
from pipeline.methods.margin import debt_estimate_usd, debt_high_usd, debt_low_usd

AMOUNTS = st.lists(st.floats(1, 1e12), min_size=1, max_size=20)
SHARES = st.floats(0.01, 0.99)


@given(AMOUNTS, SHARES)
def test_splitting_a_holder_leaves_the_total_and_lowers_the_hhi_by_twice_the_product(
    amounts: list[float], part: float
) -> None:
    first, *rest = amounts
    halves = [first * part, first * (1 - part)]
    total = sum(amounts)
    assert sum([*halves, *rest]) == pytest.approx(total)
    # (a + b)^2 - a^2 - b^2 = 2ab, in shares
    moved = 2 * halves[0] * halves[1] / total**2
    assert hhi([*halves, *rest]) == pytest.approx(hhi(amounts) - moved, abs=1e-12)


@given(AMOUNTS, st.floats(1e-9, 1e9))
def test_concentration_has_no_unit(amounts: list[float], factor: float) -> None:
    assert hhi(np.array(amounts) * factor) == pytest.approx(hhi(amounts))
    assert 1 - 1e-9 <= effective_n(amounts) <= len(amounts) * (1 + 1e-9)


@given(st.lists(st.lists(st.floats(0, 1e9), min_size=3, max_size=3), min_size=2, max_size=6))
def test_theil_falls_into_its_three_parts(grid: list[list[float]]) -> None:
    if np.sum(grid) <= 0:
        return
    split = theil_split(grid)
    parts = split.between_venues + split.between_assets + split.mutual_information
    assert split.total == pytest.approx(parts, abs=1e-9)
    assert split.mutual_information >= -1e-9


@given(st.floats(0, 1e12), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_low_is_never_above_the_estimate_nor_the_estimate_above_high(
    notional: float, equity_over: float, posted: float, maintenance_of_posted: float
) -> None:
    """An account holds its posted margin and perhaps more, and posted what the venue keeps at least."""
    equity, maintenance = posted + equity_over, posted * maintenance_of_posted
    low = debt_low_usd(notional, equity, 1.0)
    estimate = debt_estimate_usd(notional, posted, 1.0)
    high = debt_high_usd(notional, maintenance)
    assert low <= estimate * (1 + 1e-12)
    assert estimate <= high * (1 + 1e-12) + 1e-9


@given(AMOUNTS)
def test_a_missing_member_is_refused_and_a_zero_one_is_a_member_without_a_share(amounts: list[float]) -> None:
    with pytest.raises(ValueError, match="leave a member out"):
        hhi([*amounts, float("nan")])
    assert hhi([*amounts, 0.0]) == pytest.approx(hhi(amounts))
    assert np.isnan(debt_high_usd(float("nan"), 0.01))
    assert debt_high_usd(0.0, 0.01) == 0.0
