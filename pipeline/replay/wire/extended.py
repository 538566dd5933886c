"""What Extended sends: strings hold numbers, in {status, data}; the list of markets holds their numbers.

Amounts are coins and dollars. Past funding is stamped a second after its hour. Accounts do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text
from pipeline.replay.world import Market, World

NAME = "extended"
_INFO = "/api/v1/info/"
LAG_MS = 1028
PAGE = 10_000


class Extended:
    """Answers for api.starknet.extended.exchange under /api/v1/info."""

    name = NAME
    hosts = frozenset({"api.starknet.extended.exchange"})
    limits: Mapping[str, tuple[int, float]] = {"": (1000, 60.0)}

    def check(self, world: World) -> None:
        """Nothing: coins are strings with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths and markets."""
        path = request.path.removeprefix(_INFO)
        if path == "markets":
            rows = (_market(market, world, now_ms) for market in world.markets(NAME, now_ms))
            return {"status": "OK", "data": [row for row in rows if row is not None]}
        if path.endswith("/funding"):
            return _funding(path.removesuffix("/funding"), request, world, now_ms)
        raise WireError(404, _error(404, "Not found"))

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """The status in words; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, _error(429, "Too many requests"))
        return Refusal(status, _error(500, "Internal error"))


def _error(code: int, message: str) -> Json:
    return {"status": "ERROR", "error": {"code": code, "message": message}}


def _market(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    observed, mark = world.open_interest(market, now_ms), world.mark_price(market, now_ms)
    index = world.last("price", "index_price", key, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    coming = world.next_settlement(market, now_ms)
    if observed is None or mark is None or index is None or volume is None or coming is None:
        return None
    prices = ("dailyLow", "dailyHigh", "lastPrice", "askPrice", "bidPrice", "markPrice")
    return {
        "name": market.id,
        "uiName": market.id,
        "category": "Crypto",
        "assetName": market.base,
        "assetPrecision": 5,
        "collateralAssetName": "USD",
        "collateralAssetPrecision": 6,
        "active": True,
        "status": "ACTIVE",
        "marketStats": {
            **dict.fromkeys(prices, text(mark)),
            "dailyVolume": text(volume * mark),
            "dailyVolumeBase": text(volume),
            "indexPrice": text(index),
            "fundingRate": text(coming.rate),
            "nextFundingRate": coming.at_ms,
            "openInterest": text(observed[0] * mark),
            "openInterestBase": text(observed[0]),
        },
        "tradingConfig": {
            "minOrderSize": "0.0001",
            "minOrderSizeChange": "0.00001",
            "minPriceChange": "1",
            "maxLimitOrderValue": "15000000",
            "maxLeverage": "50.00",
        },
        "type": "PERPETUAL",
        "createdAt": market.listed_ms or market.effective_ms,
    }


def _funding(name: str, request: Request, world: World, now_ms: int) -> Json:
    """Newest first, bounds inclusive; a row's time is a little after the hour it settles."""
    market = world.market(NAME, name, now_ms)
    start, end = request.integer("startTime"), request.integer("endTime")
    if market is None or start is None or end is None:
        raise WireError(400, _error(1001, "Market not found"))
    rows: list[Json] = []
    series = world.series("funding_rate", NAME, market.id)
    if series is not None:
        window = series.window(start - LAG_MS, end - LAG_MS, now_ms - LAG_MS)
        for row in reversed(window[-min(request.integer("limit") or 100, PAGE) :]):
            rate = text(series.value("funding_rate", row) or 0.0)
            rows.append({"m": market.id, "f": rate, "T": series.time(row) + LAG_MS})
    return {"status": "OK", "data": rows, "pagination": {"cursor": 1, "count": len(rows)}}


WIRE = Extended()
