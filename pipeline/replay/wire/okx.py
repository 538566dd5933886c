"""What OKX sends: an envelope {code, data, msg} of strings; contracts, coins and dollars side by side.

`oi` counts contracts of `ctVal` coins each (dollars each when inverse; lots may be fractional), `oiCcy` is
coins and `oiUsd` dollars, taking a stablecoin at par. Account endpoints need a key and do not belong here;
ratios, tiers and insurance are worded in `_okx_risk.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.replay.wire import _okx_risk as risk
from pipeline.replay.wire._okx_listing import KINDS, family, instrument, kind_name
from pipeline.replay.wire._okx_questions import NAME, asked, bad, statistics, unknown
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text, text_or_empty
from pipeline.replay.world import DAY_MS, HOUR_MS, Market, Series, World

FUNDING_DEPTH_MS = 92 * DAY_MS  # "three months"
FUNDING_PAGE = 400
DAYS_PER_YEAR = 365.0
_LONG_SHORT = "/rubik/stat/contracts/long-short"


class Okx:
    """Answers for www.okx.com under /api/v5."""

    name = NAME
    hosts = frozenset({"www.okx.com"})
    limits: Mapping[str, tuple[int, float]] = {
        "": (20, 2.0),
        "/public/funding-rate": (10, 2.0),
        "/public/position-tiers": (10, 2.0),
        "/public/insurance-fund": (10, 2.0),
        "/public/interest-rate-loan-quota": (2, 2.0),
        "/rubik/": (5, 2.0),
    }

    def check(self, world: World) -> None:
        """Lots are fractional, so that every amount can be said; tiers count contracts."""
        risk.check_tiers(world)

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in OKX's envelope; raises WireError for unknown instruments and parameters."""
        route = _ROUTES.get(request.path.removeprefix("/api/v5"))
        if route is None:
            raise WireError(404, {"code": "404", "data": [], "msg": "Not Found"})
        return {"code": "0", "data": route(request, world, now_ms), "msg": ""}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """429 is code 50011, 5xx code 50001; refusals of access carry an HTML page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        code, message = (
            ("50011", "Too Many Requests") if status in {418, 429} else ("50001", "Service unavailable")
        )
        return Refusal(status, {"code": code, "data": [], "msg": message})


def _chosen(request: Request, world: World, now_ms: int) -> list[Market]:
    """Markets of the kind asked, narrowed by instId, uly or instFamily."""
    kind = request.query.get("instType")
    if kind is not None and kind not in {*KINDS, "OPTION", "MARGIN"}:
        raise bad("instType")
    id_asked = request.query.get("instId")
    if kind is None and id_asked is None:
        raise bad("instType")
    found = world.markets(NAME, now_ms)
    if kind is not None:
        found = [m for m in found if m.kind == KINDS.get(kind)]
    if id_asked is not None:
        found = [m for m in found if m.id == id_asked]
        if not found:
            raise unknown()
        return found  # ccxt sends a wrong uly beside the right instId, and the venue obeys instId
    wanted = request.query.get("instFamily") or request.query.get("uly")
    return found if wanted is None else [m for m in found if family(m) == wanted]


def _instruments(request: Request, world: World, now_ms: int) -> Json:
    return [instrument(market) for market in _chosen(request, world, now_ms)]


def _amounts(amount_base: float, price: float | None, market: Market) -> tuple[str, str, str] | None:
    """Contracts, coins and dollars of an amount of coins; None when contracts need a price there is not."""
    size = market.contract_size
    if size is None or (price is None and market.direction == "inverse"):
        return None
    usd = None if price is None else amount_base * price
    count = contracts(usd if market.direction == "inverse" and usd is not None else amount_base, size)
    return text(count), text(amount_base), text_or_empty(usd)


def _open_interest(request: Request, world: World, now_ms: int) -> Json:
    rows = []
    for market in _chosen(request, world, now_ms):
        observed = world.open_interest(market, now_ms)
        if observed is None:
            continue
        amounts = _amounts(observed[0], world.mark_price(market, observed[1]), market)
        if amounts is not None:
            rows.append(
                {
                    "instId": market.id,
                    "instType": kind_name(market),
                    "oi": amounts[0],
                    "oiCcy": amounts[1],
                    "oiUsd": amounts[2],
                    "ts": str(observed[1]),
                }
            )
    return rows


def _open_interest_history(request: Request, world: World, now_ms: int) -> Json:
    market = asked(request, world, now_ms)
    series = world.series("open_interest", NAME, market.id)
    positions = statistics(request, series, now_ms)
    return [
        [str(series.time(p)), *amounts]
        for p in positions
        if series is not None and (amounts := _amounts_at(series, p, market, world)) is not None
    ]


def _amounts_at(series: Series, position: int, market: Market, world: World) -> tuple[str, str, str] | None:
    amount = series.value("open_interest_base", position)
    price = world.mark_price(market, series.time(position))
    return None if amount is None else _amounts(amount, price, market)


def _funding_rate(request: Request, world: World, now_ms: int) -> Json:
    wanted = request.query.get("instId")
    if not wanted:
        raise bad("instId")
    swaps = [m for m in world.markets(NAME, now_ms) if m.kind == "swap" and wanted in {"ANY", m.id}]
    if not swaps:
        raise unknown()
    rows = (_funding_row(market, world, now_ms) for market in swaps)
    return [row for row in rows if row is not None]


def _funding_row(market: Market, world: World, now_ms: int) -> Json | None:
    following = world.next_settlement(market, now_ms)
    series = world.series("funding_rate", NAME, market.id)
    if following is None or series is None:
        return None
    paid = series.last(now_ms)
    return {
        "fundingRate": text(following.rate),
        "fundingTime": str(following.at_ms),
        "instId": market.id,
        "instType": kind_name(market),
        "maxFundingRate": "0.00375",
        "method": "current_period",
        "minFundingRate": "-0.00375",
        "nextFundingRate": "",
        "nextFundingTime": str(following.at_ms + round(following.interval_hours * HOUR_MS)),
        "premium": "",
        "prevFundingTime": "" if paid is None else str(series.time(paid)),
        "settFundingRate": "" if paid is None else text_or_empty(series.value("funding_rate", paid)),
        "settState": "settled",
        "ts": str(now_ms),
    }


def _funding_history(request: Request, world: World, now_ms: int) -> Json:
    market = asked(request, world, now_ms)
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return []
    newer_than, older_than = request.integer("before"), request.integer("after")
    oldest_ms = now_ms - FUNDING_DEPTH_MS
    first_ms = oldest_ms if newer_than is None else max(oldest_ms, newer_than + 1)
    window = series.window(first_ms, None if older_than is None else older_than - 1, now_ms)
    limit = min(request.integer("limit") or FUNDING_PAGE, FUNDING_PAGE)
    rows = []
    for position in reversed(window[-limit:]):
        rate = text_or_empty(series.value("funding_rate", position))
        rows.append(
            {
                "fundingRate": rate,
                "fundingTime": str(series.time(position)),
                "instId": market.id,
                "instType": kind_name(market),
                "method": "current_period",
                "realizedRate": rate,
            }
        )
    return rows


def _priced(world: World, market: Market, column: str, now_ms: int) -> tuple[float, int] | None:
    """A price of a market and the instant it was observed."""
    series = world.series("price", NAME, market.id)
    position = series.last(now_ms) if series is not None else None
    if series is None or position is None:
        return None
    price = series.value(column, position)
    return None if price is None else (price, series.time(position))


def _mark_prices(request: Request, world: World, now_ms: int) -> Json:
    return [
        {"instType": kind_name(m), "instId": m.id, "markPx": text(seen[0]), "ts": str(seen[1])}
        for m in _chosen(request, world, now_ms)
        if (seen := _priced(world, m, "mark_price", now_ms)) is not None
    ]


def _tickers(request: Request, world: World, now_ms: int) -> Json:
    rows = []
    for market in _chosen(request, world, now_ms):
        seen = _priced(world, market, "mark_price", now_ms)
        volume = world.last("price", "volume_base_24h", (NAME, market.id), now_ms)
        if seen is None or volume is None:
            continue
        price = text(seen[0])
        amounts = _amounts(volume, seen[0], market)
        rows.append(
            {
                **dict.fromkeys(("last", "askPx", "bidPx", "open24h", "high24h", "low24h"), price),
                **dict.fromkeys(("lastSz", "askSz", "bidSz"), "1"),
                **dict.fromkeys(("sodUtc0", "sodUtc8"), price),
                "instType": kind_name(market),
                "instId": market.id,
                "volCcy24h": text(volume),  # coins
                "vol24h": text(volume) if amounts is None else amounts[0],  # contracts; coins for spot
                "ts": str(seen[1]),
            }
        )
    return rows


def _index_tickers(request: Request, world: World, now_ms: int) -> Json:
    """One index a pair of currencies: the perpetual's, where contracts of a pair carry different ones."""
    quote, id_asked = request.query.get("quoteCcy"), request.query.get("instId")
    if quote is None and id_asked is None:
        raise bad("quoteCcy")
    rows: dict[str, Json] = {}
    for market in sorted(world.markets(NAME, now_ms), key=lambda m: m.kind != "swap"):
        seen = _priced(world, market, "index_price", now_ms)
        pair = family(market)
        if seen is None or pair in rows or (market.quote != quote and pair != id_asked):
            continue
        price = text(seen[0])
        rows[pair] = {
            "instId": pair,
            **dict.fromkeys(("idxPx", "high24h", "low24h", "open24h", "sodUtc0", "sodUtc8"), price),
            "ts": str(seen[1]),
        }
    return list(rows.values())


