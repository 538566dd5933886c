"""What OKX sends about longs and shorts, position tiers and the insurance fund.

Ratios are rows of strings, bounds of tiers count contracts, and the fund's `total` is dollars.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire._okx_listing import KINDS, family
from pipeline.replay.wire._okx_questions import NAME, asked, bad, statistics
from pipeline.replay.wire.base import Json, Request, text, text_or_empty
from pipeline.replay.world import World

_MOST_FAMILIES = 5


def check_tiers(world: World) -> None:
    """Bounds are contracts, whatever the contract pays in."""
    for _, instrument, unit in world.keys("leverage_tier", NAME):
        if unit != "contracts":
            raise HistoryInvalid(
                f"leverage_tier.parquet: okx {instrument} counts bounds in {unit}: the venue counts contracts"
            )


def ratios(population: str) -> Callable[[Request, World, int], Json]:
    """The route of one population: [time, longs over shorts], newest first."""

    def route(request: Request, world: World, now_ms: int) -> Json:
        market = asked(request, world, now_ms)
        series = world.series("long_short_ratio", NAME, market.id, population)
        positions = statistics(request, series, now_ms)
        return [
            [str(series.time(p)), text(ratio)]
            for p in positions
            if series is not None and (ratio := series.value("long_short_ratio", p)) is not None
        ]

    return route


def position_tiers(request: Request, world: World, now_ms: int) -> Json:
    """The tables of up to five families; one holds for every contract of its kind and family."""
    kind = KINDS.get(request.query.get("instType", ""))
    families = request.query.get("instFamily", "").split(",")
    if kind is None or request.query.get("tdMode") not in {"cross", "isolated"}:
        raise bad("instType" if kind is None else "tdMode")
    if not families[0] or len(families) > _MOST_FAMILIES:
        raise bad("instFamily")
    rows: list[Json] = []
    for wanted in families:
        members = [m for m in world.markets(NAME, now_ms) if m.kind == kind and family(m) == wanted]
        table = next((tiers for m in members if (tiers := world.tiers(m, now_ms))), [])
        rows += [
            {
                "baseMaxLoan": "",
                "imr": text_or_empty(tier.initial_margin_rate),
                "instFamily": wanted,
                "instId": "",
                "maxLever": text_or_empty(tier.max_leverage),
                "maxSz": text_or_empty(tier.cap),
                "minSz": text(tier.floor),
                "mmr": text(tier.maintenance_margin_rate),
                "optMgnFactor": "0",
                "quoteMaxLoan": "",
                "tier": str(tier.tier),
                "uly": wanted,
            }
            for tier in table
        ]
    return rows


def insurance(request: Request, world: World, now_ms: int) -> Json:
    """The whole fund in dollars, whichever family is asked about; what moved it lately is not known here."""
    kind, wanted = request.query.get("instType", ""), request.query.get("instFamily", "")
    if kind not in {*KINDS, "OPTION", "MARGIN"} or not wanted:
        raise bad("instType" if wanted else "instFamily")
    total = world.last("insurance_fund", "balance", (NAME, "USD"), now_ms)
    if total is None:
        return []
    return [{"details": [], "instFamily": wanted, "instType": kind, "total": text(total)}]
