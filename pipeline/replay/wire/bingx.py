"""What BingX sends: an envelope {code, msg, data}; strings hold numbers, integers milliseconds.

Open interest is value in quote for linear perpetuals and coins for coin-margined ones, whose contracts are
worth `minTickSize` dollars. Spot is an empty list; accounts need a key and do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text
from pipeline.replay.world import DAY_MS, HOUR_MS, Market, World

NAME = "bingx"
FUNDING_PAGE = 1000

_Route = Callable[[Request, World, int], Json]


class BingX:
    """Answers for open-api.bingx.com under /openApi."""

    name = NAME
    hosts = frozenset({"open-api.bingx.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (100, 10.0)}

    def check(self, world: World) -> None:
        """Nothing: values and coins are sent with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths and symbols."""
        route = _ROUTES.get(request.path.removeprefix("/openApi"))
        if route is None:
            raise WireError(200, {"code": 100400, "msg": "this api is not exist", "timestamp": now_ms})
        return {"code": 0, "msg": "", "timestamp": now_ms, "data": route(request, world, now_ms)}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 is code 100410 and names the end; 5xx are code 100500; refused access is an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            until = now_ms + round(seconds * 1000)
            message = f"code:100410:The endpoint trigger frequency limit rule, unblocked after {until}"
            return Refusal(429, {"code": 100410, "msg": message, "timestamp": now_ms})
        return Refusal(status, {"code": 100500, "msg": "Internal system error", "timestamp": now_ms})


def _swaps(world: World, now_ms: int, direction: str) -> list[Market]:
    return [m for m in world.markets(NAME, now_ms) if m.kind == "swap" and m.direction == direction]


def _asked(request: Request, world: World, now_ms: int, direction: str) -> Market:
    asked = request.query.get("symbol", "")
    for market in _swaps(world, now_ms, direction):
        if market.id == asked:
            return market
    raise WireError(200, {"code": 109425, "msg": f"{asked} not exist", "timestamp": now_ms})


def _no_spot(_request: Request, _world: World, _now_ms: int) -> Json:
    return {"symbols": []}


def _contracts(_request: Request, world: World, now_ms: int) -> Json:
    return [
        {
            "contractId": str(100 + place),
            "symbol": market.id,
            "size": "0.0001",
            "quantityPrecision": 4,
            "pricePrecision": 8,
            "feeRate": 0.0005,
            "makerFeeRate": 0.0002,
            "takerFeeRate": 0.0005,
            "tradeMinLimit": 0,
            "tradeMinQuantity": 0.0001,
            "tradeMinUSDT": 2,
            "currency": market.settle,
            "asset": market.base,
            "status": 1,
            "apiStateOpen": "true",
            "apiStateClose": "true",
            "ensureTrigger": True,
            "triggerFeeRate": "0.00020000",
            "launchTime": market.listed_ms or market.effective_ms,
        }
        for place, market in enumerate(_swaps(world, now_ms, "linear"))
    ]


def _coin_contracts(_request: Request, world: World, now_ms: int) -> Json:
    return [
        {
            "symbol": market.id,
            "pricePrecision": 1,
            "minTickSize": text(market.contract_size or 0.0),
            "minTradeValue": text(market.contract_size or 0.0),
            "minQty": "1.00000000",
            "status": 1,
            "timeOnline": market.listed_ms or market.effective_ms,
        }
        for market in _swaps(world, now_ms, "inverse")
    ]


def _open_interest(request: Request, world: World, now_ms: int) -> Json:
    market = _asked(request, world, now_ms, "linear")
    observed = world.open_interest(market, now_ms)
    price = None if observed is None else world.mark_price(market, observed[1])
    if observed is None or price is None:
        return {}
    value = contracts(observed[0] * price, 1.0)
    return {"openInterest": text(value), "symbol": market.id, "time": observed[1]}


def _coin_open_interest(request: Request, world: World, now_ms: int) -> Json:
    market = _asked(request, world, now_ms, "inverse")
    observed = world.open_interest(market, now_ms)
    if observed is None:
        return []
    return [{"symbol": market.id, "openInterest": text(observed[0]), "timestamp": observed[1]}]


def _premium_index(direction: str) -> _Route:
    def route(_request: Request, world: World, now_ms: int) -> Json:
        rows = []
        for market in _swaps(world, now_ms, direction):
            price = world.mark_price(market, now_ms)
            index = world.last("price", "index_price", (NAME, market.id), now_ms)
            coming = world.next_settlement(market, now_ms)
            if price is None or index is None or coming is None:
                continue
            rows.append(
                {
                    "symbol": market.id,
                    "markPrice": text(price),
                    "indexPrice": text(index),
                    "lastFundingRate": text(coming.rate),
                    "nextFundingTime": coming.at_ms,
                    "fundingIntervalHours": round(coming.interval_hours),
                    # the settlement before, whenever it is asked
                    "updateTime": coming.at_ms - round(coming.interval_hours * HOUR_MS),
                }
            )
        return rows

    return route


def _tickers(_request: Request, world: World, now_ms: int) -> Json:
    rows = []
    for market in _swaps(world, now_ms, "linear"):
        price = world.mark_price(market, now_ms)
        volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
        if price is None or volume is None:
            continue
        rows.append(
            {
                "symbol": market.id,
                "priceChange": "0",
                "priceChangePercent": "0%",
                **dict.fromkeys(("lastPrice", "highPrice", "lowPrice", "openPrice"), text(price)),
                "lastQty": "1",
                "volume": text(volume),
                "quoteVolume": text(volume * price),
                "openTime": now_ms - DAY_MS,
                "closeTime": now_ms,
            }
        )
    return rows


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """Newest first; linear perpetuals only."""
    market = _asked(request, world, now_ms, "linear")
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    window = series.window(request.integer("startTime"), request.integer("endTime"), now_ms)
    limit = min(request.integer("limit") or 100, FUNDING_PAGE)
    return [
        {
            "symbol": market.id,
            "fundingRate": text(series.value("funding_rate", position) or 0.0),
            "fundingTime": series.time(position),
        }
        for position in reversed(window[-limit:])
    ]


_ROUTES: dict[str, _Route] = {
    "/spot/v1/common/symbols": _no_spot,
    "/swap/v2/quote/contracts": _contracts,
    "/swap/v2/quote/openInterest": _open_interest,
    "/swap/v2/quote/premiumIndex": _premium_index("linear"),
    "/swap/v2/quote/ticker": _tickers,
    "/swap/v2/quote/fundingRate": _funding_history,
    "/cswap/v1/market/contracts": _coin_contracts,
    "/cswap/v1/market/openInterest": _coin_open_interest,
    "/cswap/v1/market/premiumIndex": _premium_index("inverse"),
}

WIRE = BingX()
