"""What WOO X sends: strings hold numbers, rows in {success, data: {rows}, timestamp}; amounts in coins.

The time of an answer is that of its envelope. Spot pairs and account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text
from pipeline.replay.world import HOUR_MS, Market, World

NAME = "woo"
PAGE = 25


class Woo:
    """Answers for api.woox.io under /v3/public."""

    name = NAME
    hosts = frozenset({"api.woox.io"})
    limits: Mapping[str, tuple[int, float]] = {"": (10, 1.0)}

    def check(self, world: World) -> None:
        """Nothing: coins are strings with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths and symbols."""
        route = _ROUTES.get(request.path.removeprefix("/v3/public/"))
        if route is None:
            raise WireError(404, _error(-1011, "not found"))
        rows = route(request, world, now_ms)
        return {"success": True, "data": {"rows": rows}, "timestamp": now_ms}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 is code -1003; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, _error(-1003, "rate limit exceeded"))
        return Refusal(status, _error(-1000, "service unavailable"))


def _error(code: int, message: str) -> Json:
    return {"success": False, "code": code, "message": message}


def _instruments(request: Request, world: World, now_ms: int) -> list[Json]:
    return [
        {
            "symbol": market.id,
            "status": "TRADING",
            "baseAsset": market.base,
            "baseAssetMultiplier": 1,
            "quoteAsset": market.quote,
            "quoteMin": "0",
            "quoteMax": "100000",
            "quoteTick": "0.01",
            "baseMin": "0.0001",
            "baseMax": "5000",
            "baseTick": "0.0001",
            "minNotional": "1",
        }
        for market in world.markets(NAME, now_ms)
    ]


def _futures(request: Request, world: World, now_ms: int) -> list[Json]:
    rows = (_future(market, world, now_ms) for market in world.markets(NAME, now_ms))
    return [row for row in rows if row is not None]


def _future(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    observed, mark = world.open_interest(market, now_ms), world.mark_price(market, now_ms)
    index = world.last("price", "index_price", key, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    coming = world.next_settlement(market, now_ms)
    if observed is None or mark is None or index is None or volume is None or coming is None:
        return None
    return {
        "symbol": market.id,
        "indexPrice": text(index),
        "markPrice": text(mark),
        "estFundingRate": text(coming.rate),
        "lastFundingRate": text(world.last("funding_rate", "funding_rate", key, now_ms) or 0.0),
        "openInterest": text(observed[0]),
        **dict.fromkeys(("24hOpen", "24hClose", "24hHigh", "24hLow"), text(mark)),
        "24hVolume": text(volume),
        "24hAmount": text(volume * mark),
        "nextFundingTime": coming.at_ms,
    }


def _rates(request: Request, world: World, now_ms: int) -> list[Json]:
    rows = []
    for market in world.markets(NAME, now_ms):
        coming = world.next_settlement(market, now_ms)
        if coming is None:
            continue
        hours = round(coming.interval_hours)
        rows.append(
            {
                "symbol": market.id,
                "estFundingRate": text(coming.rate),
                "estFundingRateTimestamp": now_ms,
                "lastFundingRate": text(
                    world.last("funding_rate", "funding_rate", (NAME, market.id), now_ms) or 0.0
                ),
                "lastFundingRateTimestamp": coming.at_ms - hours * HOUR_MS,
                "nextFundingTime": coming.at_ms,
                "lastFundingIntervalHours": hours,
                "estFundingIntervalHours": hours,
            }
        )
    return rows


def _history(request: Request, world: World, now_ms: int) -> list[Json]:
    """Newest first, 25 rows; both bounds are inclusive."""
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(400, _error(-1004, "symbol is not valid"))
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    window = series.window(request.integer("startTime"), request.integer("endTime"), now_ms)
    return [
        {
            "symbol": market.id,
            "fundingRate": text(series.value("funding_rate", row) or 0.0),
            "fundingRateTimestamp": series.time(row),
            "nextFundingTime": series.time(row)
            + round((series.value("interval_hours", row) or 0.0) * HOUR_MS),
            "markPrice": text(world.mark_price(market, series.time(row)) or 0.0),
        }
        for row in reversed(window[-PAGE:])
    ]


_ROUTES: dict[str, Callable[[Request, World, int], list[Json]]] = {
    "instruments": _instruments,
    "futures": _futures,
    "fundingRate": _rates,
    "fundingRateHistory": _history,
}

WIRE = Woo()
