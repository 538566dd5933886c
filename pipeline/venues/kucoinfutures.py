"""KuCoin Futures: lots of `multiplier` coins, or of one dollar where the contract is inverse.

One list of contracts carries marks, indexes and volumes. What margin borrowing costs on the spot account
needs a key. ccxt passes lots on as "amount" and names none of the units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds, span_milliseconds
from pipeline.records import (
    BorrowRateRow,
    Dataset,
    Direction,
    FundingKind,
    FundingRateRow,
    LeverageTierRow,
    MarketRow,
    OpenInterestRow,
    PriceRow,
    Stamp,
    Unit,
)
from pipeline.venues.base import (
    Declaration,
    Evidence,
    Reports,
    Unsupported,
    Venue,
    instant,
    number,
    optional_number,
    signed_number,
    walk_goes_on,
)

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://www.kucoin.com/docs-new/rest"
_SETTLED_PAGE = 100
_LEVEL_PAGE = 200
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


class KucoinFutures(Venue):
    """Perpetuals and dated futures in USDT, USDC and coins."""

    name = "kucoinfutures"
    ccxt_id = "kucoinfutures"
    title = "KuCoin Futures"
    ccxt_options: ClassVar[Mapping[str, Any]] = {"fetchMarkets": {"types": ["swap", "future", "contract"]}}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/futures-trading/market-data/get-all-symbols",
            note="the multiplier of an inverse contract is -1: one dollar a lot",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=30,
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/ua/get-futures-open-interset",
            note="lots: as coins the recorded XBTUSDTM would be a quarter of all bitcoin; the depth of the "
            "history is not published, and its hourly rows stand at most an hour from their instant",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=90,
            always_history=True,
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/futures-trading/funding-fees/get-public-funding-history",
            note="forecasts of all markets in one call (shape from ccxt), settlements one market a call",
        ),
        Dataset.PRICE: Reports(
            unit={Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.USD},
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/futures-trading/market-data/get-all-symbols",
            note="volumeOf24h is lots times multiplier: coins, and dollars where inverse (linear recorded)",
        ),
        Dataset.BORROW_RATE: Reports(
            unit=Unit.RATE_PER_HOUR,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/margin-trading/risk-limit/get-borrow-interest-rate",
            needs_key=True,
            note="cross margin of the spot account, VIP level 0",
        ),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        Dataset.LONG_SHORT_RATIO: Unsupported("no ratio of longs and shorts is published"),
        Dataset.LEVERAGE_TIER: Reports(
            unit={Direction.LINEAR: Unit.QUOTE},
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="per_symbol",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/futures-trading/positions/get-isolated-margin-risk-limit",
            note="bounds in quote; nothing says what those of inverse contracts count, which are not asked",
        ),
        Dataset.LIQUIDATION: Unsupported("liquidations are not published over REST"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the insurance fund's balance has no public call"),
    }

    def _market_row(self, ask: Asker, market: Mapping[str, Any], interval_hours: float | None) -> MarketRow:
        """With the venue's own name of the base: ccxt takes some for other coins, once on the spot market."""
        row = super()._market_row(ask, market, interval_hours)
        row.base = str(market["info"]["baseCurrency"])
        return row

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """The interval that is running now."""
        intervals: dict[str, float] = {}
        for item in await self._forecasts(ask):
            with ask.row_guard():
                intervals[item["symbol"]] = number(item["currentGranularity"], "granularity") / _HOUR_MS
        return intervals

    async def _forecasts(self, ask: Asker) -> list[dict[str, Any]]:
        """One row a perpetual; the venue puts its funding indexes, named with a dot, among them."""
        answer = await ask.call("utaV2GetMarketFundingRate")
        return [item for item in answer["data"] if not str(item.get("symbol", ".")).startswith(".")]

    async def open_interest(self, ask: Asker) -> None:
        """Lots of all markets in one call."""
        method = "utaGetMarketOpenInterest"
        for item in (await ask.call(method))["data"]:
            with ask.row_guard():
                ask.keep(self._level(ask, ask.market(item["symbol"]), method, item, is_backfilled=False))

    async def open_interest_history(self, ask: Asker) -> None:
        """Hourly rows of one market, walked back page by page; those at 00:00 UTC are kept."""
        since, until = milliseconds(end_of(ask.days[0])), milliseconds(end_of(ask.days[-1]))
        method = "utaGetMarketOpenInterest"

        async def one(market: Mapping[str, Any]) -> None:
            end = until
            while end >= since:
                start = max(since, end - (_LEVEL_PAGE - 1) * _HOUR_MS)
                window = {"interval": "1hour", "startAt": start, "endAt": end, "pageSize": _LEVEL_PAGE}
                answer = await ask.call(method, {"symbol": market["id"], **window})
                for item in answer["data"]:
                    with ask.row_guard():
                        time = number(item["ts"], "ts")
                        if start <= time <= end and time % _DAY_MS == 0:
                            ask.keep(self._level(ask, market, method, item, is_backfilled=True))
                end = start - 1

        await ask.each(ask.contracts(), one)

    def _level(
        self,
        ask: Asker,
        market: Mapping[str, Any],
        method: str,
        item: Mapping[str, Any],
        *,
        is_backfilled: bool,
    ) -> OpenInterestRow:
        return ask.row(
            OpenInterestRow,
            Dataset.OPEN_INTEREST,
            market=market["id"],
            observed_at=instant(item["ts"], "ts"),
            endpoint=method,
            payload=item,
            is_backfilled=is_backfilled,
            amount=number(item["openInterest"], f"open interest of {market['id']}"),
            own_usd=None,
        )

    async def funding_rate(self, ask: Asker) -> None:
        """The rate that the coming settlement would use, all perpetuals in one call."""
        for item in await self._forecasts(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=ask.market(item["symbol"])["id"],
                        observed_at=None,
                        endpoint="utaV2GetMarketFundingRate",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["nextFundingRate"], "nextFundingRate"),
                        settles_at=instant(item["fundingTime"], "fundingTime"),
                        interval_hours=number(item["currentGranularity"], "granularity") / _HOUR_MS,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, at most 100 rows a call: walk back until the window's start."""
        since, until = span_milliseconds(ask.days)
        method = "futuresPublicGetContractFundingRates"

        async def one(market: Mapping[str, Any]) -> None:
            end = until
            while True:
                answer = await ask.call(method, {"symbol": market["id"], "from": since, "to": end})
                page = answer["data"] or []
                times = [int(item["timepoint"]) for item in page]
                for item, time in zip(page, times, strict=True):
                    if not since <= time <= end:
                        continue
                    with ask.row_guard():
                        at = instant(time, "timepoint")
                        ask.keep(
                            ask.row(
                                FundingRateRow,
                                Dataset.FUNDING_RATE,
                                market=market["id"],
                                observed_at=at,
                                endpoint=method,
                                payload=item,
                                is_backfilled=ask.is_backfill,
                                kind=FundingKind.SETTLED.value,
                                funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                                settles_at=at,
                                interval_hours=None,
                            )
                        )
                oldest = min(times, default=since)
                if not walk_goes_on(ask, len(page) >= _SETTLED_PAGE and oldest > since, oldest <= end):
                    break
                end = oldest - 1

        await ask.each(ask.contracts(swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and volume of all contracts in one call."""
        for item in (await ask.call("futuresPublicGetContractsActive"))["data"]:
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=ask.market(item["symbol"])["id"],
                        observed_at=None,
                        endpoint="futuresPublicGetContractsActive",
                        payload=item,
                        mark_price=number(item["markPrice"], "markPrice") or None,
                        index_price=optional_number(item.get("indexPrice")) or None,
                        volume_24h=optional_number(item.get("volumeOf24h")),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """The risk limits of linear contracts, one market a call."""
        method = "futuresPublicGetContractsRiskLimitSymbol"

        async def one(market: Mapping[str, Any]) -> None:
            for item in (await ask.call(method, {"symbol": market["id"]}))["data"]:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            LeverageTierRow,
                            Dataset.LEVERAGE_TIER,
                            market=market["id"],
                            observed_at=None,
                            endpoint=method,
                            payload=item,
                            tier=int(item["level"]),
                            notional_floor=number(item["minRiskLimit"], "minRiskLimit"),
                            notional_cap=number(item["maxRiskLimit"], "maxRiskLimit"),
                            initial_margin_rate=optional_number(item.get("initialMargin")),
                            maintenance_margin_rate=optional_number(item.get("maintainMargin")),
                            max_leverage=optional_number(item.get("maxLeverage")),
                        )
                    )

        await ask.each(ask.contracts(linear=True), one)

    async def borrow_rate(self, ask: Asker) -> None:
        """What an hour of cross-margin borrowing costs, all currencies in one call; needs a key."""
        method = "privateGetMarginBorrowRate"
        for item in (await ask.call(method, {"vipLevel": 0}))["data"]["items"]:
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        BorrowRateRow,
                        Dataset.BORROW_RATE,
                        market=item["currency"],
                        observed_at=None,
                        endpoint=method,
                        payload=item,
                        currency=item["currency"],
                        kind="cross",
                        rate=number(item["hourlyBorrowRate"], f"rate of {item['currency']}"),
                    )
                )
