"""What XT sends: strings hold numbers, in {returnCode, msgInfo, error, result}; one host a product.

Open interest is coins and dollars, volume contracts. Past settlements name their interval in seconds, the
coming one in hours. The spot list is empty here; account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text
from pipeline.replay.world import DAY_MS, Market, World

NAME = "xt"
_LINEAR, _INVERSE, _SPOT = "fapi.xt.com", "dapi.xt.com", "sapi.xt.com"
_PUBLIC = "/future/market/v1/public/"
_MANY_YEARS_MS = 3000 * DAY_MS
PAGE = 200


class Xt:
    """Answers for fapi (linear), dapi (inverse) and sapi.xt.com (an empty list of spot pairs)."""

    name = NAME
    hosts = frozenset({_LINEAR, _INVERSE, _SPOT})
    limits: Mapping[str, tuple[int, float]] = {"": (10, 1.0)}

    def check(self, world: World) -> None:
        """Nothing: all amounts are strings with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the envelope of its host; raises WireError for unknown paths and symbols."""
        if request.host == _SPOT:
            spot = {"time": now_ms, "version": "made", "symbols": []}
            return {"rc": 0, "mc": "SUCCESS", "ma": [], "result": spot}
        route = _ROUTES.get(request.path.removeprefix(_PUBLIC))
        if route is None:
            raise WireError(404, _failure("404", "not found"))
        return {
            "returnCode": 0,
            "msgInfo": "success",
            "error": None,
            "result": route(request, world, now_ms),
        }

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """The status in words; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, _failure("429", "too many requests"))
        return Refusal(status, _failure(str(status), "service unavailable"))


def _failure(code: str, message: str) -> Json:
    error = {"code": code, "msg": message}
    return {"returnCode": 1, "msgInfo": "failure", "error": error, "result": None}


def _markets(request: Request, world: World, now_ms: int) -> list[Market]:
    is_inverse = request.host == _INVERSE
    return [m for m in world.markets(NAME, now_ms) if (m.direction == "inverse") == is_inverse]


def _market(request: Request, world: World, now_ms: int) -> Market:
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(400, _failure("invalid_symbol", "symbol does not exist"))
    return market


def _list(request: Request, world: World, now_ms: int) -> Json:
    return [_listing(market) for market in _markets(request, world, now_ms)]


def _listing(market: Market) -> Json:
    listed_ms = market.listed_ms or market.effective_ms
    is_swap = market.kind == "swap"
    return {
        "symbol": market.id,
        "pair": f"{market.base}_{market.quote}".lower(),
        "contractType": "PERPETUAL" if is_swap else "DELIVERY",
        "productType": "perpetual" if is_swap else "delivery",
        "predictEventType": None,
        "underlyingType": "COIN_BASED" if market.direction == "inverse" else "U_BASED",
        "contractSize": text(market.contract_size or 0.0),
        "tradeSwitch": True,
        "isDisplay": True,
        "isOpenApi": False,
        "state": 0,
        "initLeverage": 20,
        "baseCoin": market.base.lower(),
        "quoteCoin": market.quote.lower(),
        "baseCoinPrecision": 8,
        "quoteCoinPrecision": 8,
        "quantityPrecision": 0,
        "pricePrecision": 4,
        "minQty": "1",
        "minNotional": "5",
        "maxNotional": "20000000",
        "makerFee": "0.0004",
        "takerFee": "0.0006",
        "onboardDate": listed_ms,
        "deliveryDate": market.expires_ms or listed_ms + _MANY_YEARS_MS,
    }


def _open_interest(request: Request, world: World, now_ms: int) -> Json:
    market = _market(request, world, now_ms)
    observed, price = world.open_interest(market, now_ms), world.mark_price(market, now_ms)
    if observed is None or price is None:
        raise WireError(400, _failure("no_data", "no data"))
    coins = observed[0]
    return {
        "symbol": market.id,
        "openInterest": text(coins),
        "openInterestUsd": text(coins * price),
        "time": observed[1],
    }


def _coming(request: Request, world: World, now_ms: int) -> Json:
    market = _market(request, world, now_ms)
    coming = world.next_settlement(market, now_ms)
    if coming is None:
        raise WireError(400, _failure("no_data", "no data"))
    return {
        "symbol": market.id,
        "fundingRate": text(coming.rate),
        "nextCollectionTime": coming.at_ms,
        "collectionInternal": round(coming.interval_hours),
    }


def _settled(request: Request, world: World, now_ms: int) -> Json:
    """Newest first, after the row whose id is named; an id is the row's place in the history."""
    market = _market(request, world, now_ms)
    series = world.series("funding_rate", NAME, market.id)
    end = 0 if series is None else series.upto(now_ms)
    after = request.integer("id")
    end = end if after is None else min(after, end)
    first = max(0, end - min(request.integer("limit") or 10, PAGE))
    rows = []
    for row in reversed(range(first, end)):
        if series is None:
            break
        rows.append(
            {
                "id": str(row),
                "symbol": market.id,
                "fundingRate": text(series.value("funding_rate", row) or 0.0),
                "createdTime": series.time(row),
                "collectionInternal": round((series.value("interval_hours", row) or 0.0) * 3600),
            }
        )
    return {"hasPrev": after is not None, "hasNext": first > 0, "items": rows}


def _tickers(request: Request, world: World, now_ms: int) -> Json:
    rows = (_ticker(market, world, now_ms) for market in _markets(request, world, now_ms))
    return [row for row in rows if row is not None]


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    series = world.series("price", NAME, market.id)
    row = None if series is None else series.last(now_ms)
    if series is None or row is None:
        return None
    names = ("mark_price", "index_price", "volume_base_24h")
    mark, index, volume = (series.value(name, row) or 0.0 for name in names)
    is_inverse = market.direction == "inverse"
    return {
        "t": series.time(row),
        "s": market.id,
        **dict.fromkeys(("c", "h", "l", "o", "bp", "ap"), text(mark)),
        "a": text(contracts(volume * mark if is_inverse else volume, market.contract_size or 1.0)),
        "v": text(volume if is_inverse else volume * mark),
        "r": "0",
        "i": text(index),
        "m": text(mark),
    }


def _brackets(request: Request, world: World, now_ms: int) -> Json:
    tables = []
    for market in _markets(request, world, now_ms):
        steps = [
            {
                "symbol": market.id,
                "bracket": tier.tier,
                "maxNominalValue": text(tier.cap or 0.0),
                "maintMarginRate": text(tier.maintenance_margin_rate),
                "startMarginRate": text(tier.initial_margin_rate or 0.0),
                "maxStartMarginRate": None,
                "maxLeverage": text(tier.max_leverage or 0.0),
                "minLeverage": "1",
            }
            for tier in world.tiers(market, now_ms)
        ]
        if steps:
            tables.append({"symbol": market.id, "leverageBrackets": steps})
    return tables


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "symbol/list": _list,
    "contract/open-interest": _open_interest,
    "q/funding-rate": _coming,
    "q/funding-rate-record": _settled,
    "q/agg-tickers": _tickers,
    "leverage/bracket/list": _brackets,
}

WIRE = Xt()
