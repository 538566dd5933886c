"""Planted truth: a bubble that is found between its dates, its burst, and walks in which there is none."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom

from pipeline.methods.critical_values import (
    CriticalValues,
    Settings,
    bootstrap_critical_values,
    critical_values,
)
from pipeline.methods.explosive import (
    Episode,
    ExplosiveTest,
    episodes,
    explosive_test,
    minimum_duration,
    minimum_window,
)

Array = npt.NDArray[np.float64]
N, BEGIN, BURST = 200, 100, 140


@cache
def values(n: int) -> CriticalValues:
    return critical_values(Settings(n, minimum_window(n), repetitions=5_000))


def bubble(seed: int, ends: bool) -> Array:
    """A walk of unit steps; in [BEGIN, BURST) 15 more levels grow 5 % a step, then the gain is lost."""
    levels = np.random.default_rng(seed).standard_normal(N).cumsum()
    grown = 15.0 * 1.05 ** np.arange(1, BURST - BEGIN + 1)  # the last is 7 times the first
    levels[BEGIN:BURST] += grown - 15.0
    return levels[: N if ends else BURST]


def stamped(series: Array) -> list[Episode]:
    n = series.size
    critical = values(n)
    found = explosive_test(series)
    return episodes(found, critical.gsadf[1], critical.dating[1], minimum_duration(n))


@pytest.mark.parametrize("seed", range(10))
def test_a_bubble_is_found_between_its_dates_and_ends_with_its_burst(seed: int) -> None:
    longest = max(stamped(bubble(seed, ends=True)), key=lambda one: one.end - one.start)
    assert BEGIN - 5 <= longest.start <= BEGIN + 25  # the walk may have been rising before
    assert BURST <= longest.end <= BURST + 5
    assert not longest.is_open


def test_a_bubble_that_goes_on_is_open() -> None:
    last = stamped(bubble(0, ends=False))[-1]
    assert last.is_open
    assert last.end == BURST


def test_none_is_stamped_unless_the_whole_series_rejects() -> None:
    above = np.array([np.nan, 0.0, 3.0, 3.0, 3.0, 0.0])
    found = ExplosiveTest(0.0, 0.0, 3.0, above, above, 2)
    assert episodes(found, 3.0, 1.0, shortest=2) == []  # not above
    assert episodes(found, 2.9, 1.0, shortest=2) == [Episode(2, 5, is_open=False)]
    assert episodes(found, 2.9, 1.0, shortest=4) == []
    undefined = ExplosiveTest(np.nan, np.nan, np.nan, above, above, 2)
    assert episodes(undefined, 2.9, 1.0, shortest=2) == []


def test_each_stretch_is_one_episode() -> None:
    bsadf = np.array([np.nan, 2.0, 2.0, 0.0, 2.0, 2.0])
    found = ExplosiveTest(0.0, 0.0, 2.0, bsadf, bsadf, 2)
    by_level = np.array([np.nan, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert episodes(found, 1.5, by_level, shortest=1) == [Episode(1, 3, False), Episode(4, 6, True)]


def test_durations_of_the_authors() -> None:
    assert minimum_duration(100) == 5  # ln 100 = 4.605
    assert minimum_duration(100, factor=2.0) == 10  # 9.21


def false_positives(n: int, walks: int, seed: int) -> int:
    rng = np.random.default_rng(seed)
    critical = values(n)
    series = np.cumsum(rng.standard_normal((walks, n)), axis=1)
    return sum(explosive_test(one).gsadf > critical.gsadf[1] for one in series)


def test_500_walks_reject_as_often_as_promised() -> None:
    low, high = binom.interval(0.99, 500, 0.05)  # 13 to 38
    assert low <= false_positives(n=100, walks=500, seed=99) <= high


@pytest.mark.soak
def test_5000_walks_of_a_year_reject_as_often_as_promised() -> None:
    low, high = binom.interval(0.99, 5000, 0.05)
    margin = 3 * 0.003 * 5000  # the critical value has an error of its own: 5,000 repetitions of 5 %
    assert low - margin <= false_positives(n=365, walks=5000, seed=98) <= high + margin


@pytest.mark.soak
def test_the_bootstrap_monitor_of_500_walks_keeps_its_size() -> None:
    """Values are taken from the first 200 levels, the family is the 100 after them."""
    rng = np.random.default_rng(5)
    shortest, history, family = minimum_window(200), 200, 100
    alarms = 0
    for _ in range(500):
        walk = rng.standard_normal(history + family).cumsum()
        critical = bootstrap_critical_values(
            walk[:history], family=family, shortest=shortest, repetitions=199
        )
        alarms += bool(np.nanmax(explosive_test(walk, shortest=shortest).bsadf[history:]) > critical[1])
    # Not above its size. Below it is expected: a normal times a residual has fatter tails than either.
    assert alarms <= binom.ppf(0.995, 500, 0.05)
