"""What Aster sends: Binance's shapes under /fapi/v3, numbers in strings, times in milliseconds, coins.

The spot host lists nothing here. Account endpoints and open interest, which is not public, are not answered.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text, text_or_empty
from pipeline.replay.world import DAY_MS, Market, World

NAME = "aster"
_FUTURES, _SPOT = "fapi.asterdex.com", "sapi.asterdex.com"
NEVER_MS = 4133404800000  # the delivery date of a perpetual
PAGE, LONGEST_PAGE = 100, 1000


class Aster:
    """Answers for fapi.asterdex.com and, with an empty list, sapi.asterdex.com."""

    name = NAME
    hosts = frozenset({_FUTURES, _SPOT})
    limits: Mapping[str, tuple[int, float]] = {"": (2400, 60.0)}

    def check(self, world: World) -> None:
        """Nothing: coins are strings with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as the venue words it; raises WireError for unknown paths and symbols."""
        if request.path in {"/api/v3/exchangeInfo", "/fapi/v3/exchangeInfo"}:
            listed = _swaps(world, now_ms) if request.host == _FUTURES else []
            return _exchange_info(listed, now_ms)
        path = request.path.removeprefix("/fapi/v3")
        if path == "/fundingRate":
            return _funding_history(request, world, now_ms)
        if path == "/fundingInfo":
            return [_funding_info(market, now_ms) for market in _swaps(world, now_ms)]
        words = {"/premiumIndex": _premium_index, "/ticker/24hr": _ticker}.get(path)
        if words is None:
            raise WireError(404, {"code": -5000, "msg": f"Path {request.path}, Method GET is invalid"})
        rows = (words(market, world, now_ms) for market in _swaps(world, now_ms))
        return [row for row in rows if row is not None]

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 and 418 name the limit or the end of the ban; refusals of access carry a page."""
        retry = {"Retry-After": str(round(seconds))}
        if status == 418:
            until = now_ms + round(seconds * 1000)
            return Refusal(
                418, {"code": -1003, "msg": f"Way too many requests; IP banned until {until}."}, retry
            )
        if status == 429:
            message = "Too many requests; current limit is 2400 requests per minute."
            return Refusal(429, {"code": -1003, "msg": message}, retry)
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        return Refusal(status, {"code": -1000, "msg": "An unknown error occurred."})


def _swaps(world: World, now_ms: int) -> list[Market]:
    return [market for market in world.markets(NAME, now_ms) if market.kind == "swap"]


def _exchange_info(markets: list[Market], now_ms: int) -> Json:
    limit = {"interval": "MINUTE", "intervalNum": 1, "limit": 2400, "rateLimitType": "REQUEST_WEIGHT"}
    return {
        "exchangeFilters": [],
        "rateLimits": [limit],
        "serverTime": now_ms,
        "assets": [],
        "symbols": [_symbol(market) for market in markets],
        "timezone": "UTC",
    }


def _symbol(market: Market) -> Json:
    tick, step = "0.00000001", "0.001"
    lots = {"minQty": step, "maxQty": "100000000", "stepSize": step}
    return {
        "symbol": market.id,
        "pair": market.id,
        "contractType": "PERPETUAL",
        "deliveryDate": NEVER_MS,
        "onboardDate": market.listed_ms or market.effective_ms,
        "createTime": market.listed_ms or market.effective_ms,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "marginAsset": market.settle,
        "pricePrecision": 8,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "10000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", **lots},
            {"filterType": "MARKET_LOT_SIZE", **lots},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
        ],
    }


def _funding_info(market: Market, now_ms: int) -> Json:
    return {
        "symbol": market.id,
        "interestRate": "0.00010000",
        "time": now_ms,
        "fundingIntervalHours": round(market.interval_hours or 0),
        "fundingFeeCap": 0.03,
        "fundingFeeFloor": -0.03,
    }


def _premium_index(market: Market, world: World, now_ms: int) -> Json | None:
    price = world.mark_price(market, now_ms)
    coming = world.next_settlement(market, now_ms)
    if price is None or coming is None:
        return None
    index = text_or_empty(world.last("price", "index_price", (NAME, market.id), now_ms))
    return {
        "symbol": market.id,
        "markPrice": text(price),
        "indexPrice": index,
        "estimatedSettlePrice": index,
        "lastFundingRate": text(coming.rate),  # of the settlement to come, whatever its name
        "interestRate": "0.00010000",
        "nextFundingTime": coming.at_ms,
        "time": now_ms,
    }


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
    if price is None or volume is None:
        return None
    prices = ("weightedAvgPrice", "lastPrice", "openPrice", "highPrice", "lowPrice")
    return {
        "symbol": market.id,
        "priceChange": "0",
        "priceChangePercent": "0",
        **dict.fromkeys(prices, text(price)),
        "lastQty": "1",
        "volume": text(volume),
        "quoteVolume": text(volume * price),
        "openTime": now_ms - DAY_MS,
        "closeTime": now_ms,
        "firstId": 1,
        "lastId": 2,
        "count": 2,
    }


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """Oldest first, bounds inclusive; without a start the newest."""
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(400, {"code": -1121, "msg": "Invalid symbol."})
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    start_ms = request.integer("startTime")
    window = series.window(start_ms, request.integer("endTime"), now_ms)
    limit = min(request.integer("limit") or PAGE, LONGEST_PAGE)
    return [
        {
            "symbol": market.id,
            "fundingTime": series.time(position),
            "fundingRate": text_or_empty(series.value("funding_rate", position)),
        }
        for position in (window[-limit:] if start_ms is None else window[:limit])
    ]


WIRE = Aster()
