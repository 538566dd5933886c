"""What KuCoin sends about futures: an envelope {code, data}; lots in strings, prices and rates in numbers.

A lot is `multiplier` coins, or one dollar where the multiplier is -1 (inverse). Bitcoin is XBT. Of the spot
account only the rates of margin borrowing are here, and what ccxt asks to get at them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text
from pipeline.replay.world import HOUR_MS, Market, World

NAME = "kucoinfutures"
FUTURES_HOST, UNIFIED_HOST = "api-futures.kucoin.com", "api.kucoin.com"
SETTLED_PAGE, LEVEL_PAGE, LEVEL_DEFAULT = 100, 200, 30
INTERVALS_MS = {
    "5min": HOUR_MS // 12,
    "15min": HOUR_MS // 4,
    "30min": HOUR_MS // 2,
    "1hour": HOUR_MS,
    "4hour": 4 * HOUR_MS,
    "1day": 24 * HOUR_MS,
}
RATE_CAP = 0.003
HOURS_PER_YEAR = 8760


class KucoinFutures:
    """Answers for api-futures.kucoin.com and, under /api/ua, api.kucoin.com."""

    name = NAME
    hosts = frozenset({FUTURES_HOST, UNIFIED_HOST})
    # 2000 units of weight in 30 s for each address, divided by the weight of a call
    limits: Mapping[str, tuple[int, float]] = {
        "": (660, 30.0),
        "/contract/funding-rates": (400, 30.0),
        "/contracts/risk-limit/": (400, 30.0),
        "/market/open-interest": (200, 30.0),
    }

    def check(self, world: World) -> None:
        """An inverse lot is one dollar: its multiplier is -1 and names no other size."""
        for market in world.ever_listed(NAME, world.last_ms):
            if market.direction == "inverse" and market.contract_size != 1:
                raise HistoryInvalid(
                    f"markets.parquet: kucoinfutures {market.id} is inverse with contract_size "
                    f"{market.contract_size!r}: the venue's inverse lots are one dollar, write 1"
                )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths and symbols."""
        for prefix, route in _ROUTES.items():
            if request.path.startswith(prefix):
                rest = request.path.removeprefix(prefix)
                return {"code": "200000", "data": route(rest, request, world, now_ms)}
        raise WireError(404, {"code": "404", "msg": "Not Found"})

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429000 names how many milliseconds the window still lasts in a header."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            headers = {"gw-ratelimit-reset": str(round(seconds * 1000))}
            return Refusal(status, {"code": "429000", "msg": "Too many requests"}, headers)
        return Refusal(status, {"code": "500000", "msg": "Internal Server Error"})


def _lots(market: Market, world: World, amount_base: float, at_ms: int) -> float | None:
    if market.direction != "inverse":
        return contracts(amount_base, market.contract_size or 0.0)
    price = world.mark_price(market, at_ms)
    return None if price is None else contracts(amount_base * price, 1.0)


def _listed(world: World, symbol: str, now_ms: int) -> Market:
    market = world.market(NAME, symbol, now_ms)
    if market is None:
        raise WireError(400, {"code": "400100", "msg": "symbol not exists"})
    return market


def _currency(code: str) -> str:
    return "XBT" if code == "BTC" else code


def _contracts_active(_rest: str, _request: Request, world: World, now_ms: int) -> Json:
    return [_contract(market, world, now_ms) for market in world.markets(NAME, now_ms)]


def _contract(market: Market, world: World, now_ms: int) -> Json:
    key = (NAME, market.id)
    is_inverse = market.direction == "inverse"
    mark = world.mark_price(market, now_ms)
    observed = world.open_interest(market, now_ms)
    lots = None if observed is None else _lots(market, world, *observed)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    following = world.next_settlement(market, now_ms)
    coin = _currency(market.base)
    priced = None if volume is None or mark is None else volume * mark
    return {
        "symbol": market.id,
        "rootSymbol": _currency(market.settle or ""),
        "type": "FFICSX" if market.kind == "future" else "FFWCSX",
        "firstOpenDate": market.listed_ms or market.effective_ms,
        "expireDate": market.expires_ms,
        "settleDate": market.expires_ms,
        "baseCurrency": coin,
        "quoteCurrency": market.quote,
        "settleCurrency": _currency(market.settle or ""),
        "maxOrderQty": 1_000_000,
        "maxPrice": 1_000_000.0,
        "lotSize": 1,
        "tickSize": 0.1,
        "indexPriceTickSize": 0.01,
        "multiplier": -1.0 if is_inverse else market.contract_size,
        "initialMargin": 0.01,
        "maintainMargin": 0.005,
        "maxRiskLimit": 2_000_000,
        "minRiskLimit": 2_000_000,
        "riskStep": 1_000_000,
        "makerFeeRate": 0.0002,
        "takerFeeRate": 0.0006,
        "takerFixFee": 0.0,
        "makerFixFee": 0.0,
        "settlementFee": None,
        "isDeleverage": True,
        "isQuanto": False,
        "isInverse": is_inverse,
        "markMethod": "FairPrice",
        "fairMethod": "FundingRate",
        "fundingBaseSymbol": f".{coin}INT8H",
        "fundingQuoteSymbol": f".{market.quote}INT8H",
        "fundingRateSymbol": f".{market.id}FPI8H",
        "indexSymbol": f".K{coin}{market.quote}",
        "settlementSymbol": "",
        "status": "Open",
        "fundingFeeRate": None if following is None else following.rate,
        "predictedFundingFeeRate": None if following is None else following.rate,
        "openInterest": None if lots is None else text(lots),
        # volume is lots times multiplier, turnover is in the settlement coin
        "turnoverOf24h": volume if is_inverse else priced,
        "volumeOf24h": priced if is_inverse else volume,
        "markPrice": mark,
        "indexPrice": world.last("price", "index_price", key, now_ms),
        "lastTradePrice": mark,
        # milliseconds left; without it the contract is a dated future
        "nextFundingRateTime": None
        if market.kind == "future" or following is None
        else following.at_ms - now_ms,
        "maxLeverage": 100,
        "sourceExchanges": ["okex", "binance", "kucoin"],
        "premiumsSymbol1M": f".{market.id}PI",
        "premiumsSymbol8H": f".{market.id}PI8H",
        "fundingBaseSymbol1M": f".{coin}INT",
        "fundingQuoteSymbol1M": f".{market.quote}INT",
        "lowPrice": mark,
        "highPrice": mark,
        "priceChgPct": 0.0,
        "priceChg": 0,
    }


