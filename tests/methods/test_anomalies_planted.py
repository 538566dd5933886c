"""Each anomaly is planted in a clean made series and found, with day and size; the clean one is left alone.

What is planted is arithmetic in the test. How often clean series are flagged is `test_anomalies_null.py`.
"""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.methods.anomalies import column_median, level_breaks, unit_shifts, unit_steps
from pipeline.methods.anomalies_compared import (
    clock_shifts,
    compare,
    moved_hours,
    odd_hours,
    other_assets,
    other_prices,
    others,
)
from pipeline.methods.anomalies_repeats import gaps, stale_runs, tiles

DAYS = 400
RANDOM = np.random.default_rng(11)
WALK = 1e6 * np.exp(np.cumsum(RANDOM.normal(0, 0.04, (DAYS, 1)), axis=0))
NOISE = RANDOM.normal(0, 0.4, (DAYS, 1))  # as of the recorded logarithm of forced orders over volume
PRICE = np.full((DAYS, 1), 100.0)


def test_a_feed_cut_to_a_sixth_is_found_on_its_day() -> None:
    cut = NOISE.copy()
    cut[250:] -= np.log(6)
    (found,) = level_breaks(cut)
    assert abs(found.first - 250) <= 2
    assert found.last == DAYS - 1
    assert found.value > found.threshold == 3.25
    assert found.size == pytest.approx(
        1 / 6, rel=0.35
    )  # the noise of two means: 0.4 / sqrt(28) and 0.4 / sqrt(60), 9 %
    assert level_breaks(NOISE) == []


@pytest.mark.parametrize("factor", [1.5, 2.5])
def test_a_level_that_moved_by_less_than_three_is_no_break(factor: float) -> None:
    moved = NOISE / 10
    moved[250:] += np.log(factor)
    assert level_breaks(moved) == []


def test_two_breaks_are_two_and_the_first_ends_where_the_second_begins() -> None:
    twice = NOISE.copy()
    twice[150:280] += np.log(20)
    first, second = level_breaks(twice)
    assert abs(first.first - 150) <= 2
    assert abs(second.first - 280) <= 2
    assert first.last == second.first - 1
    assert first.size > 1 > second.size


def test_a_break_is_found_with_a_quarter_of_the_days_missing_and_not_with_half() -> None:
    cut = NOISE.copy()
    cut[250:] -= np.log(20)
    missing = cut.copy()
    missing[::5] = np.nan
    assert len(level_breaks(missing)) == 1
    missing = cut.copy()
    missing[::2] = np.nan
    assert level_breaks(missing) == []


@pytest.mark.parametrize("power", [-3, -2, -1, 1, 2, 3])
def test_a_change_of_unit_at_a_flat_price_is_found_to_the_power(power: int) -> None:
    other = WALK.copy()
    other[300:] *= 10.0**power
    (found,) = unit_steps(other, flat=PRICE)
    assert (found.first, found.last, found.size) == (300, DAYS - 1, power)
    moving = PRICE.copy()
    moving[300:] = 115.0  # a jump of 15 % in the price: what moved may be the market
    assert unit_steps(other, flat=moving) == []
    assert unit_steps(WALK, flat=PRICE) == []


def test_a_unit_that_comes_back_within_a_week_ends_there() -> None:
    other = WALK.copy()
    other[300:303] *= 100
    (found,) = unit_steps(other, flat=PRICE)
    assert (found.first, found.last, found.size) == (300, 302, 2)


def test_a_jump_that_fades_is_no_change_of_unit() -> None:
    burst = WALK.copy()
    burst[300:310, 0] *= 10.0 ** np.linspace(1, 0, 10)
    assert unit_steps(burst, flat=PRICE) == []


@pytest.mark.parametrize("power", [-2, 2, 3])
def test_percent_taken_for_a_fraction_is_found_in_a_signed_series(power: int) -> None:
    funding = 0.1 + RANDOM.normal(0, 0.08, (DAYS, 1))
    assert (funding < 0).any()
    assert unit_shifts(funding) == []
    other = funding.copy()
    other[300:] *= 10.0**power
    (found,) = unit_shifts(other)
    assert found.size == power
    assert abs(found.first - 300) <= 2
    weak = funding.copy()
    weak[300:] *= 10
    assert unit_shifts(weak) == []  # funding does that by itself


