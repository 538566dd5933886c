"""Liquidation pressure: how much of the open interest was closed by force in a day?

Notes
-----
Measured: forced orders of the day over the open interest at its end, both in USD, over the venues that
published a forced order within the last week (`liquidations_to_oi_ratio`). Most feeds show one order a
second and market, so the figure is a lower bound, the lower the wilder the day. Where no venue publishes, it
is `unknown`.

H0: the share comes from the same distribution as its own past. One-sided. It says that positions are being
called now; it is no warning of a first fall, but forced selling is what turns a fall into a cascade.

Window: own history from 730 to 30 days before the day read. Minimum history: 120 days, else `unknown`.

Thresholds (95 % quantile, 99 % quantile, the highest; a burst is one day, so one day enters or leaves a
level, left below three quarters) with floors of 1, 2.5 and 5 % of open interest and ceilings of 5, 10 and 20
%. On 2025-10-10 about 19 bn USD of orders were published against some 90 bn of open interest, a fifth: that
is critical whatever the past was. An ordinary day has a few tenths of a percent. Declared, no paper; fixed
before any made scenario was scored.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from pipeline.signals.base import Signal
from pipeline.signals.levels import MARKET_QUANTILES, MINIMUM_SEEN_RATIO, assess, quantile_bands
from pipeline.signals.panel import panel_of
from pipeline.signals.wording import Wording, readings_of

INPUTS = ("liquidations_to_oi_ratio", "seen_ratio")
FLOORS, CEILINGS = (0.01, 0.025, 0.05), (0.05, 0.10, 0.20)
RULE = replace(quantile_bands(MARKET_QUANTILES, FLOORS, CEILINGS), confirm_days=1)


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market; see the module for the rule."""
    panel = panel_of(inputs, "market", INPUTS)
    pressure, seen_ratio = (panel.columns[name] for name in INPUTS)
    wording = Wording(
        "Share of open interest closed by force in a day",
        _percent,
        needs="a venue that publishes forced orders",
    )
    return readings_of(panel, assess(pressure, seen_ratio, RULE, MINIMUM_SEEN_RATIO), wording)


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.2f} %"


SIGNAL = Signal(
    name="liquidation_pressure",
    title="Positions closed by force against those open",
    scopes=("market",),
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
