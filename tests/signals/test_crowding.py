"""Crowding on hand-made funding. The baseline of 0.01 % per 8 hours is 0.0001 x 3 x 365 = 0.1095 a year."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from pipeline.signals.crowding import SIGNAL

Maker = Callable[..., pd.DataFrame]


def last_reading(make_inputs: Maker, history: float, today: float) -> pd.Series:
    """The reading on the fifth day of `today`, after 200 days of `history`."""
    return SIGNAL.read(make_inputs(funding_apr=[history] * 200 + [today] * 5)).iloc[-1]


@pytest.mark.parametrize(
    ("today", "level"),
    [
        (0.1095, "calm"),  # the neutral rate
        (0.21, "calm"),  # above its own past, but not twice the neutral rate (0.219)
        (0.22, "elevated"),
        (0.33, "high"),  # three times: 0.3285
        (0.55, "critical"),  # five times: 0.5475
        (-0.90, "calm"),  # crowded shorts are not read here
    ],
)
def test_floors_are_multiples_of_the_neutral_rate(make_inputs: Maker, today: float, level: str) -> None:
    assert last_reading(make_inputs, 0.1095, today)["level"] == level


def test_its_own_past_raises_the_bar(make_inputs: Maker) -> None:
    # After 200 days at 30 %, 29 % is nothing new, though it is above the floor of 21.9 %.
    reading = last_reading(make_inputs, 0.30, 0.29)
    assert reading["level"] == "calm"
    assert reading["threshold"] == pytest.approx(0.30)
    assert reading["threshold_source"] == "walk-forward 95 % quantile of 175 days"  # days 0..174


def test_a_year_of_mania_does_not_become_normal(make_inputs: Maker) -> None:
    # The past says 60 %, the ceiling of elevated is four times the neutral rate, 43.8 %.
    reading = last_reading(make_inputs, 0.60, 0.50)
    assert reading["level"] == "elevated"
    assert reading["threshold"] == pytest.approx(0.438)
    assert reading["threshold_source"] == (
        "fixed, declared ceiling; walk-forward 95 % quantile of 175 days is +60.0 %"
    )


def test_missing_funding_is_unknown(make_inputs: Maker) -> None:
    assert last_reading(make_inputs, 0.1095, float("nan"))["level"] == "unknown"
