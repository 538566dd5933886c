"""Bybit: open interest adds longs and shorts; linear contracts count coins, inverse ones dollars.

One call a category answers open interest, price and the coming funding rate of every market. The venue's
`singleOpenInterest` is half of `openInterest`, rounded, and was added in 2026: the field that was always
there is read, with two sides declared. Options stay out. Ratios, risk limits and the insurance pools are in
`_bybit_risk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import span_milliseconds
from pipeline.records import (
    BorrowRateRow,
    Dataset,
    Direction,
    FundingKind,
    FundingRateRow,
    MarketRow,
    OpenInterestRow,
    PriceRow,
    Stamp,
    Unit,
)
from pipeline.venues._bybit_risk import (
    CATEGORIES,
    DOCS,
    RISK_REPORTS,
    BybitRisk,
    row_head,
    subject,
    windows_of,
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

_FUNDING_PAGE, _OPEN_INTEREST_PAGE = 200, 200


class Bybit(BybitRisk, Venue):
    """Perpetuals and dated futures settled in USDT, USDC or the coin."""

    name = "bybit"
    ccxt_id = "bybit"
    title = "Bybit"
    ccxt_options: ClassVar[Mapping[str, Any]] = {"fetchMarkets": {"types": list(CATEGORIES)}}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/market/instrument",
            note="ccxt takes the smallest order for the size of an inverse contract, which is one dollar",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit={Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.USD},
            sides=2,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=2000,
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/market/tickers",
            note="both sides; ccxt's call gives the last full hour of one market; history is daily",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=3650,
            always_history=True,
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/market/history-fund-rate",
            note="the interval is the market list's; settled rates one market a call, from its listing",
        ),
        Dataset.PRICE: Reports(
            unit={Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.USD},
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/market/tickers",
            note="turnover24h is the other way round: quote when linear, coins when inverse",
        ),
        Dataset.BORROW_RATE: Reports(
            unit=Unit.RATE_PER_HOUR,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/spot-margin-uta/vip-margin",
            note="users without a VIP level; ccxt asks for that level with a blank in the address, and fails",
        ),
        Dataset.MARGIN_LOAN: Unsupported("only limits of borrowing are public, no amount that is lent"),
        **RISK_REPORTS,
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """fundingInterval counts minutes; dated futures have 0."""
        hours = {market["id"]: _interval_hours(market) for market in ask.listed}
        return {market: interval for market, interval in hours.items() if interval is not None}

    def _market_row(self, ask: Asker, market: Mapping[str, Any], interval_hours: float | None) -> MarketRow:
        return super()._market_row(ask, {**market, "contractSize": 1.0}, interval_hours)

    async def _tickers(self, ask: Asker) -> list[dict[str, Any]]:
        """What every row of a ticker begins with: both categories, at the instant of the answer."""
        method, found = "publicGetV5MarketTickers", []
        for category in CATEGORIES:
            answer = await ask.call(method, {"category": category})
            at = instant(answer["time"], "time")
            found += [row_head(item["symbol"], at, method, item) for item in answer["result"]["list"]]
        return found

    async def open_interest(self, ask: Asker) -> None:
        """Every market of a category in one call; the dollars beside it are of one side."""
        for head in await self._tickers(ask):
            with ask.row_guard():
                item, market = head["payload"], ask.market(head["market"])
                own_usd = optional_number(item.get("singleOpenInterestValue"))
                row = ask.row(
                    OpenInterestRow,
                    Dataset.OPEN_INTEREST,
                    **head,
                    amount=number(item["openInterest"], f"openInterest of {market['id']}"),
                    own_usd=own_usd if market["linear"] else None,  # coins where the contract is inverse
                )
                ask.keep(row)

    async def open_interest_history(self, ask: Asker) -> None:
        """The level at each 00:00 UTC, 200 days and one market a call."""
        method = "publicGetV5MarketOpenInterest"

        async def one(market: Mapping[str, Any]) -> None:
            for window in windows_of(ask, _OPEN_INTEREST_PAGE):
                asked = {**subject(market), **window, "intervalTime": "1d", "limit": _OPEN_INTEREST_PAGE}
                for item in (await ask.call(method, asked))["result"]["list"]:
                    with ask.row_guard():
                        row = ask.row(
                            OpenInterestRow,
                            Dataset.OPEN_INTEREST,
                            **row_head(market["id"], instant(item["timestamp"], "timestamp"), method, item),
                            is_backfilled=True,
                            amount=number(item["openInterest"], f"openInterest of {market['id']}"),
                            own_usd=None,
                        )
                        ask.keep(row)

        await ask.each(ask.contracts(), one)

    async def funding_rate(self, ask: Asker) -> None:
        """The rate that the coming settlement will use; dated futures have none."""
        for head in await self._tickers(ask):
            item = head["payload"]
            if not item.get("fundingRate"):
                continue
            with ask.row_guard():
                row = ask.row(
                    FundingRateRow,
                    Dataset.FUNDING_RATE,
                    **head,
                    kind=FundingKind.PREDICTED.value,
                    funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                    settles_at=instant(item["nextFundingTime"], "nextFundingTime"),
                    interval_hours=optional_number(item.get("fundingIntervalHour"))
                    or _interval_hours(ask.market(head["market"])),
                )
                ask.keep(row)

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first: walk back with `endTime` until the window's start."""
        since, until = span_milliseconds(ask.days)
        method = "publicGetV5MarketFundingHistory"

        async def one(market: Mapping[str, Any]) -> None:
            end = until
            while True:
                asked = {**subject(market), "startTime": since, "endTime": end, "limit": _FUNDING_PAGE}
                page = (await ask.call(method, asked))["result"]["list"]
                for item in page:
                    with ask.row_guard():
                        at = instant(item["fundingRateTimestamp"], "fundingRateTimestamp")
                        row = ask.row(
                            FundingRateRow,
                            Dataset.FUNDING_RATE,
                            **row_head(market["id"], at, method, item),
                            is_backfilled=ask.is_backfill,
                            kind=FundingKind.SETTLED.value,
                            funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                            settles_at=at,
                            interval_hours=None,
                        )
                        ask.keep(row)
                oldest = min((int(item["fundingRateTimestamp"]) for item in page), default=since)
                if not walk_goes_on(ask, len(page) >= _FUNDING_PAGE and oldest > since, oldest <= end):
                    break
                end = oldest - 1

        await ask.each(ask.contracts(swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and 24 h volume, every market of a category in one call."""
        for head in await self._tickers(ask):
            with ask.row_guard():
                item = head["payload"]
                row = ask.row(
                    PriceRow,
                    Dataset.PRICE,
                    **head,
                    mark_price=number(item["markPrice"], "markPrice") or None,
                    index_price=optional_number(item.get("indexPrice")) or None,
                    volume_24h=optional_number(item.get("volume24h")),
                )
                ask.keep(row)

    async def borrow_rate(self, ask: Asker) -> None:
        """What an hour of borrowing costs users without a VIP level, all coins in one call."""
        method = "publicGetV5SpotMarginTradeData"
        answer = await ask.call(method)
        levels = answer["result"]["vipCoinList"]
        coins = [coin for level in levels if level["vipLevel"] == "No VIP" for coin in level["list"]]
        for coin in (coin for coin in coins if coin.get("borrowable")):
            with ask.row_guard():
                name = coin["currency"]
                row = ask.row(
                    BorrowRateRow,
                    Dataset.BORROW_RATE,
                    **row_head(name, None, method, coin),
                    currency=name,
                    kind="cross",
                    rate=number(coin["hourlyBorrowRate"], f"hourlyBorrowRate of {name}"),
                )
                ask.keep(row)


def _interval_hours(market: Mapping[str, Any]) -> float | None:
    return (optional_number(market["info"].get("fundingInterval")) or 0.0) / 60 or None
