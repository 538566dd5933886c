"""Published margin tables and what they ask, each with its id (E01...)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from pipeline.methods.tiers import (
    TierTable,
    book_maintenance_ratio,
    lognormal_maintenance_ratio,
    maintenance_margin,
    tier_table,
)

# Binance BTCUSDT of 2021: floors in USDT, rates, and the deductions that the venue printed beside them.
FLOORS = [0, 50e3, 250e3, 1e6, 10e6, 20e6, 50e6, 100e6, 200e6, 300e6]
RATES = [0.004, 0.005, 0.01, 0.025, 0.05, 0.10, 0.125, 0.15, 0.25, 0.50]
PRINTED = [0, 50, 1_300, 16_300, 266_300, 1_266_300, 2_516_300, 5_016_300, 25_016_300, 100_016_300]


@pytest.fixture
def btc() -> TierTable:
    return tier_table(FLOORS, RATES)


def test_e01_deductions_are_the_printed_ones(btc: TierTable) -> None:
    assert btc.deductions == pytest.approx(PRINTED, abs=1e-6)


def test_e02_maintenance_by_notional(btc: TierTable) -> None:
    asked = maintenance_margin(btc, [30e3, 200e3, 500e3, 3e6, 15e6])
    assert asked == pytest.approx([120, 950, 3_700, 58_700, 483_700], abs=1e-6)


def test_e05_hyperliquid_is_half_of_one_over_the_largest_leverage() -> None:
    # 40 times up to 150 million, 20 times above
    table = tier_table([0, 150e6], [1 / 80, 1 / 40])
    asked = maintenance_margin(table, [100e6, 150e6, 200e6])
    assert asked == pytest.approx([1_250_000, 1_875_000, 3_125_000], abs=1e-6)


def test_margin_is_continuous_and_rises_at_every_floor(btc: TierTable) -> None:
    floors = np.array(FLOORS[1:])
    below, at = maintenance_margin(btc, floors * (1 - 1e-12)), maintenance_margin(btc, floors)
    assert below == pytest.approx(at, rel=1e-9)
    sizes = np.geomspace(1e3, 1e9, 200)
    assert np.all(np.diff(maintenance_margin(btc, sizes)) > 0)
    assert np.all(np.diff(maintenance_margin(btc, sizes) / sizes) >= -1e-15)


def test_a_book_is_sum_over_sum(btc: TierTable) -> None:
    # 120 of 30,000 and 58,700 of 3,000,000: 58,820 / 3,030,000; the mean of the rates would be 0.01178
    assert book_maintenance_ratio(btc, [30e3, 3e6]) == pytest.approx(58_820 / 3_030_000)
    assert np.isnan(book_maintenance_ratio(btc, []))


def test_lognormal_sizes_agree_with_integrating_over_them(btc: TierTable) -> None:
    median, sigma = 4.7e6, 1.86

    def rate_at(z: float) -> float:
        size = median * np.exp(sigma * z)
        step = np.searchsorted(FLOORS, size, side="right") - 1
        return float((RATES[step] - PRINTED[step] / size) * norm.pdf(z))

    by_steps = sorted({-12.0, 12.0, *(np.log(np.array(FLOORS[1:]) / median) / sigma)})
    whole = sum(quad(rate_at, low, high)[0] for low, high in pairwise(by_steps))
    assert lognormal_maintenance_ratio(btc, median, sigma) == pytest.approx(whole, rel=1e-8)
    # none above 2 million: what is asked of the rest, over the share that the rest holds
    cut = float(np.log(2e6 / median) / sigma)
    below = [z for z in by_steps if z < cut] + [cut]
    part = sum(quad(rate_at, low, high)[0] for low, high in pairwise(below)) / norm.cdf(cut)
    assert lognormal_maintenance_ratio(btc, median, sigma, largest=2e6) == pytest.approx(part, rel=1e-8)


@pytest.mark.parametrize(
    ("floors", "rates", "complaint"),
    [
        ([0, 10], [0.1], "one rate a floor"),
        ([5, 10], [0.1, 0.2], "begin at 0"),
        ([0, 10, 10], [0.1, 0.2, 0.3], "begin at 0 and rise"),
        ([0, 10], [0.4, 5], "fractions"),
        ([0, 10], [0.4, 0.3], "never fall"),
    ],
)
def test_a_table_that_is_none_is_refused(floors: list[float], rates: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        tier_table(floors, rates)


def test_what_cannot_be_asked_is_refused(btc: TierTable) -> None:
    with pytest.raises(ValueError, match="absolute value"):
        maintenance_margin(btc, [-1])
    with pytest.raises(ValueError, match="above zero"):
        lognormal_maintenance_ratio(btc, 0, 1)


@given(st.floats(1e3, 1e9), st.floats(0.1, 3))
def test_a_book_of_any_sizes_asks_between_its_first_and_last_step(median: float, sigma: float) -> None:
    rate = lognormal_maintenance_ratio(tier_table(FLOORS, RATES), median, sigma)
    assert RATES[0] * (1 - 1e-9) <= rate <= RATES[-1]
