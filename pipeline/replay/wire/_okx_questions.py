"""What is asked of OKX: the window of trading statistics, and the venue's words for a wrong question.

What is answered belongs in the modules beside.
"""

from __future__ import annotations

from pipeline.replay.wire.base import Request, WireError
from pipeline.replay.world import DAY_MS, HOUR_MS, Market, Series, World

NAME = "okx"
STATISTICS_PAGE, STATISTICS_DEPTH = 100, 1440

# Period -> its length and where its grid begins: days begin at 16:00 UTC (Hong Kong midnight) unless "utc".
_HONG_KONG_MS = 16 * HOUR_MS
PERIODS_MS = {
    "5m": (HOUR_MS // 12, 0), "15m": (HOUR_MS // 4, 0), "30m": (HOUR_MS // 2, 0),
    "1H": (HOUR_MS, 0), "2H": (2 * HOUR_MS, 0), "4H": (4 * HOUR_MS, 0),
    "6H": (6 * HOUR_MS, _HONG_KONG_MS), "12H": (12 * HOUR_MS, _HONG_KONG_MS), "1D": (DAY_MS, _HONG_KONG_MS),
    "6Hutc": (6 * HOUR_MS, 0), "12Hutc": (12 * HOUR_MS, 0), "1Dutc": (DAY_MS, 0),
}  # fmt: skip


def asked(request: Request, world: World, now_ms: int) -> Market:
    """The market that `instId` names."""
    market = world.market(NAME, request.query.get("instId", ""), now_ms)
    if market is None:
        raise unknown()
    return market


def statistics(request: Request, series: Series | None, now_ms: int) -> list[int]:
    """Positions of a series on the grid of the period asked, newest first: the unseen has no row."""
    period = PERIODS_MS.get(request.query.get("period", "5m"))
    if period is None:
        raise bad("period")
    if series is None:
        return []
    length_ms, origin_ms = period
    begin_ms, end_ms = request.integer("begin"), request.integer("end")
    oldest_ms = now_ms - STATISTICS_DEPTH * length_ms
    first_ms = oldest_ms if begin_ms is None else max(oldest_ms, begin_ms + 1)  # both bounds are exclusive
    last_ms = None if end_ms is None else end_ms - 1
    window = series.window(first_ms, last_ms, now_ms)
    on_grid = [p for p in window if (series.time(p) - origin_ms) % length_ms == 0]
    limit = min(request.integer("limit") or STATISTICS_PAGE, STATISTICS_PAGE)
    return on_grid[-limit:][::-1]


def bad(name: str) -> WireError:
    """A parameter is missing or means nothing."""
    return WireError(400, {"code": "51000", "data": [], "msg": f"Parameter {name} error"})


def unknown() -> WireError:
    """The instrument does not exist."""
    return WireError(200, {"code": "51001", "data": [], "msg": "Instrument ID does not exist"})
