"""What Hyperliquid sends: POST /info with a `type`; strings for numbers, coins for amounts, hourly funding.

Answers carry no time. Delisted coins stay in the universe with `isDelisted`. The builder-deployed dexes do
not belong here and are answered as an empty list; accounts are worded by `_hyperliquid_accounts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire._hyperliquid_accounts import account_state
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, text
from pipeline.replay.world import DAY_MS, HOUR_MS, Market, Series, World

NAME = "hyperliquid"
FUNDING_PAGE = 500
# The chain stamps a payment some milliseconds into the block after the hour; which ones is of no meaning.
LATEST_STAMP_MS = 97
SIZE_DECIMALS = 2
MAX_LEVERAGE = 20  # of a market whose margin table the folder does not know: ccxt needs one
FIRST_TABLE = 51  # ids up to 50 are flat tables that the venue does not list

_USDC = {
    "name": "USDC",
    "szDecimals": 8,
    "weiDecimals": 8,
    "index": 0,
    "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
    "isCanonical": True,
    "evmContract": None,
    "fullName": None,
}


class Hyperliquid:
    """Answers for api.hyperliquid.xyz/info."""

    name = NAME
    hosts = frozenset({"api.hyperliquid.xyz"})
    limits: Mapping[str, tuple[int, float]] = {"": (60, 60.0)}  # 1200 of weight a minute, 20 an info request

    def check(self, world: World) -> None:
        """Margin tables are leverage by dollars: the other columns must follow from it."""
        for key in world.keys("leverage_tier", NAME):
            series = world.series("leverage_tier", *key)
            for row in range(0 if series is None else len(series.at_ms)):
                if series is None or not _is_worded(series, row) or key[2] != "quote":
                    raise HistoryInvalid(
                        f"leverage_tier.parquet: hyperliquid {key[1]} cannot be said: it needs bounds in "
                        "quote, a whole max_leverage, initial margin 1 / max_leverage and half of it to keep"
                    )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer to one info request; an unknown type is refused as a body that cannot be read."""
        route = _ROUTES.get(str(request.body.get("type"))) if request.path == "/info" else None
        if route is None:
            raise WireError(422, "Failed to deserialize the JSON body into the target type")
        return route(request, world, now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """The word null for a rate limit, plain text for the rest."""
        return Refusal(status, None if status in {418, 429} else "Service unavailable")


def _is_worded(series: Series, row: int) -> bool:
    """Whether both margins of a step follow from its leverage, the only number that is sent."""
    leverage = series.value("max_leverage", row)
    if not leverage or leverage % 1:
        return False
    margins = tuple(series.value(f"{name}_margin_rate", row) for name in ("initial", "maintenance"))
    return margins == (1 / leverage, 1 / (2 * leverage))


def stamp_ms(settled_ms: int) -> int:
    """When the chain says that the payment of an hour was made."""
    return settled_ms + 1 + (settled_ms // HOUR_MS) % LATEST_STAMP_MS


def _meta(request: Request, world: World, now_ms: int) -> Json:
    if request.body.get("dex"):
        return {"universe": []}
    return _described(world.ever_listed(NAME, now_ms), world, now_ms)


def _described(markets: list[Market], world: World, now_ms: int) -> Json:
    """The universe, and the margin tables that its coins name; without any, as before there were tables."""
    universe: list[Json] = []
    tables: list[Json] = []
    for market in markets:
        listing: dict[str, Json] = {
            "name": market.id,
            "szDecimals": SIZE_DECIMALS,
            "maxLeverage": MAX_LEVERAGE,
        }
        if not market.is_open(now_ms):
            listing["isDelisted"] = True
        tiers = world.tiers(market, now_ms)
        if tiers:
            steps = [
                {"lowerBound": _with_point(t.floor), "maxLeverage": int(t.max_leverage or 0)} for t in tiers
            ]
            most, table_id = steps[0]["maxLeverage"], FIRST_TABLE + len(tables)
            listing |= {"maxLeverage": most, "marginTableId": table_id}
            tables.append([table_id, {"description": f"tiered {most}x", "marginTiers": steps}])
        universe.append(listing)
    return {"universe": universe, "marginTables": tables} if tables else {"universe": universe}


def _with_point(number: float) -> str:
    said = text(number)
    return said if "." in said else f"{said}.0"


def _meta_and_contexts(request: Request, world: World, now_ms: int) -> Json:
    """Every coin has its context: one the folder knows nothing about stays listed, with nulls."""
    markets = [] if request.body.get("dex") else world.ever_listed(NAME, now_ms)
    contexts = [
        _context(market, world, now_ms) if market.is_open(now_ms) else _gone(market, world, now_ms)
        for market in markets
    ]
    return [_described(markets, world, now_ms), contexts]


def _context(market: Market, world: World, now_ms: int) -> Json:
    key = (NAME, market.id)
    observed = world.open_interest(market, now_ms)
    price = world.mark_price(market, now_ms)
    index = world.last("price", "index_price", key, now_ms)
    volume = world.last("price", "volume_base_24h", key, now_ms)
    before = world.last("price", "mark_price", key, now_ms - DAY_MS)
    funding = world.next_settlement(market, now_ms)
    mark = _text_or_null(price)
    return {
        "dayNtlVlm": None if volume is None or price is None else text(volume * price),  # dollars
        "dayBaseVlm": _text_or_null(volume),  # coins
        "funding": None if funding is None else text(funding.rate),  # an hour
        "impactPxs": None if mark is None else [mark, mark],
        "markPx": mark,
        "midPx": mark,
        "openInterest": None if observed is None else text(observed[0]),
        "oraclePx": _text_or_null(index),
        "premium": None if index is None or price is None else text(price / index - 1.0),
        "prevDayPx": mark if before is None else text(before),
    }


def _text_or_null(number: float | None) -> str | None:
    return None if number is None else text(number)


def _gone(market: Market, world: World, now_ms: int) -> Json:
    """A delisted coin: nothing is open, and the last mark price stays however old it is."""
    series = world.series("price", NAME, market.id)
    position = series.last(now_ms, max_age_ms=now_ms) if series is not None else None
    price = series.value("mark_price", position) if series is not None and position is not None else None
    mark = _text_or_null(price)
    return {
        **dict.fromkeys(("dayNtlVlm", "dayBaseVlm", "funding", "openInterest"), "0.0"),
        **dict.fromkeys(("impactPxs", "midPx", "premium")),
        **dict.fromkeys(("markPx", "oraclePx", "prevDayPx"), mark),
    }


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    coin, start_ms = request.body.get("coin"), request.body.get("startTime")
    end_ms = request.body.get("endTime")
    if not isinstance(coin, str) or not isinstance(start_ms, int):
        raise WireError(422, "Failed to deserialize the JSON body into the target type")
    if coin not in {market.id for market in world.ever_listed(NAME, now_ms)}:
        raise WireError(500, None)
    series = world.series("funding_rate", NAME, coin)
    if series is None:
        return []
    rows = []
    for position in series.window(start_ms - LATEST_STAMP_MS - 1, end_ms, now_ms):
        settled_ms = series.time(position)
        rate = series.value("funding_rate", position)
        at_ms = stamp_ms(settled_ms)
        if rate is None or at_ms < start_ms or (end_ms is not None and at_ms > end_ms):
            continue
        mark, index = (
            world.last("price", c, (NAME, coin), settled_ms) for c in ("mark_price", "index_price")
        )
        premium = None if mark is None or index is None else text(mark / index - 1.0)
        rows.append({"coin": coin, "fundingRate": text(rate), "premium": premium, "time": at_ms})
        if len(rows) == FUNDING_PAGE:
            break
    return rows


def _spot_meta(_request: Request, _world: World, _now_ms: int) -> Json:
    return {"universe": [], "tokens": [_USDC]}


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "meta": _meta,
    "metaAndAssetCtxs": _meta_and_contexts,
    "fundingHistory": _funding_history,
    "clearinghouseState": account_state,
    "spotMeta": _spot_meta,
    "spotMetaAndAssetCtxs": lambda request, world, now_ms: [_spot_meta(request, world, now_ms), []],
    "perpDexs": lambda _request, _world, _now_ms: [None],
}

WIRE = Hyperliquid()
