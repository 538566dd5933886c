"""What Backpack sends: bare lists of strings, coins, times in milliseconds or in ISO without a zone.

Funding rates are paged by offset, newest first. Spot, stocks and account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text, text_or_empty
from pipeline.replay.world import HOUR_MS, Market, World

NAME = "backpack"
PAGE, LONGEST_PAGE = 100, 1000
_LOANS = {"used": "borrowedQuantity", "lent": "lentQuantity"}


class Backpack:
    """Answers for api.backpack.exchange under /api/v1."""

    name = NAME
    hosts = frozenset({"api.backpack.exchange"})
    limits: Mapping[str, tuple[int, float]] = {"": (2000, 60.0)}

    def check(self, world: World) -> None:
        """A margin function has one base, so that a table has one step, without bounds."""
        for name, market, unit in world.keys("leverage_tier", NAME):
            series = world.series("leverage_tier", name, market, unit)
            if series is not None and (series.columns["tier"] > 1).any():
                raise HistoryInvalid(f"leverage_tier.parquet: backpack {market} has steps: keep the first")

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as the venue words it; raises WireError for unknown paths and markets."""
        path = request.path.removeprefix("/api/v1")
        if path == "/securities":
            return []
        if path == "/fundingRates":
            return _funding_rates(request, world, now_ms)
        if path == "/borrowLend/markets":
            return _pools(world, now_ms)
        words = {
            "/markets": _market,
            "/openInterest": _open_interest,
            "/markPrices": _mark_price,
            "/tickers": _ticker,
        }.get(path)
        if words is None:
            raise WireError(404, {"code": "RESOURCE_NOT_FOUND", "message": "Not found"})
        rows = (
            words(market, world, now_ms) for market in world.markets(NAME, now_ms) if market.kind == "swap"
        )
        return [row for row in rows if row is not None]

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 names a code; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            body = {"code": "TOO_MANY_REQUESTS", "message": "Rate limit exceeded"}
            return Refusal(429, body, {"Retry-After": str(round(seconds))})
        return Refusal(status, {"code": "SERVICE_UNAVAILABLE", "message": "Service unavailable"})


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).replace(tzinfo=None).isoformat()


def _market(market: Market, world: World, now_ms: int) -> Json:
    tiers = world.tiers(market, now_ms)
    initial, maintenance = "0.02", "0.0125"
    if tiers:
        initial = text_or_empty(tiers[0].initial_margin_rate)
        maintenance = text(tiers[0].maintenance_margin_rate)
    return {
        "baseSymbol": market.base,
        "createdAt": _iso(market.listed_ms or market.effective_ms),
        "filters": {
            "price": {"maxPrice": None, "minPrice": "0.00000001", "tickSize": "0.00000001"},
            "quantity": {"maxQuantity": None, "minQuantity": "0.01", "stepSize": "0.01"},
        },
        "fundingInterval": round((market.interval_hours or 0) * HOUR_MS),
        "fundingRateLowerBound": "-100",
        "fundingRateUpperBound": "100",
        "imfFunction": {"base": initial, "factor": "0.0001275", "type": "sqrt"},
        "marketType": "PERP",
        "mmfFunction": {"base": maintenance, "factor": "0.0000765", "type": "sqrt"},
        "openInterestLimit": "4000000",
        "orderBookState": "Open",
        "quoteSymbol": market.quote,
        "symbol": market.id,
    }


def _open_interest(market: Market, world: World, now_ms: int) -> Json | None:
    observed = world.open_interest(market, now_ms)
    if observed is None:
        return None
    return {"openInterest": text(observed[0]), "symbol": market.id, "timestamp": observed[1]}


def _mark_price(market: Market, world: World, now_ms: int) -> Json | None:
    price = world.mark_price(market, now_ms)
    index = world.last("price", "index_price", (NAME, market.id), now_ms)
    coming = world.next_settlement(market, now_ms)
    if price is None or coming is None:
        return None
    return {
        "fundingRate": text(coming.rate),
        "indexPrice": text_or_empty(index),
        "markPrice": text(price),
        "nextFundingTimestamp": coming.at_ms,
        "symbol": market.id,
    }


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
    if price is None or volume is None:
        return None
    return {
        **dict.fromkeys(("firstPrice", "high", "lastPrice", "low"), text(price)),
        "priceChange": "0",
        "priceChangePercent": "0",
        "quoteVolume": text(volume * price),
        "symbol": market.id,
        "trades": "245",
        "volume": text(volume),
    }


def _funding_rates(request: Request, world: World, now_ms: int) -> Json:
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(400, {"code": "INVALID_MARKET", "message": "Invalid market"})
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    limit = min(request.integer("limit") or PAGE, LONGEST_PAGE)
    offset = request.integer("offset") or 0
    return [
        {
            "fundingRate": text_or_empty(series.value("funding_rate", position)),
            "intervalEndTimestamp": _iso(series.time(position)),
            "symbol": market.id,
        }
        for position in list(reversed(range(series.upto(now_ms))))[offset : offset + limit]
    ]


def _pools(world: World, now_ms: int) -> Json:
    """Each currency's pool: the rate as a fraction a year, amounts in the currency."""
    tables = ("borrow_rate", "margin_loan")
    currencies = dict.fromkeys(key[1] for table in tables for key in world.keys(table, NAME))
    return [_pool(currency, world, now_ms) for currency in currencies]


def _pool(currency: str | None, world: World, now_ms: int) -> Json:
    rate = world.last("borrow_rate", "borrow_apr", (NAME, currency, "pool"), now_ms)
    amounts = {
        name: world.last("margin_loan", "amount", (NAME, currency, measure, None, None), now_ms)
        for measure, name in _LOANS.items()
    }
    return {
        "state": "Open",
        "assetMarkPrice": "1",
        "borrowInterestRate": text_or_empty(rate),
        "fee": "0.1",
        "lendInterestRate": "0",
        **{name: text_or_empty(amount) for name, amount in amounts.items()},
        "maxUtilization": "0.95",
        "openBorrowLendLimit": "1000000000",
        "optimalUtilization": "0.8",
        "symbol": currency,
        "timestamp": _iso(now_ms),
        "throttleUtilizationThreshold": "0.9",
        "throttleUtilizationBound": "0.95",
        "throttleUpdateFraction": "0.1",
        "utilization": "0.7",
        "stepSize": "0.00000001",
    }


WIRE = Backpack()
