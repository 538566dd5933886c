"""What Lighter sends: market numbers, amounts in coins, margins in ten-thousandths, funding in percent.

A funding row has no sign but the side that pays, and its time counts seconds. Accounts, transactions and
spot markets do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text
from pipeline.replay.world import Market, World

NAME = "lighter"
PAGE = 750
_MARGIN_SCALE = 10_000


class Lighter:
    """Answers for mainnet.zklighter.elliot.ai under /api/v1."""

    name = NAME
    hosts = frozenset({"mainnet.zklighter.elliot.ai"})
    limits: Mapping[str, tuple[int, float]] = {"": (60, 60.0)}

    def check(self, world: World) -> None:
        """Nothing: coins are numbers with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer with its code; raises WireError for unknown paths and markets."""
        path = request.path.removeprefix("/api/v1/")
        if path == "orderBookDetails":
            rows = (_detail(market, world, now_ms) for market in world.markets(NAME, now_ms))
            return {
                "code": 200,
                "order_book_details": [row for row in rows if row is not None],
                "spot_order_book_details": [],
            }
        if path == "fundings":
            return _fundings(request, world, now_ms)
        raise WireError(404, {"code": 404, "message": "not found"})

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 says so in words; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(429, {"code": 23000, "message": "Too Many Requests!"})
        return Refusal(status, {"code": status, "message": "service unavailable"})


def _detail(market: Market, world: World, now_ms: int) -> Json | None:
    observed = world.open_interest(market, now_ms)
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
    if observed is None or price is None or volume is None:
        return None
    tiers = world.tiers(market, now_ms)
    initial = (tiers[0].initial_margin_rate if tiers else None) or 0.02
    maintenance = tiers[0].maintenance_margin_rate if tiers else 0.012
    return {
        "symbol": market.base,
        "market_id": int(market.id),
        "market_type": "perp",
        "status": "active",
        "taker_fee": "0.0000",
        "maker_fee": "0.0000",
        "liquidation_fee": "1.0000",
        "min_base_amount": "0.0050",
        "min_quote_amount": "10.000000",
        "order_quote_limit": "",
        "size_decimals": 4,
        "price_decimals": 2,
        "quote_multiplier": 1,
        "default_initial_margin_fraction": 500,
        "min_initial_margin_fraction": round(initial * _MARGIN_SCALE),
        "maintenance_margin_fraction": round(maintenance * _MARGIN_SCALE),
        "closeout_margin_fraction": 80,
        "last_trade_price": price,
        "daily_base_token_volume": volume,
        "daily_quote_token_volume": volume * price,
        "open_interest": observed[0],
    }


def _fundings(request: Request, world: World, now_ms: int) -> Json:
    """The last `count_back` hours of the window, in the order of time; both bounds are inclusive."""
    market = world.market(NAME, request.query.get("market_id", ""), now_ms)
    start, end = request.integer("start_timestamp"), request.integer("end_timestamp")
    if market is None or start is None or end is None:
        raise WireError(400, {"code": 20001, "message": "invalid param"})
    answer: dict[str, Json] = {"code": 200, "resolution": "1h", "fundings": []}
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return answer
    window = series.window(start * 1000, end * 1000, now_ms)
    for row in window[-min(request.integer("count_back") or PAGE, PAGE) :]:
        rate, at_ms = series.value("funding_rate", row) or 0.0, series.time(row)
        answer["fundings"].append(
            {
                "timestamp": at_ms // 1000,
                "value": text(abs(rate) * (world.mark_price(market, at_ms) or 0.0)),
                "rate": text(abs(rate) * 100),
                "direction": "long" if rate >= 0 else "short",
            }
        )
    return answer


WIRE = Lighter()
