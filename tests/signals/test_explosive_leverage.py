"""Explosive leverage: planted bubbles and nulls, its windows, and the size that its thresholds promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.methods.explosive import explosive_test
from pipeline.signals.explosive_leverage import SIGNAL, statistics
from pipeline.signals.explosive_monitor import CRITICAL, quiet_years, statistic

Maker = Callable[..., pd.DataFrame]
GROWTH = "quantity_growth_1d_ratio"


def walk(seed: int, days: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(0, 0.01, days))


def with_bubble(seed: int, days: int, start: int, length: int) -> np.ndarray:
    """A walk, and on it 0.02 that grow by 6 % a day for `length` days, and then stay."""
    age = np.clip(np.arange(days) - start, -1, length)
    return walk(seed, days) + np.where(age < 0, 0.0, 0.02 * 1.06**age)


def growth(index: np.ndarray) -> np.ndarray:
    return np.expm1(np.diff(index, prepend=index[0]))


def test_a_window_is_at_most_five_quarters_of_a_year_long() -> None:
    index = walk(3, 700)
    found = statistic(index)
    # Day 500 lies in the block whose oldest level is number 91: 365 + 91 <= 500 < 365 + 2 x 91.
    cut = explosive_test(index[91:501], shortest=38).bsadf[-1]
    whole = explosive_test(index[:301], shortest=38).bsadf[-1]
    for day, told in ((500, cut), (300, whole)):
        assert found[day] == pytest.approx(told if index[day] > index[day - 30] else min(told, 0.0), abs=1e-9)
    assert np.isnan(found[:37]).all()


def test_a_bubble_is_seen_and_a_collapse_is_not() -> None:
    for seed in (1, 2, 3):
        up = statistic(with_bubble(seed, 300, 200, 60))
        assert up[230:260].max() > CRITICAL[2], seed
        down = statistic(-with_bubble(seed, 300, 200, 60))
        assert down[230:260].max() <= 0.0, seed


def test_the_size_of_a_year_of_daily_reading_is_what_it_says() -> None:
    # 1,000 fresh walks: 50 above the 5 % value, and 21 more are three standard errors; 10 above that of 1 %,
    # and 10.
    largest = quiet_years(1000, seed=77).max(axis=1)
    assert 29 <= (largest > CRITICAL[0]).sum() <= 71
    assert 1 <= (largest > CRITICAL[1]).sum() <= 20


def test_levels_need_six_days_and_end(make_inputs: Maker) -> None:
    index = with_bubble(1, 400, 200, 60)
    market = make_inputs(**{GROWTH: growth(index)})
    readings = SIGNAL.read(market)
    level = readings["level"].tolist()
    assert set(level[:119]) == {"unknown"}
    assert readings["reason"].iloc[50] == (
        "Explosive statistic (BSADF) of the price-free index of open interest could not be computed yet: it"
        " needs 120 days of daily growth."
    )
    first = next(day for day, name in enumerate(level) if name not in ("unknown", "calm"))
    values = readings["value"].to_numpy()
    assert 205 < first < 260
    assert (values[first - 5 : first + 1] > CRITICAL[0]).all()
    assert "critical" in level[first:275]
    assert level[-1] == "calm"  # the index has been flat for 140 days
    assert readings["threshold"].iloc[150] == CRITICAL[0]
    assert readings["threshold_source"].iloc[150] == "simulated for 365 days of random walks"


def test_a_hole_adds_no_growth_and_a_long_one_begins_anew() -> None:
    steps = growth(walk(5, 400))[:, None]
    short, long = steps.copy(), steps.copy()
    short[300:303] = np.nan
    long[200:208] = np.nan
    assert np.isnan(statistics(short)[300:303]).all()
    assert np.isfinite(statistics(short)[303])
    assert np.isfinite(statistics(long)[199])
    # 120 days from the first figure after the hole, day 208: known again from day 327
    assert np.isnan(statistics(long)[200:327]).all()
    assert np.isfinite(statistics(long)[327])


def test_quiet_markets_stay_calm(make_inputs: Maker) -> None:
    assets = pd.concat(
        [make_inputs("asset", f"A{seed}", **{GROWTH: growth(walk(seed, 500))}) for seed in range(40)]
    ).assign(seen_ratio=np.nan)
    known = SIGNAL.read(assets).query("level != 'unknown'")
    assert len(known) == 40 * (500 - 119)
    # 0.4 % of quiet years have a day: 0.2 of 40 series are expected, and three would be no chance
    assert known[known["level"] != "calm"]["scope"].nunique() <= 2
