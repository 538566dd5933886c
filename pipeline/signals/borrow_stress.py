"""Borrow stress: are dollars to buy with dear to borrow, and are those offered nearly all lent?

Notes
-----
Measured: the rate a year of margin loans of dollars and stablecoins, the median over venues and kinds of loan
(`borrow_apr`), and the share of lent money that is used in positions, where a venue publishes both
(`loan_utilisation_ratio`). Both are judged apart; the reading is the one at the higher level, or, at the same
level, the one nearer to or further past its threshold, and the sentence names both. Where one is unknown and
the other calm the reading is unknown, except that a utilisation that was never published is not waited for.

H0: both come from the same distributions as their own past. One-sided.

Window: own history from 730 to 30 days before the day read. Minimum history: 120 days, else `unknown`.

Thresholds (95 % quantile, 99 % quantile, the highest; passed on three observed days running, left below
three quarters). The rate is held between the floors and ceilings of crowding (2, 3 and 5 times the neutral
10.95 % a year, and twice that): a loan and a perpetual finance the same position, so the same price is dear.
Utilisation has floors of 80, 90 and 95 %, about where lending pools turn their rate steeply up (the optimal
utilisation of Aave's pools is declared at 80 to 92 %), and ceilings of 90, 95 and 98 %. Fixed before any
made scenario was scored. A level of utilisation is left below 0.95 of its threshold, not below three
quarters: an ordinary share is so near to 80 % that three quarters would never be left (seen on the first
made world, no score was computed).

A venue collected for the first time moves the median; such a day is not told apart here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.signals.base import Signal
from pipeline.signals.crowding import CEILINGS, FLOORS
from pipeline.signals.levels import MARKET_QUANTILES, MINIMUM_SEEN_RATIO, LevelRule, assess, quantile_bands
from pipeline.signals.pairs import urgency
from pipeline.signals.panel import Panel, panel_of
from pipeline.signals.wording import Wording, readings_of, share

INPUTS = ("borrow_apr", "loan_utilisation_ratio", "seen_ratio")
RATE = quantile_bands(MARKET_QUANTILES, FLOORS, CEILINGS)
UTILISATION = replace(
    quantile_bands(MARKET_QUANTILES, (0.80, 0.90, 0.95), (0.90, 0.95, 0.98)), exit_share_ratio=0.95
)


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market; see the module for the rule."""
    panel = panel_of(inputs, "market", INPUTS)
    needs = "a venue that publishes what a margin loan costs"
    rate = _judged(panel, "borrow_apr", RATE, Wording("Cost of borrowing dollars a year", share, needs))
    used = _judged(panel, "loan_utilisation_ratio", UTILISATION, Wording("Share of lent money in use", share))
    was_published = used["value"].notna().cummax()  # one scope, in the order of days
    is_rate = ~was_published | (urgency(rate) >= urgency(used))
    chosen = rate.where(is_rate, used)
    other = used["value"].where(is_rate, rate["value"])
    other_name = np.where(is_rate, "the share of lent money in use", "the cost of borrowing dollars a year")
    reasons = [
        f"{reason[:-1]}; {name} is {share(value) if np.isfinite(value) else 'unknown'}."
        for reason, name, value in zip(chosen["reason"], other_name, other, strict=True)
    ]
    return chosen.assign(reason=pd.Series(reasons, index=chosen.index, dtype="str"))


def _judged(panel: Panel, column: str, rule: LevelRule, wording: Wording) -> pd.DataFrame:
    found = assess(panel.columns[column], panel.columns["seen_ratio"], rule, MINIMUM_SEEN_RATIO)
    return readings_of(panel, found, wording)


SIGNAL = Signal(
    name="borrow_stress",
    title="Cost and scarcity of money to borrow",
    scopes=("market",),
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
