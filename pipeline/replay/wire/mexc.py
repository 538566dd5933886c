"""What MEXC sends: an envelope {success, code, data}; JSON numbers, amounts in contracts, milliseconds.

Margin tables are a rule, so that only evenly rising ones can be said. Spot is an empty list; accounts need a
key and do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts
from pipeline.replay.world import Market, Tier, World

NAME = "mexc"
_CONTRACT = "/api/v1/contract"
PAGE, LARGEST_PAGE = 20, 1000


class Mexc:
    """Answers for api.mexc.com under /api/v1/contract, and an empty spot list."""

    name = NAME
    hosts = frozenset({"api.mexc.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (20, 2.0), "/detail": (1, 5.0)}

    def check(self, world: World) -> None:
        """Nothing: contracts may be cut into decimals here, although the venue trades whole ones."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths and contracts."""
        if request.path == "/api/v3/exchangeInfo":
            return {"timezone": "CST", "serverTime": now_ms, "rateLimits": [], "symbols": []}
        path = request.path.removeprefix(_CONTRACT)
        rate_of = path.removeprefix("/funding_rate/")
        if path in _ROUTES:
            data = _ROUTES[path](request, world, now_ms)
        elif rate_of != path:
            data = _funding_rate(_listed(rate_of, world, now_ms), world, now_ms)
        else:
            raise WireError(404, {"success": False, "code": 404, "message": "Not Found"})
        return {"success": True, "code": 0, "data": data}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 is code 510, 5xx code 500; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            message = "Requests are too frequent, please try again later!"
            return Refusal(429, {"success": False, "code": 510, "message": message})
        return Refusal(status, {"success": False, "code": 500, "message": "Internal error"})


def _listed(symbol: str, world: World, now_ms: int) -> Market:
    market = world.market(NAME, symbol, now_ms)
    if market is None or market.kind != "swap":
        raise WireError(200, {"success": False, "code": 1001, "message": "Contract does not exist!"})
    return market


def _swaps(world: World, now_ms: int) -> list[Market]:
    return [market for market in world.markets(NAME, now_ms) if market.kind == "swap"]


def _details(_request: Request, world: World, now_ms: int) -> Json:
    return [
        {
            "symbol": market.id,
            "displayName": market.id,
            "displayNameEn": market.id,
            "positionOpenType": 3,
            "baseCoin": market.base,
            "quoteCoin": market.quote,
            "settleCoin": market.settle,
            "contractSize": market.contract_size,
            "minLeverage": 1,
            "maxLeverage": 125,
            "priceScale": 2,
            "volScale": 0,
            "amountScale": 4,
            "priceUnit": 0.5,
            "volUnit": 1,
            "minVol": 1,
            "maxVol": 1_000_000,
            "bidLimitPriceRate": 0.1,
            "askLimitPriceRate": 0.1,
            "takerFeeRate": 0.0006,
            "makerFeeRate": 0.0002,
            **_rule(world.tiers(market, now_ms)),
            "priceCoefficientVariation": 0.1,
            "indexOrigin": ["Binance", "Huobi"],
            "state": 0,
            "isNew": False,
            "isHot": False,
            "isHidden": False,
            "apiAllowed": True,
        }
        for market in _swaps(world, now_ms)
    ]


def _rule(tiers: Sequence[Tier]) -> Json:
    """The margin table as its first level and what the second adds; one level of 0.4 % without a table."""
    if not tiers:
        only = {"maintenanceMarginRate": 0.004, "initialMarginRate": 0.008, "riskBaseVol": 1_000_000}
        return {**only, "riskIncrVol": 0, "riskIncrMmr": 0.0, "riskIncrImr": 0.0, "riskLevelLimit": 1}
    first, second = tiers[0], tiers[min(1, len(tiers) - 1)]
    initial = first.initial_margin_rate or 0.0
    return {
        "maintenanceMarginRate": first.maintenance_margin_rate,
        "initialMarginRate": initial,
        "riskBaseVol": first.cap,
        "riskIncrVol": (second.cap or 0.0) - (first.cap or 0.0),
        "riskIncrMmr": round(second.maintenance_margin_rate - first.maintenance_margin_rate, 10),
        "riskIncrImr": round((second.initial_margin_rate or 0.0) - initial, 10),
        "riskLevelLimit": len(tiers),
    }


