"""HTX's three products, how each lists its contracts and how they are counted. Answers are in `htx.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.replay.wire.base import Json, WireError, contracts
from pipeline.replay.world import Market, World

NAME = "htx"
SIDES = 2

Product = tuple[str, str]  # direction and kind

LINEAR: Sequence[Product] = (("linear", "swap"), ("linear", "future"))
COIN_SWAPS: Sequence[Product] = (("inverse", "swap"),)
COIN_FUTURES: Sequence[Product] = (("inverse", "future"),)


def of_product(world: World, product: Sequence[Product], now_ms: int) -> list[Market]:
    """The open markets of one product."""
    return [m for m in world.markets(NAME, now_ms) if ((m.direction or ""), m.kind) in product]


def pair(market: Market) -> str:
    """Base and quote, which name the index."""
    return f"{market.base}-{market.quote}"


def contract(market: Market) -> Json:
    """One row of a product's list; linear ones name their pair, dated ones their delivery."""
    is_future = market.kind == "future"
    expiry = market.expires_ms
    listed = datetime.fromtimestamp((market.listed_ms or market.effective_ms) / 1000, UTC)
    row: dict[str, Json] = {
        "symbol": market.base,
        "contract_code": market.id,
        "contract_size": market.contract_size,
        "price_tick": 0.1,
        "delivery_time": "" if expiry is None else str(expiry),
        "create_date": listed.strftime("%Y%m%d"),
        "contract_status": 1,
    }
    if is_future or market.direction == "linear":
        day = "" if expiry is None else datetime.fromtimestamp(expiry / 1000, UTC).strftime("%Y%m%d")
        row |= {"delivery_date": day, "contract_type": "quarter" if is_future else "swap"}
    row["settlement_time" if is_future and market.direction == "inverse" else "settlement_date"] = ""
    if market.direction == "linear":
        row |= {
            "support_margin_mode": "all",
            "business_type": "futures" if is_future else "swap",
            "pair": pair(market),
            "trade_partition": market.quote,
        }
    return row


def both_sides(market: Market, world: World, amount_base: float, at_ms: int) -> float | None:
    """One-sided coins as contracts of both sides."""
    size = market.contract_size or 0.0
    if market.direction != "inverse":
        return SIDES * contracts(amount_base, size)
    price = world.mark_price(market, at_ms)
    return None if price is None else SIDES * contracts(amount_base * price, size)


def unknown() -> WireError:
    """The error of a contract that is not listed."""
    body = {"status": "error", "err_code": 1332, "err_msg": "The contract does not exist."}
    return WireError(200, body)


def listed(world: World, code: str, now_ms: int) -> Market:
    """The market of a contract code."""
    market = world.market(NAME, code, now_ms)
    if market is None:
        raise unknown()
    return market


def named(market: Market) -> dict[str, Json]:
    """How answers about one contract begin; linear ones say more."""
    names: dict[str, Json] = {"symbol": market.base, "contract_code": market.id}
    if market.direction == "linear":
        kind = "futures" if market.kind == "future" else "swap"
        names |= {"business_type": kind, "pair": pair(market), "contract_type": "swap"}
        if kind == "futures":
            names["contract_type"] = "quarter"
    return names
