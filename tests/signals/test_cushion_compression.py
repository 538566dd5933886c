"""Cushion compression on a price that swings by 2 % a day: a cushion of 10 % is 5 sigmas of 0.02."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.signals.cushion_compression import SIGNAL, cushion_sigmas

Maker = Callable[..., pd.DataFrame]
DAYS = 401


def swinging() -> np.ndarray:
    """100 on even days, 100 e^0.02 on odd ones; the last day, 400, is even."""
    return 100.0 * np.exp(0.02 * (np.arange(DAYS) % 2))


def cushions(price: np.ndarray, growth: np.ndarray) -> np.ndarray:
    return cushion_sigmas(price[:, None], growth[:, None])[:, 0]


def test_the_cushion_of_a_book_that_was_entered_on_the_first_day() -> None:
    found = cushions(swinging(), np.zeros(DAYS))
    assert np.isnan(found[:30]).all()
    assert found[400] == pytest.approx(5.0)  # (1 - 0.9) / 0.02
    assert found[399] == pytest.approx((1 - 0.9 * np.exp(-0.02)) / 0.02)  # 2 % above the entry


def test_who_enters_pays_the_price_of_the_day_and_leavers_change_nothing() -> None:
    growth = np.zeros(DAYS)
    growth[399] = 1.0  # as many again, at 102.02: the average entry is 101.01
    assert cushions(swinging(), growth)[399] == pytest.approx(
        (1 - 0.9 * 101.0101 / 102.0201) / 0.02, rel=1e-5
    )
    growth[399] = -0.5
    assert cushions(swinging(), growth)[399] == pytest.approx((1 - 0.9 * np.exp(-0.02)) / 0.02)


def test_a_fall_takes_what_it_takes(make_inputs: Maker) -> None:
    price = swinging()
    price[-1] = price[-2] * np.exp(-0.06)  # from 102.02 to 96.08
    asset = make_inputs("asset", "BTC", price_usd=price)
    reading = SIGNAL.read(pd.concat([make_inputs(seen_ratio=[1.0] * DAYS), asset])).iloc[-1]
    # Distance 1 - 0.9 / 0.960789 = 0.06327; variance (32.333 x 0.0004 + 0.0036) / 33.333 = 0.000496, sigma
    # 0.02227: 2.841 sigmas are left of the 5 of 30 days ago.
    assert reading["value"] == pytest.approx(1 - 2.841 / 5, abs=1e-3)
    assert reading["reason"].startswith(
        "Share of the longs' distance to a call, in daily sigmas, that was lost in 30"
    )


def test_a_doubled_swing_is_a_level(make_inputs: Maker) -> None:
    price = swinging()
    day = np.arange(DAYS)
    price = np.where(day > 370, 100.0 * np.exp(0.08 * (day % 2)), price)
    asset = make_inputs("asset", "BTC", price_usd=price)
    readings = SIGNAL.read(pd.concat([make_inputs(seen_ratio=[1.0] * DAYS), asset]))
    assert readings["level"].iloc[365] == "calm"
    # After 30 swings of 8 %: variance 0.0004 x 0.401 + 0.0064 x 0.599 = 0.003994, sigma 0.0632; 5 becomes
    # 1.58
    assert readings["value"].iloc[-1] == pytest.approx(1 - 1.582 / 5, abs=0.01)
    assert readings["level"].iloc[-1] == "high"


def test_no_prices_no_level(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(seen_ratio=[1.0] * 3))
    assert set(readings["level"]) == {"unknown"}
    assert readings["reason"].iloc[-1].endswith("it needs 60 days of prices and of daily growth by asset.")
