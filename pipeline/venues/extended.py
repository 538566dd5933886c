"""Extended: the list of markets holds open interest, prices and the coming rate, without a time.

`fundingRate` is of the running hour; `nextFundingRate` is no rate but the instant it is paid. Rows of past
funding are stamped a second after their hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import from_milliseconds, span_milliseconds
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
)

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://api.docs.extended.exchange/"
_MARKETS, _HISTORY = "v1PublicGetInfoMarkets", "v1PublicGetInfoMarketFunding"
_HOUR_MS = 3_600_000
_WINDOW_MS = 700 * _HOUR_MS
_PAGE = 1000


class Extended(Venue):
    """Perpetuals settled in dollars held as USDC."""

    name = "extended"
    ccxt_id = "extended"
    title = "Extended"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#get-markets",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#get-markets",
            note="openInterest over openInterestBase is 77,220 beside a mark of 77,259 in the example",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#get-funding-rates-history",
            note="an hour's rate; settled rates are one call a market",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#get-markets",
            note="dailyVolume over dailyVolumeBase is the price in the example",
        ),
        Dataset.BORROW_RATE: Unsupported("curves of interest are listed, but no rate that is paid"),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Unsupported(
            "risk factors by size are listed; which margin they are is not said"
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are marked in the list of recent trades only"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no public call"),
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Every perpetual is settled hourly."""
        return {market["id"]: 1.0 for market in ask.contracts()}

    async def _stats(self, ask: Asker) -> list[tuple[str, Mapping[str, Any]]]:
        """(market, numbers) of every open perpetual."""
        listed = {market["id"] for market in ask.contracts()}
        answer = await ask.call(_MARKETS)
        return [(item["name"], item["marketStats"]) for item in answer["data"] if item["name"] in listed]

    async def open_interest(self, ask: Asker) -> None:
        """Coins, and the venue's own dollars, all perpetuals in one call."""
        for market, item in await self._stats(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=market,
                        observed_at=None,
                        endpoint=_MARKETS,
                        payload=item,
                        amount=number(item["openInterestBase"], f"open interest of {market}"),
                        own_usd=optional_number(item.get("openInterest")),
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The rate of the running hour."""
        for market, item in await self._stats(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=market,
                        observed_at=None,
                        endpoint=_MARKETS,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                        settles_at=instant(item["nextFundingRate"], "nextFundingRate"),
                        interval_hours=1.0,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What each hour cost, in windows that one answer holds."""
        since, until = span_milliseconds(ask.days)
        windows = [(start, min(start + _WINDOW_MS, until)) for start in range(since, until, _WINDOW_MS)]

        async def one(market: Mapping[str, Any]) -> None:
            for start, end in windows:
                # rows are stamped after the hour they settle
                bounds = {"startTime": start + _HOUR_MS, "endTime": end + _HOUR_MS - 1}
                answer = await ask.call(_HISTORY, {"market": market["id"], **bounds, "limit": _PAGE})
                for item in answer["data"]:
                    time = int(item["T"]) // _HOUR_MS * _HOUR_MS
                    if not start < time <= end:
                        continue
                    with ask.row_guard():
                        at = from_milliseconds(time)
                        ask.keep(
                            ask.row(
                                FundingRateRow,
                                Dataset.FUNDING_RATE,
                                market=market["id"],
                                observed_at=at,
                                endpoint=_HISTORY,
                                payload=item,
                                is_backfilled=ask.is_backfill,
                                kind=FundingKind.SETTLED.value,
                                funding_rate=signed_number(item["f"], "f"),
                                settles_at=at,
                                interval_hours=1.0,
                            )
                        )

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and 24 h volume in coins from the call that gives open interest."""
        for market, item in await self._stats(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=market,
                        observed_at=None,
                        endpoint=_MARKETS,
                        payload=item,
                        mark_price=number(item["markPrice"], "markPrice") or None,
                        index_price=number(item["indexPrice"], "indexPrice") or None,
                        volume_24h=optional_number(item.get("dailyVolumeBase")),
                    )
                )
