"""Blindness: how much of what should have been seen was not. It judges the other signals, not the market.

Notes
-----
Measured: 1 - `seen_ratio`, the share of the expected open interest that no answer covered that day.

H0: everything expected was seen. There is no distribution to compare with: an outage is a fact, so the
thresholds are fixed, no history is needed and one day is enough to enter or leave a level (left below three
quarters of the threshold).

========  =========  ===================================================================================
level     more than  why
========  =========  ===================================================================================
elevated  10 %       the unseen part can hide a growth as large as the floor of accumulation
high      25 %       one of the largest venues is missing
critical  50 %       less was seen than not; the other signals answer `unknown` for that scope by the same
                     limit, and so does the level of the market
========  =========  ===================================================================================

A day on which nothing was expected is `unknown`. Declared before any made scenario was scored; no paper.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.signals.base import Signal
from pipeline.signals.levels import MINIMUM_SEEN_RATIO, Band, LevelRule, assess
from pipeline.signals.panel import panel_of
from pipeline.signals.wording import Wording, readings_of, share

SCOPES = ("market", "venue")
INPUTS = ("seen_ratio",)
RULE = LevelRule((Band(None, 0.10), Band(None, 0.25), Band(None, 1 - MINIMUM_SEEN_RATIO)), confirm_days=1)
WORDING = Wording("Share of the expected open interest that was not seen", share)


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market and each venue; see the module for the rule."""
    parts = []
    for scope_type in SCOPES:
        panel = panel_of(inputs, scope_type, INPUTS)
        blind_ratio = 1.0 - panel.columns["seen_ratio"]
        # Being blind must not make the measure of blindness unknown: no limit of what was seen applies.
        no_limit = np.full_like(blind_ratio, np.nan)
        found = assess(blind_ratio, no_limit, RULE, MINIMUM_SEEN_RATIO)
        parts.append(readings_of(panel, found, WORDING))
    return pd.concat(parts, ignore_index=True)


SIGNAL = Signal(
    name="blindness",
    title="Share of the expected market that was not seen",
    scopes=SCOPES,
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
