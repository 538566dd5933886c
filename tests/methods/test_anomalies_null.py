"""How often clean series are flagged, how often a planted one is, and what a day's pass costs.

The made world of `clean` has 600 markets of 200 assets over 400 days: prices walk, open interest and forced
orders have the noise and the memory of the recorded ones, every market settles at the venues' hours.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluate.anomalies import COLUMNS, Recorded, anomalies
from pipeline.methods.anomalies import BREAK_DEVIATIONS, level_breaks
from pipeline.methods.anomalies_compared import clock_shifts, compare

DAYS, ASSETS, VENUES = 400, 200, 3
FIRST = pd.Timestamp("2025-01-01")


def with_memory(random: np.random.Generator, days: int, series: int, share: float = 0.3) -> np.ndarray:
    """Unit variance: a share of it forgets 3 % a day, the rest is new each day.

    Its autocorrelation, 0.3 x 0.97^k, is 0.29, 0.26 and 0.16 at 1, 5 and 20 days; of forced orders over
    volume of 35 recorded perpetuals the median is 0.30, 0.24 and 0.17, and of their total 0.57, 0.45 and
    0.30, which a share of 0.58 gives (0.56, 0.50, 0.32).
    """
    slow = random.normal(size=(days, series))
    slow[1:] *= np.sqrt(1 - 0.97**2)
    for day in range(1, days):
        slow[day] += 0.97 * slow[day - 1]
    return np.asarray(np.sqrt(share) * slow + np.sqrt(1 - share) * random.normal(size=(days, series)))


def clean(seed: int, days: int = DAYS, assets: int = ASSETS) -> Recorded:
    """Recorded days without any anomaly; sizes as recorded: 4 % a day of price, 10 % of open interest."""
    random = np.random.default_rng(seed)
    markets = assets * VENUES
    price = np.exp(np.cumsum(random.normal(0, 0.04, (days, assets)), axis=0))
    mine = np.repeat(price, VENUES, axis=1) * np.exp(random.normal(0, 5e-4, (days, markets)))
    interest = 1e6 * np.exp(np.cumsum(random.normal(0, 0.06, (days, markets)), axis=0))
    turnover = np.exp(0.5 * with_memory(random, days, markets))
    funding = 0.1 + 0.1 * with_memory(random, days, markets)
    day = np.tile((FIRST + pd.to_timedelta(np.arange(days), "D")).to_numpy()[:, None], (1, markets))
    venue = np.tile([f"venue{one}" for one in range(VENUES)], assets)
    asset = np.repeat([f"A{one:03}" for one in range(assets)], VENUES)

    def column(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (days, markets)).ravel()

    frame = pd.DataFrame(
        {
            "day": column(day), "venue": column(venue), "market": column(asset), "asset": column(asset),
            "open_interest_base": column(interest), "open_interest_usd": column(interest * mine),
            "mark_price": column(mine), "price_usd": column(mine), "funding_apr": column(funding),
            "volume_usd": column(interest * mine * turnover),
        }
    )  # fmt: skip
    forced = frame[["day", "venue", "asset", "volume_usd"]].copy()
    forced["low_usd"] = forced["volume_usd"] * 1e-3 * np.exp(0.7 * column(with_memory(random, days, markets)))
    hours = frame[["day", "venue", "market"]].assign(interval_hours=8.0, offset_hours=0.0)
    return Recorded(frame, forced, hours)


@pytest.fixture(scope="module")
def world() -> Recorded:
    return clean(1)


def test_a_clean_world_of_600_markets_is_flagged_twice_at_most(world: Recorded) -> None:
    """4,200 series are tested, each in several ways; of forced orders a false break in 2,000 is the rate."""
    found = anomalies(world)
    assert list(found.columns) == list(COLUMNS)
    assert len(found) <= 2, found.to_string()
    assert set(found["kind"]) <= {"level_break"}


def test_a_pass_over_600_markets_and_400_days_takes_two_seconds_at_most(world: Recorded) -> None:
    anomalies(clean(2, days=100, assets=3))  # imports
    started = time.process_time()
    anomalies(world)
    spent = time.process_time() - started
    print(f"a pass over 600 markets and 400 days: {spent:.2f} s of processor time")  # noqa: T201
    assert spent < 2.0


def test_made_series_with_the_memory_of_recorded_ones_do_not_pass_the_threshold() -> None:
    made = with_memory(np.random.default_rng(1), 600, 2000)[300:]
    assert len(level_breaks(made)) <= 2
    # a venue's total remembers more and moves less: 0.4 a day
    totals = with_memory(np.random.default_rng(2), 700, 1000, share=0.58)[300:] * 0.4
    assert len({one.column for one in level_breaks(totals)}) <= 5
    # a test that cannot fail would pass the line above, too
    broken = made[:, :200].copy()
    broken[150:] += 5.0
    assert len({one.column for one in level_breaks(broken)}) >= 195
    assert BREAK_DEVIATIONS == 3.25


def test_how_often_a_clock_is_found() -> None:
    """In 200 series each: never at no shift, three in five at 3 hours, all at 8."""
    hourly = np.random.default_rng(3).normal(size=((DAYS + 1) * 24, 200)).cumsum(axis=0)

    def share(hours: int) -> float:
        returns = np.diff(hourly[24 - hours :: 24][:DAYS], axis=0, prepend=np.nan)
        reference = np.diff(hourly[24::24][:DAYS], axis=0, prepend=np.nan)
        noise = np.random.default_rng(hours).normal(size=returns.shape) * 0.05
        return len(clock_shifts(compare(returns + noise, reference))) / 200

    assert share(0) == 0.0
    assert 0.45 <= share(3) <= 0.75
    assert share(8) == 1.0
