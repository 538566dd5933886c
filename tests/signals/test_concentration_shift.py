"""Concentration shift on shares worked out by hand.

HHI of 50/30/20 is 0.25 + 0.09 + 0.04 = 0.38; of 53/28/19 it is 0.2809 + 0.0784 + 0.0361 = 0.3954, a rise of
0.0154 (above 0.01, elevated); of 70/20/10 it is 0.49 + 0.04 + 0.01 = 0.54, a rise of 0.16 (above 0.05,
critical). Changes need a day 30 days before, and 120 of them 30 days old: the first reading is of day 179.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.signals.concentration_shift import SIGNAL

Maker = Callable[..., pd.DataFrame]


def test_flat_shares_are_calm_once_there_is_history(make_inputs: Maker) -> None:
    found = SIGNAL.read(make_inputs(hhi_venue_ratio=[0.38] * 250))["level"]
    assert set(found.iloc[:179]) == {"unknown"}
    assert set(found.iloc[179:]) == {"calm"}


@pytest.mark.parametrize("which", ["venue", "asset"])
def test_the_one_that_moved_is_named(make_inputs: Maker, which: str) -> None:
    given = {f"hhi_{which}_ratio": [0.38] * 200 + [0.3954] * 3}
    reading = SIGNAL.read(make_inputs(**given)).iloc[-1]
    other = {"venue": "asset", "asset": "venue"}[which]
    assert reading["level"] == "elevated"
    assert reading["value"] == pytest.approx(0.0154)
    assert reading["reason"] == (
        f"30-day change of the {which} HHI is +0.0154, above +0.0100 (elevated); "
        f"that of the {other} HHI is +0.0000."
    )


def test_the_higher_level_speaks(make_inputs: Maker) -> None:
    reading = SIGNAL.read(
        make_inputs(hhi_venue_ratio=[0.38] * 200 + [0.3954] * 3, hhi_asset_ratio=[0.38] * 200 + [0.54] * 3)
    ).iloc[-1]
    assert reading["level"] == "critical"
    assert reading["value"] == pytest.approx(0.16)
    assert "asset HHI is +0.1600" in reading["reason"]
    assert "that of the venue HHI is +0.0154" in reading["reason"]


def test_spreading_out_is_calm(make_inputs: Maker) -> None:
    found = SIGNAL.read(make_inputs(hhi_venue_ratio=[0.54] * 200 + [0.38] * 5))["level"]
    assert set(found.iloc[200:]) == {"calm"}


def test_a_silent_venue_is_no_shift(make_inputs: Maker) -> None:
    # The venue with 20 % does not answer for five days: the rest are 62.5/37.5, HHI 0.53125.
    readings = SIGNAL.read(
        make_inputs(
            hhi_venue_ratio=[0.38] * 200 + [0.53125] * 5 + [0.38] * 40,
            seen_ratio=[1.0] * 200 + [0.8] * 5 + [1.0] * 40,
        )
    )
    assert set(readings["level"].iloc[200:205]) == {"unknown"}
    assert set(readings["level"].iloc[205:]) <= {"calm", "unknown"}
    # Days 230..234 look back on the silent ones; the last seen day before them is within three days at first.
    assert readings["level"].iloc[230:235].tolist() == ["calm", "calm", "calm", "unknown", "unknown"]


def test_not_knowing_one_is_not_calm(make_inputs: Maker) -> None:
    quiet = SIGNAL.read(make_inputs(hhi_asset_ratio=[0.3] * 200 + [np.nan] * 3)).iloc[-1]
    assert quiet["level"] == "unknown"
    moved = SIGNAL.read(
        make_inputs(hhi_asset_ratio=[0.3] * 200 + [np.nan] * 3, hhi_venue_ratio=[0.38] * 200 + [0.54] * 3)
    ).iloc[-1]
    assert moved["level"] == "critical"
    assert "that of the asset HHI is unknown" in moved["reason"]
