"""What Bitget sends: an envelope {code, msg, requestTime, data} of strings; amounts are coins of the base.

That holds for coin-margined contracts, too. The v3 calls are those of the unified account; what they say here
needs no key. Account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire._bitget_listing import PRODUCTS, contracts_listed
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text, text_or_empty
from pipeline.replay.world import DAY_MS, HOUR_MS, Market, World

NAME = "bitget"
PRACTICE = frozenset({"SUSDT-FUTURES", "SUSDC-FUTURES", "SCOIN-FUTURES"})
DAYS_PER_YEAR = 365.0
FUNDING_PAGE, LIQUIDATION_PAGE, RATIO_ROWS = 100, 100, 30
LIQUIDATION_DEPTH_MS = 3 * DAY_MS


class Bitget:
    """Answers for api.bitget.com under /api/v2/mix and /api/v3."""

    name = NAME
    hosts = frozenset({"api.bitget.com"})
    limits: Mapping[str, tuple[int, float]] = {
        "": (20, 1.0),
        "/account-long-short": (1, 1.0),
        "/liquidations": (5, 1.0),
        "/risk-reserve-all": (3, 1.0),
    }

    def check(self, world: World) -> None:
        """The venue lists contracts by the currency they are quoted in, and knows three."""
        for market in world.ever_listed(NAME, world.last_ms):
            if market.kind != "spot" and market.quote not in PRODUCTS:
                raise HistoryInvalid(
                    f"markets.parquet: bitget {market.id} is quoted in {market.quote}, for which the venue "
                    f"has no product type: use one of {', '.join(PRODUCTS)}"
                )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in Bitget's envelope; raises WireError for unknown symbols and parameters."""
        route = _ROUTES.get(request.path.removeprefix("/api"))
        if route is None:
            raise WireError(404, _envelope("40404", "Request URL NOT FOUND", None, now_ms))
        return _envelope("00000", "success", route(request, world, now_ms), now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """Code 429 for too many requests; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, _envelope("429", "Too Many Requests", None, now_ms))
        return Refusal(status, _envelope("40725", "service return an error", None, now_ms))


def _envelope(code: str, message: str, data: Json, now_ms: int) -> Json:
    return {"code": code, "msg": message, "requestTime": now_ms, "data": data}


def _bad(message: str) -> WireError:
    return WireError(400, _envelope("40034", message, None, 0))


def _product(request: Request) -> str:
    """The product type, which the v3 calls name category."""
    product = request.query.get("productType") or request.query.get("category") or ""
    if product not in PRODUCTS.values() and product not in PRACTICE:
        raise _bad("Parameter productType cannot be empty")
    return product


def _contracts(world: World, now_ms: int) -> list[Market]:
    return [market for market in world.markets(NAME, now_ms) if market.kind != "spot"]


def _of_product(request: Request, world: World, now_ms: int) -> list[Market]:
    product = _product(request)
    return [market for market in _contracts(world, now_ms) if PRODUCTS[market.quote] == product]


def _asked(request: Request, world: World, now_ms: int) -> Market:
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None or market.kind == "spot":
        raise _bad(f"Parameter {request.query.get('symbol')} does not exist")
    return market


def _list(request: Request, world: World, now_ms: int) -> Json:
    return contracts_listed(_contracts(world, now_ms), _product(request))


def _tickers(request: Request, world: World, now_ms: int) -> Json:
    rows = (_ticker(market, world, now_ms) for market in _of_product(request, world, now_ms))
    return [row for row in rows if row is not None]


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    """As of the instant at which open interest was observed."""
    observed = world.open_interest(market, now_ms)
    price = None if observed is None else world.mark_price(market, observed[1])
    if observed is None or price is None:
        return None
    key, at_ms = (NAME, market.id), observed[1]
    volume = world.last("price", "volume_base_24h", key, at_ms)
    before = world.last("price", "mark_price", key, at_ms - DAY_MS) or price
    funding = world.next_settlement(market, now_ms)
    turnover = text_or_empty(None if volume is None else volume * price)
    return {
        "symbol": market.id,
        "lastPr": text(price),
        "askPr": text(price),
        "bidPr": text(price),
        "bidSz": "1",
        "askSz": "1",
        "high24h": text(max(price, before)),
        "low24h": text(min(price, before)),
        "ts": str(at_ms),
        "change24h": text(price / before - 1.0),
        "baseVolume": text_or_empty(volume),
        "quoteVolume": turnover,
        "usdtVolume": turnover,
        "openUtc": text(before),
        "changeUtc24h": text(price / before - 1.0),
        "indexPrice": text_or_empty(world.last("price", "index_price", key, at_ms)),
        "fundingRate": text(funding.rate) if funding else "0",
        "holdingAmount": text(observed[0]),
        "deliveryStartTime": None,
        "deliveryTime": None if market.expires_ms is None else str(market.expires_ms),
        "deliveryStatus": "delivery_normal",
        "open24h": text(before),
        "markPrice": text(price),
    }


def _funding(request: Request, world: World, now_ms: int) -> Json:
    rows = []
    for market in _of_product(request, world, now_ms):
        coming = world.next_settlement(market, now_ms)
        if coming is not None and request.query.get("symbol") in (None, market.id):
            rows.append(
                {
                    "symbol": market.id,
                    "fundingRate": text(coming.rate),
                    "fundingRateInterval": str(round(coming.interval_hours)),
                    "nextUpdate": str(coming.at_ms),
                    "minFundingRate": "-0.003",
                    "maxFundingRate": "0.003",
                }
            )
    return rows


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """Newest first, by pages; no instant can be asked for."""
    market = _asked(request, world, now_ms)
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    size = min(request.integer("pageSize") or 20, FUNDING_PAGE)
    first = size * ((request.integer("pageNo") or 1) - 1)
    rows = []
    for position in series.window(None, None, now_ms)[::-1][first : first + size]:
        rate = text_or_empty(series.value("funding_rate", position))
        rows.append({"symbol": market.id, "fundingRate": rate, "fundingTime": str(series.time(position))})
    return rows


def _account_long_short(request: Request, world: World, now_ms: int) -> Json:
    """The last thirty hours, oldest first. The ratio is sent as a hundredth of what the shares say."""
    market = _asked(request, world, now_ms)
    series = world.series("long_short_ratio", NAME, market.id, "accounts")
    if series is None:
        return []
    rows = []
    for position in series.window(now_ms - RATIO_ROWS * HOUR_MS, None, now_ms):
        ratio = series.value("long_short_ratio", position)
        if ratio is not None and series.time(position) % HOUR_MS == 0:
            rows.append(
                {
                    "longAccountRatio": text(ratio / (1 + ratio)),
                    "shortAccountRatio": text(1 / (1 + ratio)),
                    "longShortAccountRatio": text(round(ratio / 100, 4)),
                    "ts": str(series.time(position)),
                }
            )
    return rows


def _position_tier(request: Request, world: World, now_ms: int) -> Json:
    _product(request)
    return [
        {
            "tier": str(step.tier),
            "minTierValue": text(step.floor),
            "maxTierValue": text_or_empty(step.cap),
            "leverage": text_or_empty(step.max_leverage),
            "mmr": text(step.maintenance_margin_rate),
        }
        for step in world.tiers(_asked(request, world, now_ms), now_ms)
    ]


def _margin_loans(request: Request, world: World, now_ms: int) -> Json:
    coin = request.query.get("coin", "")
    apr = world.last("borrow_rate", "borrow_apr", (NAME, coin, "cross"), now_ms)
    if apr is None:
        raise _bad(f"Parameter {coin} does not exist")
    return {"dailyInterest": text(apr / DAYS_PER_YEAR), "annualInterest": text(apr), "limit": "100"}


def _liquidations(request: Request, world: World, now_ms: int) -> Json:
    """Three days, newest first; buy is a long that was closed. The cursor counts the rows before the page."""
    ids = {market.id for market in _of_product(request, world, now_ms)}
    found = world.liquidations(NAME, now_ms - LIQUIDATION_DEPTH_MS, None, now_ms)[::-1]
    orders = [order for order in found if order.market in ids]
    first = request.integer("cursor") or 0
    end = first + min(request.integer("limit") or LIQUIDATION_PAGE, LIQUIDATION_PAGE)
    rows = [
        {
            "symbol": order.market,
            "side": "buy" if order.side == "long" else "sell",
            "price": text(order.price),
            "amount": text(order.amount_base),
            "ts": str(order.at_ms),
        }
        for order in orders[first:end]
    ]
    return {"list": rows, "cursor": str(end) if end < len(orders) else ""}


def _risk_reserves(request: Request, world: World, now_ms: int) -> Json:
    """One reserve a coin, for all markets that settle in it."""
    rows = []
    markets = _of_product(request, world, now_ms)
    for key in world.keys("insurance_fund", NAME):
        symbols = [market.id for market in markets if market.settle == key[1]]
        balance = world.last("insurance_fund", "balance", key, now_ms)
        if symbols and balance is not None:
            rows.append({"symbols": symbols, "coin": key[1], "balance": text(balance)})
    return {"list": rows}


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "/v2/mix/market/contracts": _list,
    "/v2/mix/market/tickers": _tickers,
    "/v2/mix/market/current-fund-rate": _funding,
    "/v2/mix/market/history-fund-rate": _funding_history,
    "/v2/mix/market/account-long-short": _account_long_short,
    "/v3/market/position-tier": _position_tier,
    "/v3/market/margin-loans": _margin_loans,
    "/v3/market/liquidations": _liquidations,
    "/v3/market/risk-reserve-all": _risk_reserves,
}

WIRE = Bitget()
