"""How distress spreads over a network: DebtRank in two forms, fire sales, and links through shared assets.

A network is a matrix of weights: `weights[i, j]` times i's distress is the share of j's own money that i
costs it; distress is the share of its own money that a node has lost. What a node or an asset is, and where
amounts come from, is decided elsewhere. Clearing of payments (Eisenberg and Noe) is not here: it needs what
each owes each, which no venue publishes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.methods.cascade import square_root_impact_ratio

Vector = npt.ArrayLike
Matrix = npt.ArrayLike
Floats = npt.NDArray[np.float64]

LEAST_OWN_USD = 1e-6  # of who owns nothing, any loss takes all


@dataclass(frozen=True)
class FireSale:
    """Two rounds of losses when prices fall and holders sell to keep their leverage.

    `first_returns` and `second_returns`, a holder each: return on assets from the shock and from the sales.
    `sales_usd` and `impacts`, an asset each: US dollars that all holders sell, below zero, and the return
    that follows. `vulnerability`: second-round losses over all own money, below zero for a loss.
    """

    first_returns: Floats
    sales_usd: Floats
    impacts: Floats
    second_returns: Floats
    vulnerability: float


def closing_move_ratio(sigma_ratio: float, open_interest_usd: float, volume_usd: float) -> float:
    """Fall of a price, a fraction in [0, 1], when all open interest is sold within a day.

    The square-root law of `cascade.square_root_impact_ratio` with a coefficient of one, and its errors.

    >>> round(closing_move_ratio(0.03, 2.1, 50), 8)
    0.00614817
    """
    return min(1.0, float(square_root_impact_ratio(open_interest_usd, volume_usd, sigma_ratio, 1.0)))


def shared_losses(positions: Matrix, closing_moves: Vector) -> Floats:
    """What each holder's sale of all its positions costs each holder, US dollars, a holder x holder matrix.

    `positions` is holder x asset in US dollars; `closing_moves` has the fall of each asset's price were all
    positions in it sold. A part moves the price by that part of it, so the matrix is symmetric and adds up:
    one holder counts like two that it is split into. The diagonal is what a holder's sale costs itself.

    References: Cont and Schaanning (2017), "Fire sales, indirect contagion and systemic stress testing",
    liquidity-weighted overlap.
    """
    held = np.asarray(positions, dtype=float)
    whole = held.sum(axis=0)
    slope = np.divide(
        np.asarray(closing_moves, dtype=float), whole, out=np.zeros_like(whole), where=whole > 0
    )
    return np.asarray((held * slope) @ held.T)


def loss_weights(losses_usd: Matrix, own_money_usd: Vector) -> Floats:
    """Losses as multiples of what each loser owns; `losses_usd` is cause x loser, both in US dollars.

    Above 1 where a cause costs more than is owned; who owns nothing counts as owning a millionth of a dollar.
    Raises ValueError for a negative or missing amount.
    """
    losses, own = np.asarray(losses_usd, dtype=float), np.asarray(own_money_usd, dtype=float)
    if not (np.all(losses >= 0) and np.all(own >= 0)):  # also false for NaN
        message = "losses and own money must be zero or more: leave a holder out when one is unknown"
        raise ValueError(message)
    return np.asarray(losses / np.maximum(own, LEAST_OWN_USD))


def debtrank(weights: Matrix, seed: Vector) -> Floats:
    """Distress of each node when every node passes on its distress once, in the round after it first has any.

    `seed` is the distress of each node at the start, fractions in [0, 1]; the result has the same form. A
    node that passed on still takes distress in, and keeps it to itself: a further link that makes it pass on
    earlier can lower the sum. `linear_debtrank` has no such turn. Raises ValueError when sizes or signs do
    not fit.

    References: Battiston, Puliga, Kaushik, Tasca and Caldarelli (2012), "DebtRank: too central to fail?",
    Scientific Reports 2.
    """
    links, distress = _network(weights, seed)
    has_passed = np.zeros(distress.size, dtype=bool)
    while (passing := (distress > 0) & ~has_passed).any():
        received = np.where(passing, distress, 0.0) @ links
        has_passed |= passing
        distress = np.minimum(1.0, distress + received)
    return distress


def linear_debtrank(weights: Matrix, seed: Vector, tolerance: float = 1e-9, most_rounds: int = 100) -> Floats:
    """Distress of each node when every loss is passed on: the least h with h = min(1, seed + weights' h).

    Rounds go on until nobody loses more than `tolerance`, or `most_rounds` have passed, so that a network
    which hardly settles is told a little low. Monotone in the seed and in every weight. Raises ValueError
    when sizes or signs do not fit.

    References: Bardoscia, Battiston, Caccioli and Caldarelli (2015), "DebtRank: a microscopic foundation for
    shock propagation", PLoS ONE 10.
    """
    links, start = _network(weights, seed)
    distress = start
    for _ in range(most_rounds):
        worse = np.minimum(1.0, start + distress @ links)
        rise = float(np.max(worse - distress, initial=0.0))
        distress = worse
        if rise <= tolerance:
            break
    return distress


def debtrank_ratio(distress: Vector, seed: Vector, values: Vector) -> float:
    """Share of all economic value lost beyond the seed's own: sum((h - seed) v) over sum(v), in [0, 1].

    One value v a node, in any unit. NaN when nothing has a value.
    """
    weights = np.asarray(values, dtype=float)
    lost = float((np.asarray(distress, dtype=float) - np.asarray(seed, dtype=float)) @ weights)
    whole = float(weights.sum())
    return lost / whole if whole > 0 else float("nan")


def fire_sale(
    assets_usd: Vector, holdings: Matrix, debt_to_equity: Vector, impact_per_usd: Vector, shock: Vector
) -> FireSale:
    """What a fall of prices costs once holders have sold to bring their leverage back.

    `assets_usd` and `debt_to_equity` have a holder each; `holdings` is holder x asset, in each row the shares
    of that holder's assets; `impact_per_usd` and `shock` have an asset each, `shock` as a return (-0.05). A
    holder sells its loss times debt over equity, pro rata over its assets; an asset falls in proportion to
    what is sold of it. Raises ValueError when sizes do not fit.

    References: Greenwood, Landier and Thesmar (2015), "Vulnerable banks", Journal of Financial Economics 115.
    """
    size, share = np.asarray(assets_usd, dtype=float), np.asarray(holdings, dtype=float)
    leverage, impact = np.asarray(debt_to_equity, dtype=float), np.asarray(impact_per_usd, dtype=float)
    fall = np.asarray(shock, dtype=float)
    if share.shape != (size.size, fall.size) or leverage.size != size.size or impact.size != fall.size:
        message = f"{size.size} holders and {fall.size} assets do not fit holdings of shape {share.shape}"
        raise ValueError(message)
    first = share @ fall
    sales = (size * leverage * first) @ share
    impacts = impact * sales
    second = share @ impacts
    equity = float(np.sum(size / (1.0 + leverage)))
    return FireSale(first, sales, impacts, second, float(size @ second) / equity)


def _network(weights: Matrix, seed: Vector) -> tuple[Floats, Floats]:
    links, start = np.asarray(weights, dtype=float), np.asarray(seed, dtype=float)
    if start.ndim != 1 or links.shape != (start.size, start.size):
        message = f"{start.size} nodes need a square matrix of weights, not one of shape {links.shape}"
        raise ValueError(message)
    if not (np.all(links >= 0) and np.all(start >= 0) and np.all(start <= 1)):  # also false for NaN
        message = "weights must be zero or more and a seed's distress within [0, 1]"
        raise ValueError(message)
    return links, start
