"""Crypto.com: one call answers open interest and volume; marks, indices and rates are one call an instrument.

Funding is paid every hour, each hour of a four-hour interval at the rate called `funding_rate`. The
`estimated_funding_rate` that ccxt passes on is of the interval after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import span_milliseconds
from pipeline.records import (
    Dataset,
    FundingKind,
    FundingRateRow,
    InsuranceFundRow,
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
    from datetime import datetime

    from pipeline.venues.asker import Asker

_DOCS = "https://exchange-docs.crypto.com/exchange/v1/rest-ws/index.html"
_TICKERS, _VALUATIONS = "v1PublicGetPublicGetTickers", "v1PublicGetPublicGetValuations"
_INSURANCE = "v1PublicGetPublicGetInsurance"
_PAGE = 300


class CryptoCom(Venue):
    """Perpetuals and dated futures, all linear and settled in USD. Warrants stay out."""

    name = "cryptocom"
    ccxt_id = "cryptocom"
    title = "Crypto.com"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}#public-get-instruments",
            note="no listing times; ccxt reads contract_size, which is one coin in the examples",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#public-get-tickers",
            note="no unit is named; oi has the decimals of a quantity, as the volume beside it",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            history_days=30,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}#public-get-valuations",
            note="an hourly rate; how far the list reaches back is not said, 30 days is its own default",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#public-get-valuations",
            note="vv over v is the price in ccxt's example of a contract of one coin",
        ),
        Dataset.BORROW_RATE: Unsupported("rates of borrowing are in no public call"),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Unsupported("margins rise with size by a formula; there is no table of steps"),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Reports(
            unit=Unit.CURRENCY,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="per_currency",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}#public-get-insurance",
            note="asked of every currency that contracts settle in",
        ),
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Every perpetual is settled hourly, by the documentation."""
        return {market["id"]: 1.0 for market in ask.contracts(swap=True)}

    async def open_interest(self, ask: Asker) -> None:
        """Contracts, all markets in one call."""
        listed = {market["id"] for market in ask.contracts()}
        for item in (await ask.call(_TICKERS))["result"]["data"]:
            if item["i"] not in listed:
                continue
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["i"],
                        observed_at=instant(item["t"], "t"),
                        endpoint=_TICKERS,
                        payload=item,
                        amount=number(item["oi"], f"open interest of {item['i']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The rate of every hour of the running interval."""

        async def one(market: Mapping[str, Any]) -> None:
            for item in await _valuations(ask, market["id"], "funding_rate", count=1):
                ask.keep(_funding(ask, market, item, FundingKind.PREDICTED, None))

        await ask.each(ask.contracts(swap=True), one)

    async def funding_rate_history(self, ask: Asker) -> None:
        """What each hour cost, newest page first: the end of the window moves back to its start."""
        since, until = span_milliseconds(ask.days)

        async def one(market: Mapping[str, Any]) -> None:
            end = until + 1  # whether the bound belongs to the window is not said
            while True:
                window = {"start_ts": since, "end_ts": end, "count": _PAGE}
                page = await _valuations(ask, market["id"], "funding_hist", **window)
                times = [int(item["t"]) for item in page]
                for item, time in zip(page, times, strict=True):
                    if not since < time <= min(end, until):
                        continue
                    with ask.row_guard():
                        settled = instant(time, "t")
                        ask.keep(_funding(ask, market, item, FundingKind.SETTLED, settled))
                oldest = min(times, default=since)
                if not walk_goes_on(ask, oldest > since, oldest <= end):
                    break
                end = oldest - 1

        await ask.each(ask.contracts(swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark and index of the minute; 24 h volume in contracts from the call that gives open interest."""
        tickers = {item["i"]: item for item in (await ask.call(_TICKERS))["result"]["data"]}

        async def one(market: Mapping[str, Any]) -> None:
            marks = await _valuations(ask, market["id"], "mark_price", count=1)
            index_name = market["info"].get("underlying_symbol")
            indices = await _valuations(ask, index_name, "index_price", count=1) if index_name else []
            ticker = tickers.get(market["id"], {})
            for mark in marks:
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=market["id"],
                        observed_at=instant(mark["t"], "t"),
                        endpoint=_VALUATIONS,
                        payload={"mark_price": mark, "index_price": indices, "ticker": ticker},
                        mark_price=number(mark["v"], "mark_price") or None,
                        index_price=number(indices[0]["v"], "index_price") or None if indices else None,
                        volume_24h=optional_number(ticker.get("v")),
                    )
                )

        await ask.each(ask.contracts(), one)

    async def insurance_fund(self, ask: Asker) -> None:
        """The last balance of each currency."""

        async def one(currency: str) -> None:
            answer = await ask.call(_INSURANCE, {"instrument_name": currency, "count": 1})
            for item in answer["result"]["data"]:
                ask.keep(
                    ask.row(
                        InsuranceFundRow,
                        Dataset.INSURANCE_FUND,
                        market=currency,
                        observed_at=instant(item["t"], "t"),
                        endpoint=_INSURANCE,
                        payload=item,
                        currency=currency,
                        balance=number(item["v"], f"balance of {currency}"),
                    )
                )

        await ask.each(sorted({market["settleId"] for market in ask.contracts()}), one)


async def _valuations(ask: Asker, name: str, kind: str, **more: int) -> list[Mapping[str, Any]]:
    answer = await ask.call(_VALUATIONS, {"instrument_name": name, "valuation_type": kind, **more})
    return list(answer["result"]["data"])


def _funding(
    ask: Asker,
    market: Mapping[str, Any],
    item: Mapping[str, Any],
    kind: FundingKind,
    settled: datetime | None,
) -> FundingRateRow:
    return ask.row(
        FundingRateRow,
        Dataset.FUNDING_RATE,
        market=market["id"],
        observed_at=instant(item["t"], "t"),
        endpoint=_VALUATIONS,
        payload=item,
        is_backfilled=settled is not None and ask.is_backfill,
        kind=kind.value,
        funding_rate=signed_number(item["v"], "v"),
        settles_at=settled,
        interval_hours=1.0,
    )
