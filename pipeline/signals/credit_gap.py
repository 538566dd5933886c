"""Credit gap: does open interest stand further above its slow trend, against what it is bet on, than before?

Notes
-----
Measured: 100 ln(open interest / market capitalisation) less its one-sided Hodrick-Prescott trend, in log
points: +10 is 10.5 % above trend. The ratio (`oi_to_market_cap_ratio`) is over the assets whose supply comes
with the project (Bitcoin and Ether). The trend of a day uses nothing later; its smoothing is the 400,000 of
the Basel guidance, scaled to days by the fourth power (Ravn and Uhlig 2002): 2.8e13.

H0: the ratio moves about a slow trend as it did before. One-sided: only a gap above the trend is read.

Window: own history from 730 to 30 days before the day read. Minimum history: 365 days of the ratio before the
first gap is read, then 120 days of gaps, else `unknown`. A guide built on quarters asks for ten years; a year
of days is the least that tells a trend from a season, so early gaps are rough.

Thresholds (95 % quantile, 99 % quantile, the highest; passed on three observed days running, left below
three quarters) with floors of 22.3, 40.5 and 69.3: a quarter, a half, and once as much again above the trend
(100 ln 1.25, 100 ln 1.5, 100 ln 2). The 2 and 10 points of the Basel guidance are of credit to output and do
not carry over. A supply is carried forward to the next dated one, a step of 1 to 3 log points. Fixed before
any made scenario was scored.

Basel Committee (2010), "Guidance for national authorities operating the countercyclical capital buffer";
Drehmann and Yetman (2018), "Why you should use the Hodrick-Prescott filter - at least to generate credit
gaps", BIS Working Papers 744, against Hamilton (2018), whose filter is `methods/credit_gap.hamilton_gap`.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pipeline.methods.credit_gap import DAYS_PER_QUARTER, hp_gap, scaled_lambda
from pipeline.signals.base import Signal
from pipeline.signals.levels import MARKET_QUANTILES, MINIMUM_SEEN_RATIO, assess, quantile_bands
from pipeline.signals.panel import panel_of
from pipeline.signals.wording import Wording, readings_of

INPUTS = ("oi_to_market_cap_ratio", "seen_ratio")
LEAST_DAYS = 365
FLOORS = (100 * math.log(1.25), 100 * math.log(1.5), 100 * math.log(2.0))
RULE = quantile_bands(MARKET_QUANTILES, FLOORS)


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market; see the module for the rule."""
    panel = panel_of(inputs, "market", INPUTS)
    ratio, seen_ratio = (panel.columns[name] for name in INPUTS)
    is_usable = (ratio > 0) & ~(seen_ratio < MINIMUM_SEEN_RATIO)
    with np.errstate(divide="ignore", invalid="ignore"):
        credit = np.where(is_usable, 100.0 * np.log(ratio), np.nan)
    smoothing = scaled_lambda(DAYS_PER_QUARTER)
    gap = np.full(credit.shape, np.nan)
    for column in range(credit.shape[1]):
        gap[:, column] = hp_gap(credit[:, column], smoothing, LEAST_DAYS)
    wording = Wording(
        "Gap of open interest over market capitalisation above its trend, in log points,",
        _points,
        needs=f"{LEAST_DAYS} days of open interest over market capitalisation",
    )
    return readings_of(panel, assess(gap, seen_ratio, RULE, MINIMUM_SEEN_RATIO), wording)


def _points(gap: float) -> str:
    return f"{gap:+.1f}"


SIGNAL = Signal(
    name="credit_gap",
    title="Open interest over market capitalisation against its slow trend",
    scopes=("market",),
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
