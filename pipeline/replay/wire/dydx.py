"""What the indexer of dYdX sends: objects of strings, coins and dollars, ISO times in UTC.

The chain's own nodes are not answered for. One oracle price stands for mark and index.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text, text_or_empty
from pipeline.replay.world import Market, World

NAME = "dydx"
_HISTORY = "/v4/historicalFunding/"
LONGEST_PAGE = 1000
BLOCK_MS = 13  # a settlement is stamped with its block, some milliseconds after the hour


class Dydx:
    """Answers for indexer.dydx.trade under /v4."""

    name = NAME
    hosts = frozenset({"indexer.dydx.trade"})
    limits: Mapping[str, tuple[int, float]] = {"": (100, 10.0)}

    def check(self, world: World) -> None:
        """Margins are the same for every size, so that a table has one step."""
        for name, market, unit in world.keys("leverage_tier", NAME):
            series = world.series("leverage_tier", name, market, unit)
            if series is not None and (series.columns["tier"] > 1).any():
                raise HistoryInvalid(f"leverage_tier.parquet: dydx {market} has steps: keep the first")

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as the indexer words it; raises WireError for unknown paths and markets."""
        if request.path == "/v4/perpetualMarkets":
            rows = (_market(market, world, now_ms) for market in world.markets(NAME, now_ms))
            return {"markets": {row["ticker"]: row for row in rows if row is not None}}
        if request.path.startswith(_HISTORY):
            return _funding(request.path.removeprefix(_HISTORY), request, world, now_ms)
        raise WireError(404, {"errors": [{"msg": "Not Found"}]})

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """Too many requests, a blocked country, or a fault: each a list of errors."""
        if status in {418, 429}:
            body = {"errors": [{"msg": "Too many requests"}]}
            return Refusal(429, body, {"Retry-After": str(round(seconds))})
        if status in {403, 451}:
            message = "Because you appear to be a resident of a restricted country, this is not available."
            return Refusal(403, {"errors": [{"msg": message, "code": "GEOBLOCKED"}]})
        return Refusal(status, {"errors": [{"msg": "Internal Server Error"}]})


def _market(market: Market, world: World, now_ms: int) -> Json | None:
    observed = world.open_interest(market, now_ms)
    price = world.mark_price(market, now_ms)
    volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
    coming = world.next_settlement(market, now_ms)
    if observed is None or price is None or volume is None or coming is None:
        return None
    tiers = world.tiers(market, now_ms)
    return {
        "clobPairId": "0",
        "ticker": market.id,
        "status": "ACTIVE",
        "oraclePrice": text(price),
        "priceChange24H": "0",
        "volume24H": text(volume * price),
        "trades24H": 9387,
        "nextFundingRate": text(coming.rate),
        "initialMarginFraction": text_or_empty(tiers[0].initial_margin_rate) if tiers else "0.02",
        "maintenanceMarginFraction": text(tiers[0].maintenance_margin_rate) if tiers else "0.012",
        "openInterest": text(observed[0]),
        "atomicResolution": -10,
        "quantumConversionExponent": -9,
        "tickSize": "0.00000001",
        "stepSize": "0.0001",
        "stepBaseQuantums": 1000000,
        "subticksPerTick": 100000,
        "marketType": "CROSS",
        "openInterestLowerCap": "0",
        "openInterestUpperCap": "0",
        "baseOpenInterest": "50.3776",
        "defaultFundingRate1H": "0",
    }


def _funding(symbol: str, request: Request, world: World, now_ms: int) -> Json:
    """Newest first, at or before the time asked."""
    market = world.market(NAME, symbol, now_ms)
    if market is None:
        raise WireError(404, {"errors": [{"msg": f"ticker {symbol} not found"}]})
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return {"historicalFunding": []}
    before = request.query.get("effectiveBeforeOrAt")
    last_ms = None if before is None else int(datetime.fromisoformat(before).timestamp() * 1000) - BLOCK_MS
    window = series.window(None, last_ms, now_ms - BLOCK_MS)
    limit = min(request.integer("limit") or LONGEST_PAGE, LONGEST_PAGE)
    return {
        "historicalFunding": [
            {
                "ticker": market.id,
                "rate": text_or_empty(series.value("funding_rate", position)),
                "price": text_or_empty(world.mark_price(market, series.time(position))),
                "effectiveAtHeight": "44865196",
                "effectiveAt": _iso(series.time(position) + BLOCK_MS),
            }
            for position in reversed(window[-limit:])
        ]
    }


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


WIRE = Dydx()
