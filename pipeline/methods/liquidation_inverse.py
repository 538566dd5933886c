"""Positions whose contracts are dollars and whose margin is coins: worth, gain, and where they are closed.

Q dollars of an inverse contract are worth Q / p coins. A long of Q entered at e gains Q (1/e - 1/p) coins: it
loses ever faster as the price falls, and a short of one times is never closed. Quanto contracts, paid in a
third coin, have their worth here and no liquidation price: no venue's rule for them is held. Linear contracts
and what an isolated position is are in `liquidation_price.py`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.methods.liquidation_price import positions, require_opened, side_sign
from pipeline.methods.tiers import TierTable, maintenance_margin

Numbers = npt.ArrayLike
Result = npt.NDArray[np.float64]


def inverse_gain(contracts_usd: Numbers, entry_price: Numbers, price: Numbers, *, is_long: bool) -> Result:
    """Gain in coins of Q dollars from entry to a price, below zero for a loss: s Q (1/e - 1/p)."""
    face, entry, now = (np.asarray(one, dtype=float) for one in (contracts_usd, entry_price, price))
    return np.asarray(side_sign(is_long=is_long) * face * (1.0 / entry - 1.0 / now))


def quanto_worth(contracts: Numbers, multiplier: Numbers, price: Numbers) -> Result:
    """Worth of quanto contracts in the coin they are paid in: contracts x multiplier x price.

    multiplier: coins of settlement a contract and point of price.

    References: BitMEX, "ETHUSD quanto perpetual" (0.000001 XBT a dollar and contract).
    """
    counted, coins, now = (np.asarray(one, dtype=float) for one in (contracts, multiplier, price))
    return np.asarray(counted * coins * now)


def inverse_price(
    table: TierTable,
    entry_price: Numbers,
    contracts_usd: Numbers,
    margin: Numbers,
    *,
    is_long: bool,
    taker_fee_ratio: float = 0.0,
) -> Result:
    """Price at which margin and gain, in coins, equal the maintenance of the worth at that very price.

    table: in coins. entry_price in dollars; contracts_usd in dollars of face, above zero; margin in coins:
    broadcast against each other. Step b gives Q (rate_b + fee + s) / (margin + cum_b + s Q / e), and the step
    in force is found as for linear positions. A short that no price closes has infinity. Raises ValueError
    for a position that could not be opened.

    References: Binance, "How to calculate liquidation price of COIN-M futures contracts" (2021-02-05); Bybit,
    "Liquidation Price Calculation under Isolated Mode" of 2026-05-27.
    """
    entry, face, held = (one[..., np.newaxis] for one in positions(entry_price, contracts_usd, margin))
    side = side_sign(is_long=is_long)
    top = face * (table.rates + taker_fee_ratio + side)
    bottom = held + table.deductions + side * face / entry
    # a short whose margin covers all of its worth has no price: its denominator is not below zero
    prices = np.where(side * bottom > 0, top / np.where(bottom == 0, np.nan, bottom), np.inf)
    price = np.asarray(prices.max(axis=-1) if is_long else prices.min(axis=-1))
    require_opened(entry_price, price, is_long=is_long)
    return price


def inverse_price_at_entry(
    entry_price: Numbers, contracts_usd: Numbers, margin: Numbers, maintenance: Numbers, *, is_long: bool
) -> Result:
    """Price at which the loss in coins has used up all but the maintenance of entry.

    1/p = 1/e + s (margin - MM) / Q, with maintenance in coins of the worth at entry; a short that no price
    closes has infinity. Arguments and errors otherwise as in `inverse_price`.

    References: Bybit, "Liquidation Price Calculation under Isolated Mode", inverse (2024-09-10); replaced by
    `inverse_price` in the version of 2026-05-27.
    """
    entry, face, held = positions(entry_price, contracts_usd, margin)
    upside_down = (
        1.0 / entry + side_sign(is_long=is_long) * (held - np.asarray(maintenance, dtype=float)) / face
    )
    price = np.divide(1.0, upside_down, out=np.full(upside_down.shape, np.inf), where=upside_down > 0)
    require_opened(entry_price, price, is_long=is_long)
    return np.asarray(price)


def bankruptcy_price(
    entry_price: Numbers,
    contracts_usd: Numbers,
    margin: Numbers,
    *,
    is_long: bool,
    taker_fee_ratio: float = 0.0,
) -> Result:
    """Price at which margin in coins is lost, the fee of closing there included: nothing is kept.

    Q (1 + s fee) / (Q / e + s margin); a short that no price ruins has infinity. Arguments as in
    `inverse_price`.

    References: BitMEX, "Bankruptcy price"; Bybit, "What is Bankruptcy Price? (Inverse Contract)".
    """
    entry, face, held = positions(entry_price, contracts_usd, margin)
    side = side_sign(is_long=is_long)
    worth = face / entry + side * held
    top = face * (1.0 + side * taker_fee_ratio)
    return np.asarray(np.divide(top, worth, out=np.full(worth.shape, np.inf), where=worth > 0))


def inverse_margin(
    table: TierTable,
    entry_price: Numbers,
    contracts_usd: Numbers,
    price: Numbers,
    *,
    is_long: bool,
    taker_fee_ratio: float = 0.0,
) -> Result:
    """Margin, in coins, with which a position is closed at `price`: `inverse_price` turned round.

    MM(Q / p) + fee Q / p less the gain at p. price: in dollars, above zero.
    """
    face, closing = np.asarray(contracts_usd, dtype=float), np.asarray(price, dtype=float)
    worth = face / closing
    gain = inverse_gain(face, entry_price, closing, is_long=is_long)
    return np.asarray(maintenance_margin(table, worth) + taker_fee_ratio * worth - gain)
