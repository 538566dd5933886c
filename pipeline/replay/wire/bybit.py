"""What Bybit sends: an envelope {retCode, retMsg, result, retExtInfo, time} of strings, newest rows first.

`openInterest` adds longs and shorts, `singleOpenInterest` counts one side: coins of a linear contract,
dollars of an inverse one, whose values and turnovers are coins. Account endpoints need a key and do not
belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire._bybit_listing import instrument, risk_limit
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text, text_or_empty
from pipeline.replay.world import DAY_MS, Market, Series, World

NAME = "bybit"
CATEGORIES = ("linear", "inverse")
HOURS_PER_YEAR = 8760.0
OPEN_INTEREST_PAGE, RATIO_PAGE, FUNDING_PAGE = 200, 500, 200
MARKETS_PER_RISK_PAGE = 15
PERIODS_MS = {
    name: minutes * 60_000
    for name, minutes in {"5min": 5, "15min": 15, "30min": 30, "1h": 60, "4h": 240, "1d": 1440}.items()
}


class Bybit:
    """Answers for api.bybit.com under /v5."""

    name = NAME
    hosts = frozenset({"api.bybit.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (600, 5.0)}

    def check(self, world: World) -> None:
        """A dollar contract cannot be counted without a price at its instant."""
        for key in world.keys("open_interest", NAME):
            series = world.series("open_interest", *key)
            for at_ms in () if series is None else map(int, series.at_ms):
                market = world.market(NAME, str(key[1]), at_ms)
                if market is None or market.direction != "inverse":
                    continue
                if world.mark_price(market, at_ms) is None:
                    raise HistoryInvalid(
                        f"open_interest.parquet: bybit {market.id} at {at_ms} ms has no mark price within "
                        "26 h, so that its dollars cannot be counted: add the price row"
                    )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in Bybit's envelope; raises WireError for unknown symbols and parameters."""
        route = _ROUTES.get(request.path.removeprefix("/v5"))
        if route is None:
            raise WireError(404, "404 page not found")
        return _envelope(0, "OK", route(request, world, now_ms), now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """Too many visits are code 10006; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            reset = {"X-Bapi-Limit-Reset-Timestamp": str(now_ms + round(seconds * 1000))}
            return Refusal(
                status, _envelope(10006, "Too many visits. Exceeded the API Rate Limit.", {}, now_ms), reset
            )
        return Refusal(status, _envelope(10016, "Internal server error.", {}, now_ms))


def _envelope(code: int, message: str, result: Json, now_ms: int) -> Json:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ms}


def _bad(message: str) -> WireError:
    return WireError(200, _envelope(10001, message, {}, 0))


def _listed(request: Request, world: World, now_ms: int) -> list[Market]:
    """Markets of the category asked, narrowed by symbol."""
    category, symbol = request.query.get("category"), request.query.get("symbol")
    if category not in {*CATEGORIES, "spot", "option"}:
        raise _bad("Illegal category")
    found = [m for m in world.markets(NAME, now_ms) if m.direction == category]
    if symbol is None:
        return found
    named = [m for m in found if m.id == symbol]
    if not named:
        raise _bad("params error: symbol invalid")
    return named


def _asked(request: Request, world: World, now_ms: int) -> Market:
    if not request.query.get("symbol"):
        raise _bad("params error: symbol required")
    return _listed(request, world, now_ms)[0]


def _instruments(request: Request, world: World, now_ms: int) -> Json:
    """The replay knows nothing of contracts before their launch."""
    is_trading = request.query.get("status", "Trading") == "Trading"
    found = _listed(request, world, now_ms) if is_trading else []
    rows = [instrument(market) for market in found]
    return {"category": request.query["category"], "list": rows, "nextPageCursor": ""}


def _sides(amount_base: float, price: float | None, market: Market) -> tuple[float, float | None] | None:
    """Amount and value of one side: coins and quote, or dollars and coins when inverse."""
    if market.direction != "inverse":
        return amount_base, None if price is None else amount_base * price
    return None if price is None else (contracts(amount_base * price, 1.0), amount_base)


def _both(amount: float | None) -> str:
    return text_or_empty(None if amount is None else 2 * amount)


def _tickers(request: Request, world: World, now_ms: int) -> Json:
    rows = (_ticker(market, world, now_ms) for market in _listed(request, world, now_ms))
    return {"category": request.query["category"], "list": [row for row in rows if row is not None]}


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    price = world.mark_price(market, now_ms)
    if price is None:
        return None
    before = world.last("price", "mark_price", key, now_ms - DAY_MS) or price
    volume = world.last("price", "volume_base_24h", key, now_ms)
    observed = world.open_interest(market, now_ms)
    amounts = None if observed is None else _sides(observed[0], world.mark_price(market, observed[1]), market)
    amount, value = amounts or (None, None)
    traded, turnover = (None, None) if volume is None else _sides(volume, price, market) or (None, None)
    funding = world.next_settlement(market, now_ms)
    return {
        "symbol": market.id,
        "lastPrice": text(price),
        "indexPrice": text_or_empty(world.last("price", "index_price", key, now_ms)),
        "markPrice": text(price),
        "prevPrice24h": text(before),
        "price24hPcnt": text(price / before - 1.0),
        "highPrice24h": text(max(price, before)),
        "lowPrice24h": text(min(price, before)),
        "prevPrice1h": text(price),
        "openInterest": _both(amount),
        "openInterestValue": _both(value),
        "singleOpenInterest": text_or_empty(amount),
        "singleOpenInterestValue": text_or_empty(value),
        "turnover24h": text_or_empty(turnover),
        "volume24h": text_or_empty(traded),
        "fundingRate": text(funding.rate) if funding else "",
        "nextFundingTime": str(funding.at_ms) if funding else "0",
        "fundingIntervalHour": text(funding.interval_hours) if funding else "",
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": str(market.expires_ms or 0),
        "ask1Size": "1",
        "bid1Price": text(price),
        "ask1Price": text(price),
        "bid1Size": "1",
        "basis": "",
    }


def _on_grid(
    request: Request, series: Series | None, column: str, period: str, most: int, now_ms: int
) -> list[tuple[int, float]]:
    """Instants on the grid of the period, newest first: one that was not observed has no row."""
    length_ms = PERIODS_MS.get(request.query.get(period, ""))
    if length_ms is None:
        raise _bad(f"params error: {period} invalid")
    if series is None:
        return []
    window = series.window(request.integer("startTime"), request.integer("endTime"), now_ms)
    seen = [(series.time(position), series.value(column, position)) for position in window]
    found = [(at_ms, value) for at_ms, value in seen if value is not None and at_ms % length_ms == 0]
    return found[::-1][: min(request.integer("limit") or 50, most)]


def _open_interest(request: Request, world: World, now_ms: int) -> Json:
    market = _asked(request, world, now_ms)
    series = world.series("open_interest", NAME, market.id)
    rows = []
    found = _on_grid(request, series, "open_interest_base", "intervalTime", OPEN_INTEREST_PAGE, now_ms)
    for at_ms, coins in found:
        amounts = _sides(coins, world.mark_price(market, at_ms), market)
        if amounts is not None:
            sides = {"openInterest": _both(amounts[0]), "singleOpenInterest": text(amounts[0])}
            rows.append({**sides, "timestamp": str(at_ms)})
    category = request.query["category"]
    return {"symbol": market.id, "category": category, "list": rows, "nextPageCursor": ""}


def _account_ratio(request: Request, world: World, now_ms: int) -> Json:
    market = _asked(request, world, now_ms)
    series = world.series("long_short_ratio", NAME, market.id, "accounts")
    rows = []
    for at_ms, ratio in _on_grid(request, series, "long_short_ratio", "period", RATIO_PAGE, now_ms):
        shares = {"buyRatio": text(ratio / (1 + ratio)), "sellRatio": text(1 / (1 + ratio))}
        rows.append({"symbol": market.id, **shares, "timestamp": str(at_ms)})
    return {"list": rows, "nextPageCursor": ""}


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    market = _asked(request, world, now_ms)
    start_ms, end_ms = request.integer("startTime"), request.integer("endTime")
    if start_ms is not None and end_ms is None:
        raise _bad("params error: endTime is required beside startTime")
    series = world.series("funding_rate", NAME, market.id)
    rows = []
    if series is not None:
        window = series.window(start_ms, end_ms, now_ms)
        limit = min(request.integer("limit") or FUNDING_PAGE, FUNDING_PAGE)
        for position in reversed(window[-limit:]):
            rate = text_or_empty(series.value("funding_rate", position))
            at = str(series.time(position))
            rows.append({"symbol": market.id, "fundingRate": rate, "fundingRateTimestamp": at})
    return {"category": request.query["category"], "list": rows}


def _risk_limits(request: Request, world: World, now_ms: int) -> Json:
    """Fifteen markets a page; the cursor names the first market of the next one."""
    markets = _listed(request, world, now_ms)
    ids = [market.id for market in markets]
    cursor = request.query.get("cursor", "")
    first = ids.index(cursor) if cursor in ids else 0
    end = first + MARKETS_PER_RISK_PAGE
    rows = [risk_limit(m, step) for m in markets[first:end] for step in world.tiers(m, now_ms)]
    following = ids[end] if end < len(ids) else ""
    return {"category": request.query["category"], "list": rows, "nextPageCursor": following}


def _insurance(_request: Request, world: World, now_ms: int) -> Json:
    """One shared pool a coin."""
    rows, newest_ms = [], 0
    for key in world.keys("insurance_fund", NAME):
        series = world.series("insurance_fund", *key)
        position = None if series is None else series.last(now_ms)
        if series is None or position is None:
            continue
        newest_ms = max(newest_ms, series.time(position))
        balance = text_or_empty(series.value("balance", position))
        rows.append({"coin": key[1], "symbols": "", "balance": balance, "value": ""})
    return {"updatedTime": str(newest_ms or now_ms), "list": rows}


def _spot_margin(_request: Request, world: World, now_ms: int) -> Json:
    """The hourly rate of every coin; those of a VIP level are lower."""
    levels: dict[str, list[Json]] = {"No VIP": [], "VIP-1": []}
    for key in world.keys("borrow_rate", NAME):
        apr = world.last("borrow_rate", "borrow_apr", key, now_ms)
        if apr is None:
            continue
        for level, share in (("No VIP", 1.0), ("VIP-1", 0.95)):
            levels[level].append(
                {
                    "borrowable": True,
                    "collateralRatio": "0.95",
                    "currency": key[1],
                    "hourlyBorrowRate": text(share * apr / HOURS_PER_YEAR),
                    "liquidationOrder": "11",
                    "marginCollateral": True,
                    "maxBorrowingAmount": "3",
                }
            )
    return {"vipCoinList": [{"list": coins, "vipLevel": level} for level, coins in levels.items()]}


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "/market/instruments-info": _instruments,
    "/market/tickers": _tickers,
    "/market/open-interest": _open_interest,
    "/market/funding/history": _funding_history,
    "/market/account-ratio": _account_ratio,
    "/market/risk-limit": _risk_limits,
    "/market/insurance": _insurance,
    "/spot-margin-trade/data": _spot_margin,
}

WIRE = Bybit()
