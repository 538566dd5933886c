"""Aster: perpetuals of USDT and other dollars, in the shapes of Binance's fapi. No open interest is public.

What the venue leaves out of its public answers (open interest, brackets, forced orders) is not guessed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import span_milliseconds
from pipeline.records import Dataset, FundingKind, FundingRateRow, PriceRow, Stamp, Unit
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
    walk_goes_on,
)
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://asterdex.github.io/aster-api-website/futures-v3/market-data"
_PAGE = 1000


class Aster(Venue):
    """Perpetuals only; amounts are coins, so that a contract is one coin."""

    name = "aster"
    ccxt_id = "aster"
    title = "Aster"
    # units of weight; every call is one but the tickers of all symbols, 40, which are asked once
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(2400, 60)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/#exchange-information",
        ),
        Dataset.OPEN_INTEREST: Unsupported("open interest is in no public call of the documentation"),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/#get-funding-rate-history",
            note="lastFundingRate is the running forecast; settled rates are one call a market",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/#mark-price",
        ),
        Dataset.BORROW_RATE: Unsupported("the venue lends nothing"),
        Dataset.MARGIN_LOAN: Unsupported("the venue lends nothing"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: KeyOnly("leverage brackets are answered to a signing wallet only"),
        Dataset.LIQUIDATION: Unsupported("only one's own forced orders are answered; others are streamed"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no call"),
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Hours between settlements as fundingInfo names them."""
        named: dict[str, float] = {}
        for item in await ask.call("fapiPublicGetV3FundingInfo"):
            with ask.row_guard():
                named[item["symbol"]] = number(item["fundingIntervalHours"], "fundingIntervalHours")
        return named

    async def _marks(self, ask: Asker) -> list[Mapping[str, Any]]:
        """Prices and running rate of every open perpetual; what is settling or closed is sent, too."""
        listed = {market["id"] for market in ask.contracts()}
        return [item for item in await ask.call("fapiPublicGetV3PremiumIndex") if item["symbol"] in listed]

    async def funding_rate(self, ask: Asker) -> None:
        """The running forecast for the next settlement, all perpetuals in one call."""
        for item in await self._marks(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=instant(item["time"], "time"),
                        endpoint="fapiPublicGetV3PremiumIndex",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["lastFundingRate"], "lastFundingRate"),
                        settles_at=instant(item["nextFundingTime"], "nextFundingTime"),
                        interval_hours=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, oldest page first: the start of the window moves on to its end."""
        since, until = span_milliseconds(ask.days)

        async def one(market: Mapping[str, Any]) -> None:
            start, method = since, "fapiPublicGetV3FundingRate"
            while True:
                asked = {"symbol": market["id"], "startTime": start, "endTime": until, "limit": _PAGE}
                page = await ask.call(method, asked)
                for item in page:
                    with ask.row_guard():
                        at = instant(item["fundingTime"], "fundingTime")
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
                last = max((int(item["fundingTime"]) for item in page), default=0)
                if not walk_goes_on(ask, len(page) >= _PAGE and last < until, last >= start):
                    break
                start = last + 1

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Mark and index from premiumIndex, 24 h volume in coins from the tickers."""
        tickers = await ask.call("fapiPublicGetV3Ticker24hr")
        volumes = {item.get("symbol"): optional_number(item.get("volume")) for item in tickers}
        for item in await self._marks(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["symbol"],
                        observed_at=instant(item["time"], "time"),
                        endpoint="fapiPublicGetV3PremiumIndex",
                        payload=item,
                        mark_price=number(item["markPrice"], "markPrice") or None,
                        index_price=optional_number(item.get("indexPrice")) or None,
                        volume_24h=volumes.get(item["symbol"]),
                    )
                )
