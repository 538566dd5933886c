"""Growth of a debt whose members come and go, and the ratios that FINRA's margin statistics made known.

Members are anything added up: venues, markets. A member known to be closed is passed as 0, one that was not
seen as NaN; the two must never be mixed up before they come here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.ArrayLike
Result = npt.NDArray[np.float64]

LEAST_MATCHED = 0.6  # share of the earlier total that must be seen again


def matched_growth_ratio(before: Numbers, now: Numbers, least_matched: float = LEAST_MATCHED) -> float:
    """Growth over the members known at both dates, a fraction; a member that appears adds nothing.

    before, now: amounts of the same members in one unit, shape (members,), NaN where unseen and 0 where
    closed. NaN when the matched members held less than `least_matched` of the earlier total.

    >>> round(matched_growth_ratio([100, 40, float("nan")], [100, 50, 80]), 9)
    0.071428571
    """
    earlier, later = np.asarray(before, dtype=float), np.asarray(now, dtype=float)
    matched = ~np.isnan(earlier) & ~np.isnan(later)
    base, whole = float(np.sum(earlier[matched])), float(np.nansum(earlier))
    if base <= 0 or base < least_matched * whole:
        return float("nan")
    return float(np.sum(later[matched])) / base - 1.0


def quantity_growth_ratio(
    base_before: Numbers, base_now: Numbers, price_before: Numbers, least_matched: float = LEAST_MATCHED
) -> float:
    """Growth in coins across assets at the earlier prices: sum(q_t P_{t-k}) / sum(q_{t-k} P_{t-k}) - 1.

    Coins of different assets are never added; NaN and 0 as in `matched_growth_ratio`.
    """
    price = np.asarray(price_before, dtype=float)
    return matched_growth_ratio(
        np.asarray(base_before, dtype=float) * price, np.asarray(base_now, dtype=float) * price, least_matched
    )


def chain_index(growth_ratio: Numbers) -> Result:
    """Index from growth of one step each, 1 before the first; a step that is unknown (NaN) adds nothing.

    For drawing: what happened in an unknown step is lost, so the growth over k days is computed directly.
    """
    return np.asarray(np.cumprod(1.0 + np.nan_to_num(np.asarray(growth_ratio, dtype=float))))


def year_on_year_ratio(series: Numbers, steps_a_year: int = 12) -> Result:
    """Growth over a year at each step, a fraction; NaN for the first year. Same shape as `series`."""
    values = np.asarray(series, dtype=float)
    grown = np.full(values.shape, np.nan)
    grown[steps_a_year:] = values[steps_a_year:] / values[:-steps_a_year] - 1.0
    return grown


def net_credit(free_credit: Numbers, debit: Numbers) -> Result:
    """Free credit balances less debit balances, in their unit; below zero when investors owe more."""
    return np.asarray(np.asarray(free_credit, dtype=float) - np.asarray(debit, dtype=float))


def debt_over_price_growth(debt: Numbers, price: Numbers, steps_a_year: int = 12) -> Result:
    """Growth of debt over a year less that of the price, a fraction: debt that the price does not explain.

    FINRA publishes a month late: the caller lags it.
    """
    return year_on_year_ratio(debt, steps_a_year) - year_on_year_ratio(price, steps_a_year)