@pytest.mark.parametrize("lag", [2, 30, 365])
def test_a_copied_stretch_is_found_with_its_distance(lag: int) -> None:
    logs = np.cumsum(RANDOM.normal(0, 0.03, (DAYS, 1)), axis=0)
    steps = np.diff(logs, axis=0, prepend=0.0)
    steps[lag:] = np.resize(steps[:lag], (DAYS - lag, 1))
    (found,) = tiles(np.exp(np.cumsum(steps, axis=0)))
    assert found.size == lag
    assert found.value == pytest.approx(1.0, abs=0.02)
    assert tiles(np.exp(logs)) == []


def test_a_copy_of_a_third_is_not_called_a_copy_of_the_series() -> None:
    steps = RANDOM.normal(0, 0.03, (DAYS, 1))
    steps[300:400] = steps[200:300]  # 100 of the 299 days that could repeat those 100 days before
    assert tiles(np.exp(np.cumsum(steps, axis=0))) == []


@pytest.mark.parametrize(("days", "is_found"), [(4, False), (5, True), (60, True)])
def test_a_level_that_stands_still(days: int, is_found: bool) -> None:
    still = WALK.copy()
    still[100 : 100 + days] = still[100]
    found = [(one.first, one.last, one.value) for one in stale_runs(still)]
    assert found == ([(100, 100 + days - 1, days)] if is_found else [])


def test_zeros_and_a_dollar_coins_price_may_stand_still() -> None:
    nothing = WALK.copy()
    nothing[100:200] = 0
    dollar = np.round(1 + RANDOM.normal(0, 2e-4, (DAYS, 1)), 3)
    dollar[50:70] = 1.0
    assert stale_runs(nothing) == []
    assert stale_runs(dollar) == []


def test_a_hole_of_three_days_where_the_source_delivered() -> None:
    seen = np.ones((30, 2), dtype=bool)
    seen[10:12, 0] = False  # two days are left for what comes late
    seen[20:23, 1] = False
    seen[28:, 1] = False  # it may yet come
    found = [(one.column, one.first, one.last) for one in gaps(seen, np.ones_like(seen))]
    assert found == [(1, 20, 22)]
    expected = np.ones_like(seen)
    expected[21] = False
    assert gaps(seen, expected) == []


@pytest.mark.parametrize(
    ("offset", "interval", "is_found"),
    [(0, 8, False), (4, 8, False), (3, 8, True), (1, 8, True), (3, 4, True), (2, 4, False), (0.5, 1, False)],
)
def test_hours_at_which_no_venue_settles(offset: float, interval: float, is_found: bool) -> None:
    shape = (60, 1)
    found = odd_hours(np.full(shape, float(offset)), np.full(shape, float(interval)))
    assert [one.value for one in found] == ([offset] if is_found else [])


def test_hours_that_moved_for_good_are_found_even_where_they_stand_right() -> None:
    offsets, intervals = np.zeros((60, 1)), np.full((60, 1), 8.0)
    offsets[30:] = 4.0  # UTC+4 looks like KuCoin's hours: only the change tells
    assert odd_hours(offsets, intervals) == []
    (found,) = moved_hours(offsets, intervals)
    assert (found.first, found.size) == (30, 4.0)
    offsets[35:] = 0.0  # five days are an accident
    assert moved_hours(offsets, intervals) == []
    offsets[30:], intervals[30:] = 4.0, 4.0  # another interval has other hours
    assert moved_hours(offsets, intervals) == []


def hourly(seed: int, assets: int) -> np.ndarray:
    """Logarithms of hourly prices: (days x 24, assets), each its own walk of 3 % a day."""
    steps = np.random.default_rng(seed).normal(0, 0.03 / np.sqrt(24), ((DAYS + 2) * 24, assets))
    return np.cumsum(steps, axis=0)


def daily(hours: np.ndarray, late_by: int = 0) -> np.ndarray:
    """What a series shows at each day's end whose stamps are late by so many hours."""
    return hours[24 - late_by :: 24][:DAYS]


