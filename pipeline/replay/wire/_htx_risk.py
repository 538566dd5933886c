"""What HTX sends about longs and shorts, forced orders and its insurance funds."""

from __future__ import annotations

from pipeline.replay.wire._htx_listing import NAME, listed, named
from pipeline.replay.wire.base import Json, Request, WireError, contracts, text
from pipeline.replay.world import HOUR_MS, World

PAGE = 100
LIQUIDATION_WINDOW_MS = 2 * HOUR_MS


def elite_positions(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    """Shares of longs and shorts in the positions of top traders."""
    market = listed(world, request.query.get("contract_code", ""), now_ms)
    series = world.series("long_short_ratio", NAME, market.id, "top_positions")
    position = None if series is None else series.last(now_ms)
    rows = []
    if series is not None and position is not None:
        ratio = series.value("long_short_ratio", position) or 0.0
        longs = ratio / (1 + ratio)
        rows.append({"buy_ratio": longs, "sell_ratio": 1 - longs, "ts": series.time(position)})
    return {**named(market), "list": rows}, now_ms


def liquidations(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    """At most two hours and 100 orders a question."""
    market = listed(world, request.query.get("contract_code", ""), now_ms)
    start_ms, end_ms = request.integer("start_time"), request.integer("end_time")
    end_ms = now_ms if end_ms is None else end_ms
    start_ms = end_ms - LIQUIDATION_WINDOW_MS if start_ms is None else start_ms
    if end_ms - start_ms > LIQUIDATION_WINDOW_MS:
        raise WireError(200, {"code": 1040, "message": "The query window exceeds 2 hours", "ts": now_ms})
    rows = []
    for place, order in enumerate(world.liquidations(NAME, start_ms, end_ms, now_ms)):
        if order.market == market.id:
            count = text(contracts(order.amount_base, market.contract_size or 0.0))
            rows.append(
                {
                    "id": f"{order.at_ms}{place}",
                    "contract_code": market.id,
                    "liquidation_time": str(order.at_ms),
                    "side": "buy" if order.side == "short" else "sell",
                    "position_side": order.side,
                    "volume": count,
                    "amount": count,
                    "bankrupt_price": text(order.price),
                    "trade_turnover": text(order.amount_base * order.price),
                }
            )
    return rows[:PAGE], now_ms


def insurance_fund(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    """Balances in the coin of the contract, newest first, all on one page."""
    market = listed(world, request.query.get("contract_code", ""), now_ms)
    series = world.series("insurance_fund", NAME, market.base)
    known = range(0) if series is None else series.window(None, None, now_ms)
    ticks = [
        {"insurance_fund": series.value("balance", position), "ts": series.time(position)}
        for position in reversed(known[-(request.integer("page_size") or 100) :])
        if series is not None
    ]
    counts = {"total_page": 1, "current_page": 1, "total_size": len(ticks)}
    return {**counts, **named(market), "tick": ticks}, now_ms
