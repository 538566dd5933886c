"""Deribit: inverse contracts are counted in dollars, linear ones in coins; options stay out.

Funding runs all the time and is listed by the hour: `interest_1h` is what an hour cost. The `interest_8h`
beside it, which ccxt passes on, is the sum of the last eight hours, so that adding hourly rows of it counts
every hour eight times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import span_milliseconds
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

_DOCS = "https://docs.deribit.com/api-reference/market-data"
_HOUR_MS = 3_600_000
_WINDOW_MS = 30 * 24 * _HOUR_MS  # 720 hourly rows; the venue answers at most 744


class Deribit(Venue):
    """Perpetuals and dated futures settled in coins or stablecoins. Combinations of two futures stay out."""

    name = "deribit"
    ccxt_id = "deribit"
    title = "Deribit"
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(20, 1), "get_instruments": Limit(1, 1)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/public-get_instruments",
            note="ccxt lists combinations of two futures as quanto futures: they are left out",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit={Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.USD},
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/public-get_book_summary_by_currency",
            note="one call a settlement currency; ccxt calls the coins of linear perpetuals a value",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="per_symbol",
            history_days=3650,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/public-get_funding_rate_history",
            note="interest_1h of hourly rows; paid continuously, so that there is no forecast",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/public-get_book_summary_by_currency",
            note="estimated_delivery_price is the index but for the half hour before an expiry at 08:00 UTC",
        ),
        Dataset.BORROW_RATE: Unsupported("the venue lends no money against collateral"),
        Dataset.MARGIN_LOAN: Unsupported("the venue lends no money against collateral"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are not published"),
        Dataset.LEVERAGE_TIER: Unsupported("margins rise smoothly with size by a formula; there is no table"),
        Dataset.LIQUIDATION: Unsupported(
            "a flag of single trades in the list of all trades; bankruptcies are losses and not orders"
        ),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the fund stands on a web page and behind no call"),
    }

    async def markets(self, ask: Asker) -> None:
        """Perpetuals and dated futures; hours of funding are those of the history's rows."""
        for market in ask.listed:
            if market["info"]["kind"] != "future":
                continue
            with ask.row_guard():
                ask.keep(self._market_row(ask, market, 1.0 if market["swap"] else None))

    async def _summaries(self, ask: Asker) -> list[Mapping[str, Any]]:
        """One row a future, one call a settlement currency."""
        found: list[Mapping[str, Any]] = []

        async def one(currency: str) -> None:
            asked = {"currency": currency, "kind": "future"}
            found.extend((await ask.call("publicGetGetBookSummaryByCurrency", asked))["result"])

        futures = [market for market in ask.contracts() if market["info"]["kind"] == "future"]
        await ask.each(sorted({market["settleId"] for market in futures}), one)
        return found

    async def open_interest(self, ask: Asker) -> None:
        """Dollars of inverse contracts, coins of linear ones."""
        for item in await self._summaries(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=ask.market(item["instrument_name"])["id"],
                        observed_at=instant(item["creation_timestamp"], "creation_timestamp"),
                        endpoint="publicGetGetBookSummaryByCurrency",
                        payload=item,
                        amount=number(item["open_interest"], f"open interest of {item['instrument_name']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What each hour cost, in windows that one answer holds."""
        since, until = span_milliseconds(ask.days)
        windows = [(start, min(start + _WINDOW_MS, until)) for start in range(since, until, _WINDOW_MS)]

        async def one(market: Mapping[str, Any]) -> None:
            method = "publicGetGetFundingRateHistory"
            for start, end in windows:
                # both bounds are inclusive
                asked = {
                    "instrument_name": market["id"],
                    "start_timestamp": start + 1,
                    "end_timestamp": end,
                }
                for item in (await ask.call(method, asked))["result"]:
                    if not start < int(item["timestamp"]) <= end:
                        continue
                    with ask.row_guard():
                        at = instant(item["timestamp"], "timestamp")
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
                                funding_rate=signed_number(item["interest_1h"], "interest_1h"),
                                settles_at=at,
                                interval_hours=1.0,
                            )
                        )

        await ask.each(ask.contracts(swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark price, index and 24 h volume in coins from the call that gives open interest."""
        for item in await self._summaries(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=ask.market(item["instrument_name"])["id"],
                        observed_at=instant(item["creation_timestamp"], "creation_timestamp"),
                        endpoint="publicGetGetBookSummaryByCurrency",
                        payload=item,
                        mark_price=number(item["mark_price"], "mark_price") or None,
                        index_price=optional_number(item.get("estimated_delivery_price")) or None,
                        volume_24h=optional_number(item.get("volume")),
                    )
                )
