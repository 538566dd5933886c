"""Explosive stretches: a planted one is dated, walks and collapses are not; the right series are tested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluate.episodes import COINS, COLUMNS, OVER_MARKET_CAP, explosive_episodes

FIRST = pd.Timestamp("2025-01-01")


def inputs(logs: dict[str, np.ndarray], over_cap: np.ndarray | None = None) -> pd.DataFrame:
    """Rows of the signals' inputs whose price-free index has these logarithms, by scope."""
    frames = []
    for scope, values in logs.items():
        days = pd.date_range(FIRST, periods=values.size)
        growth = np.expm1(np.diff(values, prepend=values[0]))
        kind = "market" if scope == "all" else "asset"
        ratio = over_cap if over_cap is not None and scope == "all" else np.nan
        frames.append(
            pd.DataFrame(
                {"day": days, "scope_type": kind, "scope": scope, "quantity_growth_1d_ratio": growth,
                 "oi_to_market_cap_ratio": ratio}
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def walk(seed: int, days: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(0, 0.01, days))


def with_bubble(seed: int, days: int, start: int, length: int, sign: int = 1) -> np.ndarray:
    """A walk, and on it 0.02 that grow by 6 % a day for `length` days, and then stay."""
    age = np.clip(np.arange(days) - start, -1, length)
    return walk(seed, days) + sign * np.where(age < 0, 0.0, 0.02 * 1.06**age)


def test_a_planted_stretch_is_dated_and_a_walk_is_not() -> None:
    found = explosive_episodes(inputs({"all": walk(3, 365), "XYZ": with_bubble(3, 365, 200, 60)}))
    assert list(found.columns) == list(COLUMNS)
    market = found[found["scope"] == "all"].iloc[0]
    assert (market["episode"], market["is_explosive"]) == (0, False)
    assert pd.isna(market["from_day"])
    asset = found[(found["scope"] == "XYZ") & found["is_explosive"]]
    assert asset["gsadf"].iloc[0] > asset["gsadf_critical"].iloc[0]
    # its daily step, 0.0012 growing by 6 % a day, reaches the noise of 0.01 a day after 36 days
    longest = asset.loc[(asset["to_day"] - asset["from_day"]).idxmax()]
    assert 215 <= (longest["from_day"] - FIRST).days <= 250
    # a plateau is no collapse: windows that hold the growth go on rejecting for a while after day 260
    assert (longest["to_day"] - FIRST).days >= 255
    assert set(found["series_tested"]) == {2}


def test_a_collapse_is_no_build_up() -> None:
    found = explosive_episodes(inputs({"all": with_bubble(3, 365, 200, 60, sign=-1)}))
    assert found["gsadf"].iloc[0] > found["gsadf_critical"].iloc[0]
    assert not found["is_explosive"].any()


def test_nulls_reject_about_once_in_twenty() -> None:
    found = explosive_episodes(inputs({f"A{seed}": walk(seed, 180) for seed in range(200)}))
    rejects = (found["gsadf"] > found["gsadf_critical"]).groupby(found["scope"]).any()
    # binomial(200, 0.05): 10 +- 3 standard deviations of 3.1
    assert 1 <= int(rejects.sum()) <= 19


@pytest.mark.parametrize(("days", "tested"), [(179, None), (180, 180), (400, 365), (2000, 1460)])
def test_the_longest_length_that_fits_is_tested(days: int, tested: int | None) -> None:
    found = explosive_episodes(inputs({"all": walk(1, days)}))
    assert list(found["days"].unique()) == ([] if tested is None else [tested])
    if tested is not None:
        assert found["tested_to"].iloc[0] == FIRST + pd.Timedelta(days=days - 1)


def test_a_long_hole_begins_the_series_anew_and_a_short_one_does_not() -> None:
    whole = inputs({"all": walk(1, 400)})
    short = whole.drop(index=range(300, 305))
    long = whole.drop(index=range(300, 320))
    assert explosive_episodes(short)["days"].iloc[0] == 365
    assert explosive_episodes(long).empty


def test_the_ratio_to_market_cap_is_tested_beside_the_coins() -> None:
    ratio = np.exp(with_bubble(5, 365, 200, 60)) * 0.02
    found = explosive_episodes(inputs({"all": walk(3, 365)}, ratio))
    told = found.groupby("series")["is_explosive"].any().to_dict()
    assert told == {COINS: False, OVER_MARKET_CAP: True}