@pytest.mark.parametrize("late_by", [-24, -8, -5, 5, 8, 24])
def test_a_clock_off_by_hours_is_found_with_its_hours(late_by: int) -> None:
    asset = hourly(5, 1)
    noise = np.random.default_rng(6).normal(0, 2e-4, (DAYS, 4))
    logs = np.hstack([daily(asset)] * 3 + [daily(asset, late_by)]) + noise
    returns = np.diff(logs, axis=0, prepend=np.nan)
    reference, sizes = others(returns, np.zeros(4, dtype=np.int64))
    ((column, hours, deviations),) = clock_shifts(compare(returns, reference))
    assert column == 3
    assert hours == pytest.approx(late_by, abs=1.7)  # three standard errors of 0.55 h
    assert deviations > 5
    assert list(sizes) == [4, 4, 4, 4]
    assert other_assets(compare(returns, reference), reference) == []


def test_of_two_that_differ_both_are_named() -> None:
    asset = hourly(7, 1)
    returns = np.diff(np.hstack([daily(asset), daily(asset, 24)]), axis=0, prepend=np.nan)
    reference, _ = others(returns, np.zeros(2, dtype=np.int64))
    found = {column: round(hours) for column, hours, _ in clock_shifts(compare(returns, reference))}
    assert found == {0: -24, 1: 24}


def test_a_market_that_moves_as_another_coin_is_found() -> None:
    asset, alike = hourly(8, 2).T[:, :, None]
    # 0.88, as of BTC and ETH: r = 0.88 a + sqrt(1 - 0.88^2) b
    second = 0.88 * daily(asset) + np.sqrt(1 - 0.88**2) * daily(alike)
    noise = np.random.default_rng(9).normal(0, 5e-4, (DAYS, 4))
    logs = np.hstack([daily(asset)] * 3 + [second]) + noise
    returns = np.diff(logs, axis=0, prepend=np.nan)
    reference, _ = others(returns, np.zeros(4, dtype=np.int64))
    ((column, correlation),) = other_assets(compare(returns, reference), reference)
    assert column == 3
    assert correlation == pytest.approx(0.88, abs=0.04)
    dollar_returns = returns / 10  # 0.3 % a day: what moves there is noise
    reference, _ = others(dollar_returns, np.zeros(4, dtype=np.int64))
    assert other_assets(compare(dollar_returns, reference), reference) == []


def test_a_price_that_is_off_on_most_days_is_found() -> None:
    prices = np.repeat(WALK, 4, axis=1)
    prices[:, 2] *= 1.06
    prices[:100, 1] *= 2  # a quarter of the days
    (found,) = other_prices(prices, others(prices, np.zeros(4, dtype=np.int64))[0])
    assert found == (2, pytest.approx(1.06))


def test_a_market_alone_is_compared_with_nothing() -> None:
    returns = np.diff(np.log(WALK), axis=0, prepend=np.nan)
    reference, sizes = others(returns, np.zeros(1, dtype=np.int64))
    assert np.isnan(reference).all()
    assert list(sizes) == [1]
    compared = compare(returns, reference)
    assert clock_shifts(compared) == []
    assert other_assets(compared, reference) == []


def test_what_the_others_say_is_told_day_by_day() -> None:
    nan = np.nan
    values = np.array([[1.0, 2.0, 9.0], [1.0, 2.0, nan], [1.0, nan, nan], [nan, 2.0, 9.0]])
    reference, _ = others(values, np.zeros(3, dtype=np.int64))
    # three: the median; two: the other one; one: nobody
    wanted = [[2.0, 2.0, 2.0], [2.0, 1.0, nan], [nan, nan, nan], [nan, 9.0, 2.0]]
    assert np.where(np.isfinite(values), reference, nan) == pytest.approx(np.array(wanted), nan_ok=True)


def test_the_median_of_a_column_passes_over_what_is_missing() -> None:
    values = np.array([[1.0, np.nan, 5.0], [np.nan, np.nan, 1.0], [3.0, np.nan, 2.0], [8.0, np.nan, 9.0]])
    assert column_median(values) == pytest.approx([3.0, np.nan, 3.5], nan_ok=True)
