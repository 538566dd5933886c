"""What HTX sends: contracts of both sides, in envelopes that differ by product.

v5 calls wrap strings in {code, message, data, ts}, the older ones numbers in {status, data, ts}, where ts is
the instant of what they hold. A contract is coins (linear) or dollars (coin-margined). Open interest adds
longs and shorts up. Lists of contracts are in `_htx_listing.py`, ratios, forced orders and
funds in `_htx_risk.py`; spot and account calls do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pipeline.replay.wire._htx_listing import (
    COIN_FUTURES,
    COIN_SWAPS,
    LINEAR,
    NAME,
    SIDES,
    Product,
    both_sides,
    contract,
    listed,
    named,
    of_product,
    pair,
    unknown,
)
from pipeline.replay.wire._htx_risk import elite_positions, insurance_fund, liquidations
from pipeline.replay.wire.base import Json, Refusal, Request, WireError, contracts, text
from pipeline.replay.world import HOUR_MS, Market, World

LEVELS, SETTLED_PAGE, LINEAR_PAGE = 200, 50, 100
PERIODS_MS = {"60min": HOUR_MS, "4hour": 4 * HOUR_MS, "12hour": 12 * HOUR_MS, "1day": 24 * HOUR_MS}


class Htx:
    """Answers for api.hbdm.vn and api.hbdm.com."""

    name = NAME
    hosts = frozenset({"api.hbdm.vn", "api.hbdm.com"})
    # market data 800 a second and address; the rest 240 each 3 seconds
    limits: Mapping[str, tuple[int, float]] = {"": (240, 3.0), "/index/market/": (800, 1.0)}

    def check(self, world: World) -> None:
        """Nothing: a count of contracts may carry decimals."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer in the product's envelope; raises WireError for unknown paths and contracts."""
        route = _ROUTES.get(request.path)
        if route is None:
            raise WireError(404, {"status": "error", "err_code": 1030, "err_msg": "Not Found"})
        data, at_ms = route(request, world, now_ms)
        if request.path.startswith("/v5/"):
            return {"code": 200, "message": "Success", "data": data, "ts": at_ms}
        return {"status": "ok", "data": data, "ts": at_ms}

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """Rate limits are error 1032 under HTTP 429; refusals of access carry a page."""
        if status in {403, 451}:
            return Refusal(status, f"<html><head><title>{status}</title></head></html>")
        code, message = (
            (1032, "The number of visits exceeds the limit")
            if status in {418, 429}
            else (1000, "System exception")
        )
        return Refusal(status, {"status": "error", "err_code": code, "err_msg": message, "ts": now_ms})


def _info(product: Sequence[Product]) -> _Route:
    def route(_request: Request, world: World, now_ms: int) -> tuple[Json, int]:
        return [contract(market) for market in of_product(world, product, now_ms)], now_ms

    return route


