"""Bitget: every amount is coins of the base, also of contracts that are margined in coins.

One call a product type answers open interest, price and volume of every market, another the coming funding
rate with its interval. Contracts for practice (quoted in SUSDT, SUSDC, SUSD) stand in the same market list
and stay out. Ratios, margin tables, forced orders and reserves are in `_bitget_risk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import milliseconds, span_milliseconds
from pipeline.records import (
    BorrowRateRow,
    Dataset,
    FundingKind,
    FundingRateRow,
    OpenInterestRow,
    PriceRow,
    Stamp,
    Unit,
)
from pipeline.venues._bitget_risk import DOCS, PRODUCTS, RISK_REPORTS, BitgetRisk, contracts_of, subject
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

_PAGE = 100
# The coins that hold most of the venue's borrowing: a call names one.
_BORROWED = ("USDT", "USDC", "BTC", "ETH")


class Bitget(BitgetRisk, Venue):
    """Perpetuals and dated futures settled in USDT, USDC or coins."""

    name = "bitget"
    ccxt_id = "bitget"
    title = "Bitget"
    ccxt_options: ClassVar[Mapping[str, Any]] = {"fetchMarkets": {"types": ["swap"]}}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/contract/market/Get-All-Symbols-Contracts",
            note="ccxt lists contracts for practice beside the real ones; amounts need no contract size",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{DOCS}/contract/market/Get-All-Symbol-Ticker",
            note="holdingAmount is coins for every product type; no history",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/contract/market/Get-Current-Funding-Rate",
            note="settled rates one market a call, by pages from the newest; the depth is not documented",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{DOCS}/contract/market/Get-All-Symbol-Ticker",
        ),
        Dataset.BORROW_RATE: Reports(
            unit=Unit.RATE_PER_DAY,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="per_currency",
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/uta/public/Get-Margin-Loans",
            note="USDT, USDC, BTC and ETH; ccxt asks for a key unless told to use the unified account",
        ),
        Dataset.MARGIN_LOAN: Unsupported("only growth rates of borrowing are public, no amount"),
        **RISK_REPORTS,
    }

    async def markets(self, ask: Asker) -> None:
        """Every contract that is traded with money."""
        for market in ask.listed:
            if market["quoteId"] in PRODUCTS:
                with ask.row_guard():
                    hours = optional_number(market["info"].get("fundInterval")) or None
                    ask.keep(self._market_row(ask, market, hours if market["swap"] else None))

    async def _tickers(self, ask: Asker) -> list[dict[str, Any]]:
        method = "publicMixGetV2MixMarketTickers"
        answers = [await ask.call(method, {"productType": product}) for product in PRODUCTS.values()]
        return [item for answer in answers for item in answer["data"]]

    async def open_interest(self, ask: Asker) -> None:
        """Coins, every market of a product type in one call."""
        for item in await self._tickers(ask):
            with ask.row_guard():
                row = ask.row(
                    OpenInterestRow,
                    Dataset.OPEN_INTEREST,
                    market=ask.market(item["symbol"])["id"],
                    observed_at=instant(item["ts"], "ts"),
                    endpoint="publicMixGetV2MixMarketTickers",
                    payload=item,
                    amount=number(item["holdingAmount"], f"holdingAmount of {item['symbol']}"),
                    own_usd=None,
                )
                ask.keep(row)

    async def funding_rate(self, ask: Asker) -> None:
        """The rate that the coming settlement will use, every perpetual of a product type in one call."""
        method = "publicMixGetV2MixMarketCurrentFundRate"
        for product in PRODUCTS.values():
            answer = await ask.call(method, {"productType": product})
            for item in answer["data"]:
                with ask.row_guard():
                    row = ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=ask.market(item["symbol"])["id"],
                        observed_at=instant(answer["requestTime"], "requestTime"),
                        endpoint=method,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                        settles_at=instant(item["nextUpdate"], "nextUpdate"),
                        interval_hours=number(item["fundingRateInterval"], "fundingRateInterval"),
                    )
                    ask.keep(row)

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first: turn pages until the window's start."""
        since, until = span_milliseconds(ask.days)
        method = "publicMixGetV2MixMarketHistoryFundRate"

        async def one(market: Mapping[str, Any]) -> None:
            page_number, before = 1, None
            while True:
                asked = {**subject(market), "pageSize": _PAGE, "pageNo": page_number}
                page = (await ask.call(method, asked))["data"]
                for item in page:
                    with ask.row_guard():
                        at = instant(item["fundingTime"], "fundingTime")
                        if not since <= milliseconds(at) <= until:
                            continue
                        row = ask.row(
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
                        ask.keep(row)
                oldest = min((int(item["fundingTime"]) for item in page), default=since)
                is_further = before is None or oldest < before
                if not walk_goes_on(ask, len(page) >= _PAGE and oldest > since, is_further):
                    break
                page_number, before = page_number + 1, oldest

        await ask.each(contracts_of(ask, swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and 24 h volume in coins, every market of a product type in one call."""
        for item in await self._tickers(ask):
            with ask.row_guard():
                row = ask.row(
                    PriceRow,
                    Dataset.PRICE,
                    market=ask.market(item["symbol"])["id"],
                    observed_at=instant(item["ts"], "ts"),
                    endpoint="publicMixGetV2MixMarketTickers",
                    payload=item,
                    mark_price=number(item["markPrice"], "markPrice") or None,
                    index_price=optional_number(item.get("indexPrice")) or None,
                    volume_24h=optional_number(item.get("baseVolume")),
                )
                ask.keep(row)

    async def borrow_rate(self, ask: Asker) -> None:
        """What a day of borrowing costs in the unified account, one coin a call."""
        method = "publicUtaGetV3MarketMarginLoans"

        async def one(coin: str) -> None:
            answer = await ask.call(method, {"coin": coin})
            with ask.row_guard():
                row = ask.row(
                    BorrowRateRow,
                    Dataset.BORROW_RATE,
                    market=coin,
                    observed_at=instant(answer["requestTime"], "requestTime"),
                    endpoint=method,
                    payload=answer["data"],
                    currency=coin,
                    kind="cross",
                    rate=number(answer["data"]["dailyInterest"], f"dailyInterest of {coin}"),
                )
                ask.keep(row)

        await ask.each(_BORROWED, one)
