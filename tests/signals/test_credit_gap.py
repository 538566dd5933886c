"""Credit gap: a straight line of logarithms has none; a step has its size, less what the trend takes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.signals.credit_gap import SIGNAL

Maker = Callable[..., pd.DataFrame]
RATIO = "oi_to_market_cap_ratio"
STEP_DAY, DAYS = 600, 640


def doubled() -> np.ndarray:
    """0.02 growing by 0.1 % a day, twice as much from day 600 on."""
    day = np.arange(DAYS)
    return 0.02 * np.exp(0.001 * day) * np.where(day >= STEP_DAY, 2.0, 1.0)


def test_a_line_has_no_gap_and_a_step_its_size(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(**{RATIO: doubled()}))
    assert readings["value"].iloc[:364].isna().all()
    assert readings["value"].iloc[364:STEP_DAY].abs().max() < 1e-6
    # Smoothing of 2.8e13 makes the trend a straight line, whose end moves by (4n - 2) / (n (n + 1)) of the
    # last of n observations: 0.00664 for 601. 100 ln 2 = 69.31, less 0.46.
    assert readings["value"].iloc[STEP_DAY] == pytest.approx(69.31 - 0.46, abs=0.03)


def test_levels_follow_the_declared_floors(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(**{RATIO: doubled()}))
    level = readings["level"].tolist()
    # 365 days for the first gap, a month left out, 120 days of gaps: day 364 + 30 + 119
    assert set(level[:513]) == {"unknown"}
    assert set(level[513 : STEP_DAY + 2]) == {"calm"}
    assert level[STEP_DAY + 2] == "high"  # 68 is above 40.5 and not above 69.3
    assert readings["threshold"].iloc[STEP_DAY + 2] == pytest.approx(100 * math.log(1.5))
    assert readings["reason"].iloc[STEP_DAY + 2].endswith("above +40.5 (high).")
    assert readings["history_days"].iloc[513] == 120


def test_where_nothing_is_known_it_says_what_is_needed(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(**{RATIO: [np.nan] * 5}))
    assert set(readings["level"]) == {"unknown"}
    assert (
        readings["reason"].iloc[-1].endswith("it needs 365 days of open interest over market capitalisation.")
    )
