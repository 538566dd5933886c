"""What Pacifica sends: strings hold numbers, in {success, data, error, code}; coins, and volume in dollars.

Past funding is paged by a cursor, newest first, and stamped some milliseconds after its hour. Spot markets
and accounts do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text
from pipeline.replay.world import Market, World

NAME = "pacifica"
LAG_MS = 398
PAGE = 4000


class Pacifica:
    """Answers for api.pacifica.fi under /api/v1."""

    name = NAME
    hosts = frozenset({"api.pacifica.fi"})
    limits: Mapping[str, tuple[int, float]] = {"": (100, 60.0)}

    def check(self, world: World) -> None:
        """Nothing: coins are strings with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths and symbols."""
        path = request.path.removeprefix("/api/v1/")
        if path == "info":
            return _envelope([_market(market, world, now_ms) for market in world.markets(NAME, now_ms)])
        if path == "info/prices":
            rows = (_price(market, world, now_ms) for market in world.markets(NAME, now_ms))
            return _envelope([row for row in rows if row is not None])
        if path == "funding_rate/history":
            return _history(request, world, now_ms)
        raise WireError(404, _error(404, "Not found"))

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """The status in words; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, _error(429, "Rate limit exceeded"))
        return Refusal(status, _error(status, "Internal server error"))


def _envelope(rows: list[Json]) -> dict[str, Json]:
    return {"success": True, "data": rows, "error": None, "code": None}


def _error(code: int, message: str) -> Json:
    return {"success": False, "data": None, "error": message, "code": code}


def _market(market: Market, world: World, now_ms: int) -> Json:
    coming = world.next_settlement(market, now_ms)
    rate = text(coming.rate if coming is not None else 0.0)
    return {
        "symbol": market.id,
        "tick_size": "0.01",
        "min_tick": "0",
        "max_tick": "1000000",
        "lot_size": "0.00001",
        "max_leverage": 50,
        "isolated_only": False,
        "min_order_size": "10",
        "max_order_size": "5000000",
        "funding_rate": rate,
        "next_funding_rate": rate,
        "created_at": market.listed_ms or market.effective_ms,
        "instrument_type": "perpetual",
        "base_asset": market.base,
    }


def _price(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    observed, mark = world.open_interest(market, now_ms), world.mark_price(market, now_ms)
    index = world.last("price", "index_price", key, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    coming = world.next_settlement(market, now_ms)
    if observed is None or mark is None or index is None or volume is None or coming is None:
        return None
    return {
        "funding": text(world.last("funding_rate", "funding_rate", key, now_ms) or 0.0),
        "mark": text(mark),
        "mid": text(mark),
        "next_funding": text(coming.rate),
        "open_interest": text(observed[0]),
        "oracle": text(index),
        "symbol": market.id,
        "timestamp": observed[1],
        "volume_24h": text(volume * mark),
        "yesterday_price": text(mark),
    }


def _history(request: Request, world: World, now_ms: int) -> Json:
    """Newest first; a cursor is the place of the row that the page before ended at."""
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(400, _error(400, "Invalid symbol"))
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return {**_envelope([]), "next_cursor": None, "has_more": False}
    end = min(request.integer("cursor") or series.upto(now_ms - LAG_MS), series.upto(now_ms - LAG_MS))
    first = max(0, end - min(request.integer("limit") or 100, PAGE))
    rows = []
    for row in reversed(range(first, end)):
        rate = text(series.value("funding_rate", row) or 0.0)
        price = text(world.last("price", "index_price", (NAME, market.id), series.time(row)) or 0.0)
        rows.append(
            {
                **dict.fromkeys(("oracle_price", "bid_impact_price", "ask_impact_price"), price),
                "funding_rate": rate,
                "next_funding_rate": rate,
                "created_at": series.time(row) + LAG_MS,
            }
        )
    return {**_envelope(rows), "next_cursor": str(first), "has_more": first > 0}


WIRE = Pacifica()
