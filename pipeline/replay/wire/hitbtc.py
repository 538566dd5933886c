"""What HitBTC sends: objects by market id without envelope; strings hold numbers and times are words.

Amounts are coins. Past funding is stamped some milliseconds after its settlement. Spot markets and account
endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text
from pipeline.replay.world import HOUR_MS, Market, World

NAME = "hitbtc"
_PUBLIC = "/api/3/public/"
_HISTORY = "futures/history/funding"
LAG_MS = 271
PAGE = 1000


class HitBtc:
    """Answers for api.hitbtc.com under /api/3/public."""

    name = NAME
    hosts = frozenset({"api.hitbtc.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (30, 1.0)}

    def check(self, world: World) -> None:
        """Nothing: coins are strings with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as the venue words it; raises WireError for unknown paths and markets."""
        path = request.path.removeprefix(_PUBLIC)
        if path.startswith(f"{_HISTORY}/"):
            market = world.market(NAME, path.removeprefix(f"{_HISTORY}/"), now_ms)
            if market is None:
                raise WireError(400, _error(2001, "No such symbol"))
            return _history(market, request, world, now_ms)
        markets = world.markets(NAME, now_ms)
        if path == _HISTORY:
            return {market.id: _history(market, request, world, now_ms) for market in markets}
        if path == "symbol":
            return {market.id: _symbol(market) for market in markets}
        if path == "futures/info":
            rows = {market.id: _info(market, world, now_ms) for market in markets}
        elif path == "ticker":
            rows = {market.id: _ticker(market, world, now_ms) for market in markets}
        else:
            raise WireError(404, _error(404, "Not found"))
        return {name: row for name, row in rows.items() if row is not None}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 says so in words; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, _error(429, "Too many requests"))
        return Refusal(status, _error(503, "Service Unavailable"))


def _error(code: int, message: str) -> Json:
    return {"error": {"code": code, "message": message, "description": ""}}


def _words(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _symbol(market: Market) -> Json:
    return {
        "type": "futures",
        "expiry": None,
        "underlying": market.base,
        "base_currency": None,
        "quote_currency": market.quote,
        "quantity_increment": "0.0001",
        "tick_size": "0.01",
        "take_rate": "0.0005",
        "make_rate": "0.0002",
        "fee_currency": market.settle,
        "margin_trading": True,
        "max_initial_leverage": "50.00",
    }


def _info(market: Market, world: World, now_ms: int) -> Json | None:
    observed, mark = world.open_interest(market, now_ms), world.mark_price(market, now_ms)
    index = world.last("price", "index_price", (NAME, market.id), now_ms)
    coming = world.next_settlement(market, now_ms)
    if observed is None or mark is None or index is None or coming is None:
        return None
    return {
        "contract_type": "perpetual",
        "mark_price": text(mark),
        "index_price": text(index),
        "funding_rate": text(coming.rate),
        "open_interest": text(observed[0]),
        "next_funding_time": _words(coming.at_ms),
        "indicative_funding_rate": text(coming.rate * 1.1),
        "premium_index": "0",
        "avg_premium_index": "0",
        "interest_rate": "0.0001",
        "timestamp": _words(observed[1]),
    }


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    mark = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
    if mark is None or volume is None:
        return None
    return {
        **dict.fromkeys(("ask", "bid", "last", "low", "high", "open"), text(mark)),
        "volume": text(volume),
        "volume_quote": text(volume * mark),
        "timestamp": _words(now_ms),
    }


def _history(market: Market, request: Request, world: World, now_ms: int) -> Json:
    """Newest first, both bounds inclusive; a row's time is a little after its settlement."""
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    start, end = request.integer("from"), request.integer("till")
    window = series.window(
        None if start is None else start - LAG_MS, None if end is None else end - LAG_MS, now_ms - LAG_MS
    )
    rows = []
    for row in reversed(window[-min(request.integer("limit") or 100, PAGE) :]):
        following = series.time(row) + round((series.value("interval_hours", row) or 0.0) * HOUR_MS)
        rows.append(
            {
                "timestamp": _words(series.time(row) + LAG_MS),
                "funding_rate": text(series.value("funding_rate", row) or 0.0),
                "avg_premium_index": "0",
                "next_funding_time": _words(following),
                "interest_rate": "0.0001",
            }
        )
    return rows


WIRE = HitBtc()