def _open_interest_linear(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    market = listed(world, request.query.get("contract_code", ""), now_ms)
    observed = world.open_interest(market, now_ms)
    if observed is None:
        raise unknown()
    count = both_sides(market, world, *observed) or 0.0
    price = world.mark_price(market, observed[1]) or 0.0
    data = {
        "amount": text(SIDES * observed[0]),
        "volume": text(count),
        "value": text(SIDES * observed[0] * price),
        "contract_code": market.id,
        **_traded(market, world, now_ms),
    }
    return data, observed[1]


def _traded(market: Market, world: World, now_ms: int) -> dict[str, str]:
    """24 h volumes, of both sides as well."""
    price = world.mark_price(market, now_ms) or 0.0
    coins = SIDES * (world.last("price", "volume_base_24h", (NAME, market.id), now_ms) or 0.0)
    worth = coins if market.direction == "linear" else coins * price
    return {
        "trade_amount": text(coins),
        "trade_volume": text(contracts(worth, market.contract_size or 1.0)),
        "trade_turnover": text(coins * price),
    }


def _open_interest_coin(product: Sequence[Product]) -> _Route:
    def route(_request: Request, world: World, now_ms: int) -> tuple[Json, int]:
        """One instant for all: what was not observed at the newest is left out."""
        observed = {
            m: seen for m in of_product(world, product, now_ms) if (seen := world.open_interest(m, now_ms))
        }
        newest = max((at_ms for _, at_ms in observed.values()), default=now_ms)
        rows = []
        for market, (amount, at_ms) in observed.items():
            count = both_sides(market, world, amount, at_ms)
            if at_ms == newest and count is not None:
                row = {"volume": count, "amount": SIDES * amount, "symbol": market.base}
                kind = {"contract_type": "quarter"} if market.kind == "future" else {}
                traded = {name: float(value) for name, value in _traded(market, world, now_ms).items()}
                rows.append({**row, **kind, "contract_code": market.id, **traded})
        return rows, newest

    return route


def _open_interest_history(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    """Newest first, without a window: `size` hours back. amount_type 1 counts contracts, 2 coins."""
    contract, symbol = request.query.get("contract_code"), request.query.get("symbol")
    if contract is None:
        futures = [m for m in of_product(world, COIN_FUTURES, now_ms) if m.base == symbol]
        if not futures:
            raise unknown()
        market = futures[0]
    else:
        market = listed(world, contract, now_ms)
    step_ms = PERIODS_MS.get(request.query.get("period", ""))
    if step_ms is None:
        raise WireError(200, {"status": "error", "err_code": 1040, "err_msg": "invalid period"})
    in_contracts = request.query.get("amount_type") == "1"
    series = world.series("open_interest", NAME, market.id)
    ticks = []
    if series is not None:
        size = min(request.integer("size") or 48, LEVELS)
        window = series.window(now_ms - size * step_ms, None, now_ms)
        for position in reversed([p for p in window if series.time(p) % step_ms == 0]):
            amount, at_ms = series.value("open_interest_base", position), series.time(position)
            count = None if amount is None else both_sides(market, world, amount, at_ms)
            if amount is not None and count is not None:
                volume = count if in_contracts else SIDES * amount
                tick = {"volume": volume, "amount_type": 1 if in_contracts else 2, "ts": at_ms}
                if market.direction == "linear":
                    tick["value"] = SIDES * amount * (world.mark_price(market, at_ms) or 0.0)
                ticks.append(tick)
    return {**named(market), "tick": ticks}, now_ms


def _forecast_linear(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    market = listed(world, request.query.get("contract_code", ""), now_ms)
    following = world.next_settlement(market, now_ms)
    if following is None:
        return [], now_ms
    row = {
        "contract_code": market.id,
        "funding_rate": text(following.rate),
        "funding_time": str(following.at_ms),
        "next_funding_time": str(following.at_ms + round(following.interval_hours * HOUR_MS)),
        "min_funding_rate": "-0.00375",
        "max_funding_rate": "0.00375",
    }
    return [row], now_ms


def _forecasts_coin(_request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    rows = []
    for market in of_product(world, COIN_SWAPS, now_ms):
        following = world.next_settlement(market, now_ms)
        if following is not None:
            rows.append(
                {
                    "estimated_rate": None,
                    "funding_rate": text(following.rate),
                    "contract_code": market.id,
                    "symbol": market.base,
                    "fee_asset": market.base,
                    "funding_time": str(following.at_ms),
                    "next_funding_time": None,
                }
            )
    return rows, now_ms


def _settled_linear(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    """Oldest first."""
    market = listed(world, request.query.get("contract_code", ""), now_ms)
    series = world.series("funding_rate", NAME, market.id)
    if series is None:
        return [], now_ms
    window = series.window(request.integer("start_time"), request.integer("end_time"), now_ms)
    limit = min(request.integer("limit") or LINEAR_PAGE, LINEAR_PAGE)
    rows = [
        {
            "id": str(position),
            "contract_code": market.id,
            "funding_rate": text(series.value("funding_rate", position) or 0.0),
            "funding_time": str(series.time(position)),
        }
        for position in window[:limit]
    ]
    return rows, now_ms


def _settled_coin(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    """Newest first, by pages."""
    market = listed(world, request.query.get("contract_code", ""), now_ms)
    series = world.series("funding_rate", NAME, market.id)
    paid = range(0) if series is None else series.window(None, None, now_ms)
    size = min(request.integer("page_size") or 20, SETTLED_PAGE)
    page = request.integer("page_index") or 1
    rows = []
    for position in reversed(paid[max(len(paid) - page * size, 0) : max(len(paid) - (page - 1) * size, 0)]):
        if series is not None:
            rows.append(
                {
                    "avg_premium_index": "0",
                    "funding_rate": text(series.value("funding_rate", position) or 0.0),
                    "realized_rate": None,
                    "funding_time": str(series.time(position)),
                    "contract_code": market.id,
                    "symbol": market.base,
                    "fee_asset": market.base,
                }
            )
    counts = {"total_page": -(-len(paid) // size), "current_page": page, "total_size": len(paid)}
    return {**counts, "data": rows}, now_ms


def _indexes(product: Sequence[Product], key: str) -> _Route:
    def route(_request: Request, world: World, now_ms: int) -> tuple[Json, int]:
        rows: dict[str, Json] = {}
        for market in of_product(world, product, now_ms):
            price = world.last("price", "index_price", (NAME, market.id), now_ms)
            name = market.base if key == "symbol" else pair(market)
            if price is not None and name not in rows:
                rows[name] = {"index_price": price, "index_ts": now_ms, key: name}
        return list(rows.values()), now_ms

    return route


def _marks(request: Request, world: World, now_ms: int) -> tuple[Json, int]:
    """The candle of the minute in which the price was last observed."""
    contract = request.query.get("contract_code") or request.query.get("symbol") or ""
    market = listed(world, contract, now_ms)
    series = world.series("price", NAME, market.id)
    position = None if series is None else series.last(now_ms)
    price = world.mark_price(market, now_ms)
    if series is None or position is None or price is None:
        return [], now_ms
    nothing = dict.fromkeys(("amount", "vol", "count", "trade_turnover"), "0")
    prices = dict.fromkeys(("open", "close", "high", "low"), text(price))
    at_ms = series.time(position)
    return [{**nothing, **prices, "id": at_ms // 60_000 * 60}], at_ms


_Route = Callable[[Request, World, int], tuple[Json, int]]

_ROUTES: dict[str, _Route] = {
    "/linear-swap-api/v1/swap_contract_info": _info(LINEAR),
    "/swap-api/v1/swap_contract_info": _info(COIN_SWAPS),
    "/api/v1/contract_contract_info": _info(COIN_FUTURES),
    "/v5/market/open_interest": _open_interest_linear,
    "/swap-api/v1/swap_open_interest": _open_interest_coin(COIN_SWAPS),
    "/api/v1/contract_open_interest": _open_interest_coin(COIN_FUTURES),
    "/linear-swap-api/v1/swap_his_open_interest": _open_interest_history,
    "/swap-api/v1/swap_his_open_interest": _open_interest_history,
    "/api/v1/contract_his_open_interest": _open_interest_history,
    "/v5/market/funding_rate": _forecast_linear,
    "/swap-api/v1/swap_batch_funding_rate": _forecasts_coin,
    "/v5/market/funding_rate_history": _settled_linear,
    "/swap-api/v1/swap_historical_funding_rate": _settled_coin,
    "/linear-swap-api/v1/swap_index": _indexes(LINEAR, "contract_code"),
    "/swap-api/v1/swap_index": _indexes(COIN_SWAPS, "contract_code"),
    "/api/v1/contract_index": _indexes(COIN_FUTURES, "symbol"),
    "/index/market/history/linear_swap_mark_price_kline": _marks,
    "/index/market/history/swap_mark_price_kline": _marks,
    "/index/market/history/mark_price_kline": _marks,
    "/linear-swap-api/v1/swap_elite_position_ratio": elite_positions,
    "/swap-api/v1/swap_elite_position_ratio": elite_positions,
    "/v5/market/liquidation_orders": liquidations,
    "/swap-api/v1/swap_insurance_fund": insurance_fund,
}

WIRE = Htx()
