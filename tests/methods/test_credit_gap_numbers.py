"""Trends and gaps: published numbers (B01, B02), exact fractions, holes, and no look ahead."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from statsmodels.tsa.filters.hp_filter import hpfilter

from pipeline.methods.credit_gap import (
    DAYS_PER_QUARTER,
    hamilton_gap,
    hp_gap,
    scaled_lambda,
    trend_one_sided,
    trend_two_sided,
)

Array = npt.NDArray[np.float64]
FIVE = [1.0, 2.0, 4.0, 7.0, 11.0]


def walk(n: int, seed: int = 0) -> Array:
    return 500.0 + np.random.default_rng(seed).standard_normal(n).cumsum()


def exact_trend(series: Array, smoothing: float) -> list[float]:
    """(I + lambda D'D) trend = y by elimination in whole fractions; a missing observation has no weight."""
    n = series.size
    rows = [[Fraction(0)] * n for _ in range(n)]
    right = [Fraction(0) if np.isnan(value) else Fraction(float(value)) for value in series]
    for i, value in enumerate(series):
        rows[i][i] += 0 if np.isnan(value) else 1
    for i in range(n - 2):
        for j, one in enumerate((1, -2, 1)):
            for k, other in enumerate((1, -2, 1)):
                rows[i + j][i + k] += Fraction(smoothing) * one * other
    for i in range(n):
        for j in range(i + 1, min(i + 3, n)):
            share = rows[j][i] / rows[i][i]
            for k in range(i, min(i + 3, n)):
                rows[j][k] -= share * rows[i][k]
            right[j] -= share * right[i]
    trend = [Fraction(0)] * n
    for i in reversed(range(n)):
        known = sum((rows[i][k] * trend[k] for k in range(i + 1, min(i + 3, n))), Fraction(0))
        trend[i] = (right[i] - known) / rows[i][i]
    return [float(value) for value in trend]


def test_b01_two_sided_trend() -> None:
    assert trend_two_sided(FIVE, 1.0) == pytest.approx(
        [0.5416666667, 2.25, 4.4166666667, 7.25, 10.5416666667], abs=1e-9
    )
    assert trend_two_sided(FIVE, 1600.0) == pytest.approx(
        [0.0007494301, 2.4996565096, 4.9991881206, 7.4996565096, 10.0007494301], abs=1e-9
    )


def test_b02_one_sided_trend() -> None:
    trend = trend_one_sided(FIVE, 1.0)
    assert trend[2:] == pytest.approx([3.8571428571, 6.6666666667, 10.5416666667], abs=1e-9)
    assert np.isnan(trend[0])
    assert trend[1] == 2.0  # two points lie on their own line


def test_the_two_sided_trend_is_that_of_statsmodels() -> None:
    series = walk(120)
    assert trend_two_sided(series, 1600.0) == pytest.approx(hpfilter(series, 1600.0)[1], abs=1e-8)


@pytest.mark.parametrize("per_quarter", [1.0, 3.0, DAYS_PER_QUARTER], ids=["quarters", "months", "days"])
def test_trends_keep_their_digits_at_every_frequency(per_quarter: float) -> None:
    """Solving the equations in doubles is off by several units at the smoothing of days."""
    series, smoothing = walk(60), scaled_lambda(per_quarter)
    assert trend_two_sided(series, smoothing) == pytest.approx(exact_trend(series, smoothing), rel=1e-13)
    one_sided = trend_one_sided(series, smoothing)
    for last in (3, 10, 30, 60):
        assert one_sided[last - 1] == pytest.approx(exact_trend(series[:last], smoothing)[-1], rel=1e-13)


@pytest.mark.parametrize("missing", [[10], [1, 2, 3], [0, 2, 30, 31, 32]], ids=["one", "early", "many"])
def test_a_missing_observation_has_no_weight(missing: list[int]) -> None:
    series = walk(40)
    series[missing] = np.nan
    trend, gap = trend_one_sided(series, 1600.0), hp_gap(series, 1600.0, minimum=5)
    for last in (20, 33, 40):
        assert trend[last - 1] == pytest.approx(exact_trend(series[:last], 1600.0)[-1], rel=1e-12)
    assert np.isnan(gap[missing]).all()
    assert np.isfinite(gap[33:]).all()


def test_smoothing_of_other_frequencies() -> None:
    assert scaled_lambda(3) == 32_400_000  # 400,000 x 81
    assert scaled_lambda(0.25, quarterly=1600.0) == 6.25  # Ravn and Uhlig's value for years
    assert scaled_lambda(DAYS_PER_QUARTER) == pytest.approx(2.7809e13, rel=1e-4)  # 91.3125^4 = 6.9522e7


def test_gaps_of_a_day_use_nothing_after_it() -> None:
    series = walk(120)
    changed = np.concatenate((series[:80], series[80:] + 1000.0))
    for gap in (lambda y: hp_gap(y, 1600.0, minimum=10), lambda y: hamilton_gap(y, 8, minimum=20)):
        np.testing.assert_array_equal(gap(series)[:80], gap(changed)[:80])
        assert np.isfinite(gap(series)[79])


def test_a_gap_waits_for_its_history() -> None:
    series = walk(30)
    series[4] = np.nan
    gap = hp_gap(series, 1600.0, minimum=10)
    assert np.isnan(gap[:10]).all()  # the tenth observation stands in row 10: row 4 is missing
    assert np.isfinite(gap[10:]).all()


def test_hamilton_gap_is_the_residual_of_its_regression() -> None:
    series, horizon, lags = walk(90), 8, 4
    gap = hamilton_gap(series, horizon, lags, minimum=20)
    for at in (50, 70, 89):
        rows = range(horizon + lags - 1, at + 1)
        regressors = [[1.0, *(series[t - horizon - k] for k in range(lags))] for t in rows]
        target = [series[t] for t in rows]
        fitted = np.array(regressors) @ np.linalg.lstsq(np.array(regressors), np.array(target))[0]
        assert gap[at] == pytest.approx(target[-1] - fitted[-1], abs=1e-7)
    assert np.isnan(gap[: horizon + lags - 1 + 19]).all()
    assert np.isfinite(gap[horizon + lags - 1 + 19])


def test_a_straight_line_has_no_gap() -> None:
    line = 3.0 + 0.5 * np.arange(80.0)
    assert hp_gap(line, scaled_lambda(DAYS_PER_QUARTER), minimum=2)[1:] == pytest.approx(0.0, abs=1e-9)
    assert hamilton_gap(line, 8, minimum=10)[20:] == pytest.approx(0.0, abs=1e-9)


def test_what_has_no_trend_is_said() -> None:
    with pytest.raises(ValueError, match="at least three"):
        trend_two_sided([1.0, np.nan, 3.0], 1.0)
    with pytest.raises(ValueError, match="smoothing above zero"):
        trend_one_sided([1.0, 2.0], 0.0)
    with pytest.raises(ValueError, match="more than 5 rows"):
        hamilton_gap([1.0, 2.0], 1, lags=4, minimum=5)
    assert np.isnan(trend_one_sided([np.nan, 1.0], 1.0)).all()