def _loan_rates(_request: Request, world: World, now_ms: int) -> Json:
    basic = []
    for key in world.keys("borrow_rate", NAME):
        apr = world.last("borrow_rate", "borrow_apr", key, now_ms)
        if key[2] == "cross" and apr is not None:
            basic.append(
                {"ccy": key[1], "quota": "", "rate": text(apr / DAYS_PER_YEAR)}
            )  # a fraction per day
    return [{"basic": basic, "vip": [], "regular": []}]


_ROUTES: dict[str, Callable[[Request, World, int], Json]] = {
    "/public/instruments": _instruments,
    "/public/open-interest": _open_interest,
    "/public/funding-rate": _funding_rate,
    "/public/funding-rate-history": _funding_history,
    "/public/mark-price": _mark_prices,
    "/public/interest-rate-loan-quota": _loan_rates,
    "/market/tickers": _tickers,
    "/market/index-tickers": _index_tickers,
    "/public/position-tiers": risk.position_tiers,
    "/public/insurance-fund": risk.insurance,
    "/rubik/stat/contracts/open-interest-history": _open_interest_history,
    f"{_LONG_SHORT}-account-ratio-contract": risk.ratios("accounts"),
    f"{_LONG_SHORT}-account-ratio-contract-top-trader": risk.ratios("top_accounts"),
    f"{_LONG_SHORT}-position-ratio-contract-top-trader": risk.ratios("top_positions"),
}

WIRE = Okx()
