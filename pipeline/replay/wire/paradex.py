"""What Paradex sends: results of strings, milliseconds as numbers; coins held, dollars traded.

A spot pair and an option stand among the perpetuals, as at the venue. The funding rate is for the market's
whole period. Account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text, text_or_empty
from pipeline.replay.world import Market, World

NAME = "paradex"


class Paradex:
    """Answers for api.prod.paradex.trade/v1."""

    name = NAME
    hosts = frozenset({"api.prod.paradex.trade"})
    limits: Mapping[str, tuple[int, float]] = {"": (1500, 60.0)}

    def check(self, world: World) -> None:
        """Only linear perpetuals of one coin a contract are traded."""
        for market in world.ever_listed(NAME, world.last_ms):
            if (market.kind, market.direction, market.contract_size) != ("swap", "linear", 1):
                raise HistoryInvalid(
                    f"markets.parquet: paradex {market.id} is not a linear swap of contract_size 1, "
                    "the only kind the venue has: correct the row"
                )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer under "results"; raises WireError for unknown paths and markets."""
        route = _ROUTES.get(request.path.removeprefix("/v1"))
        if route is None:
            raise WireError(404, {"error": "NOT_FOUND", "message": "path not found"})
        return {"results": route(request, world, now_ms)}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """RATE_LIMIT_EXCEEDED, or the page of the firewall."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            body = {"error": "RATE_LIMIT_EXCEEDED", "message": "rate limit exceeded"}
            return Refusal(status, body, {"Retry-After": str(round(seconds))})
        return Refusal(status, {"error": "INTERNAL_ERROR", "message": "internal error"})


def _markets(_request: Request, world: World, now_ms: int) -> Json:
    perpetuals = [_listing(market, now_ms) for market in world.markets(NAME, now_ms)]
    pair = {"symbol": "BTC-USDC", "base_currency": "BTC", "quote_currency": "USDC", "asset_kind": "SPOT"}
    option = {
        "symbol": "BTC-USD-96000-C",
        "base_currency": "BTC",
        "quote_currency": "USD",
        "settlement_currency": "USDC",
        "asset_kind": "PERP_OPTION",
        "option_type": "CALL",
        "strike_price": "96000",
        "expiry_at": 0,
        "funding_period_hours": 24,
    }
    return [*perpetuals, {**pair, "settlement_currency": "USDC", "expiry_at": 0}, option]


def _listing(market: Market, now_ms: int) -> Json:
    return {
        "symbol": market.id,
        "base_currency": market.base,
        "quote_currency": market.quote,
        "settlement_currency": market.settle,
        "order_size_increment": "0.001",
        "price_tick_size": "0.1",
        "min_notional": "100",
        "open_at": market.listed_ms or min(market.effective_ms, now_ms),
        "expiry_at": 0,
        "asset_kind": "PERP",
        "position_limit": "50",
        "price_bands_width": "0.05",
        "max_open_orders": 150,
        "max_funding_rate": "0.02",
        "delta1_cross_margin_params": {
            "imf_base": "0.02",
            "imf_shift": "0",
            "imf_factor": "0",
            "mmf_factor": "0.5",
        },
        "price_feed_id": "x",
        "oracle_ewma_factor": "0.2",
        "max_order_size": "100",
        "max_funding_rate_change": "0.0005",
        "max_tob_spread": "0.2",
        "clamp_rate": "0.05",
        "funding_period_hours": round(market.interval_hours or 0),
    }


def _summary(request: Request, world: World, now_ms: int) -> Json:
    """One market, or ALL of them with their options."""
    asked = request.query.get("market", "")
    if asked == "ALL":
        rows = (_row(market, world, now_ms) for market in world.markets(NAME, now_ms))
        option = {"symbol": "BTC-USD-96000-C", "mark_price": "812.5", "open_interest": "3.1"}
        return [*(row for row in rows if row is not None), {**option, "created_at": now_ms}]
    found = world.market(NAME, asked, now_ms)
    row = None if found is None else _row(found, world, now_ms)
    if row is None:
        raise WireError(400, {"error": "VALIDATION_ERROR", "message": "invalid market"})
    return [row]


def _row(market: Market, world: World, now_ms: int) -> Json:
    key = (NAME, market.id)
    observed = world.open_interest(market, now_ms)
    mark = world.mark_price(market, now_ms)
    if observed is None or mark is None:
        return None
    volume = world.last("price", "volume_base_24h", key, now_ms) or 0.0
    following = world.next_settlement(market, now_ms)
    return {
        "symbol": market.id,
        "oracle_price": text(mark),
        "mark_price": text(mark),
        "last_traded_price": text(mark),
        "bid": text(mark),
        "ask": text(mark),
        "volume_24h": text(volume * mark),
        "total_volume": text(volume * mark),
        "created_at": observed[1],
        "underlying_price": text_or_empty(world.last("price", "index_price", key, now_ms)),
        "open_interest": text(observed[0]),
        "funding_rate": "" if following is None else text(following.rate),
        "price_change_rate_24h": "0",
    }


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "/markets": _markets,
    "/markets/summary": _summary,
}

WIRE = Paradex()
