"""Cushion compression: did the distance to a margin call shrink, in moves of the price, over a month?

Notes
-----
Measured: the share of the longs' cushion that was lost in 30 days. The cushion of an asset is how many daily
standard deviations its price may fall before a long of declared leverage, entered at the average price at
which today's positions were opened, has lost its margin: max(0, 1 - 0.9 entry / price) / sigma. The market's
figure is 1 - sum(w z today) / sum(w z 30 days ago), over the assets known on both days, w their open
interest today.

No margin table is read: those of today, applied to the past, are no record of what venues asked then. The
leverage is declared as 10 for every position, so the figure moves with prices, entries and volatility alone,
and says nothing of its own level. Entries: growth in coins enters at the day's price, those who leave are
drawn from all alike, and the first 30 days of an asset are left out. Sigma: exponentially weighted, decay
0.97 (RiskMetrics 1996), at least 20 returns. A price is carried over a hole of a week at most.

H0: the loss comes from the same distribution as its own past. One-sided: only a loss is read.

Window: own history from 730 to 30 days before the day read. Minimum history: 120 days, else `unknown`. Also
unknown where the assets known on both days hold under 60 % of the open interest.

Thresholds (95 % quantile, 99 % quantile, the highest; passed on three observed days running, left below
three quarters) with floors of a third, a half and three quarters of the cushion, and ceilings of 0.5, 0.75
and 0.9, since no more than all can be lost. At unchanged volatility a fall of 5 % under the entries takes
half of a cushion of 10 %; so does a doubling of volatility. Declared, no paper; fixed before any made
scenario was scored.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.signals.base import Signal
from pipeline.signals.levels import MARKET_QUANTILES, MEMORY_DAYS, MINIMUM_SEEN_RATIO, assess, quantile_bands
from pipeline.signals.panel import Matrix, days_since, panel_of
from pipeline.signals.wording import Wording, percent, readings_of

ASSET_INPUTS = ("price_usd", "quantity_growth_1d_ratio", "open_interest_usd")
INPUTS = (*ASSET_INPUTS, "seen_ratio")
RULE = quantile_bands(MARKET_QUANTILES, (1 / 3, 0.5, 0.75), (0.5, 0.75, 0.9))
HORIZON_DAYS = 30
FIRST_DAYS = 30
MARGIN_RATIO = 0.1
DECAY, LEAST_RETURNS = 0.97, 20
LEAST_MATCHED_RATIO = 0.6


def read(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of the whole market; see the module for the rule."""
    assets = panel_of(inputs, "asset", ASSET_INPUTS)
    market = panel_of(inputs, "market", ("seen_ratio",))
    cushion = cushion_sigmas(assets.columns["price_usd"], assets.columns["quantity_growth_1d_ratio"])
    lost = np.broadcast_to(
        lost_ratio(cushion, assets.columns["open_interest_usd"])[:, None], market.is_due.shape
    )
    found = assess(lost, market.columns["seen_ratio"], RULE, MINIMUM_SEEN_RATIO)
    wording = Wording(
        "Share of the longs' distance to a call, in daily sigmas, that was lost in 30 days",
        percent,
        needs="60 days of prices and of daily growth by asset",
    )
    return readings_of(market, found, wording)


def cushion_sigmas(price_usd: Matrix, growth_1d_ratio: Matrix) -> Matrix:
    """Distance of each asset's average long to its call, in daily standard deviations, (days, assets)."""
    price = pd.DataFrame(price_usd).ffill(limit=MEMORY_DAYS).to_numpy()
    return_log = np.diff(np.log(price), axis=0, prepend=np.nan)
    entering = np.maximum(np.nan_to_num(growth_1d_ratio), 0.0)
    assets = price.shape[1]
    entry = np.full(assets, np.nan)
    squares, weight, returns = np.zeros(assets), np.zeros(assets), np.zeros(assets)
    found = np.full(price.shape, np.nan)
    age_days = _age_days(price)
    for row in range(price.shape[0]):
        begins = age_days[row] == 0
        entry = np.where(begins, price[row], (entry + entering[row] * price[row]) / (1.0 + entering[row]))
        is_known = np.isfinite(return_log[row])
        squares = np.where(begins, 0.0, DECAY * squares + np.where(is_known, return_log[row], 0.0) ** 2)
        weight = np.where(begins, 0.0, DECAY * weight + is_known)
        returns = np.where(begins, 0.0, returns + is_known)
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.maximum(1.0 - (1.0 - MARGIN_RATIO) * entry / price[row], 0.0)
            sigma = np.sqrt(squares / weight)
        is_read = (returns >= LEAST_RETURNS) & (age_days[row] >= FIRST_DAYS) & (sigma > 0)
        found[row, is_read] = distance[is_read] / sigma[is_read]
    return found


def lost_ratio(cushion: Matrix, open_interest_usd: Matrix) -> Matrix:
    """Share of the market's cushion lost over 30 days, (days,); below zero where it grew."""
    before = np.full(cushion.shape, np.nan)
    before[HORIZON_DAYS:] = cushion[:-HORIZON_DAYS]
    is_matched = np.isfinite(cushion) & np.isfinite(before) & np.isfinite(open_interest_usd)
    weight = np.where(is_matched, open_interest_usd, 0.0)
    was, now = (np.sum(weight * np.where(is_matched, side, 0.0), axis=1) for side in (before, cushion))
    is_enough = weight.sum(axis=1) >= LEAST_MATCHED_RATIO * np.nansum(open_interest_usd, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(is_enough & (was > 0), 1.0 - now / was, np.nan)


def _age_days(price: Matrix) -> Matrix:
    """Days since the price of each asset began, first or after a hole of over a week; NaN in a hole."""
    is_known = np.isfinite(price)
    begins = is_known & ~pd.DataFrame(is_known).shift(fill_value=False).to_numpy(dtype=bool)
    return np.where(is_known, days_since(begins), np.nan)


SIGNAL = Signal(
    name="cushion_compression",
    title="Loss of distance to a margin call over a month",
    scopes=("market",),
    formula_version=1,
    inputs=INPUTS,
    reader=read,
)
