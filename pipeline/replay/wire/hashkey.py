"""What HashKey Global sends: lists of strings, contracts, milliseconds; a contract is named as its own base.

Spot lists nothing. Open interest is in no call, and account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text, text_or_empty
from pipeline.replay.world import Market, Tier, World

NAME = "hashkey"
PAGE, LONGEST_PAGE = 100, 1000
# a contract always has a risk limit, whatever the folder knows
_USUAL = Tier(1, "contracts", 0.0, 1000.0, 0.1, 0.005, 10.0)


class HashKey:
    """Answers for api-glb.hashkey.com."""

    name = NAME
    hosts = frozenset({"api-glb.hashkey.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (1000, 60.0)}

    def check(self, world: World) -> None:
        """Every risk limit ends at a quantity, counted in contracts."""
        for market in world.ever_listed(NAME, world.last_ms):
            if any(
                step.cap is None or step.unit != "contracts" for step in world.tiers(market, world.last_ms)
            ):
                message = f"leverage_tier.parquet: hashkey {market.id} needs a notional_cap in contracts"
                raise HistoryInvalid(message)

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as the venue words it; raises WireError for unknown paths and symbols."""
        swaps = [market for market in world.markets(NAME, now_ms) if market.kind == "swap"]
        if request.path == "/api/v1/exchangeInfo":
            listed = [_contract(market, world, now_ms) for market in swaps]
            named = {"timezone": "UTC", "serverTime": str(now_ms), "brokerFilters": []}
            return {**named, "symbols": [], "options": [], "contracts": listed, "coins": []}
        if request.path == "/api/v1/futures/fundingRate":
            rows = (_funding_rate(market, world, now_ms) for market in swaps)
            return [row for row in rows if row is not None]
        if request.path == "/quote/v1/ticker/24hr":
            rows = (_ticker(market, world, now_ms) for market in swaps)
            return [row for row in rows if row is not None]
        if request.path == "/api/v1/futures/historyFundingRate":
            return _funding_history(_asked(request, world, now_ms), request, world, now_ms)
        if request.path == "/quote/v1/markPrice":
            return _mark_price(_asked(request, world, now_ms), world, now_ms)
        raise WireError(404, {"code": "-1000", "msg": "Not Found"})

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 is code -1003; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            body = {"code": "-1003", "msg": "Too many requests"}
            return Refusal(429, body, {"Retry-After": str(round(seconds))})
        return Refusal(status, {"code": "-1001", "msg": "Internal error"})


def _asked(request: Request, world: World, now_ms: int) -> Market:
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(400, {"code": "-1121", "msg": "Invalid symbol."})
    return market


def _contract(market: Market, world: World, now_ms: int) -> Json:
    tick, step = "0.00000001", "0.001"
    lots = {"minQty": step, "maxQty": "100000", "stepSize": step}
    return {
        "filters": [
            {"minPrice": tick, "maxPrice": "100000000", "tickSize": tick, "filterType": "PRICE_FILTER"},
            {**lots, "marketOrderMinQty": "0", "marketOrderMaxQty": "0", "filterType": "LOT_SIZE"},
            {"minNotional": "0", "filterType": "MIN_NOTIONAL"},
        ],
        "exchangeId": "301",
        "symbol": market.id,
        "symbolName": market.id,
        "status": "TRADING",
        "baseAsset": market.id,
        "baseAssetPrecision": step,
        "quoteAsset": market.quote,
        "quoteAssetPrecision": tick,
        "icebergAllowed": False,
        "inverse": market.direction == "inverse",
        "index": market.quote,
        "marginToken": market.settle,
        "marginPrecision": "0.0001",
        "contractMultiplier": text(market.contract_size or 0),
        "underlying": market.base,
        "riskLimits": [_risk_limit(step) for step in world.tiers(market, now_ms) or [_USUAL]],
    }


def _risk_limit(step: Tier) -> Json:
    return {
        "riskLimitId": str(200000721 + step.tier),
        "quantity": text_or_empty(step.cap),
        "initialMargin": text_or_empty(step.initial_margin_rate),
        "maintMargin": text(step.maintenance_margin_rate),
        "isWhite": False,
    }


def _funding_rate(market: Market, world: World, now_ms: int) -> Json | None:
    coming = world.next_settlement(market, now_ms)
    if coming is None:
        return None
    return {"symbol": market.id, "rate": text(coming.rate), "nextSettleTime": str(coming.at_ms)}


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
    if price is None or volume is None:
        return None
    return {
        "t": now_ms,
        "s": market.id,
        **dict.fromkeys("chloba", text(price)),
        "v": text(contracts(volume, market.contract_size or 0)),
        "qv": text(volume * price),
    }


def _mark_price(market: Market, world: World, now_ms: int) -> Json:
    price = world.mark_price(market, now_ms)
    if price is None:
        raise WireError(400, {"code": "-1121", "msg": "Invalid symbol."})
    return {"exchangeId": 301, "symbolId": market.id, "price": text(price), "time": now_ms}


def _funding_history(market: Market, request: Request, world: World, now_ms: int) -> Json:
    """The newest settlements, newest first."""
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    limit = min(request.integer("limit") or PAGE, LONGEST_PAGE)
    return [
        {
            "id": str(10000 + position),
            "symbol": market.id,
            "settleTime": str(series.time(position)),
            "settleRate": text_or_empty(series.value("funding_rate", position)),
        }
        for position in reversed(range(series.upto(now_ms))[-limit:])
    ]


WIRE = HashKey()
