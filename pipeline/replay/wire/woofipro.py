"""What Orderly's order book sends for WOOFi Pro: {success, timestamp, data: {rows}} of bare numbers.

Amounts are coins, times milliseconds. Account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError
from pipeline.replay.world import HOUR_MS, Market, World

NAME = "woofipro"
PAGE, LONGEST_PAGE = 25, 500


class WoofiPro:
    """Answers for api-evm.orderly.org under /v1/public."""

    name = NAME
    hosts = frozenset({"api-evm.orderly.org"})
    limits: Mapping[str, tuple[int, float]] = {"": (10, 1.0)}

    def check(self, world: World) -> None:
        """A market has one base of margins, so that a table has one step."""
        for name, market, unit in world.keys("leverage_tier", NAME):
            series = world.series("leverage_tier", name, market, unit)
            if series is not None and (series.columns["tier"] > 1).any():
                raise HistoryInvalid(f"leverage_tier.parquet: woofipro {market} has steps: keep the first")

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths and symbols."""
        path = request.path.removeprefix("/v1/public")
        if path == "/funding_rate_history":
            return _envelope(_funding_history(request, world, now_ms), now_ms)
        words = {"/info": _info, "/futures": _future, "/funding_rates": _funding_rate}.get(path)
        if words is None:
            raise WireError(404, {"success": False, "code": -1000, "message": "not found"})
        rows = (
            words(market, world, now_ms) for market in world.markets(NAME, now_ms) if market.kind == "swap"
        )
        return _envelope({"rows": [row for row in rows if row is not None]}, now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 is code -1003; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            body = {"success": False, "code": -1003, "message": "Rate limit exceed."}
            return Refusal(429, body, {"Retry-After": str(round(seconds))})
        return Refusal(status, {"success": False, "code": -1000, "message": "An unknown error occurred."})


def _envelope(data: Json, now_ms: int) -> Json:
    return {"success": True, "timestamp": now_ms, "data": data}


def _info(market: Market, world: World, now_ms: int) -> Json:
    tiers = world.tiers(market, now_ms)
    return {
        "symbol": market.id,
        "quote_min": 0,
        "quote_max": 1000000,
        "quote_tick": 0.00000001,
        "base_min": 0.00001,
        "base_max": 1000000,
        "base_tick": 0.00001,
        "min_notional": 1,
        "price_range": 0.02,
        "price_scope": 0.4,
        "std_liquidation_fee": 0.03,
        "liquidator_fee": 0.015,
        "claim_insurance_fund_discount": 0.0075,
        "funding_period": round(market.interval_hours or 0),
        "cap_funding": 0.000375,
        "floor_funding": -0.000375,
        "interest_rate": 0.0001,
        "created_time": market.listed_ms or market.effective_ms,
        "updated_time": market.effective_ms,
        "base_mmr": tiers[0].maintenance_margin_rate if tiers else 0.05,
        "base_imr": tiers[0].initial_margin_rate if tiers else 0.1,
        "imr_factor": 0.0002512,
        "liquidation_tier": "1",
    }


def _future(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    observed = world.open_interest(market, now_ms)
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    coming = world.next_settlement(market, now_ms)
    if observed is None or price is None or volume is None or coming is None:
        return None
    return {
        "symbol": market.id,
        "index_price": world.last("price", "index_price", key, now_ms),
        "mark_price": price,
        "sum_unitary_funding": 521.367,
        "est_funding_rate": coming.rate,
        "last_funding_rate": coming.rate,
        "next_funding_time": coming.at_ms,
        "open_interest": observed[0],
        **dict.fromkeys(("24h_open", "24h_close", "24h_high", "24h_low"), price),
        "24h_volume": volume,
        "24h_amount": volume * price,
    }


def _funding_rate(market: Market, world: World, now_ms: int) -> Json | None:
    coming = world.next_settlement(market, now_ms)
    if coming is None:
        return None
    return {
        "symbol": market.id,
        "est_funding_rate": coming.rate,
        "est_funding_rate_timestamp": now_ms,
        "last_funding_rate": coming.rate,
        "last_funding_rate_timestamp": coming.at_ms - round(coming.interval_hours * HOUR_MS),
        "next_funding_time": coming.at_ms,
        "sum_unitary_funding": 521.367,
    }


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    """Newest first, numbered pages from 1, bounds in milliseconds and inclusive."""
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(400, {"success": False, "code": -1121, "message": "symbol is invalid"})
    series = world.series("funding_rate", NAME, market.id)
    window: range = range(0)
    if series is not None:
        window = series.window(request.integer("start_t"), request.integer("end_t"), now_ms)
    size = min(request.integer("size") or PAGE, LONGEST_PAGE)
    page = request.integer("page") or 1
    rows = []
    for position in list(reversed(window))[(page - 1) * size : page * size]:
        if series is None:
            break
        at_ms, hours = series.time(position), series.value("interval_hours", position) or 0
        rows.append(
            {
                "symbol": market.id,
                "funding_rate": series.value("funding_rate", position),
                "funding_rate_timestamp": at_ms,
                "next_funding_time": at_ms + round(hours * HOUR_MS),
            }
        )
    return {"rows": rows, "meta": {"total": len(window), "records_per_page": size, "current_page": page}}


WIRE = WoofiPro()
