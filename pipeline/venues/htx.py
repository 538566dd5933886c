"""HTX: contracts of coins (linear) or of 100 and 10 dollars (coin-margined), and both sides of them.

The venue adds longs and shorts up in its open interest, its "value" in USDT and its 24 h volumes alike.
ccxt passes the two-sided contracts on, asks the history in coins unless told otherwise,
and asks coin-margined paths for linear dated futures. Ratios, forced orders and funds are in `_htx_risk.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds, span_milliseconds
from pipeline.records import (
    Dataset,
    FundingKind,
    FundingRateRow,
    MarketRow,
    OpenInterestRow,
    PriceRow,
    Stamp,
    Unit,
)
from pipeline.venues._htx_risk import RISK_REPORTS, HtxRisk
from pipeline.venues.base import (
    Declaration,
    Evidence,
    KeyOnly,
    Reports,
    Unsupported,
    Venue,
    instant,
    number,
    optional_number,
    signed_number,
)
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_LINEAR = "https://www.htx.com/en-us/opend/newApiPages"
_COIN = "https://huobiapi.github.io/docs/coin_margined_swap/v1/en"
_LEVELS = 200
_PAGE = 50
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_SETTLED_WINDOW_MS = 4 * _DAY_MS  # a page holds 100 rows, and no interval is shorter than an hour

_MARKS = {
    ("swap", True): "contractPublicGetIndexMarketHistoryLinearSwapMarkPriceKline",
    ("future", True): "contractPublicGetIndexMarketHistoryLinearSwapMarkPriceKline",
    ("swap", False): "contractPublicGetIndexMarketHistorySwapMarkPriceKline",
    ("future", False): "contractPublicGetIndexMarketHistoryMarkPriceKline",
}
_HISTORIES = {
    ("swap", True): "contractPublicGetLinearSwapApiV1SwapHisOpenInterest",
    ("future", True): "contractPublicGetLinearSwapApiV1SwapHisOpenInterest",
    ("swap", False): "contractPublicGetSwapApiV1SwapHisOpenInterest",
    ("future", False): "contractPublicGetApiV1ContractHisOpenInterest",
}


class Htx(HtxRisk, Venue):
    """USDT-margined swaps and dated futures, coin-margined swaps and dated futures."""

    name = "htx"
    ccxt_id = "htx"
    title = "HTX"
    ccxt_options: ClassVar[Mapping[str, Any]] = {
        "fetchMarkets": {"types": {"spot": False, "linear": True, "inverse": True}}
    }
    # one budget for all that is no market data, shared by the products
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(240, 3), "index/market/": Limit(800, 1)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_LINEAR}/?id=8cb7385b-77b5-11ed-9966-0242ac110003",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.CONTRACTS,
            sides=2,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            history_days=8,
            evidence=Evidence.RECORDED,
            link=f"{_LINEAR}/?id=8cb89359-77b5-11ed-9966-19b97fb53f2",
            note="contracts are recorded; that longs and shorts are added up is documented; the history has "
            "200 rows, stamped with the start of their hour",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            history_days=90,
            always_history=True,
            evidence=Evidence.RECORDED,
            link=f"{_LINEAR}/?id=8cb89359-77b5-11ed-9966-19b97d0c0bf",
            note="linear swaps one market a call; coin-margined ones name no interval, 8 h is documented",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            evidence=Evidence.DOCUMENTED,
            link=f"{_COIN}/#query-mark-price-kline-data",
            note="marks are the last minute of their own candles; 24 h volumes count both sides and stay out",
        ),
        Dataset.BORROW_RATE: KeyOnly("v1/margin/loan-info answers only to an account"),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        **RISK_REPORTS,
    }

    def _market_row(self, ask: Asker, market: Mapping[str, Any], interval_hours: float | None) -> MarketRow:
        """With the venue's own name of the base: ccxt takes some for other coins, once on the spot market."""
        row = super()._market_row(ask, market, interval_hours)
        row.base = str(market["info"]["symbol"])
        return row

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Linear: the two settlements that a market names; coin-margined: each 8 h."""
        intervals = {market["id"]: 8.0 for market in ask.contracts(swap=True, inverse=True)}

        async def one(market: Mapping[str, Any]) -> None:
            for item in await self._linear_forecast(ask, market):
                with ask.row_guard():
                    intervals[market["id"]] = _interval_hours(item)

        await ask.each(ask.contracts(swap=True, linear=True), one)
        return intervals

    async def _linear_forecast(self, ask: Asker, market: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = await ask.call("contractPublicGetV5MarketFundingRate", {"contract_code": market["id"]})
        return list(answer["data"])

    async def open_interest(self, ask: Asker) -> None:
        """Linear markets one a call, coin-margined swaps and futures in one call each."""

        async def one(market: Mapping[str, Any]) -> None:
            method = "contractPublicGetV5MarketOpenInterest"
            answer = await ask.call(method, {"contract_code": market["id"]})
            with ask.row_guard():
                ask.keep(self._level(ask, method, answer["data"], answer["ts"]))

        async def all_of(method: str) -> None:
            answer = await ask.call(method)
            for item in answer["data"]:
                with ask.row_guard():
                    ask.keep(self._level(ask, method, item, answer["ts"]))

        await asyncio.gather(
            ask.each(ask.contracts(linear=True), one),
            ask.each(
                ("contractPublicGetSwapApiV1SwapOpenInterest", "contractPublicGetApiV1ContractOpenInterest"),
                all_of,
            ),
        )

    def _level(self, ask: Asker, method: str, item: Mapping[str, Any], time: object) -> OpenInterestRow:
        return ask.row(
            OpenInterestRow,
            Dataset.OPEN_INTEREST,
            market=ask.market(item["contract_code"])["id"],
            observed_at=instant(time, "ts"),
            endpoint=method,
            payload=item,
            amount=number(item["volume"], f"volume of {item['contract_code']}"),
            own_usd=None,  # "value" holds both sides, too
        )

    async def open_interest_history(self, ask: Asker) -> None:
        """The last 200 hours of one market a call, in contracts; rows at 00:00 UTC of the days are kept."""
        wanted = {milliseconds(end_of(day)) for day in ask.days}

        async def one(market: Mapping[str, Any]) -> None:
            method = _HISTORIES[market["type"], bool(market["linear"])]
            asked: dict[str, Any] = {"period": "60min", "size": _LEVELS, "amount_type": 1}
            if market["future"] and market["inverse"]:
                asked |= {"symbol": market["base"], "contract_type": market["info"]["contract_type"]}
            else:
                asked["contract_code"] = market["id"]
            answer = await ask.call(method, asked)
            for item in answer["data"]["tick"]:
                with ask.row_guard():
                    if number(item["ts"], "ts") not in wanted:
                        continue
                    ask.keep(
                        ask.row(
                            OpenInterestRow,
                            Dataset.OPEN_INTEREST,
                            market=market["id"],
                            observed_at=instant(item["ts"], "ts"),
                            endpoint=method,
                            payload=item,
                            is_backfilled=True,
                            amount=number(item["volume"], f"volume of {market['id']}"),
                            own_usd=None,
                        )
                    )

        await ask.each(ask.contracts(), one)

    async def funding_rate(self, ask: Asker) -> None:
        """The rate of the coming settlement: linear one market a call, coin-margined all at once."""

        async def one(market: Mapping[str, Any]) -> None:
            for item in await self._linear_forecast(ask, market):
                with ask.row_guard():
                    row = self._forecast(ask, "contractPublicGetV5MarketFundingRate", item)
                    row.interval_hours = _interval_hours(item)
                    ask.keep(row)

        await ask.each(ask.contracts(swap=True, linear=True), one)
        method = "contractPublicGetSwapApiV1SwapBatchFundingRate"
        for item in (await ask.call(method))["data"]:
            with ask.row_guard():
                ask.keep(self._forecast(ask, method, item))

    def _forecast(self, ask: Asker, method: str, item: Mapping[str, Any]) -> FundingRateRow:
        return ask.row(
            FundingRateRow,
            Dataset.FUNDING_RATE,
            market=ask.market(item["contract_code"])["id"],
            observed_at=None,
            endpoint=method,
            payload=item,
            kind=FundingKind.PREDICTED.value,
            funding_rate=signed_number(item["funding_rate"], "funding_rate"),
            settles_at=instant(item["funding_time"], "funding_time"),
            interval_hours=None,
        )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid: linear by windows that fit a page, coin-margined newest page first."""
        since, until = span_milliseconds(ask.days)
        linear, inverse = (
            "contractPublicGetV5MarketFundingRateHistory",
            "contractPublicGetSwapApiV1SwapHistoricalFundingRate",
        )

        async def one_linear(market: Mapping[str, Any]) -> None:
            for start in range(since, until + 1, _SETTLED_WINDOW_MS):
                end = min(start + _SETTLED_WINDOW_MS - 1, until)
                window = {"start_time": start, "end_time": end, "limit": 100}
                answer = await ask.call(linear, {"contract_code": market["id"], **window})
                self._keep_settled(ask, linear, answer["data"] or [], start, end)

        async def one_inverse(market: Mapping[str, Any]) -> None:
            page, pages = 1, 1
            while page <= pages:
                asked = {"contract_code": market["id"], "page_index": page, "page_size": _PAGE}
                data = (await ask.call(inverse, asked))["data"]
                self._keep_settled(ask, inverse, data["data"], since, until)
                times = [int(item["funding_time"]) for item in data["data"]]
                if not times or min(times) <= since:
                    break
                page, pages = page + 1, int(data["total_page"])

        await ask.each(ask.contracts(swap=True, linear=True), one_linear)
        await ask.each(ask.contracts(swap=True, inverse=True), one_inverse)

    def _keep_settled(
        self, ask: Asker, method: str, items: list[dict[str, Any]], start: int, end: int
    ) -> None:
        for item in items:
            with ask.row_guard():
                at = instant(item["funding_time"], "funding_time")
                if start <= milliseconds(at) <= end:
                    ask.keep(
                        ask.row(
                            FundingRateRow,
                            Dataset.FUNDING_RATE,
                            market=item["contract_code"],
                            observed_at=at,
                            endpoint=method,
                            payload=item,
                            is_backfilled=ask.is_backfill,
                            kind=FundingKind.SETTLED.value,
                            funding_rate=signed_number(item["funding_rate"], "funding_rate"),
                            settles_at=at,
                            interval_hours=None,
                        )
                    )

    async def price(self, ask: Asker) -> None:
        """Marks one market a call, indexes in one call a product."""
        indexes: dict[tuple[bool, str], float | None] = {}
        for method, is_linear, key in (
            ("contractPublicGetLinearSwapApiV1SwapIndex", True, "contract_code"),
            ("contractPublicGetSwapApiV1SwapIndex", False, "contract_code"),
            ("contractPublicGetApiV1ContractIndex", False, "symbol"),
        ):
            for item in (await ask.call(method))["data"]:
                indexes[is_linear, item[key]] = optional_number(item.get("index_price"))

        async def one(market: Mapping[str, Any]) -> None:
            method = _MARKS[market["type"], bool(market["linear"])]
            name = "symbol" if market["future"] and market["inverse"] else "contract_code"
            answer = await ask.call(method, {name: market["id"], "period": "1min", "size": 1})
            pair = market["info"].get("pair") or (market["base"] if market["future"] else market["id"])
            for item in answer["data"]:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            PriceRow,
                            Dataset.PRICE,
                            market=market["id"],
                            observed_at=instant(answer["ts"], "ts"),
                            endpoint=method,
                            payload=item,
                            mark_price=number(item["close"], "close") or None,
                            index_price=indexes.get((bool(market["linear"]), pair)),
                            volume_24h=None,
                        )
                    )

        await ask.each(ask.contracts(), one)


def _interval_hours(item: Mapping[str, Any]) -> float:
    start, end = number(item["funding_time"], "time"), number(item["next_funding_time"], "time")
    return (end - start) / _HOUR_MS
