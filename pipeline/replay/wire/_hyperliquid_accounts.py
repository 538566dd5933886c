"""How Hyperliquid words one account: strings for numbers, the time of the answer, positions without the flat.

An address that the folder does not know is an account with nothing in it, as on the chain. Entry prices and
paid funding are not in a history folder: a position is worded as entered at its mark.
"""

from __future__ import annotations

import re

from pipeline.replay.wire.base import Json, Request, WireError, text
from pipeline.replay.world import World

NAME = "hyperliquid"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def account_state(request: Request, world: World, now_ms: int) -> Json:
    """The answer to `clearinghouseState`; a user that is no address is refused as an unreadable body."""
    user = request.body.get("user")
    if not isinstance(user, str) or not _ADDRESS.fullmatch(user):
        raise WireError(422, "Failed to deserialize the JSON body into the target type")
    address = user.lower()
    positions: list[Json] = []
    worth = margin = 0.0
    for key in world.keys("wallet_position", NAME) if not request.body.get("dex") else []:
        market = world.market(NAME, key[2], now_ms) if key[1] == address and key[2] is not None else None
        price = world.mark_price(market, now_ms) if market is not None else None
        size = world.last("wallet_position", "position_base", key, now_ms)
        leverage = world.last("wallet_position", "set_leverage", key, now_ms)
        if market is None or price is None or not size or not leverage:
            continue
        worth += abs(size) * price
        margin += abs(size) * price / leverage
        positions.append({"type": "oneWay", "position": _position(market.id, size, price, leverage)})
    equity = world.last("wallet_position", "equity_usd", (NAME, address, None), now_ms) or 0.0
    summary = {
        "accountValue": text(equity),
        "totalNtlPos": text(worth),
        "totalRawUsd": text(equity - worth),
        "totalMarginUsed": text(margin),
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": text(margin / 2),
        "withdrawable": text(max(0.0, equity - margin)),
        "assetPositions": positions,
        "time": now_ms,
    }


def _position(coin: str, size: float, price: float, leverage: float) -> Json:
    worth = abs(size) * price
    return {
        "coin": coin,
        "szi": text(size),
        "leverage": {"type": "cross", "value": int(leverage)},
        "entryPx": text(price),
        "positionValue": text(worth),
        "unrealizedPnl": "0.0",
        "returnOnEquity": "0.0",
        "liquidationPx": None,
        "marginUsed": text(worth / leverage),
        "maxLeverage": int(leverage),
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }
