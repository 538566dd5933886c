"""Critical values against published ones (A08, A09, A12, A18), their files, the bootstrap and the monitor."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipeline.critical_cache import cached, keep, shipped
from pipeline.errors import ContractBroken
from pipeline.methods.critical_values import (
    CriticalValues,
    Settings,
    bootstrap_critical_values,
    composite_paths,
    critical_values,
    null_regression,
)
from pipeline.methods.explosive import explosive_test, minimum_window
from pipeline.methods.monitoring import monitor_size

# exuber and the simulation of A18 count the rows of the regression: their windows are one level longer.
ROWS_TO_LEVELS = 1


@cache
def simulated(n: int, shortest: int, repetitions: int) -> CriticalValues:
    return critical_values(Settings(n, shortest, repetitions=repetitions))


def within(found: np.ndarray, published: list[float]) -> bool:
    """Two simulations of some thousand series: 0.08 at 90 and 95 %, 0.2 at 99 %."""
    return bool(np.all(np.abs(found - published) < [0.08, 0.08, 0.2]))


def test_a08_values_for_100_levels() -> None:
    values = simulated(100, 19 + ROWS_TO_LEVELS, 10_000)
    assert within(values.adf, [-0.41268, -0.081172, 0.652068])
    assert within(values.sadf, [0.987895, 1.294579, 1.91569])
    assert within(values.gsadf, [1.709904, 1.974097, 2.570767])


def test_a09_values_for_200_and_400_levels() -> None:
    values = simulated(200, 27 + ROWS_TO_LEVELS, 10_000)
    assert within(values.sadf, [1.0933, 1.3883, 1.9502])
    assert within(values.gsadf, [1.8753, 2.1141, 2.6106])
    assert within(simulated(400, 40 + ROWS_TO_LEVELS, 10_000).gsadf, [1.9185, 2.1508, 2.6024])


@pytest.mark.parametrize(
    ("n", "published", "repetitions"),
    [
        (100, 2.0, 10_000),
        (200, 2.08, 10_000),
        (400, 2.2, 4_000),
        (800, 2.34, 2_000),
        pytest.param(1600, 2.41, 1_000, marks=pytest.mark.soak),
    ],
)
def test_a12_values_of_the_authors(n: int, published: float, repetitions: int) -> None:
    values = simulated(n, minimum_window(n), repetitions)
    assert values.gsadf[1] == pytest.approx(published, abs=0.08)


def test_a18_values_of_an_independent_simulation() -> None:
    hundred = simulated(100, 19 + ROWS_TO_LEVELS, 10_000)
    assert hundred.gsadf[1] == pytest.approx(1.948, abs=0.03)
    assert hundred.sadf[1] == pytest.approx(1.294, abs=0.03)
    two_hundred = simulated(200, 27 + ROWS_TO_LEVELS, 10_000)
    assert two_hundred.gsadf[1] == pytest.approx(2.09, abs=0.03)
    assert two_hundred.sadf[1] == pytest.approx(1.363, abs=0.03)
    assert simulated(400, 40 + ROWS_TO_LEVELS, 10_000).gsadf[1] == pytest.approx(2.217, abs=0.03)


def test_the_seed_decides_and_the_threads_do_not() -> None:
    settings = Settings(60, 15, repetitions=130)
    one, two = critical_values(settings, threads=1), critical_values(settings, threads=2)
    other = critical_values(dataclasses.replace(settings, seed=1))
    np.testing.assert_array_equal(one.bsadf, two.bsadf)
    assert one.gsadf[1] == two.gsadf[1] != other.gsadf[1]


def test_values_of_a_level_do_not_depend_on_the_length_after_it() -> None:
    """So a growing series needs new values for its new levels only; 4,000 walks without drift each."""
    short = critical_values(Settings(80, 20, repetitions=4_000, seed=1, has_drift=False))
    long = critical_values(Settings(120, 20, repetitions=4_000, seed=2, has_drift=False))
    # two 95 % quantiles of 4,000 draws each, 61 times: a standard error of about 0.04
    np.testing.assert_allclose(short.bsadf[1, 19:], long.bsadf[1, 19:80], atol=0.16)
    np.testing.assert_allclose(short.dating[1, 19:], long.dating[1, 19:80], atol=0.16)


def test_values_are_read_as_they_were_kept(tmp_path: Path) -> None:
    settings = Settings(60, 15, repetitions=100)
    assert cached(tmp_path, settings) is None
    made = critical_values(settings)
    keep(tmp_path, made)
    read = cached(tmp_path, settings)
    assert read is not None
    for name in ("adf", "sadf", "gsadf", "dating", "bsadf"):
        np.testing.assert_allclose(getattr(read, name), getattr(made, name), rtol=0, atol=5.1e-5)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
def test_any_other_setting_has_a_file_of_its_own(tmp_path: Path, field: str) -> None:
    settings = Settings(60, 15, repetitions=20)
    keep(tmp_path, critical_values(settings))
    value = getattr(settings, field)
    other = dataclasses.replace(settings, **{field: not value if isinstance(value, bool) else value + 1})
    assert cached(tmp_path, other) is None


def test_a_file_cut_short_is_not_read(tmp_path: Path) -> None:
    settings = Settings(60, 15, repetitions=20)
    keep(tmp_path, critical_values(settings))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert cached(tmp_path, settings) is None


@pytest.mark.parametrize("days", [180, 365, pytest.param(730, marks=pytest.mark.soak), 1460])
def test_the_values_that_come_with_the_product_are_those_simulated(days: int) -> None:
    """Two of the lengths are simulated anew; the longest is held to the authors' own, near A12's 1,600."""
    values = shipped(days)
    if days == 1460:
        assert values.gsadf[1] == pytest.approx(2.40, abs=0.08)
        return
    again = critical_values(values.settings)
    for name in ("gsadf", "dating"):
        np.testing.assert_allclose(getattr(values, name), getattr(again, name), rtol=0, atol=5.1e-5)


def test_a_length_that_does_not_come_with_the_product_is_refused() -> None:
    with pytest.raises(ContractBroken, match="make critical"):
        shipped(100)


def test_each_step_of_a_bootstrap_path_has_a_normal_of_its_own() -> None:
    """With residuals of +-1 a step is its normal up to the sign: 200 normals, not one 200 times."""
    residuals = np.tile([1.0, -1.0], 100)
    paths = composite_paths(np.random.default_rng(0), residuals, np.empty(0), 3, 201)
    sizes = np.abs(np.diff(paths, axis=1))
    assert all(np.unique(row.round(12)).size == 200 for row in sizes)
    assert sizes.mean() == pytest.approx((2 / np.pi) ** 0.5, abs=0.1)  # E|Z| = sqrt(2 / pi) = 0.80


def test_a_bootstrap_path_keeps_the_lags_of_the_series() -> None:
    """Changes c[t] = 0.6 c[t-1] + noise: the coefficient is estimated, and the paths carry it."""
    rng = np.random.default_rng(4)
    changes = [0.0]
    for shock in rng.standard_normal(3000):
        changes.append(0.6 * changes[-1] + shock)
    residuals, lagged = null_regression(np.cumsum(changes), 1)
    assert lagged == pytest.approx([0.6], abs=0.05)
    steps = np.diff(composite_paths(rng, residuals, lagged, 20, 1000), axis=1)
    followed = np.sum(steps[:, 1:] * steps[:, :-1]) / np.sum(steps[:, :-1] ** 2)
    assert followed == pytest.approx(0.6, abs=0.05)


def test_the_bootstrap_family_of_a_random_walk_is_near_the_simulated_one() -> None:
    """Normal steps: a product of two normals has fat tails, so the value is higher, but of the same size."""
    series = np.random.default_rng(2).standard_normal(300).cumsum()
    values = bootstrap_critical_values(series, family=100, shortest=36, repetitions=499)
    assert np.all(np.diff(values) > 0)
    assert 1.5 < values[1] < 3.5
    longer = bootstrap_critical_values(series, family=365, shortest=36, repetitions=499)
    assert longer[1] > values[1]  # more days, a higher bar


def test_a_larger_family_is_the_window_the_source_names() -> None:
    """Tb = family + shortest - 1 levels give exactly `family` statistics."""
    walk = np.random.default_rng(0).standard_normal(24 + 36 - 1).cumsum()
    assert np.count_nonzero(~np.isnan(explosive_test(walk, shortest=36).bsadf)) == 24


def test_a_year_of_daily_tests_has_another_size_than_one() -> None:
    history = simulated(200, minimum_window(200), 10_000)
    size = monitor_size(history, repetitions=1000)
    # Each day has its 5 %: 18 alarm days of 365 on average, and far more than 5 % of years see one.
    assert size.each_day.alarm_days[1] == pytest.approx(0.05 * 365, abs=4.0)
    assert size.each_day.alarmed_ratio[1] > 0.5
    # The authors' values for dating are higher, but still one test a day.
    assert 0.05 < size.dating.alarmed_ratio[1] < size.each_day.alarmed_ratio[1]
    # The family value was simulated on other walks; 5 % of 500 is 25 +- 15 at three standard errors.
    assert size.family.alarmed_ratio[1] == pytest.approx(0.05, abs=0.03)
    assert size.family.episodes[1] < size.each_day.episodes[1]
    assert np.all(np.diff(size.family_critical) > 0)
