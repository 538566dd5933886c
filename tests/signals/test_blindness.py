"""Blindness: fixed thresholds 10 %, 25 % and 50 %, at once, left below 7.5 %, 18.75 % and 37.5 %."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.signals.blindness import SIGNAL

Maker = Callable[..., pd.DataFrame]


def test_levels_follow_the_day(make_inputs: Maker) -> None:
    seen = [1.0, 0.95, 0.85, 0.92, 0.93, 0.7, 0.4, np.nan, 0.99]
    readings = SIGNAL.read(make_inputs(seen_ratio=seen))
    assert readings["level"].tolist() == [
        "calm",
        "calm",
        "elevated",
        "elevated",  # 8 % unseen: above the exit of 7.5 %
        "calm",
        "high",
        "critical",
        "unknown",  # nothing was expected
        "calm",
    ]
    assert readings["value"].iloc[2] == pytest.approx(0.15)


def test_the_threshold_is_declared_and_uses_no_history(make_inputs: Maker) -> None:
    reading = SIGNAL.read(make_inputs(seen_ratio=[0.7])).iloc[0]
    assert reading["threshold"] == 0.25
    assert reading["threshold_source"] == "fixed, declared"
    assert reading["history_days"] == 0
    assert reading["reason"] == (
        "Share of the expected open interest that was not seen is 30.0 %, above 25.0 % (high)."
    )


def test_an_absent_day_is_unknown(make_inputs: Maker) -> None:
    market = make_inputs(seen_ratio=[1.0] * 3).drop(index=2)
    venue = make_inputs("venue", "okx", seen_ratio=[1.0] * 3)
    readings = SIGNAL.read(pd.concat([market, venue]))
    assert readings.query("scope_type == 'market'")["level"].tolist() == ["calm", "calm", "unknown"]
    assert readings.query("scope_type == 'venue'")["level"].tolist() == ["calm", "calm", "calm"]


def test_assets_are_not_read(make_inputs: Maker) -> None:
    assert SIGNAL.read(make_inputs("asset", "BTC", seen_ratio=[0.1])).empty
