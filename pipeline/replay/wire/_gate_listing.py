"""How Gate lists its contracts, which is also how it quotes them. Other answers are worded in `gate.py`."""

from __future__ import annotations

from pipeline.replay.wire.base import Json, contracts, text, text_or_empty
from pipeline.replay.world import HOUR_MS, Market, World

NAME = "gate"


def counted(amount_base: float, price: float | None, market: Market) -> float | None:
    """Coins as contracts: of `quanto_multiplier` coins, or of a dollar when inverse, which needs a price."""
    size = market.contract_size or 1.0
    if market.direction != "inverse":
        return contracts(amount_base, size)
    return None if price is None else contracts(amount_base * price, size)


def contract(market: Market, world: World, now_ms: int) -> Json | None:
    """One row of the list, with what stands now; None for a market whose price is not known."""
    price = world.mark_price(market, now_ms)
    if price is None:
        return None
    index = world.last("price", "index_price", (NAME, market.id), now_ms)
    observed = world.open_interest(market, now_ms)
    count = None if observed is None else counted(observed[0], world.mark_price(market, observed[1]), market)
    is_inverse = market.direction == "inverse"
    row = {
        "name": market.id,
        "type": "inverse" if is_inverse else "direct",
        "quanto_multiplier": "0" if is_inverse else text(market.contract_size or 1.0),
        "ref_discount_rate": "0",
        "order_price_deviate": "0.5",
        "maintenance_rate": "0.005",
        "mark_type": "index",
        "last_price": text(price),
        "mark_price": text(price),
        "index_price": text_or_empty(index),
        "mark_price_round": "0.01",
        "in_delisting": False,
        "risk_limit_base": "1000000",
        "order_price_round": "0.1",
        "order_size_min": "0.1",
        "ref_rebate_rate": "0.2",
        "risk_limit_step": "1000000",
        "leverage_min": "1",
        "leverage_max": "100",
        "risk_limit_max": "8000000",
        "maker_fee_rate": "-0.00025",
        "taker_fee_rate": "0.00075",
        "order_size_max": "1000000",
        "trade_size": "0",
        "position_size": text_or_empty(count),
        "config_change_time": market.effective_ms // 1000,
        "orders_limit": 50,
        "trade_id": 1,
        "orderbook_id": 1,
    }
    if market.kind == "future":
        expiry = {"expire_time": (market.expires_ms or 0) // 1000}
        return {**row, "underlying": f"{market.base}_{market.quote}", "cycle": "QUARTERLY", **expiry}
    return {**row, **_perpetual(market, world, now_ms)}


def _perpetual(market: Market, world: World, now_ms: int) -> Json:
    """What a dated future does not have: funding, in seconds, and the state of trading."""
    coming = world.next_settlement(market, now_ms)
    rate = "0" if coming is None else text(coming.rate)
    hours = (market.interval_hours or 0.0) if coming is None else coming.interval_hours
    return {
        "funding_rate": rate,
        "funding_rate_indicative": rate,
        "funding_offset": 0,
        "interest_rate": "0.0003",
        "funding_interval": round(hours * HOUR_MS) // 1000,
        "funding_next_apply": 0 if coming is None else coming.at_ms // 1000,
        "funding_impact_value": "60000",
        "funding_cap_ratio": "0.75",
        "short_users": 1,
        "long_users": 1,
        "enable_bonus": True,
        "enable_credit": True,
        "enable_decimal": True,
        "status": "trading",
        "create_time": (market.listed_ms or market.effective_ms) // 1000,
    }
