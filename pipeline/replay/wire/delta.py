"""What Delta Exchange sends: {result, success}, contracts and prices in strings, percent, microseconds.

Dollars of open interest are at the spot index. Options, candles and account endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text, text_or_empty
from pipeline.replay.world import Market, World

NAME = "delta"
_KINDS = {"swap": "perpetual_futures", "future": "futures"}


class Delta:
    """Answers for api.delta.exchange under /v2."""

    name = NAME
    hosts = frozenset({"api.delta.exchange"})
    limits: Mapping[str, tuple[int, float]] = {"": (10000, 300.0)}

    def check(self, world: World) -> None:
        """A product has one pair of margins, and its contract is worth coins or dollars."""
        for name, market, unit in world.keys("leverage_tier", NAME):
            series = world.series("leverage_tier", name, market, unit)
            if series is not None and (series.columns["tier"] > 1).any():
                raise HistoryInvalid(f"leverage_tier.parquet: delta {market} has steps: keep the first")
        if any(m.direction == "quanto" for m in world.ever_listed(NAME, world.last_ms)):
            raise HistoryInvalid("markets.parquet: quanto contracts of delta cannot be said: remove them")

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the venue's envelope; raises WireError for unknown paths."""
        if request.path == "/v2/products":
            result = [_product(market, world, now_ms) for market in world.markets(NAME, now_ms)]
            meta = {"after": None, "before": None, "limit": len(result), "total_count": len(result)}
            return {"meta": meta, "result": result, "success": True}
        if request.path == "/v2/tickers":
            kinds = request.query.get("contract_types", ",".join(_KINDS.values())).split(",")
            open_now = [m for m in world.markets(NAME, now_ms) if _KINDS.get(m.kind) in kinds]
            rows = (_ticker(market, world, now_ms) for market in open_now)
            return {"result": [row for row in rows if row is not None], "success": True}
        raise WireError(404, {"success": False, "error": {"code": "not_found"}})

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 names the milliseconds to wait in X-RATE-LIMIT-RESET; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            wait = {"X-RATE-LIMIT-RESET": str(round(seconds * 1000)), "Retry-After": str(round(seconds))}
            return Refusal(429, {"success": False, "error": {"code": "too_many_requests"}}, wait)
        return Refusal(status, {"success": False, "error": {"code": "internal_server_error"}})


def _iso(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _asset(symbol: str | None) -> Json:
    return {"symbol": symbol, "precision": 8, "minimum_precision": 4}


def _product(market: Market, world: World, now_ms: int) -> Json:
    tiers = world.tiers(market, now_ms)
    is_inverse = market.direction == "inverse"
    specs = (
        {}
        if market.interval_hours is None
        else {"rate_exchange_interval": round(market.interval_hours * 3600)}
    )
    initial, maintenance, largest = "2", "1", "20000"
    if tiers:
        rate = tiers[0].initial_margin_rate
        initial = text_or_empty(None if rate is None else rate * 100)
        maintenance = text(tiers[0].maintenance_margin_rate * 100)
        largest = text_or_empty(tiers[0].cap)
    return {
        "id": 27,
        "symbol": market.id,
        "contract_type": _KINDS.get(market.kind),
        "contract_unit_currency": market.quote if is_inverse else market.base,
        "contract_value": text(market.contract_size or 0),
        "notional_type": "inverse" if is_inverse else "vanilla",
        "is_quanto": False,
        "state": "live",
        "trading_status": "operational",
        "tick_size": "0.00000001",
        "position_size_limit": 100000,
        "launch_time": _iso(market.listed_ms or market.effective_ms),
        "settlement_time": _iso(market.expires_ms),
        "strike_price": None,
        "annualized_funding": "10.95",
        "initial_margin": initial,
        "initial_margin_scaling_factor": "0.0001",
        "maintenance_margin": maintenance,
        "maintenance_margin_scaling_factor": "0.00005",
        "max_leverage_notional": largest,
        "maker_commission_rate": "0.0005",
        "taker_commission_rate": "0.0005",
        "product_specs": specs,
        "underlying_asset": _asset(market.base),
        "quoting_asset": _asset(market.quote),
        "settling_asset": _asset(market.settle),
    }


def _ticker(market: Market, world: World, now_ms: int) -> Json | None:
    key = (NAME, market.id)
    observed = world.open_interest(market, now_ms)
    price = world.mark_price(market, now_ms)
    index = world.last("price", "index_price", key, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    if observed is None or price is None or index is None or volume is None:
        return None
    size, worth = market.contract_size or 0, price if market.direction == "inverse" else 1.0
    row: dict[str, Json] = {
        **dict.fromkeys(("close", "open", "high", "low"), price),
        "contract_type": _KINDS.get(market.kind),
        "greeks": None,
        "mark_price": text(price),
        "oi": text(observed[0]),
        "oi_contracts": text(contracts(observed[0] * worth, size)),
        "oi_value": text(observed[0]),
        "oi_value_symbol": market.base,
        "oi_value_usd": text(observed[0] * index),
        "product_id": 27,
        "quotes": {},
        "size": contracts(volume * worth, size),
        "spot_price": text(index),
        "symbol": market.id,
        "timestamp": observed[1] * 1000,
        "turnover": volume * price,
        "turnover_symbol": market.settle,
        "turnover_usd": volume * price,
        "volume": volume,
    }
    coming = world.next_settlement(market, now_ms)
    if coming is not None:
        row["funding_rate"] = text(coming.rate * 100)
    return row


WIRE = Delta()
