"""What a first move of the price sets off when called positions are closed at once, and who bears a deficit.

Impact of forced orders, the move at which a cascade ends, what positions owe beyond their margin after a
gap, and the order in which funds and others pay. Which positions a move calls is `cushion.py`; depth of
order books, the speed of a fall and top-ups belong to nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.methods.cushion import Mixture, Numbers, Result

ROUNDING = 1e-9  # one who holds just maintenance stands, whatever the last digit says


@dataclass(frozen=True)
class Waterfall:
    """Who pays a loss, in USD: the fund, then winners whose positions are closed, then nobody."""

    fund_used_usd: float
    deleveraged_usd: float
    residual_usd: float


def square_root_impact_ratio(
    forced_usd: Numbers, volume_usd: Numbers, daily_sigma_ratio: Numbers, coefficient: Numbers
) -> Result:
    """Move of the price, a fraction, that forced orders cause: Y sigma sqrt(Q / V).

    forced_usd is Q; volume_usd is V, what is traded in a day, and daily_sigma_ratio the volatility of the
    same day's return; coefficient is Y, without a unit. The depth of a book is no V: it knows no time, so
    sqrt(Q / depth) is a number without meaning. Raises ValueError for a volume that is not above zero or
    anything else below zero. Missing inputs give NaN. Form: Donier and Bonart (2015), arXiv:1412.4503.

    >>> round(float(square_root_impact_ratio(2.1e9, 50e9, 0.03, 1.0)), 6)
    0.006148
    """
    forced, volume = np.asarray(forced_usd, dtype=float), np.asarray(volume_usd, dtype=float)
    sigma, scale = np.asarray(daily_sigma_ratio, dtype=float), np.asarray(coefficient, dtype=float)
    if np.any(volume <= 0) or np.any(forced < 0) or np.any(sigma < 0) or np.any(scale < 0):
        message = "impact needs a day's volume above zero, and orders, volatility and coefficient not below"
        raise ValueError(message)
    return np.asarray(scale * sigma * np.sqrt(forced / volume))


def linear_cascade_ratio(first_ratio: Numbers, gain_ratio: Numbers) -> Result:
    """Where a cascade ends if impact and calls are both linear: d0 / (1 - kappa rho), a fraction.

    gain_ratio is kappa (move a dollar) times rho (dollars called a unit of move). Infinite at a gain of 1
    and above: it does not stop. Raises ValueError for a first move or a gain below zero.
    """
    first, gain = np.asarray(first_ratio, dtype=float), np.asarray(gain_ratio, dtype=float)
    if np.any(first < 0) or np.any(gain < 0):
        message = "a cascade is the size of a move and of its gain: pass absolute values"
        raise ValueError(message)
    left = 1.0 - gain
    return np.asarray(np.where(left > 0, first / np.where(left > 0, left, 1.0), np.inf))


def final_move_ratio(first_ratio: float, move_ratio: Numbers, impact_ratio: Numbers) -> float:
    """The smallest move x >= d0 with x >= d0 + I(Q(x)): where the cascade of x = d0 + I(Q(x)) ends.

    move_ratio: sizes of moves from small to large, shape (steps,); impact_ratio: what the orders called up
    to each would move the price further, same shape, never falling. The answer is d0 + I at the first step
    that holds it, so it is late by less than a step. NaN where no step does: it does not stop on this grid.
    """
    moves, impact = np.asarray(move_ratio, dtype=float), np.asarray(impact_ratio, dtype=float)
    reached = first_ratio + impact
    holds = (moves >= first_ratio) & (reached <= moves)
    return float(reached[np.argmax(holds)]) if holds.any() else float("nan")


def gain_ratio(impact_at_first_ratio: float, impact_further_ratio: float, further_ratio: float) -> float:
    """Further move that one unit of move sets off: (I(Q(d0 + h)) - I(Q(d0))) / h, h = further_ratio.

    For linear impact and calls it is kappa rho. One minus it is the distance to instability.
    """
    return (impact_further_ratio - impact_at_first_ratio) / further_ratio


def book_deficit_ratio(
    entry_price: Numbers,
    entry_share: Numbers,
    price: float,
    gap_ratio: float,
    mixture: Mixture,
    maintenance_ratio: float,
    least_ratio: float,
    *,
    called: Literal["left_out", "topped_up"],
) -> float:
    """What a book owes beyond its margin after a gap, as a fraction of its notional at today's price.

    The price jumps from `price` by gap_ratio (below zero: longs lose, above: shorts) and everything is
    closed there. A position that posted p of its entry e has 1 - e (1 - p) / P of its value left as a long,
    e (1 + p) / P - 1 as a short, and owes what the gap takes beyond that; entries and shares are as in
    `cushion.book_distance_ratio`. Those with less than maintenance left today are left out (they are gone),
    or counted with just maintenance left (topped_up: they paid, or they would be gone). A fresh position is
    in no deficit while the gap is below 1 / L.
    """
    side = 1.0 if gap_ratio < 0 else -1.0
    paid = np.asarray(entry_price, dtype=float)[..., np.newaxis] / price
    left = side * (1.0 - paid * (1.0 - side * mixture.posted(least_ratio)))
    weights = np.outer(np.asarray(entry_share, dtype=float), mixture.share)
    if called == "left_out":
        weights = np.where(left >= maintenance_ratio - ROUNDING, weights, 0.0)
    left = np.maximum(left, maintenance_ratio)
    return float(np.sum(weights * np.maximum(0.0, abs(gap_ratio) - left)))


def waterfall(loss_usd: float, fund_usd: float, deleverage_limit_usd: float) -> Waterfall:
    """Who bears a loss: the insurance fund, then auto-deleveraging up to its limit, then a residual.

    deleverage_limit_usd is what winning positions can give up; infinite if they can bear all. A fund below
    zero pays nothing. Raises ValueError for a loss or a limit below zero.
    """
    if loss_usd < 0 or deleverage_limit_usd < 0:
        message = "a loss and what deleveraging can bear are amounts, never below zero"
        raise ValueError(message)
    fund_used = min(loss_usd, max(0.0, fund_usd))
    deleveraged = min(loss_usd - fund_used, deleverage_limit_usd)
    return Waterfall(fund_used, deleveraged, loss_usd - fund_used - deleveraged)
