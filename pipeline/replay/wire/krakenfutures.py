"""What Kraken Futures sends: JSON numbers, times as text, indexes among the markets.

Linear markets count coins, inverse ones contracts of `contractSize` dollars. A ticker's funding rate is
absolute: dollars for each coin, or coins for each dollar. One clock stands for a whole answer, so that only
what was observed then has a row. Account and chart endpoints do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts
from pipeline.replay.world import Market, World

NAME = "krakenfutures"
API = "/derivatives/api/"


class KrakenFutures:
    """Answers for futures.kraken.com."""

    name = NAME
    hosts = frozenset({"futures.kraken.com"})
    # 500 units each 10 seconds are published for the account's calls, none for these: the same is kept to
    limits: Mapping[str, tuple[int, float]] = {"": (500, 10.0)}

    def check(self, world: World) -> None:
        """Nothing: amounts are numbers with any decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer beside result and serverTime; raises WireError for unknown paths and symbols."""
        route = _ROUTES.get(request.path.removeprefix(API))
        if route is None:
            raise WireError(404, {"result": "error", "error": "notFound", "serverTime": _text(now_ms)})
        return {"result": "success", **route(request, world, now_ms)}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """apiLimitExceeded, or the page of the firewall."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        error = "apiLimitExceeded" if status in {418, 429} else "Server Error"
        return Refusal(status, {"result": "error", "error": error, "serverTime": _text(now_ms)})


def _text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _coin(market: Market) -> str:
    return "XBT" if market.base == "BTC" else market.base


def _instruments(_request: Request, world: World, now_ms: int) -> Json:
    rows = [_instrument(market, world, now_ms) for market in world.markets(NAME, now_ms)]
    index = {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False}
    return {"serverTime": _text(now_ms), "instruments": [*rows, index]}


def _instrument(market: Market, world: World, now_ms: int) -> Json:
    is_inverse = market.direction == "inverse"
    floor = "contracts" if is_inverse else "numNonContractUnits"
    row: dict[str, Json] = {
        "symbol": market.id,
        "pair": f"{_coin(market)}:USD",
        "base": _coin(market),
        "quote": "USD",
        "type": "futures_inverse" if is_inverse else "flexible_futures",
        "tickSize": 1e-06,
        "contractSize": market.contract_size,
        "tradeable": True,
        "impactMidSize": 1000,
        "maxPositionSize": 120000000,
        "openingDate": _text(market.listed_ms or market.effective_ms),
        "marginLevels": [
            {
                floor: step.floor,
                "initialMargin": step.initial_margin_rate,
                "maintenanceMargin": step.maintenance_margin_rate,
            }
            for step in world.tiers(market, now_ms)
        ],
        "fundingRateCoefficient": 24,
        "maxRelativeFundingRate": 0.005,
        "isin": "",
        "contractValueTradePrecision": 0,
        "postOnly": False,
        "feeScheduleUid": "x",
        "category": "",
        "tags": [],
    }
    if is_inverse:
        row["underlying"] = f"rr_{_coin(market).lower()}usd"
    if market.expires_ms is not None:
        row["lastTradingTime"] = _text(market.expires_ms)
    return row


def _tickers(_request: Request, world: World, now_ms: int) -> Json:
    observed = {m: seen for m in world.markets(NAME, now_ms) if (seen := world.open_interest(m, now_ms))}
    newest = max((at_ms for _, at_ms in observed.values()), default=now_ms)
    rows = [
        _ticker(market, world, amount, now_ms)
        for market, (amount, at_ms) in observed.items()
        if at_ms == newest and world.mark_price(market, now_ms) is not None
    ]
    index = {"symbol": "in_xbtusd", "last": 90000, "lastTime": _text(newest)}
    return {"serverTime": _text(newest), "tickers": [*rows, index]}


def _ticker(market: Market, world: World, amount_base: float, now_ms: int) -> Json:
    key = (NAME, market.id)
    mark = world.mark_price(market, now_ms) or 0.0
    volume = world.last("price", "volume_base_24h", key, now_ms) or 0.0
    is_inverse = market.direction == "inverse"
    size = market.contract_size or 0.0

    def counted(coins: float) -> float:
        return contracts(coins * mark, size) if is_inverse else coins

    row: dict[str, Json] = {
        "symbol": market.id,
        "last": mark,
        "lastTime": _text(now_ms),
        "tag": "quarter" if market.kind == "future" else "perpetual",
        "pair": f"{_coin(market)}:USD",
        "markPrice": mark,
        "bid": mark,
        "bidSize": 100,
        "ask": mark,
        "askSize": 100,
        "vol24h": counted(volume),
        "volumeQuote": volume * mark,
        "openInterest": counted(amount_base),
        **dict.fromkeys(("open24h", "high24h", "low24h"), mark),
        "lastSize": 1,
        "suspended": False,
        "indexPrice": world.last("price", "index_price", key, now_ms),
        "postOnly": False,
        "change24h": 0.0,
    }
    following = world.next_settlement(market, now_ms)
    if following is not None:
        absolute = following.rate / mark if is_inverse else following.rate * mark
        row |= {"fundingRate": absolute, "fundingRatePrediction": absolute}
    return row


def _settled(request: Request, world: World, now_ms: int) -> Json:
    """The whole life of one market, oldest first."""
    market = world.market(NAME, request.query.get("symbol", ""), now_ms)
    if market is None:
        raise WireError(404, {"result": "error", "error": "contractNotFound", "serverTime": _text(now_ms)})
    series = world.series("funding_rate", NAME, market.id)
    rates = []
    if series is not None:
        for position in series.window(None, None, now_ms):
            rate, at_ms = series.value("funding_rate", position) or 0.0, series.time(position)
            mark = world.mark_price(market, at_ms)
            if mark is not None:
                absolute = rate / mark if market.direction == "inverse" else rate * mark
                rates.append(
                    {"timestamp": _text(at_ms), "fundingRate": absolute, "relativeFundingRate": rate}
                )
    return {"serverTime": _text(now_ms), "rates": rates}


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "v3/instruments": _instruments,
    "v3/tickers": _tickers,
    "v4/historicalfundingrates": _settled,
}

WIRE = KrakenFutures()
