"""What Phemex sends: fixed-point integers for the older perpetuals, decimal strings for the newer ones.

Older ones (settled in coins or USD) count contracts of the listed size; newer ones (USDT, USDC) count coins.
Times of tickers are nanoseconds. The list is worded in `_phemex_listing.py`; spot and accounts stay out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire._phemex_listing import (
    PRICE_SCALE,
    RATIO_SCALE,
    VALUE_SCALE,
    funding_symbol,
    is_old,
    old_product,
    products,
)
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text
from pipeline.replay.world import Market, World

NAME = "phemex"
PAGE = 100

_Route = Callable[[Request, World, int], Json]


class Phemex:
    """Answers for api.phemex.com."""

    name = NAME
    hosts = frozenset({"api.phemex.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (100, 60.0)}

    def check(self, world: World) -> None:
        """Prices of the older perpetuals must fit the fixed point of eight decimals."""
        for key in world.keys("price", NAME):
            series = world.series("price", *key)
            if series is None:
                continue
            for position in range(len(series.at_ms)):
                market = world.market(NAME, str(key[1]), series.time(position))
                price = series.value("mark_price", position)
                if market is None or price is None or not is_old(market):
                    continue
                scaled = price * 10**PRICE_SCALE
                if abs(scaled - round(scaled)) > 1e-12 * scaled:
                    raise HistoryInvalid(
                        f"price.parquet: mark_price of phemex {key[1]} at {series.time(position)} ms is "
                        f"{price!r}: round it to {PRICE_SCALE} decimals"
                    )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as the venue words it; raises WireError for unknown paths and symbols."""
        route = _ROUTES.get(request.path)
        if route is None:
            raise WireError(404, {"code": 404, "msg": "not found", "data": None})
        return route(request, world, now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 names the seconds in a header of its own; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            wait = {"x-ratelimit-retry-after": str(round(seconds)), "Retry-After": str(round(seconds))}
            return Refusal(429, {"code": 10500, "msg": "Too many requests", "data": None}, wait)
        return Refusal(status, {"code": 10000, "msg": "Service unavailable", "data": None})


def _found(data: Json) -> Json:
    return {"code": 0, "msg": "OK", "data": data}


def _swaps(world: World, now_ms: int, *, old: bool) -> list[Market]:
    return [m for m in world.markets(NAME, now_ms) if m.kind == "swap" and is_old(m) == old]


def _products(_request: Request, world: World, now_ms: int) -> Json:
    tiers = {market.id: world.tiers(market, now_ms) for market in world.markets(NAME, now_ms)}
    return _found(products(world.markets(NAME, now_ms), tiers))


def _old_products(_request: Request, world: World, now_ms: int) -> Json:
    return _found([old_product(market) for market in _swaps(world, now_ms, old=True)])


def _tickers(
    word: Callable[[Market, World, int], Json], *, old: bool
) -> Callable[[Request, World, int], Json]:
    def route(_request: Request, world: World, now_ms: int) -> Json:
        rows = (word(market, world, now_ms) for market in _swaps(world, now_ms, old=old))
        return {"error": None, "id": 0, "result": [row for row in rows if row is not None]}

    return route


def _observed(market: Market, world: World, now_ms: int) -> tuple[int, float, float, float, float] | None:
    """Instant, contracts or coins outstanding, mark and index price, and 24 h volume in the same unit."""
    amount = world.open_interest(market, now_ms)
    if amount is None:
        return None
    key, at_ms = (NAME, market.id), amount[1]
    mark = world.mark_price(market, at_ms)
    index = world.last("price", "index_price", key, at_ms)
    volume = world.last("price", "volume_base_24h", key, at_ms)
    if mark is None or index is None or volume is None:
        return None
    per_coin = mark if market.direction == "inverse" else 1.0
    size = (market.contract_size or 1.0) if is_old(market) else 1.0
    return at_ms, contracts(amount[0] * per_coin, size), mark, index, contracts(volume * per_coin, size)


def _old_ticker(market: Market, world: World, now_ms: int) -> Json | None:
    seen = _observed(market, world, now_ms)
    if seen is None:
        return None
    at_ms, count, mark, index, volume = seen
    price = round(mark * 10**PRICE_SCALE)
    coming = world.next_settlement(market, now_ms)
    rate = 0 if coming is None else round(coming.rate * 10**RATIO_SCALE)
    return {
        **dict.fromkeys(("askEp", "bidEp", "highEp", "lastEp", "lowEp", "openEp"), price),
        "fundingRateEr": rate,
        "indexEp": round(index * 10**PRICE_SCALE),
        "markEp": price,
        "openInterest": count,
        "predFundingRateEr": rate,
        "symbol": market.id,
        "timestamp": at_ms * 1_000_000,
        "turnoverEv": round(volume * (market.contract_size or 1.0) * 10**VALUE_SCALE / mark),
        "volume": volume,
    }


def _new_ticker(market: Market, world: World, now_ms: int) -> Json | None:
    seen = _observed(market, world, now_ms)
    if seen is None:
        return None
    at_ms, coins, mark, index, volume = seen
    coming = world.next_settlement(market, now_ms)
    rate = "0" if coming is None else text(coming.rate)
    return {
        **dict.fromkeys(("closeRp", "highRp", "lowRp", "openRp"), text(mark)),
        "fundingRateRr": rate,
        "indexPriceRp": text(index),
        "markPriceRp": text(mark),
        "openInterestRv": text(coins),
        "predFundingRateRr": rate,
        "symbol": market.id,
        "timestamp": str(at_ms * 1_000_000),
        "turnoverRv": text(volume * mark),
        "volumeRq": text(volume),
    }


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """What was paid, oldest first, both bounds inclusive, at most a hundred rows."""
    asked = request.query.get("symbol", "")
    markets = [m for m in world.markets(NAME, now_ms) if m.kind == "swap" and funding_symbol(m) == asked]
    if not markets:
        raise WireError(200, {"code": 10001, "msg": "Bad symbol", "data": None})
    series = world.series("funding_rate", NAME, markets[0].id)
    if series is None:
        return _found({"rows": []})
    window = series.window(request.integer("start"), request.integer("end"), now_ms)
    rows = [
        {
            "symbol": asked,
            "fundingRate": text(series.value("funding_rate", position) or 0.0),
            "fundingTime": str(series.time(position)),
            "intervalSeconds": str(round((series.value("interval_hours", position) or 0.0) * 3600)),
        }
        for position in window[: min(request.integer("limit") or PAGE, PAGE)]
    ]
    return _found({"rows": rows})


_ROUTES: dict[str, _Route] = {
    "/public/products": _products,
    "/v1/exchange/public/products": _old_products,
    "/v1/md/ticker/24hr/all": _tickers(_old_ticker, old=True),
    "/md/v2/ticker/24hr/all": _tickers(_new_ticker, old=False),
    "/v1/api-data/public/data/funding-rate-history": _funding_history,
    "/api-data/public/data/funding-rate-history": _funding_history,
}

WIRE = Phemex()
