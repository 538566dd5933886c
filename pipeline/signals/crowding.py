"""Crowding: do leveraged buyers pay more than usual to stay in, and more than the market's neutral price?

Notes
-----
Measured: the funding rate weighted by open interest, as a simple yearly fraction (`funding_apr`). Funding is
what longs pay shorts; the side that pays is the crowded one. Only crowded longs are read: a negative rate is
never elevated here.

H0: the rate comes from the same distribution as its own past. One-sided.

Window: own history from 730 to 30 days before the day read; the last month is left out because funding
persists and an episode would raise its own bar. Minimum history: 120 days, else `unknown`.

Thresholds: a walk-forward quantile held between a floor and a ceiling, passed on three observed days
running and left below three quarters. They are multiples of the venues' neutral baseline, 0.01 % per 8 hours
= 0.0001 x 3 x 365 = 10.95 % a year:

========  ================================  ==========================  ==========================
level     quantile (market; asset, venue)   never below                 never above
========  ================================  ==========================  ==========================
elevated  95 %; 97.5 %                      2 x baseline = 21.90 %      4 x baseline = 43.80 %
high      99 %                              3 x baseline = 32.85 %      6 x baseline = 65.70 %
critical  the highest                       5 x baseline = 54.75 %      10 x baseline = 109.50 %
========  ================================  ==========================  ==========================

The floor keeps a market that always sat on the baseline from alarming at a hair above it. The ceiling keeps a
year of mania from becoming the new normal: ten times the baseline is 0.1 % per 8 hours, near the cost seen at
the tops of 2021. Fixed before any made scenario was scored.

The price of leverage as a sign of crowded longs: Schmeling, Schrimpf and Todorov (2023), "Crypto carry",
BIS Working Papers 1087.
"""

from __future__ import annotations

import pandas as pd

from pipeline.signals.base import SCOPE_TYPES, Signal
from pipeline.signals.levels import (
    MARKET_QUANTILES,
    MINIMUM_SEEN_RATIO,
    SINGLE_QUANTILES,
    assess,
    quantile_bands,
)
from pipeline.signals.panel import panel_of
from pipeline.signals.wording import Wording, percent, readings_of

INPUTS = ("funding_apr", "seen_ratio")
BASELINE_APR = 0.0001 * 3 * 365
FLOORS = (2 * BASELINE_APR, 3 * BASELINE_APR, 5 * BASELINE_APR)
CEILINGS = (4 * BASELINE_APR, 6 * BASELINE_APR, 10 * BASELINE_APR)
MARKET = quantile_bands(MARKET_QUANTILES, FLOORS, CEILINGS)
SINGLE = quantile_bands(SINGLE_QUANTILES, FLOORS, CEILINGS)
WORDING = Wording("Funding weighted by open interest, a year,", percent)


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market, each asset and each venue; see the module for the rule."""
    parts = []
    for scope_type in SCOPE_TYPES:
        panel = panel_of(inputs, scope_type, INPUTS)
        funding_apr, seen_ratio = (panel.columns[name] for name in INPUTS)
        rule = MARKET if scope_type == "market" else SINGLE
        found = assess(funding_apr, seen_ratio, rule, MINIMUM_SEEN_RATIO)
        parts.append(readings_of(panel, found, WORDING))
    return pd.concat(parts, ignore_index=True)


SIGNAL = Signal(
    name="crowding",
    title="Cost of staying leveraged against its own past and the neutral rate",
    scopes=SCOPE_TYPES,
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
