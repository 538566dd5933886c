"""Price at which a venue closes a linear position, and the margin that puts that price where it is wanted.

A position of q coins entered at e gains q (p - e) in quote currency if long. It is closed where margin and
gain together no longer cover what must be kept. Venues differ in what that is:

at price   maintenance of the notional at the price sought, with the fee of closing where the venue counts it
           (Binance, Hyperliquid; with the fee Gate and OKX)
at entry   maintenance of the notional at entry, wherever the price goes (Bybit, linear contracts)

Which venue has which rule, since when, and who says so is `dbt_like_models/seeds/liquidation_rules.csv`.
Contracts paid in coins are in `liquidation_inverse.py`; what tables ask is in `tiers.py`. Partial
liquidation, funding paid later and the price that the venue gets are in none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.methods.tiers import TierTable, maintenance_margin

Numbers = npt.ArrayLike
Result = npt.NDArray[np.float64]


def isolated_price(
    table: TierTable,
    entry_price: Numbers,
    quantity: Numbers,
    margin: Numbers,
    *,
    is_long: bool,
    taker_fee_ratio: float = 0.0,
) -> Result:
    """Price at which margin and gain equal the maintenance, and the closing fee, at that very price.

    table: in quote currency. entry_price in quote; quantity in coins, above zero; margin in quote, above
    zero: broadcast against each other. With s = 1 for a long and -1 for a short, step b gives
    (margin + cum_b - s q e) / (q (rate_b + fee - s)). Margin of a table is the largest of its lines
    N rate_b - cum_b, so that the step in force at that price is the highest such price of a long and the
    lowest of a short. A long that no price above zero closes has 0. Raises ValueError for a position that
    could not be opened (`require_opened`).

    References: Binance, "How to calculate liquidation price of USDS-M futures contracts" (b3c689c1);
    Hyperliquid, "Liquidations"; Gate and OKX add their taker fee to the rate.

    >>> from pipeline.methods.tiers import tier_table
    >>> round(float(isolated_price(tier_table([0], [0.0125]), 100, 1, 10, is_long=True)), 4)
    91.1392
    """
    price = _price_at_maintenance(table, entry_price, quantity, margin, is_long, taker_fee_ratio)
    require_opened(entry_price, price, is_long=is_long)
    return price


def isolated_price_at_entry(
    entry_price: Numbers, quantity: Numbers, margin: Numbers, maintenance: Numbers, *, is_long: bool
) -> Result:
    """Price at which the loss has used up all but the maintenance of entry: e - s (margin - MM) / q.

    maintenance: in quote, of the notional at entry; other arguments and errors as in `isolated_price`.

    References: Bybit, "Liquidation Price (USDT Contract)", a help page without a date.
    """
    entry, size, held = positions(entry_price, quantity, margin)
    spare = (held - np.asarray(maintenance, dtype=float)) / size
    price = np.maximum(entry - side_sign(is_long=is_long) * spare, 0.0)
    require_opened(entry_price, price, is_long=is_long)
    return np.asarray(price)


def isolated_margin(
    table: TierTable,
    entry_price: Numbers,
    quantity: Numbers,
    price: Numbers,
    *,
    is_long: bool,
    taker_fee_ratio: float = 0.0,
) -> Result:
    """Margin, in quote, with which a position is closed at `price`: `isolated_price` turned round.

    MM(q p) + fee q p - s q (p - e). price: in quote, at least zero; other arguments as there.
    """
    entry, size, _ = positions(entry_price, quantity, 1.0)
    closing = np.asarray(price, dtype=float)
    notional = size * closing
    gain = side_sign(is_long=is_long) * size * (closing - entry)
    return np.asarray(maintenance_margin(table, notional) + taker_fee_ratio * notional - gain)


def require_opened(entry_price: Numbers, price: Numbers, *, is_long: bool) -> None:
    """Raise ValueError where a long would be closed at or above its entry, a short at or below it.

    No venue opens such a position: what must be kept is at least what was posted (mmr >= 1/L).
    """
    ahead = side_sign(is_long=is_long) * (
        np.asarray(entry_price, dtype=float) - np.asarray(price, dtype=float)
    )
    if np.any(ahead <= 0):
        side = "a long that is closed at or above" if is_long else "a short that is closed at or below"
        message = f"{side} its entry cannot be opened: the margin posted is no more than what must be kept"
        raise ValueError(message)


def cross_prices(
    wallet: float,
    tables: Sequence[TierTable],
    entry_price: Numbers,
    mark_price: Numbers,
    quantity: Numbers,
) -> Result:
    """Price of each position at which one wallet no longer covers all, the others standing at their marks.

    wallet: balance in quote, without unrealised gains. tables: one a position. entry_price, mark_price in
    quote and quantity in coins, below zero for a short: shape (positions,). Returns shape (positions,), 0
    where no price above zero closes a long, NaN for a position of no size. What position j may lose is
    wallet - maintenance of the others + gains of the others. An account past its call has a long's price
    above its mark.

    References: Binance, "How to calculate liquidation price of USDS-M futures contracts" (b3c689c1), cross.
    """
    entry, mark, held = (np.asarray(one, dtype=float) for one in (entry_price, mark_price, quantity))
    kept = np.array(
        [float(maintenance_margin(t, abs(q) * p)) for t, q, p in zip(tables, held, mark, strict=True)]
    )
    gains = held * (mark - entry)
    free = wallet - (kept.sum() - kept) + (gains.sum() - gains)
    prices = np.full(held.shape, np.nan)
    for place, table in enumerate(tables):
        if held[place] != 0:
            size, is_long = abs(held[place]), bool(held[place] > 0)
            prices[place] = _price_at_maintenance(table, entry[place], size, free[place], is_long, 0.0)
    return prices


def cross_spillover_ratio(
    wallet: float,
    tables: Sequence[TierTable],
    entry_price: Numbers,
    mark_price: Numbers,
    quantity: Numbers,
    loss_ratio: float = 0.1,
) -> Result:
    """Move of each position's liquidation price when another's mark goes against it, a fraction.

    Row i, column j: how far the price of j moves, over the one before, when the mark of i loses `loss_ratio`
    against its holder. Shape (positions, positions), 0 on the diagonal: a price does not depend on the mark
    of its own position. Arguments as in `cross_prices`.
    """
    mark, held = np.asarray(mark_price, dtype=float), np.asarray(quantity, dtype=float)
    before = cross_prices(wallet, tables, entry_price, mark, held)
    moved = np.tile(mark, (mark.size, 1))
    moved[np.diag_indices(mark.size)] *= 1.0 - np.sign(held) * loss_ratio
    after = np.array([cross_prices(wallet, tables, entry_price, one, held) for one in moved])
    spill = after / before - 1.0
    spill[np.diag_indices(mark.size)] = 0.0
    return np.asarray(spill)


def positions(entry_price: Numbers, size: Numbers, margin: Numbers) -> tuple[Result, Result, Result]:
    """The three broadcast to one shape; ValueError unless entry prices and sizes are above zero."""
    entry, amount, held = np.broadcast_arrays(
        *(np.asarray(one, dtype=float) for one in (entry_price, size, margin))
    )
    if np.any(entry <= 0) or np.any(amount <= 0):
        message = "a position has an entry price and a size above zero: its side is said apart"
        raise ValueError(message)
    return entry, amount, held


def side_sign(*, is_long: bool) -> float:
    """1 of a long, which gains when the price rises, -1 of a short."""
    return 1.0 if is_long else -1.0


def _price_at_maintenance(
    table: TierTable,
    entry_price: Numbers,
    quantity: Numbers,
    margin: Numbers,
    is_long: bool,
    taker_fee_ratio: float,
) -> Result:
    entry, size, held = (one[..., np.newaxis] for one in positions(entry_price, quantity, margin))
    side = side_sign(is_long=is_long)
    rates = table.rates + taker_fee_ratio
    if taker_fee_ratio < 0 or np.any(rates >= 1):
        message = "a fee is a fraction of notional, and with the maintenance rate less than all of it"
        raise ValueError(message)
    prices = (held + table.deductions - side * size * entry) / (size * (rates - side))
    return np.asarray(np.maximum(prices.max(axis=-1) if is_long else prices.min(axis=-1), 0.0))
