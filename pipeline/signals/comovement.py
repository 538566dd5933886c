"""Comovement: do prices move for fewer reasons than usual, so that one shock reaches every position?

Notes
-----
Measured: the standardised shift of the absorption ratio of Kritzman, Li, Page and Rigobon (2011), "Principal
components as a measure of systemic risk", Journal of Portfolio Management 37. The absorption ratio of a day
is the share of variance in the largest fifth of the eigenvalues of the correlations of daily log changes of
prices, over 60 days of which the recent weigh more (half-life 30), of the 20 assets with the largest open
interest that day among those priced on every day. The shift is (mean of 15 days - mean of 365) / deviation
of the 365.

H0: prices share as much of their movement as in the year before. One-sided: only a rise is read.

Window: 60 days under each ratio and 365 days of ratios. Minimum history: 425 days, else `unknown`; also
unknown with fewer than five assets. A price is carried over a hole of a week at most.

Thresholds: shifts of 1, 2 and 3, passed on three observed days running, left below three quarters. 1 is the
authors' alarm; 2 and 3 are declared. A shift above 1 is no rare thing, which is why this signal alone raises
no level of the market. Fixed before any made scenario was scored.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.methods.comovement import (
    FEWEST_ASSETS,
    absorption_ratio,
    absorption_shift,
    decaying_weights,
    weighted_covariance,
)
from pipeline.signals.base import Signal
from pipeline.signals.levels import MEMORY_DAYS, MINIMUM_SEEN_RATIO, Band, LevelRule, assess
from pipeline.signals.panel import Matrix, panel_of
from pipeline.signals.wording import Wording, readings_of

ASSET_INPUTS = ("price_usd", "open_interest_usd")
INPUTS = (*ASSET_INPUTS, "seen_ratio")
RULE = LevelRule((Band(None, 1.0), Band(None, 2.0), Band(None, 3.0)))
WINDOW_DAYS, HALF_LIFE_DAYS, MOST_ASSETS = 60, 30.0, 20
SHORT_DAYS, LONG_DAYS = 15, 365


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market; see the module for the rule."""
    assets = panel_of(inputs, "asset", ASSET_INPUTS)
    market = panel_of(inputs, "market", ("seen_ratio",))
    ratios = absorption_ratios(assets.columns["price_usd"], assets.columns["open_interest_usd"])
    shift = np.broadcast_to(absorption_shift(ratios, SHORT_DAYS, LONG_DAYS)[:, None], market.is_due.shape)
    found = assess(shift, market.columns["seen_ratio"], RULE, MINIMUM_SEEN_RATIO)
    wording = Wording(
        "Standardised shift of the absorption ratio of prices",
        _number,
        needs=f"{WINDOW_DAYS + LONG_DAYS} days of prices of at least {FEWEST_ASSETS} assets",
        fixed_source="1 is the authors' alarm, 2 and 3 are declared",
    )
    return readings_of(market, found, wording)


def absorption_ratios(price_usd: Matrix, open_interest_usd: Matrix) -> Matrix:
    """Absorption ratio of each day, (days,), from (days, assets); NaN with fewer than five assets."""
    price = pd.DataFrame(price_usd).ffill(limit=MEMORY_DAYS).to_numpy()
    size = np.nan_to_num(pd.DataFrame(open_interest_usd).ffill(limit=MEMORY_DAYS).to_numpy(), nan=-np.inf)
    changes = np.diff(np.log(price), axis=0, prepend=np.nan)
    holes = np.cumsum(~np.isfinite(changes), axis=0)
    weights = decaying_weights(WINDOW_DAYS, HALF_LIFE_DAYS)
    ratios = np.full(price.shape[0], np.nan)
    for at in range(WINDOW_DAYS, price.shape[0]):
        complete = np.flatnonzero(holes[at] == holes[at - WINDOW_DAYS])
        largest = complete[np.argsort(-size[at, complete], kind="stable")[:MOST_ASSETS]]
        covariance = weighted_covariance(changes[at - WINDOW_DAYS + 1 : at + 1, largest], weights)
        moving = np.flatnonzero(np.diag(covariance) > 0)
        if moving.size >= FEWEST_ASSETS:
            spread = np.sqrt(np.diag(covariance)[moving])
            correlation = covariance[np.ix_(moving, moving)] / np.outer(spread, spread)
            ratios[at] = absorption_ratio(correlation)
    return ratios


def _number(shift: float) -> str:
    return f"{shift:+.2f}"


SIGNAL = Signal(
    name="comovement",
    title="Prices that move for one reason",
    scopes=("market",),
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
