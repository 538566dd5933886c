"""What Binance sends about longs and shorts, margin brackets, the insurance fund and margin interest.

Ratios are strings of longs over shorts, brackets are JSON numbers, the fund's balances strings of the asset.
Brackets and interest are answered to a signed question only.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire._binance_listing import pair
from pipeline.replay.wire._binance_questions import (
    INVERSE_HOST,
    NAME,
    asked,
    asked_by_pair,
    listed,
    missing,
    signed,
    statistics,
)
from pipeline.replay.wire.base import Json, Request, text
from pipeline.replay.world import World

BORROWING = "/sapi/v1/margin/crossMarginData"
DAYS_PER_YEAR = 365.0
# COIN-M words the sides of its positions by another name than those of accounts
_SIDES = {"top_positions": "Position"}
_BOUNDS = {"linear": ("quote", "notionalFloor", "notionalCap"), "inverse": ("base", "qtyFloor", "qtyCap")}


def check_tiers(world: World) -> None:
    """Bounds of linear brackets are money, of COIN-M brackets coins; leverage is a whole number."""
    for _, symbol, unit in world.keys("leverage_tier", NAME):
        series = world.series("leverage_tier", NAME, symbol, unit)
        market = world.market(NAME, str(symbol), series.time(0)) if series is not None else None
        if series is None or market is None:
            continue
        wanted = _BOUNDS[str(market.direction)][0]
        if unit != wanted:
            raise HistoryInvalid(
                f"leverage_tier.parquet: binance {symbol} counts bounds in {unit}: the venue counts {wanted}"
            )
        if any(not leverage > 0 or leverage % 1 for leverage in series.columns["max_leverage"]):
            raise HistoryInvalid(
                f"leverage_tier.parquet: max_leverage of binance {symbol} is missing or no whole number"
            )


def ratios(population: str) -> Callable[[Request, World, int], Json]:
    """The route of one population: by symbol on fapi, by pair on dapi."""

    def route(request: Request, world: World, now_ms: int) -> Json:
        is_inverse = request.host == INVERSE_HOST
        if is_inverse:
            market = asked_by_pair(request, world, now_ms, "PERPETUAL")
        else:
            market = asked(request, world, now_ms)
        series = world.series("long_short_ratio", NAME, market.id, population)
        side = _SIDES.get(population, "Account") if is_inverse else "Account"
        rows = []
        for position in statistics(request, series, now_ms):
            ratio = series.value("long_short_ratio", position) if series is not None else None
            if series is None or ratio is None:
                continue
            at_ms = series.time(position)
            rows.append(
                {
                    **({"pair": pair(market)} if is_inverse else {"symbol": market.id}),
                    "longShortRatio": text(ratio),
                    f"long{side}": text(ratio / (1 + ratio)),
                    f"short{side}": text(1 / (1 + ratio)),
                    "timestamp": at_ms if is_inverse else str(at_ms),  # as recorded
                }
            )
        return rows

    return route


def brackets(request: Request, world: World, now_ms: int) -> Json:
    """Every market's margin table, or that of the symbol asked."""
    signed(request)
    only = asked(request, world, now_ms).id if "symbol" in request.query else None
    answer = []
    for market in listed(request.host, world, now_ms):
        _, floor, cap = _BOUNDS[str(market.direction)]
        steps: list[Json] = [
            {
                "bracket": tier.tier,
                "initialLeverage": int(tier.max_leverage or 0),
                cap: tier.cap,
                floor: tier.floor,
                "maintMarginRatio": tier.maintenance_margin_rate,
                "cum": 0.0,
            }
            for tier in world.tiers(market, now_ms)
        ]
        if steps and only in {None, market.id}:
            answer.append({"symbol": market.id, "brackets": steps})
    return answer


def insurance(request: Request, world: World, now_ms: int) -> Json:
    """One fund for every market of the host; an object when a symbol is asked, else a list."""
    assets: list[Json] = []
    for key in world.keys("insurance_fund", NAME):
        series = world.series("insurance_fund", *key)
        position = series.last(now_ms) if series is not None else None
        if series is None or position is None:
            continue
        balance = series.value("balance", position)
        if balance is not None:
            row = {"asset": key[1], "marginBalance": text(balance), "updateTime": series.time(position)}
            assets.append(row)
    fund = {"symbols": [market.id for market in listed(request.host, world, now_ms)], "assets": assets}
    return fund if "symbol" in request.query else [fund]


def borrowing(request: Request, world: World, now_ms: int) -> Json:
    """Cross margin of one VIP level: interest a day as a fraction."""
    signed(request)
    level = request.integer("vipLevel")
    if level is None:
        raise missing("vipLevel")
    rows: list[Json] = []
    for key in world.keys("borrow_rate", NAME):
        apr = world.last("borrow_rate", "borrow_apr", key, now_ms)
        if key[2] != "cross" or apr is None:
            continue
        rows.append(
            {
                "vipLevel": level,
                "coin": key[1],
                "transferIn": True,
                "borrowable": True,
                "dailyInterest": text(apr / DAYS_PER_YEAR),
                "yearlyInterest": text(apr),
                "borrowLimit": "180",
                "marginablePairs": [],
            }
        )
    return rows
