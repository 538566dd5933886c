"""What is asked of Binance futures: the host's product, the market, the window of statistics, and whose key.

Raises the venue's own errors. What is answered belongs in the modules beside.
"""

from __future__ import annotations

from pipeline.replay.wire._binance_listing import contract_type, pair
from pipeline.replay.wire.base import Request, WireError
from pipeline.replay.world import DAY_MS, Market, Series, World

NAME = "binance"
LINEAR_HOST, INVERSE_HOST, SPOT_HOST = "fapi.binance.com", "dapi.binance.com", "api.binance.com"

HISTORY_DEPTH_MS = 30 * DAY_MS
PERIODS_MS = {
    name: minutes * 60_000
    for name, minutes in {
        "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "12h": 720, "1d": 1440,
    }.items()
}  # fmt: skip


def side(host: str) -> str | None:
    """The direction of the contracts that a host lists."""
    return {LINEAR_HOST: "linear", INVERSE_HOST: "inverse"}.get(host)


def listed(host: str, world: World, now_ms: int) -> list[Market]:
    """The host's open markets."""
    return [m for m in world.markets(NAME, now_ms) if m.direction == side(host)]


def asked(request: Request, world: World, now_ms: int) -> Market:
    """The market that `symbol` names."""
    symbol = request.query.get("symbol")
    if not symbol:
        raise missing("symbol")
    market = world.market(NAME, symbol, now_ms)
    if market is None or market.direction != side(request.host):
        raise invalid_symbol()
    return market


def asked_by_pair(request: Request, world: World, now_ms: int, kind: str | None) -> Market:
    """The market that `pair` and a contract type name."""
    wanted = (request.query.get("pair"), kind)
    found = [m for m in listed(request.host, world, now_ms) if (pair(m), contract_type(m)) == wanted]
    if not found:
        raise WireError(400, {"code": -1121, "msg": "Invalid pair."})
    return found[0]


def statistics(request: Request, series: Series | None, now_ms: int) -> list[int]:
    """Positions of a series on the grid of the period asked, within the window: the unseen has no row."""
    period_ms = PERIODS_MS.get(request.query.get("period", ""))
    if period_ms is None:
        raise missing("period")
    start_ms, end_ms = request.integer("startTime"), request.integer("endTime")
    oldest_ms = now_ms - HISTORY_DEPTH_MS
    if start_ms is not None and start_ms < oldest_ms:
        raise WireError(400, {"code": -1130, "msg": "parameter 'startTime' is invalid."})
    if series is None:
        return []
    window = series.window(oldest_ms if start_ms is None else start_ms, end_ms, now_ms)
    on_grid = [p for p in window if series.time(p) % period_ms == 0]
    limit = min(request.integer("limit") or 30, 500)
    return on_grid[-limit:] if start_ms is None else on_grid[:limit]


def signed(request: Request) -> None:
    """Refuse a question about an account's view that carries no signature."""
    if not request.query.get("signature"):
        raise WireError(401, {"code": -2014, "msg": "API-key format invalid."})


def invalid_symbol() -> WireError:
    """The symbol is not the host's."""
    return WireError(400, {"code": -1121, "msg": "Invalid symbol."})


def missing(name: str) -> WireError:
    """A parameter is missing or means nothing."""
    message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return WireError(400, {"code": -1102, "msg": message})
