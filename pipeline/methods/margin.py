"""Debt of a derivative book, and the distance of a position or a loan from its margin call.

Formulas only. Which tier, which account sample and which day they are fed with, and whether the result is
counterfactual, is said where they are called.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.ArrayLike
Result = npt.NDArray[np.float64]


def debt_high_usd(notional_usd: Numbers, maintenance_margin_ratio: Numbers) -> Result:
    """Most that one leg of a book can owe, in USD: N (1 - mmr).

    Every open position holds at least its maintenance margin, and the first tier asks least, so its rate
    (a fraction in [0, 1]) gives a bound. Missing inputs give NaN; a rate outside [0, 1] raises ValueError.
    """
    rate = np.asarray(maintenance_margin_ratio, dtype=float)
    if np.any((rate < 0) | (rate > 1)):
        message = "a maintenance margin rate is a fraction between 0 and 1: divide a percentage by 100"
        raise ValueError(message)
    return _notional(notional_usd) * (1.0 - rate)


def debt_low_usd(notional_usd: Numbers, sample_equity_usd: Numbers, sample_notional_usd: Numbers) -> Result:
    """Least that one leg of a book owes, in USD: N max(0, 1 - equity / notional) of an account sample.

    The whole equity of the sampled accounts counts as their own money, so this is the low end. Without a
    sample (NaN) the bound is 0: that debt is not negative is all that is known then.
    """
    ratio = _own_money_ratio(sample_equity_usd, sample_notional_usd)
    return _notional(notional_usd) * np.where(np.isnan(ratio), 0.0, np.maximum(0.0, 1.0 - ratio))


def debt_estimate_usd(
    notional_usd: Numbers, sample_posted_usd: Numbers, sample_notional_usd: Numbers
) -> Result:
    """One leg's debt, in USD, from posted margin: N (1 - sum(posted) / sum(notional)).

    Both sums are over the same sample. It is sum over sum and never a mean of 1 - 1/L: that function is
    concave in leverage, so the mean over positions says more debt than there is. NaN without a sample.
    A sample that posts more than its notional borrows nothing.

    >>> float(debt_estimate_usd(100.0, 20.0, 100.0))
    80.0
    """
    ratio = _own_money_ratio(sample_posted_usd, sample_notional_usd)
    return _notional(notional_usd) * np.maximum(0.0, 1.0 - ratio)


def call_distance_long_ratio(leverage: Numbers, maintenance_margin_ratio: Numbers) -> Result:
    """Price fall, as a fraction of entry, that liquidates an isolated long: (1/L - mmr) / (1 - mmr).

    The position is new (entry = mark) and pays no fee; negative when it could not have been opened.
    """
    initial, maintenance = _rates(leverage, maintenance_margin_ratio)
    return (initial - maintenance) / (1.0 - maintenance)


def call_distance_short_ratio(leverage: Numbers, maintenance_margin_ratio: Numbers) -> Result:
    """Price rise, as a fraction of entry, that liquidates an isolated short: (1/L - mmr) / (1 + mmr)."""
    initial, maintenance = _rates(leverage, maintenance_margin_ratio)
    return (initial - maintenance) / (1.0 + maintenance)


def margin_call_price(
    entry_price: Numbers, initial_margin_ratio: Numbers, maintenance_margin_ratio: Numbers
) -> Result:
    """Price, in the unit of `entry_price`, at which a bought and financed holding is called.

    P0 (1 - IM) / (1 - MM): the loan P0 (1 - IM) stays while the holding loses value.
    """
    entry = np.asarray(entry_price, dtype=float)
    initial = np.asarray(initial_margin_ratio, dtype=float)
    maintenance = np.asarray(maintenance_margin_ratio, dtype=float)
    return np.asarray(entry * (1.0 - initial) / (1.0 - maintenance))


def _notional(notional_usd: Numbers) -> Result:
    notional = np.asarray(notional_usd, dtype=float)
    if np.any(notional < 0):
        message = "notional counts one leg and is never negative: pass its absolute value"
        raise ValueError(message)
    return notional


def _own_money_ratio(own_usd: Numbers, notional_usd: Numbers) -> Result:
    own, notional = np.asarray(own_usd, dtype=float), np.asarray(notional_usd, dtype=float)
    if np.any(notional <= 0):
        message = "the account sample holds no position: pass NaN when there is no sample"
        raise ValueError(message)
    return np.asarray(own / notional)


def _rates(leverage: Numbers, maintenance_margin_ratio: Numbers) -> tuple[Result, Result]:
    times = np.asarray(leverage, dtype=float)
    if np.any(times <= 0):
        message = "leverage is notional over own money and must be above zero"
        raise ValueError(message)
    return 1.0 / times, np.asarray(maintenance_margin_ratio, dtype=float)
