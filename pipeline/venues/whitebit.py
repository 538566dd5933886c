"""WhiteBIT: one call answers open interest, price and funding of all perpetuals, in coins and without a time.

No mark price is sent, only the index. What was paid comes in seconds, what is coming in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds
from pipeline.records import (
    Dataset,
    FundingKind,
    FundingRateRow,
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
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://docs.whitebit.com/api-reference/market-data"
_PAGE = 100
_DAY_SECONDS = 86_400


class WhiteBit(Venue):
    """Perpetuals settled in USDT; the venue lists no dated futures."""

    name = "whitebit"
    ccxt_id = "whitebit"
    title = "WhiteBIT"
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(2000, 10)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/market-info",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/available-futures-markets-list",
            note="the documentation names no unit; 6,000 in its BTC example can be no dollars",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/funding-history",
            note="settled rates are one call a market; ccxt names the end of the window otherwise",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/available-futures-markets-list",
            note="index price only; money_volume over stock_volume is the price",
        ),
        Dataset.BORROW_RATE: Unsupported("only plans of earning interest are listed, no rate of borrowing"),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Unsupported("brackets name leverages and sizes but no margin rate"),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no call"),
    }

    async def _futures(self, ask: Asker) -> list[Mapping[str, Any]]:
        """The row of every perpetual that is open."""
        listed = {market["id"] for market in ask.contracts()}
        answer = await ask.call("v4PublicGetFutures")
        return [item for item in answer["result"] if item["ticker_id"] in listed]

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """funding_interval_minutes, where it is sent."""
        found = {item["ticker_id"]: _interval_hours(item) for item in await self._futures(ask)}
        return {market: hours for market, hours in found.items() if hours is not None}

    async def open_interest(self, ask: Asker) -> None:
        """Coins, all perpetuals in one call."""
        for item in await self._futures(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["ticker_id"],
                        observed_at=None,
                        endpoint="v4PublicGetFutures",
                        payload=item,
                        amount=number(item["open_interest"], f"open interest of {item['ticker_id']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The forecast for the coming settlement."""
        for item in await self._futures(ask):
            with ask.row_guard():
                coming = item["next_funding_rate_timestamp"]
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["ticker_id"],
                        observed_at=None,
                        endpoint="v4PublicGetFutures",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["funding_rate"], "funding_rate"),
                        settles_at=instant(coming, "next_funding_rate_timestamp"),
                        interval_hours=_interval_hours(item),
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first: the end of the window moves back to its start."""
        since = milliseconds(end_of(ask.days[0])) // 1000 - _DAY_SECONDS
        until = milliseconds(end_of(ask.days[-1])) // 1000

        async def one(market: Mapping[str, Any]) -> None:
            method, end = "v4PublicGetFundingHistoryMarket", until
            while True:
                asked = {"market": market["id"], "startDate": since, "endDate": end, "limit": _PAGE}
                page = await ask.call(method, asked)
                times = [int(item["fundingTime"]) for item in page]
                for item, time in zip(page, times, strict=True):
                    if not since < time <= end:
                        continue
                    with ask.row_guard():
                        at = instant(time * 1000, "fundingTime")
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
                if not walk_goes_on(ask, len(page) >= _PAGE and oldest > since, oldest <= end):
                    break
                end = oldest - 1

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Index price and 24 h volume in coins."""
        for item in await self._futures(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["ticker_id"],
                        observed_at=None,
                        endpoint="v4PublicGetFutures",
                        payload=item,
                        mark_price=None,
                        index_price=number(item["index_price"], "index_price") or None,
                        volume_24h=optional_number(item.get("stock_volume")),
                    )
                )


def _interval_hours(item: Mapping[str, Any]) -> float | None:
    minutes = optional_number(item.get("funding_interval_minutes"))
    return minutes / 60 if minutes else None
