"""Backpack: perpetuals of USDC counted in coins, and a lending pool whose loans and rates are public.

ccxt names open interest a value; it is coins. Times of settlements and of the pool come without a zone: UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import DAY, end_of
from pipeline.errors import PayloadUnreadable
from pipeline.keys import quoted
from pipeline.records import (
    BorrowRateRow,
    Dataset,
    FundingKind,
    FundingRateRow,
    LeverageTierRow,
    LoanMeasure,
    MarginLoanRow,
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

_DOCS = "https://docs.backpack.exchange"
_MARKETS = f"{_DOCS}/#tag/Markets/operation"
_POOL = f"{_DOCS}/#tag/Borrow-Lend-Markets/operation/get_borrow_lend_markets"
_PAGE = 1000
_HOUR_MS = 3_600_000
_MEASURES = {"borrowedQuantity": LoanMeasure.USED, "lentQuantity": LoanMeasure.LENT}


class Backpack(Venue):
    """Spot, stocks and prediction markets are listed beside the perpetuals and left alone."""

    name = "backpack"
    ccxt_id = "backpack"
    title = "Backpack"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_MARKETS}/get_markets",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_MARKETS}/get_open_interest",
            note="1,273.85 of BTC in ccxt's example is plausible in coins only; ccxt calls it a value",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_MARKETS}/get_funding_interval_rates",
            note="forecasts carry no time; ccxt takes every interval for an hour, the market list names it",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_MARKETS}/get_mark_prices",
        ),
        Dataset.BORROW_RATE: Reports(
            unit=Unit.RATE_PER_YEAR,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_POOL,
            note="the lenders' rate is named a yield a year, and follows from the borrowers' by use and fee",
        ),
        Dataset.MARGIN_LOAN: Reports(
            unit=Unit.CURRENCY,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_POOL,
        ),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit=Unit.QUOTE,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_MARKETS}/get_markets",
            note="margins grow with the root of the size: the one row is what the smallest position needs",
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are streamed, and in no call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no call"),
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """fundingInterval of the market list, in milliseconds there."""
        found = {
            market["id"]: optional_number(market["info"].get("fundingInterval")) for market in ask.listed
        }
        return {market: sent / _HOUR_MS for market, sent in found.items() if sent}

    async def open_interest(self, ask: Asker) -> None:
        """Coins, all perpetuals in one call."""
        listed = {market["id"] for market in ask.contracts()}
        for item in await ask.call("publicGetApiV1OpenInterest"):
            if item["symbol"] not in listed:
                continue
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["symbol"],
                        observed_at=instant(item["timestamp"], "timestamp"),
                        endpoint="publicGetApiV1OpenInterest",
                        payload=item,
                        amount=number(item["openInterest"], f"open interest of {item['symbol']}"),
                        own_usd=None,
                    )
                )

    async def _marks(self, ask: Asker) -> list[Mapping[str, Any]]:
        """Mark price, index price and running funding rate of every open perpetual."""
        listed = {market["id"] for market in ask.contracts()}
        return [item for item in await ask.call("publicGetApiV1MarkPrices") if item["symbol"] in listed]

    async def funding_rate(self, ask: Asker) -> None:
        """The forecast for the coming settlement."""
        for item in await self._marks(ask):
            with ask.row_guard():
                coming = instant(item["nextFundingTimestamp"], "nextFundingTimestamp")
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=None,
                        endpoint="publicGetApiV1MarkPrices",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                        settles_at=coming,
                        interval_hours=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest first: pages are counted from the newest row, and end before the window."""
        since, until = end_of(ask.days[0]) - DAY, end_of(ask.days[-1])

        async def one(market: Mapping[str, Any]) -> None:
            offset, method = 0, "publicGetApiV1FundingRates"
            reached = ask.clock.now() + DAY
            while True:
                page = await ask.call(method, {"symbol": market["id"], "limit": _PAGE, "offset": offset})
                times = [_utc(item["intervalEndTimestamp"], "intervalEndTimestamp") for item in page]
                for item, at in zip(page, times, strict=True):
                    if not since < at <= until:
                        continue
                    with ask.row_guard():
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
                if not walk_goes_on(ask, len(page) >= _PAGE and oldest > since, oldest < reached):
                    break
                offset, reached = offset + len(page), oldest

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Mark and index, and 24 h volume in coins from the tickers."""
        tickers = await ask.call("publicGetApiV1Tickers")
        volumes = {item.get("symbol"): optional_number(item.get("volume")) for item in tickers}
        for item in await self._marks(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["symbol"],
                        observed_at=None,
                        endpoint="publicGetApiV1MarkPrices",
                        payload=item,
                        mark_price=number(item["markPrice"], "markPrice") or None,
                        index_price=optional_number(item.get("indexPrice")) or None,
                        volume_24h=volumes.get(item["symbol"]),
                    )
                )

    async def borrow_rate(self, ask: Asker) -> None:
        """What the pool charges for each currency."""
        for item in await ask.call("publicGetApiV1BorrowLendMarkets"):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        BorrowRateRow,
                        Dataset.BORROW_RATE,
                        market=item["symbol"],
                        observed_at=_utc(item["timestamp"], "timestamp"),
                        endpoint="publicGetApiV1BorrowLendMarkets",
                        payload=item,
                        currency=item["symbol"],
                        kind="pool",
                        rate=number(item["borrowInterestRate"], f"borrowInterestRate of {item['symbol']}"),
                    )
                )

    async def margin_loan(self, ask: Asker) -> None:
        """What of each currency is in the pool, and what of it is lent out."""
        for item in await ask.call("publicGetApiV1BorrowLendMarkets"):
            for column, measure in _MEASURES.items():
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            MarginLoanRow,
                            Dataset.MARGIN_LOAN,
                            market=item["symbol"],
                            observed_at=_utc(item["timestamp"], "timestamp"),
                            endpoint="publicGetApiV1BorrowLendMarkets",
                            payload=item,
                            currency=item["symbol"],
                            measure=measure.value,
                            side=None,
                            collateral_market=None,
                            amount=number(item[column], f"{column} of {item['symbol']}"),
                        )
                    )

    async def leverage_tier(self, ask: Asker) -> None:
        """The base of both margin functions, as the market list holds them."""
        for market in ask.contracts():
            with ask.row_guard():
                info = market["info"]
                initial = number(info["imfFunction"]["base"], f"imfFunction of {market['id']}")
                ask.keep(
                    ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=market["id"],
                        observed_at=None,
                        endpoint="fetchMarkets",
                        payload={"imfFunction": info["imfFunction"], "mmfFunction": info["mmfFunction"]},
                        tier=1,
                        notional_floor=0.0,
                        notional_cap=None,
                        initial_margin_rate=initial,
                        maintenance_margin_rate=number(info["mmfFunction"]["base"], "mmfFunction"),
                        max_leverage=1 / initial if initial else None,
                    )
                )


def _utc(value: object, what: str) -> datetime:
    """An instant from an ISO time, which the venue sends in UTC and without a zone."""
    try:
        return datetime.fromisoformat(str(value).removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError as problem:
        message = f"{what} is not a time: {quoted(value)}"
        raise PayloadUnreadable(message) from problem
