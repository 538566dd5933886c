"""What WhiteBIT sends: strings hold numbers; futures in {success, message, result}, lists without envelope.

Amounts are coins. Settlements are stamped in seconds, the coming one in milliseconds; no mark price is sent.
Spot and account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text
from pipeline.replay.world import HOUR_MS, Market, World

NAME = "whitebit"
_PUBLIC = "/api/v4/public"
_HISTORY = "/funding-history/"
PAGE = 100


class WhiteBit:
    """Answers for whitebit.com under /api/v4/public."""

    name = NAME
    hosts = frozenset({"whitebit.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (2000, 10.0)}

    def check(self, world: World) -> None:
        """Nothing: coins are strings with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as the venue words it; raises WireError for unknown paths and markets."""
        path = request.path.removeprefix(_PUBLIC)
        if path == "/markets":
            return [_market(market) for market in _swaps(world, now_ms)]
        if path == "/futures":
            rows = (_future(market, world, now_ms) for market in _swaps(world, now_ms))
            return {"success": True, "message": None, "result": [row for row in rows if row is not None]}
        if path.startswith(_HISTORY):
            return _funding_history(path.removeprefix(_HISTORY), request, world, now_ms)
        raise WireError(404, {"code": 404, "message": "Not Found"})

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 says so in words; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            wait = {"Retry-After": str(round(seconds))}
            return Refusal(429, {"success": False, "message": "Too many requests.", "result": []}, wait)
        return Refusal(status, {"success": False, "message": "Service unavailable.", "result": []})


def _swaps(world: World, now_ms: int) -> list[Market]:
    return [market for market in world.markets(NAME, now_ms) if market.kind == "swap"]


def _market(market: Market) -> Json:
    return {
        "name": market.id,
        "stock": market.base,
        "money": market.quote,
        "stockPrec": "3",
        "moneyPrec": "2",
        "feePrec": "6",
        "makerFee": "0.02",
        "takerFee": "0.055",
        "minAmount": "0.001",
        "minTotal": "5.05",
        "maxTotal": "10000000000",
        "tradesEnabled": True,
        "isCollateral": True,
        "type": "futures",
    }


def _future(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    observed = world.open_interest(market, now_ms)
    price = world.mark_price(market, now_ms)
    index = world.last("price", "index_price", key, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    coming = world.next_settlement(market, now_ms)
    if observed is None or price is None or index is None or volume is None or coming is None:
        return None
    return {
        "ticker_id": market.id,
        "stock_currency": market.base,
        "money_currency": market.quote,
        "last_price": text(price),
        "stock_volume": text(volume),
        "money_volume": text(volume * price),
        "bid": text(price),
        "ask": text(price),
        "high": text(price),
        "low": text(price),
        "product_type": "Perpetual",
        "open_interest": text(observed[0]),
        "index_price": text(index),
        "index_name": market.base,
        "index_currency": market.base,
        "funding_rate": text(coming.rate),
        "next_funding_rate_timestamp": str(coming.at_ms),
        "brackets": {"1": 0, "2": 0, "3": 0, "5": 0, "10": 0, "20": 0, "50": 20, "100": 50},
        "max_leverage": 100,
        "funding_interval_minutes": round(coming.interval_hours * 60),
    }


def _funding_history(symbol: str, request: Request, world: World, now_ms: int) -> Json:
    """Newest first, bounds in seconds and inclusive."""
    market = world.market(NAME, symbol, now_ms)
    if market is None or market.kind != "swap":
        errors = {"market": ["Market is not available."]}
        raise WireError(422, {"code": 0, "message": "Validation failed", "errors": errors})
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    start, end = request.integer("startDate"), request.integer("endDate")
    window = series.window(
        None if start is None else start * 1000, None if end is None else end * 1000, now_ms
    )
    rows = []
    for position in reversed(window[-min(request.integer("limit") or PAGE, PAGE) :]):
        begun_ms = series.time(position) - round((series.value("interval_hours", position) or 0) * HOUR_MS)
        rows.append(
            {
                "fundingTime": str(series.time(position) // 1000),
                "fundingRate": text(series.value("funding_rate", position) or 0.0),
                "market": market.id,
                "settlementPrice": text(world.mark_price(market, series.time(position)) or 0.0),
                "rateCalculatedTime": str(begun_ms // 1000),
            }
        )
    return rows


WIRE = WhiteBit()
