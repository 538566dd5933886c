"""Accumulation: is more borrowed money being taken on than this market, asset or venue usually takes on?

Notes
-----
Measured: growth of open interest over 30 days in coins, at the prices of 30 days ago, on the matched sample
(`quantity_growth_30d_ratio`), so that neither a price rise nor a newly collected venue counts as debt.

H0: the growth comes from the same distribution as its own past. One-sided: only fast growth is read.

Window: own history from 730 to 30 days before the day read; the last 30 days are left out because their
30-day growth overlaps today's. Minimum history: 120 days, else `unknown`.

Thresholds, both of which must be passed, on three observed days running; left below three quarters of them:

========  ======================  ==================  ==========================================
level     whole market            one asset or venue  why this floor
========  ======================  ==================  ==========================================
elevated  95 % quantile and 10 %  97.5 % and 20 %     10 % a month is threefold in a year
high      99 % quantile and 20 %  99 % and 40 %       20 % a month doubles in four months
critical  the highest and 40 %    the highest, 80 %   40 % a month doubles in two months
========  ======================  ==================  ==========================================

The quantile alone would alarm on one day in twenty of the quietest market; the floor alone would alarm all
year in a young one. One book moves about twice as much as the sum of all, hence the doubled floors. The
numbers were fixed before any made scenario was scored; on recorded open interest of 69 coins of one venue in
2022-2023 the 95 % quantile of the market figure is 23 % and its 99 % quantile 33 %.

Credit growing faster than it used to is the early-warning variable of Schularick and Taylor (2012), "Credit
Booms Gone Bust", American Economic Review 102; real-time thresholds follow Alessi and Detken (2011),
"Quasi real time early warning indicators for costly asset price boom/bust cycles", European Journal of
Political Economy 27.
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

INPUTS = ("quantity_growth_30d_ratio", "seen_ratio")
MARKET = quantile_bands(MARKET_QUANTILES, floors=(0.10, 0.20, 0.40))
SINGLE = quantile_bands(SINGLE_QUANTILES, floors=(0.20, 0.40, 0.80))
WORDING = Wording("Price-free growth of open interest over 30 days", percent)


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market, each asset and each venue; see the module for the rule."""
    parts = []
    for scope_type in SCOPE_TYPES:
        panel = panel_of(inputs, scope_type, INPUTS)
        growth, seen_ratio = (panel.columns[name] for name in INPUTS)
        rule = MARKET if scope_type == "market" else SINGLE
        found = assess(growth, seen_ratio, rule, MINIMUM_SEEN_RATIO)
        parts.append(readings_of(panel, found, WORDING))
    return pd.concat(parts, ignore_index=True)


SIGNAL = Signal(
    name="accumulation",
    title="Growth of borrowed positions against their own past",
    scopes=SCOPE_TYPES,
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