def _open_interest(_rest: str, request: Request, world: World, now_ms: int) -> Json:
    """All markets now, or one market's samples on the grid of an interval, newest first."""
    symbol, interval = request.query.get("symbol"), request.query.get("interval")
    if interval is not None:
        return _open_interest_history(symbol or "", interval, request, world, now_ms)
    asked = world.markets(NAME, now_ms) if symbol is None else [_listed(world, symbol, now_ms)]
    rows = []
    for market in asked:
        observed = world.open_interest(market, now_ms)
        lots = None if observed is None else _lots(market, world, *observed)
        if observed is not None and lots is not None:
            rows.append({"symbol": market.id, "openInterest": text(lots), "ts": observed[1]})
    return rows


def _open_interest_history(symbol: str, interval: str, request: Request, world: World, now_ms: int) -> Json:
    market, step_ms = _listed(world, symbol, now_ms), INTERVALS_MS.get(interval)
    if step_ms is None:
        raise WireError(400, {"code": "400100", "msg": "interval is invalid"})
    series = world.series("open_interest", NAME, market.id)
    if series is None:
        return []
    window = series.window(request.integer("startAt"), request.integer("endAt"), now_ms)
    on_grid = [p for p in window if series.time(p) % step_ms == 0]
    limit = min(request.integer("pageSize") or LEVEL_DEFAULT, LEVEL_PAGE)
    rows = []
    for position in reversed(on_grid[-limit:]):
        amount, at_ms = series.value("open_interest_base", position), series.time(position)
        lots = None if amount is None else _lots(market, world, amount, at_ms)
        if lots is not None:
            rows.append({"openInterest": text(lots), "ts": at_ms})
    return rows


def _forecasts(_rest: str, _request: Request, world: World, now_ms: int) -> Json:
    rows = []
    for market in world.markets(NAME, now_ms):
        following = world.next_settlement(market, now_ms)
        if following is None:
            continue
        granularity_ms = round(following.interval_hours * HOUR_MS)
        rows.append(
            {
                "symbol": market.id,
                "nextFundingRate": text(following.rate),
                "fundingTime": following.at_ms,
                "fundingRateCap": text(RATE_CAP),
                "fundingRateFloor": text(-RATE_CAP),
                "currentGranularity": granularity_ms,
                "newGranularity": granularity_ms,
                "newGranularityStartTime": following.at_ms,
            }
        )
    return rows


def _settled(_rest: str, request: Request, world: World, now_ms: int) -> Json:
    """Newest first; without both bounds the venue answers nothing."""
    market = _listed(world, request.query.get("symbol", ""), now_ms)
    series = world.series("funding_rate", NAME, market.id)
    start_ms, end_ms = request.integer("from"), request.integer("to")
    if series is None or start_ms is None or end_ms is None:
        return []
    window = series.window(start_ms, end_ms, now_ms)
    return [
        {
            "symbol": market.id,
            "fundingRate": series.value("funding_rate", position),
            "timepoint": series.time(position),
        }
        for position in reversed(window[-SETTLED_PAGE:])
    ]


def _risk_limits(rest: str, _request: Request, world: World, now_ms: int) -> Json:
    return [
        {
            "symbol": rest,
            "level": step.tier,
            "maxRiskLimit": step.cap,
            "minRiskLimit": step.floor,
            "maxLeverage": step.max_leverage,
            "initialMargin": step.initial_margin_rate,
            "maintainMargin": step.maintenance_margin_rate,
        }
        for step in world.tiers(_listed(world, rest, now_ms), now_ms)
    ]


def _borrow_rates(_rest: str, _request: Request, world: World, now_ms: int) -> Json:
    rows = []
    for key in world.keys("borrow_rate", NAME):
        apr = world.last("borrow_rate", "borrow_apr", key, now_ms)
        if apr is not None:
            hourly = text(apr / HOURS_PER_YEAR)
            rows.append({"currency": key[1], "hourlyBorrowRate": hourly, "annualizedBorrowRate": text(apr)})
    return {"vipLevel": 0, "items": rows}


def _account(empty: Json) -> Callable[[str, Request, World, int], Json]:
    """What ccxt asks about the account beside the market list as soon as it holds a key."""
    return lambda _rest, _request, _world, _now_ms: empty


_ROUTES: dict[str, Callable[[str, Request, World, int], Json]] = {
    "/api/v1/contracts/active": _contracts_active,
    "/api/v1/contracts/risk-limit/": _risk_limits,
    "/api/v1/contract/funding-rates": _settled,
    "/api/ua/v1/market/open-interest": _open_interest,
    "/api/ua/v2/market/funding-rate": _forecasts,
    "/api/v3/margin/borrowRate": _borrow_rates,
    "/api/v3/margin/symbols": _account({"items": []}),
    "/api/v1/isolated/symbols": _account([]),
    "/api/v1/hf/accounts/opened": _account(True),
    "/api/v1/user/api-key": _account({"permission": "General", "isMaster": True}),
}

WIRE = KucoinFutures()
