"""How far the price may move before a book is called, how probable it is, and margin that follows volatility.

A book is positions by entry price and by leverage at entry. Where the mixture of leverages comes from and
what the venue asked is said where these are called; liquidation itself belongs elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.methods.normal import normal_below, normal_quantile

Numbers = npt.ArrayLike
Result = npt.NDArray[np.float64]

NORMAL_99 = 2.33  # one-sided 99 % of the normal distribution, as clearing houses round it


@dataclass(frozen=True)
class Mixture:
    """Leverages at entry and the share of notional at each, both of shape (leverages,); shares sum to 1."""

    leverage: Result
    share: Result

    def posted(self, least_ratio: float) -> Result:
        """Margin posted at entry, a fraction of notional: 1/L, never below what the venue asks."""
        return np.maximum(1.0 / self.leverage, least_ratio)

    def initial_ratio(self, least_ratio: float) -> float:
        """Margin posted over notional of the whole mixture: sum over sum, never 1 over a mean leverage."""
        return float(self.share @ self.posted(least_ratio))


def book_distance_ratio(
    entry_price: Numbers,
    entry_share: Numbers,
    price: float,
    mixture: Mixture,
    maintenance_ratio: float,
    least_ratio: float,
    *,
    is_long: bool,
) -> float:
    """Mean move of the price, as a fraction of today's, that calls the positions of a book.

    entry_price, entry_share: shape (vintages,), shares of notional that sum to 1. A long of leverage L that
    posted p is called at e (1 - p) / (1 - mmr), a short at e (1 + p) / (1 + mmr). A position past its call
    counts as zero: it has paid up or is about to go. For one vintage at today's price this is
    (p - mmr) / (1 -+ mmr).
    """
    distance = _distances(entry_price, price, mixture, maintenance_ratio, least_ratio, is_long=is_long)
    weights = np.outer(np.asarray(entry_share, dtype=float), mixture.share)
    return float(np.sum(weights * np.maximum(distance, 0.0)))


def called_ratio(
    entry_price: Numbers,
    entry_share: Numbers,
    price: float,
    shock_ratio: float,
    mixture: Mixture,
    maintenance_ratio: float,
    least_ratio: float,
) -> float:
    """Share of a book that a move of the price calls, those past their call today included.

    shock_ratio below zero asks about longs, above zero about shorts; arguments otherwise as in
    `book_distance_ratio`.
    """
    distance = _distances(
        entry_price, price, mixture, maintenance_ratio, least_ratio, is_long=shock_ratio < 0
    )
    weights = np.outer(np.asarray(entry_share, dtype=float), mixture.share)
    return float(np.sum(weights[distance <= abs(shock_ratio)]))


def call_probability_ratio(distance_ratio: Numbers, daily_sigma_ratio: Numbers, days: Numbers) -> Result:
    """Probability, in [0, 1], that a driftless price touches a distance within some days: 2 Phi(-z).

    z = distance / (sigma sqrt(days)), by reflection of Brownian motion; 1 at or past the barrier. Raises
    ValueError for a volatility or a time that is not above zero.

    >>> round(float(call_probability_ratio(0.1, 0.05, 1)), 4)
    0.0455
    """
    sigma, time = np.asarray(daily_sigma_ratio, dtype=float), np.asarray(days, dtype=float)
    if np.any(sigma <= 0) or np.any(time <= 0):
        message = "a probability of touching needs a volatility and a time above zero"
        raise ValueError(message)
    z = np.asarray(distance_ratio, dtype=float) / (sigma * np.sqrt(time))
    return np.asarray(np.minimum(1.0, 2.0 * normal_below(-z)))


def call_distance_ratio(probability_ratio: Numbers, daily_sigma_ratio: Numbers, days: Numbers) -> Result:
    """Distance that a driftless price touches with this probability: `call_probability_ratio` turned round.

    -Phi^-1(p / 2) sigma sqrt(days), a fraction of the price; it may be above 1. Raises ValueError for a
    probability outside (0, 1) and a volatility or a time that is not above zero.

    >>> round(float(call_distance_ratio(0.0455, 0.05, 1)), 3)
    0.1
    """
    sigma, time = np.asarray(daily_sigma_ratio, dtype=float), np.asarray(days, dtype=float)
    if np.any(sigma <= 0) or np.any(time <= 0):
        message = "a probability of touching needs a volatility and a time above zero"
        raise ValueError(message)
    return np.asarray(-normal_quantile(np.asarray(probability_ratio) / 2.0) * sigma * np.sqrt(time))


def ewma_sigma_ratio(daily_returns_log: Numbers, decay: float = 0.97, least: int = 20) -> float:
    """Volatility of a day's return, a fraction: sqrt(sum(decay^age r^2) / sum(decay^age)), age 0 the last.

    daily_returns_log: oldest first, shape (days,); a missing day (NaN) has no weight. NaN with fewer than
    `least` known. The mean is taken as zero. decay 0.97 is what RiskMetrics (1996) uses for months.
    """
    returns = np.asarray(daily_returns_log, dtype=float)
    known = ~np.isnan(returns)
    if known.sum() < least:
        return float("nan")
    weights = decay ** np.arange(returns.size - 1, -1, -1, dtype=float)
    return float(np.sqrt(np.sum(weights[known] * returns[known] ** 2) / np.sum(weights[known])))


def dynamic_margin_ratio(
    daily_sigma_ratio: Numbers, floor_ratio: Numbers, days: float = 1.0, sigmas: float = NORMAL_99
) -> Result:
    """What maintenance would be if it followed volatility: max(floor, k sigma sqrt(days)), a fraction.

    floor_ratio: the venue's first tier, or an anti-procyclical floor. Unknown volatility gives NaN.
    """
    asked = sigmas * np.asarray(daily_sigma_ratio, dtype=float) * np.sqrt(days)
    return np.asarray(np.maximum(asked, np.asarray(floor_ratio, dtype=float)))


def peak_to_trough(margin_ratio: Numbers) -> float:
    """How procyclical a margin series was: its largest over its smallest value, at least 1. NaN if empty.

    References: Murphy, Vasios and Vause (2014), Bank of England Financial Stability Paper 29.
    """
    known = _known(margin_ratio)
    return float(known.max() / known.min()) if known.size else float("nan")


def largest_rise_ratio(margin_ratio: Numbers, days: int) -> float:
    """Largest increase of margin over any `days` days, as a fraction of notional; at least 0 (same source).

    margin_ratio: one a day, shape (days,), NaN where unknown. NaN when no pair of days is known.
    """
    series = np.asarray(margin_ratio, dtype=float)
    if series.size <= days:
        return float("nan")
    rises = _known(series[days:] - series[:-days])
    return max(0.0, float(rises.max())) if rises.size else float("nan")


def _distances(
    entry_price: Numbers,
    price: float,
    mixture: Mixture,
    maintenance_ratio: float,
    least_ratio: float,
    *,
    is_long: bool,
) -> Result:
    """Signed distance to the call of each vintage (rows) and leverage (columns), fractions of the price."""
    side = 1.0 if is_long else -1.0
    paid = np.asarray(entry_price, dtype=float)[..., np.newaxis] / price
    call = paid * (1.0 - side * mixture.posted(least_ratio)) / (1.0 - side * maintenance_ratio)
    return np.asarray(np.atleast_2d(side * (1.0 - call)))


def _known(series: Numbers) -> Result:
    values = np.asarray(series, dtype=float)
    return np.asarray(values[~np.isnan(values)])
