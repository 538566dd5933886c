"""What Deribit sends: JSON-RPC envelopes of JSON numbers; inverse amounts in dollars, linear ones in coins.

Volumes are coins in both. `interest_1h` of the funding history is the rate of one hour and `interest_8h` the
sum of the last eight. Options and private methods do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts
from pipeline.replay.world import HOUR_MS, Market, World

NAME = "deribit"
NEVER_MS = 32_503_708_800_000  # how a perpetual's expiry is written
FUNDING_PAGE = 744


class Deribit:
    """Answers for www.deribit.com under /api/v2/public."""

    name = NAME
    hosts = frozenset({"www.deribit.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (20, 1.0), "/get_instruments": (1, 1.0)}

    def check(self, world: World) -> None:
        """Nothing: dollars and coins are numbers with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in a JSON-RPC envelope; raises WireError for unknown methods and parameters."""
        route = _ROUTES.get(request.path.removeprefix("/api/v2/public/"))
        if route is None:
            raise WireError(400, _error(-32601, "Method not found", now_ms))
        return {**_envelope(now_ms), "result": route(request, world, now_ms)}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 is code 10028, 5xx maintenance; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, _error(10028, "too_many_requests", now_ms))
        return Refusal(status, _error(11051, "system_maintenance", now_ms))


def _envelope(now_ms: int) -> dict[str, Json]:
    clock = {"usIn": now_ms * 1000, "usOut": now_ms * 1000 + 150, "usDiff": 150}
    return {"jsonrpc": "2.0", **clock, "testnet": False}


def _error(code: int, message: str, now_ms: int) -> Json:
    return {**_envelope(now_ms), "error": {"code": code, "message": message}}


def _bad(name: str, now_ms: int) -> WireError:
    error = {"code": -32602, "message": "Invalid params", "data": {"param": name, "reason": "invalid"}}
    return WireError(400, {**_envelope(now_ms), "error": error})


def _instruments(request: Request, world: World, now_ms: int) -> Json:
    currency = request.query.get("currency", "any")
    markets = world.markets(NAME, now_ms)
    return [_instrument(market) for market in markets if currency in {"any", market.settle}]


def _instrument(market: Market) -> Json:
    is_swap = market.kind == "swap"
    is_inverse = market.direction == "inverse"
    return {
        "price_index": f"{market.base}_{market.quote}".lower(),
        "rfq": False,
        "kind": "future",
        "instrument_name": market.id,
        "maker_commission": 0.0,
        "taker_commission": 0.0005,
        "instrument_type": "reversed" if is_inverse else "linear",
        "future_type": "reversed" if is_inverse else "linear",
        "expiration_timestamp": NEVER_MS if market.expires_ms is None else market.expires_ms,
        "creation_timestamp": market.listed_ms or market.effective_ms,
        "is_active": True,
        "contract_size": market.contract_size,
        "tick_size": 0.5,
        "settlement_period": "perpetual" if is_swap else "month",
        "settlement_currency": market.settle,
        "min_trade_amount": market.contract_size,
        "max_leverage": 50,
        "max_liquidation_commission": 0.0075,
        "block_trade_commission": 0.0001,
        "base_currency": market.base,
        "counter_currency": market.quote,
        "quote_currency": market.quote,
    }


def _summaries(request: Request, world: World, now_ms: int) -> Json:
    currency = request.query.get("currency")
    if not currency:
        raise _bad("currency", now_ms)
    asked = [market for market in world.markets(NAME, now_ms) if market.settle == currency]
    rows = (_summary(market, world, now_ms) for market in asked)
    return [row for row in rows if row is not None]


def _summary(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    observed = world.open_interest(market, now_ms)
    if observed is None:
        return None
    amount, at_ms = observed
    price = world.mark_price(market, at_ms)
    if price is None:
        return None
    dollars = contracts(amount * price, 1.0)
    volume = world.last("price", "volume_base_24h", key, at_ms)
    row: dict[str, Json] = {
        **dict.fromkeys(("high", "low", "last", "bid_price", "ask_price", "mid_price"), price),
        "instrument_name": market.id,
        "open_interest": dollars if market.direction == "inverse" else amount,
        "mark_price": price,
        "creation_timestamp": at_ms,
        "price_change": 0.0,
        "volume": volume,
        "estimated_delivery_price": world.last("price", "index_price", key, at_ms),
        "base_currency": market.base,
        "quote_currency": market.quote,
        "volume_usd": None if volume is None else volume * price,
        "volume_notional": None if volume is None else volume * price,
    }
    coming = world.next_settlement(market, now_ms)
    if coming is not None:
        row |= {"current_funding": coming.rate * 8, "funding_8h": coming.rate * 8}
    return row


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """Hourly rows in the order of time, both bounds inclusive."""
    market = world.market(NAME, request.query.get("instrument_name", ""), now_ms)
    start_ms, end_ms = request.integer("start_timestamp"), request.integer("end_timestamp")
    if market is None or market.kind != "swap":
        raise _bad("instrument_name", now_ms)
    if start_ms is None or end_ms is None:
        raise _bad("start_timestamp", now_ms)
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    rows = []
    for position in series.window(start_ms, end_ms, now_ms)[:FUNDING_PAGE]:
        at_ms = series.time(position)
        last_eight = range(max(0, position - 7), position + 1)
        rows.append(
            {
                "timestamp": at_ms,
                "index_price": world.last("price", "index_price", (NAME, market.id), at_ms),
                "prev_index_price": world.last("price", "index_price", (NAME, market.id), at_ms - HOUR_MS),
                "interest_8h": sum(series.value("funding_rate", p) or 0.0 for p in last_eight),
                "interest_1h": series.value("funding_rate", position),
            }
        )
    return rows


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "get_instruments": _instruments,
    "get_book_summary_by_currency": _summaries,
    "get_funding_rate_history": _funding_history,
}

WIRE = Deribit()
