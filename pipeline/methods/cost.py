"""What borrowed money costs: rates per period to rates a year, and the three ways venues charge hours.

Rates are fractions (0.0001, not 0.01 %). Which period a venue's number is for is declared with the venue.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

Numbers = npt.ArrayLike
Result = npt.NDArray[np.float64]

HOURS_A_YEAR = 8760.0
INTERVALS_HOURS = np.array([1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 24.0])
_HOUR = timedelta(hours=1)


def funding_apr(rate: Numbers, interval_hours: Numbers) -> Result:
    """Simple rate a year, a fraction, of a funding rate per interval: r 8760 / h."""
    return np.asarray(np.asarray(rate, dtype=float) * HOURS_A_YEAR / np.asarray(interval_hours, dtype=float))


def funding_apy(rate: Numbers, interval_hours: Numbers) -> Result:
    """The same compounded at each settlement, a fraction: (1 + r)^(8760 / h) - 1."""
    periods = HOURS_A_YEAR / np.asarray(interval_hours, dtype=float)
    return np.asarray((1.0 + np.asarray(rate, dtype=float)) ** periods - 1.0)


def settlement_interval_hours(settled_hours: Numbers) -> float:
    """Hours between settlements, from their times in hours: the commonest difference that venues use.

    A gap is never an interval: only differences within 0.1 hours of 1, 2, 4, 6, 8, 12 or 24 are counted.
    NaN when none is. Documentation is not asked, because venues change the interval of a market.
    """
    differences = np.diff(np.sort(np.asarray(settled_hours, dtype=float)))
    distance = np.abs(differences[:, np.newaxis] - INTERVALS_HOURS)
    counted = np.bincount(distance.argmin(axis=1)[distance.min(axis=1) <= 0.1], minlength=7)
    return float(INTERVALS_HOURS[counted.argmax()]) if counted.any() else float("nan")


def weighted_apr(apr: Numbers, weight_usd: Numbers) -> float:
    """Mean of rates a year weighted by open interest or loans, over the members where both are known.

    NaN when no weight is left; a negative weight raises ValueError.

    >>> weighted_apr([0.10, 0.50], [300, 100])
    0.2
    """
    rates, weights = np.asarray(apr, dtype=float), np.asarray(weight_usd, dtype=float)
    if np.any(weights < 0):
        message = "a weight is an amount of dollars and never negative"
        raise ValueError(message)
    known = ~np.isnan(rates) & ~np.isnan(weights)
    total = float(np.sum(weights[known]))
    return float(np.sum(rates[known] * weights[known])) / total if total > 0 else float("nan")


def hours_touched(opened_at: datetime, closed_at: datetime) -> int:
    """Clock hours a loan was in, begun ones counted whole: 13:20 to 14:15 touches two (Binance)."""
    first = opened_at.replace(minute=0, second=0, microsecond=0)
    return max(1, -((first - closed_at) // _HOUR))


def hours_begun(opened_at: datetime, closed_at: datetime, period_hours: float = 1.0) -> int:
    """Periods begun since the loan itself began, at least one: ten minutes are one (freqtrade's Binance)."""
    return max(1, -((opened_at - closed_at) // timedelta(hours=period_hours)))


def periods_and_opening(opened_at: datetime, closed_at: datetime, period_hours: float = 4.0) -> int:
    """Periods begun, and one more for opening: ten minutes of four hours are two (Kraken)."""
    return 1 + hours_begun(opened_at, closed_at, period_hours)


def full_hours_passed(opened_at: datetime, closed_at: datetime) -> int:
    """Tops of an hour while the loan was out: 12:05 to 14:15 sees two, 12:05 to 12:58 none (Crypto.com)."""
    first = opened_at.replace(minute=0, second=0, microsecond=0) + _HOUR
    return max(0, (closed_at - first) // _HOUR + 1)
