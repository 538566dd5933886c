"""One isolated position of a size and a leverage, by a venue's rule: what it posts and where it is closed.

The two directions of contracts and the two rules are brought under one roof here, so that a question can be
turned round: the margin that puts the price of liquidation where it is wanted. The formulas are those of
`liquidation_price.py` and `liquidation_inverse.py`; which rule a venue has is said where these are called.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.methods import liquidation_inverse as inverse
from pipeline.methods import liquidation_price as linear
from pipeline.methods.tiers import TierTable, maintenance_margin


@dataclass(frozen=True)
class Rule:
    """How a venue closes positions. The closing fee is a fraction of notional, 0 where it is not counted."""

    is_inverse: bool
    is_at_entry: bool
    taker_fee_ratio: float = 0.0


@dataclass(frozen=True)
class Position:
    """A new isolated position: its side, entry price and worth there in dollars, and the table it is under.

    The table's bounds are dollars of linear and coins of inverse contracts. One dollar counts as one of the
    quote currency: prices do not depend on it, for size and table are in the same dollars.
    """

    is_long: bool
    entry_price: float
    notional_usd: float
    table: TierTable

    @property
    def coins(self) -> float:
        """Its worth at entry in coins."""
        return self.notional_usd / self.entry_price


def posted_margin(rule: Rule, position: Position, leverage: float) -> float:
    """Margin posted at a leverage above zero: dollars of linear, coins of inverse contracts."""
    return (position.coins if rule.is_inverse else position.notional_usd) / leverage


def maintenance_at_entry(rule: Rule, position: Position) -> float:
    """Margin to keep at the price of entry, without the fee of closing; in the unit of `posted_margin`."""
    return float(
        maintenance_margin(position.table, position.coins if rule.is_inverse else position.notional_usd)
    )


def liquidation_price(rule: Rule, position: Position, margin: float) -> float:
    """Price at which the position is closed: 0 or infinity where none closes it.

    margin: in the unit of `posted_margin`. Raises ValueError for a position that could not be opened.
    """
    entry, table, is_long = position.entry_price, position.table, position.is_long
    if rule.is_at_entry:
        kept = maintenance_at_entry(rule, position) + _fee_at_entry(rule, position)
        at_entry = inverse.inverse_price_at_entry if rule.is_inverse else linear.isolated_price_at_entry
        size = position.notional_usd if rule.is_inverse else position.coins
        return float(at_entry(entry, size, margin, kept, is_long=is_long))
    fee = rule.taker_fee_ratio
    if rule.is_inverse:
        face = position.notional_usd
        return float(inverse.inverse_price(table, entry, face, margin, is_long=is_long, taker_fee_ratio=fee))
    return float(
        linear.isolated_price(table, entry, position.coins, margin, is_long=is_long, taker_fee_ratio=fee)
    )


def margin_for_price(rule: Rule, position: Position, price: float) -> float:
    """Margin with which the position is closed at a price above zero: `liquidation_price` turned round."""
    entry, table, is_long = position.entry_price, position.table, position.is_long
    face, coins, fee = position.notional_usd, position.coins, rule.taker_fee_ratio
    if rule.is_at_entry:
        gain = (
            float(inverse.inverse_gain(face, entry, price, is_long=is_long))
            if rule.is_inverse
            else linear.side_sign(is_long=is_long) * coins * (price - entry)
        )
        return maintenance_at_entry(rule, position) + _fee_at_entry(rule, position) - gain
    if rule.is_inverse:
        return float(inverse.inverse_margin(table, entry, face, price, is_long=is_long, taker_fee_ratio=fee))
    return float(linear.isolated_margin(table, entry, coins, price, is_long=is_long, taker_fee_ratio=fee))


def _fee_at_entry(rule: Rule, position: Position) -> float:
    return rule.taker_fee_ratio * (position.coins if rule.is_inverse else position.notional_usd)