def _tickers(_request: Request, world: World, now_ms: int) -> Json:
    rows = (_ticker(market, world, now_ms) for market in _swaps(world, now_ms))
    return [row for row in rows if row is not None]


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    observed = world.open_interest(market, now_ms)
    if observed is None:
        return None
    key, at_ms = (NAME, market.id), observed[1]
    price = world.mark_price(market, at_ms)
    volume = world.last("price", "volume_base_24h", key, at_ms)
    if price is None or volume is None:
        return None
    size, per_coin = market.contract_size or 1.0, price if market.direction == "inverse" else 1.0
    coming = world.next_settlement(market, now_ms)
    return {
        "symbol": market.id,
        "lastPrice": price,
        "bid1": price,
        "ask1": price,
        "volume24": contracts(volume * per_coin, size),
        "amount24": volume if market.direction == "inverse" else volume * price,
        "holdVol": contracts(observed[0] * per_coin, size),
        "lower24Price": price,
        "high24Price": price,
        "riseFallRate": 0.0,
        "riseFallValue": 0.0,
        "indexPrice": world.last("price", "index_price", key, at_ms),
        "fairPrice": price,
        "fundingRate": 0.0 if coming is None else coming.rate,
        "maxBidPrice": price * 1.1,
        "minAskPrice": price * 0.9,
        "timestamp": at_ms,
    }


def _funding_rate(market: Market, world: World, now_ms: int) -> Json:
    coming = world.next_settlement(market, now_ms)
    if coming is None:
        raise WireError(200, {"success": False, "code": 1001, "message": "Contract does not exist!"})
    return {
        "symbol": market.id,
        "fundingRate": coming.rate,
        "maxFundingRate": 0.001,
        "minFundingRate": -0.001,
        "collectCycle": round(coming.interval_hours),
        "nextSettleTime": coming.at_ms,
        "timestamp": now_ms,
    }


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """Pages from the newest settlement on."""
    market = _listed(request.query.get("symbol", ""), world, now_ms)
    series = world.series("funding_rate", NAME, market.id)
    paid = [] if series is None else list(reversed(series.window(None, None, now_ms)))
    size = min(request.integer("page_size") or PAGE, LARGEST_PAGE)
    page = request.integer("page_num") or 1
    rows = [
        {
            "symbol": market.id,
            "fundingRate": series.value("funding_rate", position),
            "settleTime": series.time(position),
        }
        for position in paid[(page - 1) * size : page * size]
        if series is not None
    ]
    return {
        "pageSize": size,
        "totalCount": len(paid),
        "totalPage": -(-len(paid) // size),
        "currentPage": page,
        "resultList": rows,
    }


def _funds(_request: Request, world: World, now_ms: int) -> Json:
    """The history knows one balance a currency: it is said of the first contract that settles in it."""
    rows = []
    for key in world.keys("insurance_fund", NAME):
        series = world.series("insurance_fund", *key)
        position = None if series is None else series.last(now_ms)
        market = next((m for m in _swaps(world, now_ms) if m.settle == key[1]), None)
        if series is None or position is None or market is None:
            continue
        rows.append(
            {
                "symbol": market.id,
                "currency": key[1],
                "available": series.value("balance", position),
                "timestamp": series.time(position),
            }
        )
    return rows


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "/detail": _details,
    "/ticker": _tickers,
    "/funding_rate/history": _funding_history,
    "/risk_reverse": _funds,
}

WIRE = Mexc()
