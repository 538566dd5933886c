"""Concentration shift: is the market's open interest gathering on fewer venues or fewer assets?

Notes
-----
Measured: the change over 30 days of the Herfindahl index of venues (`hhi_venue_ratio`) and of assets
(`hhi_asset_ratio`), each on [0, 1]. Both are judged apart; the reading is the one at the higher level, or, at
the same level, the one nearer to or further past its threshold, and the sentence names both moves. Where one
is unknown and the other calm, the reading is unknown.

H0: the change comes from the same distribution as its own past. One-sided: only gathering is read.

Window: own history from 730 to 30 days before the day read. Minimum history: 120 days, else `unknown`. The
comparison is with the day 30 days ago, or the nearest seen one up to three days before it.

Days on which under 90 % of the expected open interest was seen are left out: a venue that did not answer
makes the others look larger.

Thresholds (95 % quantile, 99 % quantile, the highest; passed on three observed days running, left below three
quarters) with floors of 0.01, 0.02 and 0.05. 0.01 and 0.02 are the 100 and 200 points by which the Horizontal
Merger Guidelines of the US Department of Justice and Federal Trade Commission (2010, section 5.3) call a rise
in a concentrated market a concern, and presumed harmful; 0.05 is declared: about what a leader adds who goes
from 40 to 49 % of the market while the rest (HHI 0.3 among themselves) shrink in step. Fixed before any made
scenario was scored.

A venue collected for the first time also moves both indices; such a day is not told apart here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.signals.base import Signal
from pipeline.signals.levels import MARKET_QUANTILES, assess, quantile_bands
from pipeline.signals.pairs import urgency
from pipeline.signals.panel import Matrix, Panel, panel_of
from pipeline.signals.wording import Wording, readings_of

INPUTS = ("hhi_venue_ratio", "hhi_asset_ratio", "seen_ratio")
RULE = quantile_bands(MARKET_QUANTILES, floors=(0.01, 0.02, 0.05))
HORIZON_DAYS = 30
BASE_TOLERANCE_DAYS = 3
MINIMUM_SEEN_FOR_SHARES_RATIO = 0.9


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market; see the module for the rule."""
    panel = panel_of(inputs, "market", INPUTS)
    venue, asset = _judged(panel, "venue"), _judged(panel, "asset")
    is_venue = urgency(venue) >= urgency(asset)
    chosen = venue.where(is_venue, asset)
    other = asset["value"].where(is_venue, venue["value"])
    other_name = np.where(is_venue, "asset", "venue")
    reasons = [
        f"{reason[:-1]}; that of the {name} HHI is {_points(value) if np.isfinite(value) else 'unknown'}."
        for reason, name, value in zip(chosen["reason"], other_name, other, strict=True)
    ]
    return chosen.assign(reason=pd.Series(reasons, index=chosen.index, dtype="str"))


def _judged(panel: Panel, dimension: str) -> pd.DataFrame:
    seen_ratio = panel.columns["seen_ratio"]
    index = panel.columns[f"hhi_{dimension}_ratio"]
    usable = np.where(seen_ratio < MINIMUM_SEEN_FOR_SHARES_RATIO, np.nan, index)
    # The change of a barely seen day is still shown, but `assess` gives it no level.
    found = assess(index - _base(usable), seen_ratio, RULE, MINIMUM_SEEN_FOR_SHARES_RATIO)
    return readings_of(panel, found, Wording(f"30-day change of the {dimension} HHI", _points))


def _base(index: Matrix) -> Matrix:
    return pd.DataFrame(index).ffill(limit=BASE_TOLERANCE_DAYS).shift(HORIZON_DAYS).to_numpy()


def _points(change: float) -> str:
    return f"{change:+.4f}"


SIGNAL = Signal(
    name="concentration_shift",
    title="Gathering of open interest on fewer venues or assets",
    scopes=("market",),
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
