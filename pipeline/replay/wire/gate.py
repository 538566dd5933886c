"""What Gate sends: bare lists, strings for numbers and seconds for times; amounts are contracts of one side.

A contract is `quanto_multiplier` coins, or one dollar where the multiplier is 0. Perpetuals stand under
/futures and dated futures under /delivery, by settlement coin. Account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire._gate_listing import NAME, contract, counted
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text, text_or_empty
from pipeline.replay.world import Market, Series, World

KINDS = {"futures": "swap", "delivery": "future"}
SETTLES = {"swap": ("usdt", "btc"), "future": ("usdt",)}
STATS_PAGE, FUNDING_PAGE, LIQUIDATION_PAGE = 100, 1000, 1000
LIQUIDATION_WINDOW_S = 3600
PERIODS_MS = {
    name: minutes * 60_000
    for name, minutes in {"5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}.items()
}
_RATIOS = {"lsr_account": "accounts", "top_lsr_account": "top_accounts", "top_lsr_size": "top_positions"}
# What the folder does not know of an hour is null; of the orders that were forced it is asked elsewhere.
_NO_STATS: Mapping[str, Json] = {
    **dict.fromkeys(("open_interest", "open_interest_usd", "mark_price", "lsr_taker", *_RATIOS)),
    **dict.fromkeys(("long_liq_size", "long_liq_amount", "long_liq_usd"), 0),
    **dict.fromkeys(("short_liq_size", "short_liq_amount", "short_liq_usd"), 0),
}


class Gate:
    """Answers for api.gateio.ws under /api/v4."""

    name = NAME
    hosts = frozenset({"api.gateio.ws"})
    limits: Mapping[str, tuple[int, float]] = {"": (200, 10.0)}

    def check(self, world: World) -> None:
        """The venue lists contracts by settlement coin, and inverse ones are worth a dollar."""
        for market in world.ever_listed(NAME, world.last_ms):
            if market.kind == "spot":
                continue
            if (market.settle or "").lower() not in SETTLES[market.kind]:
                raise HistoryInvalid(
                    f"markets.parquet: gate {market.id} settles in {market.settle}, in which the venue has "
                    f"no {market.kind}: use one of {', '.join(SETTLES[market.kind])}"
                )
            if market.direction == "inverse" and market.contract_size != 1.0:
                raise HistoryInvalid(
                    f"markets.parquet: gate {market.id} is inverse with a contract_size of "
                    f"{market.contract_size}, and the venue's inverse contract is worth 1 dollar: write 1"
                )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The bare answer; raises WireError with label and message for unknown contracts and parameters."""
        parts = request.path.removeprefix("/api/v4/").split("/")
        kind = KINDS.get(parts[0])
        route = _ROUTES.get(parts[2]) if kind is not None and len(parts) == 3 else None
        if kind is None or route is None:
            raise WireError(404, {"label": "NOT_FOUND", "message": "URL not found"})
        if parts[1] not in SETTLES[kind]:
            raise _bad(f"invalid settle currency: {parts[1]}")
        listed = [
            market
            for market in world.markets(NAME, now_ms)
            if market.kind == kind and (market.settle or "").lower() == parts[1]
        ]
        return route(request, listed, world, now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """TOO_MANY_REQUESTS says when the window ends; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            reset = {"X-Gate-RateLimit-Reset-Timestamp": str(round(now_ms / 1000 + seconds))}
            body = {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded"}
            return Refusal(429, body, reset)
        return Refusal(status, {"label": "SERVER_ERROR", "message": "Internal server error"})


def _bad(message: str) -> WireError:
    return WireError(400, {"label": "INVALID_PARAM_VALUE", "message": message})


def _asked(request: Request, listed: list[Market]) -> Market:
    found = [market for market in listed if market.id == request.query.get("contract")]
    if not found:
        raise WireError(400, {"label": "CONTRACT_NOT_FOUND", "message": "CONTRACT_NOT_FOUND"})
    return found[0]


def _between(request: Request) -> tuple[int | None, int | None]:
    """from and to in milliseconds; the venue counts seconds."""
    first, last = request.integer("from"), request.integer("to")
    if any(value is not None and value > 10**11 for value in (first, last)):
        raise _bad("invalid argument: from and to are seconds")
    return None if first is None else first * 1000, None if last is None else last * 1000 + 999


def _contracts(_request: Request, listed: list[Market], world: World, now_ms: int) -> Json:
    rows = (contract(market, world, now_ms) for market in listed)
    return [row for row in rows if row is not None]


def _tickers(_request: Request, listed: list[Market], world: World, now_ms: int) -> Json:
    rows = []
    for market in listed:
        price = world.mark_price(market, now_ms)
        volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
        if price is None or volume is None:
            continue
        turnover = text(volume * price)
        rows.append(
            {
                "contract": market.id,
                "last": text(price),
                "low_24h": text(price),
                "high_24h": text(price),
                "change_percentage": "0",
                "total_size": "",
                "volume_24h": text_or_empty(counted(volume, price, market)),
                "volume_24h_btc": "",
                "volume_24h_usd": turnover,
                "volume_24h_base": text(volume),
                "volume_24h_quote": turnover,
                "volume_24h_settle": text(volume) if market.direction == "inverse" else turnover,
                "mark_price": text(price),
                "funding_rate": "0",
                "funding_rate_indicative": "0",
                "index_price": text_or_empty(world.last("price", "index_price", (NAME, market.id), now_ms)),
                "highest_bid": text(price),
                "lowest_ask": text(price),
            }
        )
    return rows


def _seen(
    series: Series | None, column: str, first_ms: int | None, last_ms: int | None, now_ms: int
) -> Iterator[tuple[int, float]]:
    """Instants and numbers of one column."""
    if series is None:
        return
    for position in series.window(first_ms, last_ms, now_ms):
        value = series.value(column, position)
        if value is not None:
            yield series.time(position), value


def _contract_stats(request: Request, listed: list[Market], world: World, now_ms: int) -> Json:
    """Oldest first from `from`, else the newest; an instant that was not observed has no row."""
    market = _asked(request, listed)
    period_ms = PERIODS_MS.get(request.query.get("interval", "5m"))
    if period_ms is None:
        raise _bad("invalid argument: interval")
    first_ms, last_ms = _between(request)
    rows: dict[int, dict[str, Json]] = {}
    amounts = world.series("open_interest", NAME, market.id)
    for at_ms, coins in _seen(amounts, "open_interest_base", first_ms, last_ms, now_ms):
        price = world.mark_price(market, at_ms)
        if price is not None:
            said = {"open_interest": counted(coins, price, market), "open_interest_usd": coins * price}
            rows.setdefault(at_ms, dict(_NO_STATS)).update(said, mark_price=text(price))
    for name, population in _RATIOS.items():
        ratios = world.series("long_short_ratio", NAME, market.id, population)
        for at_ms, ratio in _seen(ratios, "long_short_ratio", first_ms, last_ms, now_ms):
            rows.setdefault(at_ms, dict(_NO_STATS))[name] = ratio
    instants = [at_ms for at_ms in sorted(rows) if at_ms % period_ms == 0]
    limit = min(request.integer("limit") or 30, STATS_PAGE)
    chosen = instants[-limit:] if first_ms is None else instants[:limit]
    return [{"time": at_ms // 1000, **rows[at_ms]} for at_ms in chosen]


def _funding_rate(request: Request, listed: list[Market], world: World, now_ms: int) -> Json:
    market = _asked(request, listed)
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    limit = min(request.integer("limit") or 100, FUNDING_PAGE)
    window = series.window(*_between(request), now_ms)
    return [
        {"t": series.time(position) // 1000, "r": text_or_empty(series.value("funding_rate", position))}
        for position in reversed(window[-limit:])
    ]


def _liq_orders(request: Request, listed: list[Market], world: World, now_ms: int) -> Json:
    """At most an hour; the size is that of the position, below zero when it was short."""
    first_ms, last_ms = _between(request)
    if first_ms is None or last_ms is None or (last_ms - first_ms) // 1000 > LIQUIDATION_WINDOW_S:
        raise _bad("the time range from - to must be within 3600 seconds")
    markets = {market.id: market for market in listed}
    rows = []
    for order in world.liquidations(NAME, first_ms, last_ms, now_ms)[::-1]:
        market = markets.get(order.market)
        count = None if market is None else counted(order.amount_base, order.price, market)
        if count is not None:
            rows.append(
                {
                    "time": order.at_ms // 1000,
                    "contract": order.market,
                    "size": count if order.side == "long" else -count,
                    "order_price": text(order.price),
                    "fill_price": text(order.price),
                    "left": 0,
                }
            )
    return rows[: min(request.integer("limit") or 100, LIQUIDATION_PAGE)]


def _risk_limit_tiers(request: Request, listed: list[Market], world: World, now_ms: int) -> Json:
    return [
        {
            "tier": step.tier,
            "risk_limit": text_or_empty(step.cap),
            "initial_rate": text_or_empty(step.initial_margin_rate),
            "maintenance_rate": text(step.maintenance_margin_rate),
            "leverage_max": text_or_empty(step.max_leverage),
        }
        for step in world.tiers(_asked(request, listed), now_ms)
    ]


def _insurance(request: Request, _listed: list[Market], world: World, now_ms: int) -> Json:
    """The newest balances, by the settlement coin of the path."""
    series = world.series("insurance_fund", NAME, request.path.split("/")[-2].upper())
    if series is None:
        return []
    limit = request.integer("limit") or 100
    window = series.window(None, None, now_ms)[-limit:]
    return [
        {"t": series.time(p) // 1000, "b": text_or_empty(series.value("balance", p))}
        for p in reversed(window)
    ]


_ROUTES: dict[str, Callable[[Request, list[Market], World, int], Json]] = {
    "contracts": _contracts,
    "tickers": _tickers,
    "contract_stats": _contract_stats,
    "funding_rate": _funding_rate,
    "liq_orders": _liq_orders,
    "risk_limit_tiers": _risk_limit_tiers,
    "insurance": _insurance,
}

WIRE = Gate()
