"""What ApeX Omni sends: {data} of strings; coins, fractions, milliseconds. Tickers drop the dash of BTC-USDT.

Account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text, text_or_empty
from pipeline.replay.world import Market, World

NAME = "apex"
PAGE = 100


class Apex:
    """Answers for omni.apex.exchange under /api/v3."""

    name = NAME
    hosts = frozenset({"omni.apex.exchange"})
    limits: Mapping[str, tuple[int, float]] = {"": (600, 60.0)}

    def check(self, world: World) -> None:
        """The first step of margins is told apart from the growth of the others: a table has one step."""
        for name, market, unit in world.keys("leverage_tier", NAME):
            series = world.series("leverage_tier", name, market, unit)
            if series is not None and (series.columns["tier"] > 1).any():
                raise HistoryInvalid(f"leverage_tier.parquet: apex {market} has steps: keep the first")

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths and symbols."""
        path = request.path.removeprefix("/api/v3")
        open_now = world.markets(NAME, now_ms)
        if path == "/symbols":
            listed = [_contract(market, world, now_ms) for market in open_now]
            return {"data": {"contractConfig": {"perpetualContract": listed}}}
        if path == "/data/all-ticker-info":
            rows = (_ticker(market, world, now_ms) for market in open_now)
            return {"data": [row for row in rows if row is not None]}
        if path == "/history-funding":
            return {"data": _funding_history(request, world, now_ms)}
        raise WireError(404, {"code": 3, "msg": "not found"})

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 and refusals of access: the latter carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(
                429, {"code": 429, "msg": "Too many visits!"}, {"Retry-After": str(round(seconds))}
            )
        return Refusal(status, {"code": 500, "msg": "server error"})


def _cross_name(market: Market) -> str:
    return market.id.replace("-", "")


def _contract(market: Market, world: World, now_ms: int) -> Json:
    tiers = world.tiers(market, now_ms)
    initial, maintenance, largest, leverage = "0.01", "0.005", "50000.0000", "100"
    if tiers:
        initial = text_or_empty(tiers[0].initial_margin_rate)
        maintenance = text(tiers[0].maintenance_margin_rate)
        largest, leverage = text_or_empty(tiers[0].cap), text_or_empty(tiers[0].max_leverage)
    return {
        "baselinePositionValue": largest,
        "crossId": 30002,
        "crossSymbolId": 10,
        "crossSymbolName": _cross_name(market),
        "displayMaxLeverage": leverage,
        "displayMinLeverage": "1",
        "enableDisplay": True,
        "enableOpenPosition": True,
        "enableTrade": True,
        "fundingInterestRate": "0.0003",
        "incrementalInitialMarginRate": "0.00250",
        "incrementalMaintenanceMarginRate": "0.00100",
        "incrementalPositionValue": "50000.0000",
        "initialMarginRate": initial,
        "maintenanceMarginRate": maintenance,
        "maxOrderSize": "50",
        "maxPositionSize": "100",
        "minOrderSize": "0.0010",
        "settleAssetId": market.settle,
        "baseTokenId": market.base,
        "stepSize": "0.001",
        "symbol": market.id,
        "symbolDisplayName": _cross_name(market),
        "tickSize": "0.00000001",
        "maxMaintenanceMarginRate": "0.5000",
        "maxPositionValue": "5000000.0000",
        "l2PairId": "50001",
        "isPrelaunch": False,
    }


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    observed = world.open_interest(market, now_ms)
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    coming = world.next_settlement(market, now_ms)
    if observed is None or price is None or volume is None or coming is None:
        return None
    return {
        "symbol": _cross_name(market),
        "price24hPcnt": "0",
        **dict.fromkeys(("lastPrice", "highPrice24h", "lowPrice24h", "markPrice"), text(price)),
        "indexPrice": text_or_empty(world.last("price", "index_price", key, now_ms)),
        "openInterest": text(observed[0]),
        "turnover24h": text(volume * price),
        "volume24h": text(volume),
        "fundingRate": text(coming.rate),
        "predictedFundingRate": text(coming.rate),
        "nextFundingTime": datetime.fromtimestamp(coming.at_ms / 1000, UTC).strftime("%H:%M:%S"),
        "tradeCount": 100,
    }


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """Newest first, pages numbered from 0; the end of the window does not belong to it."""
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(400, {"code": 3, "msg": "symbol is invalid"})
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return {"historyFunds": [], "totalSize": 0}
    end_ms = request.integer("endTimeExclusive")
    window = series.window(
        request.integer("beginTimeInclusive"), None if end_ms is None else end_ms - 1, now_ms
    )
    size = min(request.integer("limit") or PAGE, PAGE)
    first = (request.integer("page") or 0) * size
    rows = [
        {
            "symbol": market.id,
            "rate": text_or_empty(series.value("funding_rate", position)),
            "price": text_or_empty(world.mark_price(market, series.time(position))),
            "fundingTime": series.time(position),
            "fundingTimestamp": series.time(position),
        }
        for position in list(reversed(window))[first : first + size]
    ]
    return {"historyFunds": rows, "totalSize": len(window)}


WIRE = Apex()
