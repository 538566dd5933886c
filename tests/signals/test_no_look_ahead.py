"""No signal may know the future: whatever happens to rows after T, readings as of T stay what they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.signals import SIGNALS
from pipeline.signals.composite import risk_events, risk_levels

# 425 days before comovement and 515 before the credit gap is known, and some to judge.
DAYS = 560
ASSETS = ("ADA", "BTC", "DOGE", "ETH", "SOL", "XRP")
SCOPES = (("market", "all"), *(("asset", name) for name in ASSETS), ("venue", "okx"))
NUMBERS = {
    "open_interest_usd": (1e10, 1e9),
    "quantity_growth_30d_ratio": (0.0, 0.2),
    "quantity_growth_7d_ratio": (0.0, 0.1),
    "quantity_growth_1d_ratio": (0.004, 0.02),
    "usd_growth_30d_ratio": (0.0, 0.2),
    "funding_apr": (0.15, 0.2),
    "hhi_venue_ratio": (0.4, 0.02),
    "hhi_asset_ratio": (0.3, 0.02),
    "oi_to_market_cap_ratio": (0.02, 0.004),
    "borrow_apr": (0.15, 0.1),
    "loan_utilisation_ratio": (0.7, 0.1),
    "liquidations_to_oi_ratio": (0.01, 0.005),
}


def random_inputs(seed: int) -> pd.DataFrame:
    """Noisy inputs with missing numbers, missing rows and a few blind days."""
    draw = np.random.default_rng(seed)
    parts = []
    for scope_type, scope in SCOPES:
        frame = pd.DataFrame(
            {
                name: np.where(draw.random(DAYS) < 0.03, np.nan, draw.normal(centre, spread, DAYS))
                for name, (centre, spread) in NUMBERS.items()
            }
        )
        walk = 100 * np.exp(np.cumsum(draw.normal(0, 0.04, DAYS)))
        frame["price_usd"] = np.where(draw.random(DAYS) < 0.03, np.nan, walk)
        frame["seen_ratio"] = np.where(draw.random(DAYS) < 0.05, draw.random(DAYS), 1.0)
        frame["day"] = pd.date_range("2024-01-01", periods=DAYS)
        parts.append(frame.assign(scope_type=scope_type, scope=scope)[draw.random(DAYS) > 0.03])
    return pd.concat(parts, ignore_index=True)


def everything(inputs: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([signal.read(inputs) for signal in SIGNALS.values()], ignore_index=True)


def until(frame: pd.DataFrame, cut: pd.Timestamp, column: str = "as_of") -> pd.DataFrame:
    return frame[frame[column] <= cut].reset_index(drop=True)


# A smaller seed is not a simpler market: shrinking a failure would only cost minutes.
@settings(max_examples=3, deadline=None, database=None, phases=(Phase.explicit, Phase.generate))
@given(seed=st.integers(0, 10_000), cut=st.integers(150, DAYS - 2), other=st.integers(0, 10_000))
def test_rows_after_the_day_change_no_reading_of_it(seed: int, cut: int, other: int) -> None:
    inputs = random_inputs(seed)
    last_day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=cut)
    as_of = (last_day + pd.Timedelta(days=1)).tz_localize("UTC")
    past = inputs[inputs["day"] <= last_day]
    # Another future: other numbers, other holes, and a venue that did not exist before.
    future = random_inputs(other + 20_000)
    future = future[future["day"] > last_day]
    newcomer = future[future["scope_type"] == "venue"].assign(scope="newcomer")

    truth = everything(past)
    for frame in (inputs, pd.concat([past, future, newcomer])):
        found = everything(frame)
        pd.testing.assert_frame_equal(until(found, as_of), until(truth, as_of), check_exact=True)
        pd.testing.assert_frame_equal(
            until(risk_levels(found), as_of), until(risk_levels(truth), as_of), check_exact=True
        )
        pd.testing.assert_frame_equal(
            until(risk_events(found), as_of, "at"), until(risk_events(truth), as_of, "at"), check_exact=True
        )


def test_the_frames_above_reach_every_level() -> None:
    """Otherwise sameness would prove nothing."""
    found = everything(random_inputs(1))
    assert set(found["level"]) == {"unknown", "calm", "elevated", "high", "critical"}
    known = found[found["level"] != "unknown"]
    assert set(known["signal"]) == set(SIGNALS)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    inputs = random_inputs(seed)
    shuffled = inputs.sample(frac=1.0, random_state=seed)
    pd.testing.assert_frame_equal(everything(shuffled), everything(inputs), check_exact=True)
