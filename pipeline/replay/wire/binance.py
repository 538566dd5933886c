"""What Binance futures send: fapi (linear, counted in coins) and dapi (COIN-M, counted in whole contracts).

Strings hold numbers and integers hold milliseconds, as in the venue's documents and recordings. COIN-M
contracts are worth `contractSize` dollars each; their values and volumes in money are coins. Spot lists
nothing. Ratios, brackets, insurance and margin interest are worded in `_binance_risk.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire import _binance_risk as risk
from pipeline.replay.wire._binance_listing import contract_type, exchange_info, funding_info, pair
from pipeline.replay.wire._binance_questions import (
    INVERSE_HOST,
    LINEAR_HOST,
    NAME,
    SPOT_HOST,
    asked,
    asked_by_pair,
    invalid_symbol,
    listed,
    missing,
    side,
    signed,
    statistics,
)
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text, text_or_empty
from pipeline.replay.world import DAY_MS, Market, Series, World

INTEREST_RATE = "0.00010000"  # fixed by the venue, per 8 h
SPOT_LISTING = "/api/v3/exchangeInfo"
SPOT_TIME, SPOT_RIGHTS = "/api/v3/time", "/sapi/v1/account/apiRestrictions"
SPOT_PATHS = frozenset({SPOT_LISTING, SPOT_TIME, SPOT_RIGHTS, risk.BORROWING})
_Encoder = Callable[[Market, World, int], Json]  # words one market; None leaves it out
_Route = Callable[[Request, World, int], Json]


class Binance:
    """Answers for fapi.binance.com, dapi.binance.com and, with an empty list, api.binance.com."""

    name = NAME
    hosts = frozenset({LINEAR_HOST, INVERSE_HOST, SPOT_HOST})
    limits: Mapping[str, tuple[int, float]] = {
        "": (2400, 60.0),
        "/futures/data/": (1000, 300.0),
        "/fundingRate": (500, 300.0),
    }

    def check(self, world: World) -> None:
        """COIN-M open interest must be whole contracts at the price of its own instant; brackets as told."""
        risk.check_tiers(world)
        for key in world.keys("open_interest", NAME):
            series = world.series("open_interest", *key)
            if series is None:
                continue
            for position in range(len(series.at_ms)):
                market = world.market(NAME, str(key[1]), series.time(position))
                if market is None or market.direction != "inverse":
                    continue
                at = f"{key[1]} at {series.time(position)} ms"
                price = world.mark_price(market, series.time(position))
                amount = series.value("open_interest_base", position)
                if price is None or amount is None:
                    raise HistoryInvalid(
                        f"open_interest.parquet: binance {at} has no mark price within 26 h, so that its "
                        "contracts cannot be counted: add the price row"
                    )
                count = amount * price / (market.contract_size or 0.0)
                if abs(count - round(count)) > max(1e-6, 1e-12 * count):
                    raise HistoryInvalid(
                        f"open_interest.parquet: open_interest_base of binance {at} is {count!r} contracts, "
                        "and COIN-M trades whole ones: store contracts * contract_size / mark_price"
                    )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as fapi or dapi words it; raises WireError for unknown symbols and parameters."""
        route = _ROUTES.get(request.path.removeprefix("/fapi").removeprefix("/dapi"))
        if route is None or (request.host == SPOT_HOST) != (request.path in SPOT_PATHS):
            raise WireError(404, {"code": -5000, "msg": f"Path {request.path}, Method GET is invalid"})
        return route(request, world, now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 and 418 name the limit or the end of the ban; 451 the reason; 403 is the firewall's page."""
        retry = {"Retry-After": str(round(seconds))}
        if status == 418:
            until = now_ms + round(seconds * 1000)
            message = f"Way too many requests; IP(127.0.0.1) banned until {until}. Please use the websocket."
            return Refusal(418, {"code": -1003, "msg": message}, retry)
        if status == 429:
            message = "Too many requests; current limit is 2400 requests per minute."
            return Refusal(429, {"code": -1003, "msg": message}, retry)
        if status == 451:
            return Refusal(451, {"code": 0, "msg": "Service unavailable from a restricted location"})
        if status == 403:
            return Refusal(403, "<html><head><title>403 Forbidden</title></head></html>")
        message = "Internal error; unable to process your request. Please try again."
        return Refusal(status, {"code": -1001, "msg": message})


def _unavailable() -> WireError:
    message = "Symbol is on delivering or delivered or settling or closed or pre-trading."
    return WireError(400, {"code": -4108, "msg": message})


def _whole_contracts(amount_base: float, price: float, market: Market) -> int:
    return round(amount_base * price / (market.contract_size or 0.0))


def _exchange_info(request: Request, world: World, now_ms: int) -> Json:
    return exchange_info(listed(request.host, world, now_ms), now_ms, has_assets=request.host == LINEAR_HOST)


def _time(_request: Request, _world: World, now_ms: int) -> Json:
    return {"serverTime": now_ms}


def _rights(request: Request, _world: World, _now_ms: int) -> Json:
    """The made account's key can do more than read, so that there is something to warn of."""
    signed(request)
    return {"ipRestrict": False, "enableReading": True, "enableMargin": True, "enableWithdrawals": True}


def _each(encode: _Encoder) -> _Route:
    """One market when a symbol is asked, else all of them; dapi answers with a list in both cases."""

    def route(request: Request, world: World, now_ms: int) -> Json:
        if "symbol" not in request.query:
            rows = (encode(market, world, now_ms) for market in listed(request.host, world, now_ms))
            return [row for row in rows if row is not None]
        row = encode(asked(request, world, now_ms), world, now_ms)
        if row is None:
            raise _unavailable()
        return [row] if request.host == INVERSE_HOST else row

    return route


def _open_interest(request: Request, world: World, now_ms: int) -> Json:
    market = asked(request, world, now_ms)
    observed = world.open_interest(market, now_ms)
    if observed is None:
        raise _unavailable()
    amount, at_ms = observed
    if market.direction == "linear":
        return {"symbol": market.id, "openInterest": text(amount), "time": at_ms}
    price = world.mark_price(market, at_ms)
    if price is None:
        raise _unavailable()
    return {
        "symbol": market.id,
        "pair": pair(market),
        "openInterest": str(_whole_contracts(amount, price, market)),
        "contractType": contract_type(market),
        "time": at_ms,
    }


def _open_interest_history(request: Request, world: World, now_ms: int) -> Json:
    if request.host == INVERSE_HOST:
        market = asked_by_pair(request, world, now_ms, request.query.get("contractType"))
    else:
        market = asked(request, world, now_ms)
    series = world.series("open_interest", NAME, market.id)
    chosen = statistics(request, series, now_ms)
    if series is None:
        return []
    rows = (_history_row(series, p, market, world) for p in chosen)
    return [row for row in rows if row is not None]


def _history_row(series: Series, position: int, market: Market, world: World) -> Json | None:
    at_ms = series.time(position)
    amount = series.value("open_interest_base", position)
    price = world.mark_price(market, at_ms)
    if amount is None or price is None:
        return None
    if market.direction == "linear":
        return {
            "symbol": market.id,
            "sumOpenInterest": text(amount),
            "sumOpenInterestValue": text(amount * price),
            "timestamp": str(at_ms),  # a string here, a number on dapi: as recorded
        }
    return {
        "pair": pair(market),
        "contractType": contract_type(market),
        "sumOpenInterest": str(_whole_contracts(amount, price, market)),
        "sumOpenInterestValue": text(amount),  # coins, whatever the name suggests
        "timestamp": at_ms,
    }


def _premium_index(market: Market, world: World, now_ms: int) -> Json | None:
    price = world.mark_price(market, now_ms)
    if price is None:
        return None
    index = world.last("price", "index_price", (NAME, market.id), now_ms)
    funding = world.next_settlement(market, now_ms)
    row: dict[str, Json] = {
        "symbol": market.id,
        "markPrice": text(price),
        "indexPrice": text_or_empty(index),
        "estimatedSettlePrice": text_or_empty(index),
        # Named "last", but it is the running forecast for nextFundingTime; empty where nothing is paid.
        "lastFundingRate": text(funding.rate) if funding else "",
        "interestRate": INTEREST_RATE if funding else "",
        "nextFundingTime": funding.at_ms if funding else 0,
        "time": now_ms,
    }
    if market.direction == "inverse":
        row["pair"] = pair(market)
    return row


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    if price is None or volume is None:
        return None
    opened = world.last("price", "mark_price", key, now_ms - DAY_MS) or price
    row: dict[str, Json] = {
        "symbol": market.id,
        "priceChange": text(price - opened),
        "priceChangePercent": text((price / opened - 1.0) * 100.0),
        "weightedAvgPrice": text(price),
        "lastPrice": text(price),
        "lastQty": "1",
        "openPrice": text(opened),
        "highPrice": text(max(price, opened)),
        "lowPrice": text(min(price, opened)),
        "openTime": now_ms - DAY_MS,
        "closeTime": now_ms,
        "firstId": 1,
        "lastId": 2,
        "count": 2,
    }
    if market.direction == "linear":
        return {**row, "volume": text(volume), "quoteVolume": text(volume * price)}
    count = _whole_contracts(volume, price, market)
    return {**row, "pair": pair(market), "volume": str(count), "baseVolume": text(volume)}


def _funding_info(request: Request, world: World, now_ms: int) -> Json:
    return funding_info(listed(request.host, world, now_ms))


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """Ascending. What a delisted market paid stays in the history, unlike its place in the list."""
    symbol = request.query.get("symbol")
    if not symbol and request.host == INVERSE_HOST:
        raise missing("symbol")
    ever = [m for m in world.ever_listed(NAME, now_ms) if m.direction == side(request.host)]
    markets = [m for m in ever if not symbol or m.id == symbol]
    if symbol and not markets:
        raise invalid_symbol()
    start_ms, end_ms = request.integer("startTime"), request.integer("endTime")
    rows = []
    for market in markets:
        series = world.series("funding_rate", NAME, market.id)
        if series is None:
            continue
        for p in series.window(start_ms, end_ms, now_ms):
            rows.append((series.time(p), market, series.value("funding_rate", p)))
    rows.sort(key=lambda row: (row[0], row[1].id))
    limit = min(request.integer("limit") or 100, 1000)
    chosen = rows[-limit:] if start_ms is None else rows[:limit]
    return [
        {
            "symbol": market.id,
            "fundingTime": at_ms,
            "fundingRate": text_or_empty(rate),
            "markPrice": text_or_empty(world.mark_price(market, at_ms)),
        }
        for at_ms, market, rate in chosen
    ]


_ROUTES: dict[str, _Route] = {
    SPOT_LISTING: _exchange_info,
    SPOT_TIME: _time,
    SPOT_RIGHTS: _rights,
    "/v1/exchangeInfo": _exchange_info,
    "/v1/fundingInfo": _funding_info,
    "/v1/openInterest": _open_interest,
    "/v1/premiumIndex": _each(_premium_index),
    "/v1/ticker/24hr": _each(_ticker),
    "/v1/fundingRate": _funding_history,
    "/futures/data/openInterestHist": _open_interest_history,
    "/futures/data/globalLongShortAccountRatio": risk.ratios("accounts"),
    "/futures/data/topLongShortAccountRatio": risk.ratios("top_accounts"),
    "/futures/data/topLongShortPositionRatio": risk.ratios("top_positions"),
    "/v1/leverageBracket": risk.brackets,
    "/v2/leverageBracket": risk.brackets,
    "/v1/insuranceBalance": risk.insurance,
    risk.BORROWING: risk.borrowing,
}

WIRE = Binance()
