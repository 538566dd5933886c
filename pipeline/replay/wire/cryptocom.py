"""What Crypto.com sends: strings hold numbers, in {id, method, code, result: {data}}; amounts are contracts.

Marks, indices and funding are `valuations` of one instrument, a value and a time each. Spot, warrants and
account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text
from pipeline.replay.world import HOUR_MS, Market, Series, World

NAME = "cryptocom"
_PUBLIC = "/exchange/v1/public/"
PAGE = 300


class CryptoCom:
    """Answers for api.crypto.com under /exchange/v1/public."""

    name = NAME
    hosts = frozenset({"api.crypto.com"})
    limits: Mapping[str, tuple[int, float]] = {"": (100, 1.0)}

    def check(self, world: World) -> None:
        """Nothing: contracts are strings with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown methods and instruments."""
        method = request.path.removeprefix(_PUBLIC)
        route = _ROUTES.get(method)
        if route is None:
            raise WireError(404, _error(40401, "NOT_FOUND"))
        return {"id": -1, "method": f"public/{method}", "code": 0, "result": route(request, world, now_ms)}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 is code 42901; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, _error(42901, "RATE_LIMIT"))
        return Refusal(status, _error(50001, "ERR_INTERNAL"))


def _error(code: int, message: str) -> Json:
    return {"id": -1, "code": code, "message": message}


def _bad() -> WireError:
    return WireError(400, _error(40004, "Missing or invalid argument"))


def _index_name(market: Market) -> str:
    return f"{market.base}{market.quote}-INDEX"


def _instruments(request: Request, world: World, now_ms: int) -> Json:
    return {"data": [_instrument(market) for market in world.markets(NAME, now_ms)]}


def _instrument(market: Market) -> Json:
    is_swap = market.kind == "swap"
    title = "Perpetual"
    if market.expires_ms is not None:
        title = f"Futures {datetime.fromtimestamp(market.expires_ms / 1000, UTC):%Y%m%d}"
    return {
        "symbol": market.id,
        "inst_type": "PERPETUAL_SWAP" if is_swap else "FUTURE",
        "display_name": f"{market.base}{market.quote} {title}",
        "base_ccy": market.base,
        "quote_ccy": market.quote,
        "quote_decimals": 3,
        "quantity_decimals": 4,
        "price_tick_size": "0.001",
        "qty_tick_size": "0.0001",
        "max_leverage": "50",
        "tradable": True,
        "expiry_timestamp_ms": market.expires_ms or 0,
        "beta_product": False,
        "underlying_symbol": _index_name(market),
        "contract_size": text(market.contract_size or 0),
        "margin_buy_enabled": False,
        "margin_sell_enabled": False,
    }


def _tickers(request: Request, world: World, now_ms: int) -> Json:
    rows = (_ticker(market, world, now_ms) for market in world.markets(NAME, now_ms))
    return {"data": [row for row in rows if row is not None]}


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    observed = world.open_interest(market, now_ms)
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
    if observed is None or price is None or volume is None:
        return None
    size = market.contract_size or 0.0
    return {
        **dict.fromkeys(("h", "l", "a", "b", "k"), text(price)),
        "i": market.id,
        "v": text(contracts(volume, size)),
        "vv": text(volume * price),
        "oi": text(contracts(observed[0], size)),
        "c": "0",
        "t": observed[1],
    }


def _valuations(request: Request, world: World, now_ms: int) -> Json:
    name, kind = request.query.get("instrument_name", ""), request.query.get("valuation_type", "")
    if kind == "index_price":
        market = next((m for m in world.markets(NAME, now_ms) if _index_name(m) == name), None)
    else:
        market = world.market(NAME, name, now_ms)
    if market is None or kind not in {"index_price", "mark_price", "funding_rate", "funding_hist"}:
        raise _bad()
    if kind == "funding_rate":
        coming = world.next_settlement(market, now_ms)
        rows = [] if coming is None else [_value(coming.rate, now_ms)]
    elif kind == "funding_hist":
        series = world.series("funding_rate", NAME, market.id)
        rows = [] if series is None else _settled(series, request, now_ms)
    else:
        series = world.series("price", NAME, market.id)
        position = None if series is None else series.last(now_ms)
        price = None if series is None or position is None else series.value(kind, position)
        rows = (
            [] if not series or position is None or price is None else [_value(price, series.time(position))]
        )
    return {"data": rows, "instrument_name": name}


def _settled(series: Series, request: Request, now_ms: int) -> list[Json]:
    """Newest first; the end of the window does not belong to it."""
    start_ms = request.integer("start_ts") or now_ms - 30 * 24 * HOUR_MS
    end_ms = request.integer("end_ts")
    window = series.window(start_ms, None if end_ms is None else end_ms - 1, now_ms)
    newest = reversed(window[-min(request.integer("count") or 25, PAGE) :])
    return [_value(series.value("funding_rate", row) or 0.0, series.time(row)) for row in newest]


def _value(number: float, at_ms: int) -> Json:
    return {"v": text(number), "t": at_ms}


def _insurance(request: Request, world: World, now_ms: int) -> Json:
    currency = request.query.get("instrument_name", "")
    series = world.series("insurance_fund", NAME, currency)
    position = None if series is None else series.last(now_ms)
    if series is None or position is None:
        raise _bad()
    row = _value(series.value("balance", position) or 0.0, series.time(position))
    return {"data": [row], "instrument_name": currency}


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "get-instruments": _instruments,
    "get-tickers": _tickers,
    "get-valuations": _valuations,
    "get-insurance": _insurance,
}

WIRE = CryptoCom()
