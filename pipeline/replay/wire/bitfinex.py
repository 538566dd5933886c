"""What Bitfinex sends: arrays without keys, JSON numbers, newest rows first; amounts are coins.

Funding statistics are the venue's margin debt: field 7 is what is lent, field 8 what borrowers use, field 3
the daily rate divided by 365. Position sizes are coins of the pair's base. Account endpoints need a key
and do not belong here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping

from pipeline.errors import HistoryInvalid
from pipeline.replay.wire.base import Json, Refusal, Request, WireError
from pipeline.replay.world import HOUR_MS, Market, Series, World

NAME = "bitfinex"
DERIV_PAGE, FUNDING_PAGE, STATS_PAGE = 5000, 250, 10_000
LIQUIDATIONS_USUAL, LIQUIDATIONS_PAGE = 120, 500
FIRST_POSITION = 158_000_000
USUAL_MARGINS = (0.01, 0.005)
_BOUNDS = ("notional_floor", "notional_cap")
DAYS_PER_YEAR = 365.0
SPREAD, FUNDING_CAP = 0.0005, 0.0025  # the venue's own constants, the same in every recorded row


class Bitfinex:
    """Answers for api-pub.bitfinex.com/v2."""

    name = NAME
    hosts = frozenset({"api-pub.bitfinex.com"})
    limits: Mapping[str, tuple[int, float]] = {
        "": (90, 60.0),
        "/stats1/": (15, 60.0),
        "/liquidations/": (3, 60.0),
        "/funding/": (90, 60.0),
    }

    def check(self, world: World) -> None:
        """Amounts are coins with any decimals; of margin rates only the base ones are published."""
        for key in world.keys("leverage_tier", NAME):
            series = world.series("leverage_tier", *key)
            for row in range(0 if series is None else len(series.at_ms)):
                bounds = [series.value(name, row) for name in _BOUNDS] if series is not None else []
                if bounds != [0.0, None]:
                    raise HistoryInvalid(
                        f"leverage_tier.parquet: bitfinex {key[1]} has steps: the venue publishes one "
                        "open step from zero on, so write a single row without a cap"
                    )

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer as nested arrays; raises WireError with the venue's ["error", code, text]."""
        first, _, rest = request.path.removeprefix("/v2/").partition("/")
        route = _ROUTES.get(first) if request.path.startswith("/v2/") else None
        if route is None:
            raise _error(10020, "path: invalid")
        return route(rest, request, world, now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """["error", 11010, "ratelimit: error"] for a rate limit, an HTML page where access is refused."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        if status in {418, 429}:
            return Refusal(status, ["error", 11010, "ratelimit: error"], {"Retry-After": str(round(seconds))})
        return Refusal(status, ["error", 20060, "maintenance"])


def _error(code: int, message: str) -> WireError:
    return WireError(500, ["error", code, message])


def _derivatives(world: World, now_ms: int) -> list[Market]:
    return [m for m in world.markets(NAME, now_ms) if m.kind != "spot"]


def _spot(world: World, now_ms: int) -> list[Market]:
    return [m for m in world.markets(NAME, now_ms) if m.kind == "spot"]


def _conf(rest: str, _request: Request, world: World, now_ms: int) -> Json:
    """One list a label; labels of which the replay knows nothing are empty, as a venue without any."""
    spot = [m.id.removeprefix("t") for m in _spot(world, now_ms)]
    derivatives = _derivatives(world, now_ms)
    futures = [m.id.removeprefix("t") for m in derivatives]
    unknown = [None] * 3
    known: dict[str, Json] = {
        "pub:info:pair": [[p, [*unknown, "0.00006", "2000.0", *unknown, 0.2, 0.1, None, None]] for p in spot],
        "pub:info:pair:futures": [
            [m.id.removeprefix("t"), [*unknown, "0.00006", "2000.0", *unknown, *_margins(m, world, now_ms)]]
            for m in derivatives
        ],
        "pub:list:pair:margin": spot,
        "pub:list:pair:futures": futures,
        "pub:list:pair:exchange": spot,
    }
    return [known.get(label, []) for label in rest.split(",")]


def _margins(market: Market, world: World, now_ms: int) -> tuple[float | None, float]:
    """Initial and minimum margin; what the venue asks of most perpetuals where the folder knows none."""
    tiers = world.tiers(market, now_ms)
    if not tiers:
        return USUAL_MARGINS
    return tiers[0].initial_margin_rate, tiers[0].maintenance_margin_rate


def _liquidations(rest: str, request: Request, world: World, now_ms: int) -> Json:
    """Triggers, each followed by the market order that closed the position, in lists of one."""
    if rest != "hist":
        raise _error(10020, "section: invalid")
    start_ms, end_ms = request.integer("start"), request.integer("end")
    found = []
    # a position keeps its number however it is asked about
    for place, one in enumerate(world.liquidations(NAME, None, None, now_ms)):
        if (start_ms is None or start_ms <= one.at_ms) and (end_ms is None or one.at_ms <= end_ms):
            amount = one.amount_base if one.side == "long" else -one.amount_base
            head = ["pos", FIRST_POSITION + place, one.at_ms, None, one.market, amount, one.price, None]
            found += [[[*head, is_execution, 1, None, one.price]] for is_execution in (0, 1)]
    in_order = found if request.query.get("sort") == "1" else found[::-1]
    return in_order[: min(request.integer("limit") or LIQUIDATIONS_USUAL, LIQUIDATIONS_PAGE)]


def _status(rest: str, request: Request, world: World, now_ms: int) -> Json:
    kind, _, rest = rest.partition("/")
    if kind != "deriv":
        raise _error(10020, "type: invalid")
    if rest:
        return _deriv_history(rest.removesuffix("/hist"), request, world, now_ms)
    asked = request.query.get("keys", "")
    if not asked:
        raise _error(10020, "keys: invalid")
    found = [m for m in _derivatives(world, now_ms) if asked == "ALL" or m.id in asked.split(",")]
    rows = []
    for market in found:
        observed = world.open_interest(market, now_ms)
        if observed is not None:
            rows.append([market.id, *_deriv_row(market, world, observed, now_ms)])
    return rows


def _deriv_row(market: Market, world: World, observed: tuple[float, int], now_ms: int) -> list[Json]:
    """The 23 fields after the symbol; what the folder does not know is null."""
    key = (NAME, market.id)
    price = world.mark_price(market, now_ms)
    following = world.next_settlement(market, now_ms)
    row: list[Json] = [None] * 23
    row[0] = observed[1]
    row[2], row[3] = price, world.last("price", "index_price", key, now_ms)
    row[5] = world.last("insurance_fund", "balance", (NAME, "UST"), now_ms)
    if following is not None:
        begun_ms = following.at_ms - round(following.interval_hours * HOUR_MS)
        row[7], row[11] = following.at_ms, following.rate
        row[9] = (now_ms - begun_ms) * 60 // HOUR_MS  # minutes into the running interval
    row[14], row[17] = price, observed[0]
    row[21], row[22] = SPREAD, FUNDING_CAP
    return row


def _deriv_history(symbol: str, request: Request, world: World, now_ms: int) -> Json:
    """A row for every instant at which open interest was observed."""
    market = world.market(NAME, symbol, now_ms)
    if market is None or market.kind == "spot":
        raise _error(10020, "symbol: invalid")
    amounts, paid = (world.series(table, NAME, market.id) for table in ("open_interest", "funding_rate"))
    if amounts is None:
        return []
    window = amounts.window(request.integer("start"), request.integer("end"), now_ms)
    rows = []
    for at_ms in _page([amounts.time(p) for p in window], request, DERIV_PAGE):
        amount = _exactly(amounts, "open_interest_base", at_ms)
        if amount is None:
            continue
        row = _deriv_row(market, world, (amount, at_ms), at_ms)
        following = 0 if paid is None else paid.upto(at_ms)
        if paid is not None and following < paid.upto(now_ms) and row[7] == paid.time(following):
            row[11] = paid.value("funding_rate", following)  # since then it was paid, and is known
        rows.append(row)
    return rows


def _exactly(series: Series | None, column: str, at_ms: int) -> float | None:
    position = series.last(at_ms, max_age_ms=0) if series is not None else None
    return series.value(column, position) if series is not None and position is not None else None


def _page(instants: list[int], request: Request, most: int) -> list[int]:
    """Newest first unless sort=1, cut to the limit from that end."""
    in_order = instants if request.query.get("sort") == "1" else instants[::-1]
    return in_order[: min(request.integer("limit") or most, most)]


def _tickers(_rest: str, request: Request, world: World, now_ms: int) -> Json:
    asked = request.query.get("symbols", "")
    rows = []
    for market in world.markets(NAME, now_ms):
        key = (NAME, market.id)
        price = world.mark_price(market, now_ms)
        if price is None or (asked != "ALL" and market.id not in asked.split(",")):
            continue
        before = world.last("price", "mark_price", key, now_ms - 24 * HOUR_MS) or price
        volume = world.last("price", "volume_base_24h", key, now_ms)
        change = price - before
        sides = [price, None, price, None]
        rows.append(
            [
                market.id,
                *sides,
                change,
                change / before,
                price,
                volume,
                max(price, before),
                min(price, before),
            ]
        )
    return rows


def _funding(rest: str, request: Request, world: World, now_ms: int) -> Json:
    parts = rest.split("/")
    if len(parts) != 3 or parts[0] != "stats" or parts[2] != "hist" or not parts[1].startswith("f"):
        raise _error(10020, "symbol: invalid")
    currency = parts[1][1:]
    rates = world.series("borrow_rate", NAME, currency, "pool")
    lent, used = (world.series("margin_loan", NAME, currency, m, None, None) for m in ("lent", "used"))
    seen = [s for s in (rates, lent, used) if s is not None]
    start_ms, end_ms = request.integer("start"), request.integer("end")
    windows = ([s.time(p) for p in s.window(start_ms, end_ms, now_ms)] for s in seen)
    instants = list(dict.fromkeys(heapq.merge(*windows)))
    rows = []
    for at_ms in _page(instants, request, FUNDING_PAGE):
        apr = _exactly(rates, "borrow_apr", at_ms)
        row: list[Json] = [None] * 12
        row[0] = at_ms
        row[3] = None if apr is None else apr / DAYS_PER_YEAR / DAYS_PER_YEAR  # the daily rate over 365
        row[7], row[8] = _exactly(lent, "amount", at_ms), _exactly(used, "amount", at_ms)
        rows.append(row)
    return rows


def _stats(rest: str, request: Request, world: World, now_ms: int) -> Json:
    """pos.size:1m:SYMBOL:SIDE/hist or /last: [time, coins]."""
    key_text, _, section = rest.partition("/")
    key, _, subject = key_text.partition(":1m:")
    symbol, _, side = subject.rpartition(":")
    if key != "pos.size" or side not in {"long", "short"} or section not in {"hist", "last"}:
        raise _error(10020, "key: invalid")
    held = [
        s
        for k in world.keys("margin_loan", NAME)
        if k[2:] == ("position_size", side, symbol) and (s := world.series("margin_loan", *k)) is not None
    ]
    if not held:
        return []
    series = held[0]
    if section == "last":
        position = series.last(now_ms)
        return [] if position is None else [series.time(position), series.value("amount", position)]
    window = series.window(request.integer("start"), request.integer("end"), now_ms)
    instants = _page([series.time(p) for p in window], request, STATS_PAGE)
    return [[at_ms, _exactly(series, "amount", at_ms)] for at_ms in instants]


_ROUTES: dict[str, Callable[[str, Request, World, int], Json]] = {
    "conf": _conf,
    "liquidations": _liquidations,
    "status": _status,
    "tickers": _tickers,
    "funding": _funding,
    "stats1": _stats,
}

WIRE = Bitfinex()
