"""BingX: open interest of linear perpetuals is their value, that of coin-margined ones counts coins.

There is no bulk call for it. Spot pairs and linear perpetuals share their ids, so that only the kind tells
them apart. Coin-margined settlements are not listed by any public call: only their forecasts are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import milliseconds, span_milliseconds
from pipeline.records import (
    Dataset,
    Direction,
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
    KeyOnly,
    Reports,
    Unsupported,
    Venue,
    instant,
    number,
    optional_number,
    signed_number,
)
from pipeline.venues.plausible import named

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://bingx-api.github.io/docs-v3/#/en"
_INDEXES = ("swapV2PublicGetQuotePremiumIndex", "cswapV1PublicGetMarketPremiumIndex")
_HOUR_MS = 3_600_000
_WINDOW_MS = 41 * 24 * _HOUR_MS  # 984 hourly settlements; a page holds 1,000
_PAGE = 1000


class BingX(Venue):
    """Perpetuals settled in USDT, USDC or coins; the venue lists no dated futures."""

    name = "bingx"
    ccxt_id = "bingx"
    title = "BingX"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/Swap/Market%20Data/USDT-M%20Perp%20Futures%20symbols",
            note="coin-margined contracts are worth minTickSize dollars",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit={Direction.LINEAR: Unit.QUOTE, Direction.INVERSE: Unit.BASE},
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/Swap/Market%20Data/Open%20Interest%20Statistics",
            note="the documentation names no unit; coin-margined rows carry the start of their period",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/Swap/Market%20Data/Get%20Funding%20Rate%20History",
            note="settled rates of linear perpetuals only, one call a market",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/Swap/Market%20Data/Mark%20Price%20and%20Funding%20Rate",
            note="volume of linear perpetuals only: the unit of coin-margined volume is not documented",
        ),
        Dataset.BORROW_RATE: Unsupported("the venue lends no money for margin trading"),
        Dataset.MARGIN_LOAN: Unsupported("the venue lends no money for margin trading"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: KeyOnly("maintenance margin ratios are answered only to an account"),
        Dataset.LIQUIDATION: KeyOnly("forced orders are answered to the account that they closed"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no call"),
    }

    def market_id(self, market: Mapping[str, Any]) -> str:
        """The venue's id; of a spot pair, whose id a perpetual has too, ccxt's symbol."""
        return named(market["id"] if market["swap"] else market["symbol"], "id of a listed market")

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """fundingIntervalHours of the index call, where it is sent."""
        intervals: dict[str, float] = {}
        for method in _INDEXES:
            for item in (await ask.call(method))["data"]:
                hours = optional_number(item.get("fundingIntervalHours"))
                if hours:
                    intervals[item["symbol"]] = hours
        return intervals

    async def open_interest(self, ask: Asker) -> None:
        """One call a symbol: value of linear perpetuals, coins of the others."""

        async def one(market: Mapping[str, Any]) -> None:
            method = "swapV2PublicGetQuoteOpenInterest"
            if market["inverse"]:
                method = "cswapV1PublicGetMarketOpenInterest"
            answer = (await ask.call(method, {"symbol": market["id"]}))["data"]
            with ask.row_guard():
                item = answer[0] if market["inverse"] else answer
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["symbol"],
                        listed=market,
                        observed_at=instant(item["timestamp" if market["inverse"] else "time"], "time"),
                        endpoint=method,
                        payload=item,
                        amount=number(item["openInterest"], f"open interest of {market['id']}"),
                        own_usd=None,
                    )
                )

        await ask.each(ask.contracts(), one)

    async def _indexes(self, ask: Asker) -> list[tuple[str, Mapping[str, Any]]]:
        """(method, row) of every perpetual that is open."""
        listed = {market["id"] for market in ask.contracts()}
        found = []
        for method in _INDEXES:
            found += [(method, item) for item in (await ask.call(method))["data"] if item["symbol"] in listed]
        return found

    async def funding_rate(self, ask: Asker) -> None:
        """The running rate, which the coming settlement will use; its updateTime is no time of asking."""
        for method, item in await self._indexes(ask):
            if not item.get("nextFundingTime") or item.get("lastFundingRate") in ("", None):
                continue  # what is listed beside coins may pay no funding
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=None,
                        endpoint=method,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["lastFundingRate"], "lastFundingRate"),
                        settles_at=instant(item["nextFundingTime"], "nextFundingTime"),
                        interval_hours=optional_number(item.get("fundingIntervalHours")),
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What linear perpetuals paid, in windows that one page holds."""
        since, until = span_milliseconds(ask.days)
        windows = [(start, min(start + _WINDOW_MS, until)) for start in range(since, until, _WINDOW_MS)]

        async def one(market: Mapping[str, Any]) -> None:
            method = "swapV2PublicGetQuoteFundingRate"
            for start, end in windows:
                asked = {"symbol": market["id"], "startTime": start + 1, "endTime": end, "limit": _PAGE}
                for item in (await ask.call(method, asked))["data"]:
                    with ask.row_guard():
                        at = instant(item["fundingTime"], "fundingTime")
                        if not start < milliseconds(at) <= end:
                            continue
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

        await ask.each(ask.contracts(linear=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark and index of all perpetuals, 24 h volume in coins of the linear ones."""
        tickers = (await ask.call("swapV2PublicGetQuoteTicker"))["data"]
        volumes = {item.get("symbol"): optional_number(item.get("volume")) for item in tickers}
        for method, item in await self._indexes(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["symbol"],
                        observed_at=None,
                        endpoint=method,
                        payload=item,
                        mark_price=number(item["markPrice"], "markPrice") or None,
                        index_price=optional_number(item.get("indexPrice")) or None,
                        volume_24h=volumes.get(item["symbol"]),
                    )
                )
