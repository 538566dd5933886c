"""Margin tables: what a position of a size must hold, and what a whole book of them does.

A table is three rising arrays, one entry a step: the notional from which the step applies, its maintenance
rate, and the deduction that keeps margin continuous. Which table was in force when is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.methods.normal import normal_below

Numbers = npt.ArrayLike
Result = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TierTable:
    """Steps of a margin table, all arrays of shape (steps,): floors and deductions in one currency."""

    floors: Result
    rates: Result
    deductions: Result


def tier_table(floors: Numbers, rates: Numbers) -> TierTable:
    """A table from its bounds and rates: cum_n = cum_{n-1} + floor_n (rate_n - rate_{n-1}), cum_1 = 0.

    floors: notional from which each step applies, the first 0, rising. rates: maintenance margin as a
    fraction of notional, in (0, 1), never falling. The deduction makes margin continuous at every floor.
    Raises ValueError for anything else.

    References: Binance, "How to calculate liquidation price of USDS-M futures contracts" (cum).
    """
    bounds, steps = np.asarray(floors, dtype=float), np.asarray(rates, dtype=float)
    if bounds.ndim != 1 or bounds.shape != steps.shape or bounds.size == 0:
        message = f"a margin table needs one rate a floor, not shapes {bounds.shape} and {steps.shape}"
        raise ValueError(message)
    if bounds[0] != 0 or np.any(np.diff(bounds) <= 0):
        message = "the floors of a margin table begin at 0 and rise: sort its steps"
        raise ValueError(message)
    if not np.all((steps > 0) & (steps < 1)) or np.any(np.diff(steps) < 0):
        message = "maintenance rates are fractions between 0 and 1 and never fall with size"
        raise ValueError(message)
    rises = np.diff(steps, prepend=0.0)
    return TierTable(bounds, steps, np.cumsum(bounds * rises))


def maintenance_margin(table: TierTable, notional: Numbers) -> Result:
    """Margin a position of each notional must hold, in the table's currency: N rate_b - cum_b.

    NaN stays NaN; a negative notional raises ValueError. Positions beyond the last floor use the last step.
    """
    amounts = np.asarray(notional, dtype=float)
    if np.any(amounts < 0):
        message = "notional counts one leg and is never negative: pass its absolute value"
        raise ValueError(message)
    step = np.searchsorted(table.floors, amounts, side="right") - 1
    return np.asarray(amounts * table.rates[step] - table.deductions[step])


def growing_margin(notional: Numbers, size: Numbers, base_ratio: float, growth_ratio: float) -> Result:
    """Margin of a venue that has a line in place of steps: notional (base + growth x size).

    size: in the unit that `growth_ratio` is a fraction a unit of, coins on Deribit. In the currency of
    notional.

    References: Deribit, "Linear Perpetual": BTC 2 % and 0.005 % a coin to open, 1 % and as much to keep.
    """
    amounts = np.asarray(notional, dtype=float)
    return np.asarray(amounts * (base_ratio + growth_ratio * np.asarray(size, dtype=float)))


def book_maintenance_ratio(table: TierTable, notional: Numbers) -> float:
    """Maintenance of a book as a fraction of its notional: sum(MM(N)) / sum(N), never a mean of rates.

    notional: one entry a position, shape (positions,). NaN for an empty book.
    """
    amounts = np.asarray(notional, dtype=float)
    total = float(np.sum(amounts))
    return float(np.sum(maintenance_margin(table, amounts))) / total if total > 0 else float("nan")


def lognormal_maintenance_ratio(
    table: TierTable, median: float, sigma_log: float, largest: float = np.inf
) -> float:
    """Expected MM(N)/N of a book whose notional is spread lognormally over position sizes, a fraction.

    median: size that halves the *notional* (not the number of positions), in the table's currency;
    sigma_log: standard deviation of ln N, weighted by notional; largest: no position is above it, and the
    share of those that would be is spread over the rest. With P_b the notional's share in step b and Q_b the
    expectation of 1/N over it, the rate is sum(rate_b P_b - cum_b Q_b) over the share below the largest, in
    closed form. Raises ValueError unless all are above zero.
    """
    if not (median > 0 and sigma_log > 0 and largest > 0):
        message = "a lognormal of sizes needs a median, a sigma and a largest size above zero"
        raise ValueError(message)
    with np.errstate(divide="ignore"):
        logs = np.log(np.minimum(np.append(table.floors, np.inf), largest) / median) / sigma_log
    share = np.diff(normal_below(logs))
    inverse = np.exp(sigma_log**2 / 2) / median * np.diff(normal_below(logs + sigma_log))
    return float(np.sum(table.rates * share - table.deductions * inverse) / normal_below(logs[-1]))
