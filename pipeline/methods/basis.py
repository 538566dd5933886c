"""What dated futures pay over the coin, a year, and at a constant maturity.

Prices of one coin in one currency go in. Which markets are pooled, and what stands for the coin's own
price, is decided where these are called.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.ArrayLike
Result = npt.NDArray[np.float64]

DAYS_A_YEAR = 365.0
SHORTEST_DAYS = 3.0  # nearer to expiry a tick of the price is percents a year


def basis_apr(forward: Numbers, spot: Numbers, days: Numbers) -> Result:
    """Simple basis a year, a fraction: (F/S - 1) 365 / T, with T in days.

    Raises ValueError for a price or a time that is not above zero. NaN stays NaN.

    >>> round(float(basis_apr(102, 100, 73)), 9)
    0.1
    """
    prices, coin, time = (np.asarray(x, dtype=float) for x in (forward, spot, days))
    if np.any(prices <= 0) or np.any(coin <= 0) or np.any(time <= 0):
        message = "a basis needs prices and days to expiry above zero"
        raise ValueError(message)
    return np.asarray((prices / coin - 1.0) * DAYS_A_YEAR / time)


def constant_maturity_apr(forward: Numbers, spot: float, days: Numbers, tenor_days: float) -> float:
    """Basis a year at a maturity that no contract has, a fraction; NaN beyond the last expiry.

    forward, days: one a dated future, shape (futures,). log(F/S) is a straight line in time between
    expiries, and from the coin itself (0 at time 0) to the first; futures under three days are dropped.
    """
    prices, time = np.asarray(forward, dtype=float), np.asarray(days, dtype=float)
    kept = time >= SHORTEST_DAYS
    if not kept.any() or tenor_days > time[kept].max():
        return float("nan")
    order = np.argsort(time[kept])
    times = np.concatenate([[0.0], time[kept][order]])
    logs = np.concatenate([[0.0], np.log(prices[kept][order] / spot)])
    at_tenor = np.exp(np.interp(tenor_days, times, logs))
    return float((at_tenor - 1.0) * DAYS_A_YEAR / tenor_days)
