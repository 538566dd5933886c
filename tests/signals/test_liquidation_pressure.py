"""Liquidation pressure: a burst is one day; floors of 1, 2.5 and 5 % and ceilings of 5, 10 and 20 %."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipeline.signals.liquidation_pressure import SIGNAL

Maker = Callable[..., pd.DataFrame]
RATIO = "liquidations_to_oi_ratio"


def test_a_burst_is_read_on_its_day(make_inputs: Maker) -> None:
    burst = [0.012, 0.03, 0.001, 0.21, 0.0]
    readings = SIGNAL.read(make_inputs(**{RATIO: [0.002] * 160 + burst}))
    assert readings["level"].tolist()[158:] == [
        "calm",
        "calm",
        "elevated",
        "high",
        "calm",
        "critical",
        "calm",
    ]
    assert readings["reason"].iloc[161] == (
        "Share of open interest closed by force in a day is 3.00 %, above 2.50 % (high)."
    )


def test_a_wild_past_does_not_hide_a_fifth_of_the_market(make_inputs: Maker) -> None:
    wild = [0.3 if day % 2 else 0.25 for day in range(160)]
    assert SIGNAL.read(make_inputs(**{RATIO: [*wild, 0.21]}))["level"].iloc[-1] == "critical"


def test_without_a_feed_it_is_unknown_and_says_so(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(**{RATIO: [np.nan] * 200}))
    assert set(readings["level"]) == {"unknown"}
    assert readings["reason"].iloc[-1] == (
        "Share of open interest closed by force in a day could not be computed yet: it needs a venue that"
        " publishes forced orders."
    )
