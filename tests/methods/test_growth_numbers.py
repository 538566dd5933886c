"""Growth on matched samples and the ratios of FINRA's statistics, each published number with its id."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.methods.growth import (
    chain_index,
    debt_over_price_growth,
    matched_growth_ratio,
    net_credit,
    quantity_growth_ratio,
    year_on_year_ratio,
)

UNSEEN = float("nan")
AMOUNTS = st.lists(
    st.tuples(st.floats(1, 1e9), st.floats(0, 1e9), st.floats(1e-3, 1e5)), min_size=1, max_size=12
)


def test_b05_debit_balances_over_a_year() -> None:
    # FINRA debit balances, USD million: March 1999 and 2000, July 2006 and 2007
    for before, after, percent in ((166_212, 299_933, 80.452), (256_016, 416_403, 62.647)):
        grown = year_on_year_ratio([before, *[UNSEEN] * 11, after])
        assert np.isnan(grown[:12]).all()
        assert 100 * grown[12] == pytest.approx(percent, abs=0.0005)
    # one step: October 2008 against the month before
    assert 100 * year_on_year_ratio([345_745, 277_568], 1)[1] == pytest.approx(-19.719, abs=0.0005)


def test_b07_a_venue_that_appears_adds_nothing() -> None:
    before, now = [100, 40, UNSEEN], [100, 50, 80]
    assert matched_growth_ratio(before, now) == pytest.approx(0.0714285714286, abs=1e-9)
    # what a sum that looks at totals only would say
    assert sum(now) / np.nansum(before) - 1 == pytest.approx(0.642857142857, abs=1e-9)


def test_a_venue_that_closed_is_a_fall_and_one_that_is_silent_is_not() -> None:
    assert matched_growth_ratio([100, 40], [100, 0]) == pytest.approx(-40 / 140)
    assert matched_growth_ratio([100, 40], [100, UNSEEN]) == pytest.approx(0.0)
    # a silent one with more than two fifths of the whole leaves nothing to say
    assert np.isnan(matched_growth_ratio([100, 40], [UNSEEN, 40]))


def test_coins_are_compared_at_the_earlier_prices() -> None:
    # 10 coins of 100 become 8, 500 of 2 become 600: 800 + 1200 over 2000
    assert quantity_growth_ratio([10, 500], [8, 600], [100, 2]) == pytest.approx(0.0)


def test_a_chain_holds_still_over_an_unknown_step() -> None:
    assert chain_index([0.1, UNSEEN, -0.5]) == pytest.approx([1.1, 1.1, 0.55])


def test_debt_that_the_price_does_not_explain() -> None:
    assert debt_over_price_growth([100, 150], [10, 12], 1)[1] == pytest.approx(0.3)
    assert net_credit([120, 80], 100) == pytest.approx([20, -20])


@given(AMOUNTS, st.floats(1e-6, 1e6))
def test_units_do_not_matter(rows: list[tuple[float, float, float]], factor: float) -> None:
    before, now, price = np.array(rows).T
    grown = quantity_growth_ratio(before, now, price)
    # the same amounts counted in thousands of coins
    assert quantity_growth_ratio(before / factor, now / factor, price * factor) == pytest.approx(grown)


@given(AMOUNTS, st.integers(0, 11))
def test_removing_a_member_moves_coverage_and_not_the_growth_of_the_others(
    rows: list[tuple[float, float, float]], which: int
) -> None:
    before, now, _ = np.array(rows).T
    hidden = now.copy()
    hidden[which % len(rows)] = UNSEEN
    kept = ~np.isnan(hidden)
    grown = matched_growth_ratio(before, hidden)
    if before[kept].sum() < 0.6 * before.sum():
        assert np.isnan(grown)
    else:
        assert grown == pytest.approx(now[kept].sum() / before[kept].sum() - 1)
