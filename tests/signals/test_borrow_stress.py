"""Borrow stress: rate floors of 21.9, 32.85 and 54.75 % a year, utilisation floors of 80, 90 and 95 %."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from pipeline.signals.borrow_stress import SIGNAL

Maker = Callable[..., pd.DataFrame]
QUIET = 200


def read(make_inputs: Maker, rate: Sequence[float], used: Sequence[float]) -> pd.DataFrame:
    """200 days at 10 % a year and 70 % in use, then the given days."""
    columns = {
        "borrow_apr": [0.10] * QUIET + list(rate),
        "loan_utilisation_ratio": [0.70] * QUIET + list(used),
    }
    return SIGNAL.read(make_inputs(**columns))


def test_a_dear_rate_is_read_on_the_third_day(make_inputs: Maker) -> None:
    readings = read(make_inputs, [0.30] * 3, [0.70] * 3)
    assert readings["level"].tolist()[-4:] == ["calm", "calm", "calm", "elevated"]
    assert readings["reason"].iloc[-1] == (
        "Cost of borrowing dollars a year is 30.0 %, above 21.9 % (elevated); the share of lent money in"
        " use is 70.0 %."
    )


def test_scarce_money_is_read_at_a_calm_rate(make_inputs: Maker) -> None:
    readings = read(make_inputs, [0.10] * 6, [0.93] * 3 + [0.84] * 3)
    assert readings["level"].iloc[QUIET + 2] == "high"
    assert readings["value"].iloc[QUIET + 2] == 0.93
    # 84 % is under 0.95 x 90 %, but above 80 %: high is left for elevated
    assert readings["level"].iloc[-1] == "elevated"


def test_a_utilisation_that_nobody_publishes_is_not_waited_for(make_inputs: Maker) -> None:
    rate = [0.10] * 200
    never = SIGNAL.read(make_inputs(borrow_apr=rate, loan_utilisation_ratio=[np.nan] * 200))
    assert never["level"].iloc[-1] == "calm"
    assert never["reason"].iloc[-1].endswith("the share of lent money in use is unknown.")
    gone = SIGNAL.read(make_inputs(borrow_apr=rate, loan_utilisation_ratio=[0.7] * 199 + [np.nan]))
    assert gone["level"].iloc[-2:].tolist() == ["calm", "unknown"]


def test_without_rates_it_is_unknown(make_inputs: Maker) -> None:
    nothing = [np.nan] * 200
    readings = SIGNAL.read(make_inputs(borrow_apr=nothing, loan_utilisation_ratio=nothing))
    assert set(readings["level"]) == {"unknown"}
    assert "it needs a venue that publishes what a margin loan costs" in readings["reason"].iloc[-1]
