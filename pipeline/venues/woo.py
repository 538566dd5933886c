"""WOO X: one call answers open interest, price and volume of all perpetuals in coins, one the next rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import span_milliseconds
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

_DOCS = "https://developer.woox.io/api-reference/endpoint/public_data"
_FUTURES, _RATES = "v3PublicGetFutures", "v3PublicGetFundingRate"
_HISTORY = "v3PublicGetFundingRateHistory"


class Woo(Venue):
    """Perpetuals settled in USDT."""

    name = "woo"
    ccxt_id = "woo"
    title = "WOO X"
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(10, 1)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/instruments",
            note="no listing times; a contract is one coin of the base as listed",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/futures",
            note="221.3498 of BTC in the example, with the decimals of its coins; ccxt reads none",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/fundingRate",
            note="settled rates are one call a market and 25 rows",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/futures",
            note="24hAmount over 24hVolume is the price in the example",
        ),
        Dataset.BORROW_RATE: Unsupported("rates of borrowing are in no public call"),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Unsupported("margins rise with size by a formula; there is no table of steps"),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("a call insuranceFund exists; nothing says what it answers"),
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """estFundingIntervalHours: between the last settlement and the coming one."""
        found = {item["symbol"]: item for item in (await ask.call(_RATES))["data"]["rows"]}
        hours = {name: optional_number(item.get("estFundingIntervalHours")) for name, item in found.items()}
        return {name: value for name, value in hours.items() if value}

    async def _futures(self, ask: Asker) -> tuple[object, list[Mapping[str, Any]]]:
        """The answer's time and the row of every open perpetual."""
        listed = {market["id"] for market in ask.contracts()}
        answer = await ask.call(_FUTURES)
        return answer["timestamp"], [row for row in answer["data"]["rows"] if row["symbol"] in listed]

    async def open_interest(self, ask: Asker) -> None:
        """Coins, all perpetuals in one call."""
        time, rows = await self._futures(ask)
        for item in rows:
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["symbol"],
                        observed_at=instant(time, "timestamp"),
                        endpoint=_FUTURES,
                        payload=item,
                        amount=number(item["openInterest"], f"open interest of {item['symbol']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The estimate for the coming settlement."""
        listed = {market["id"] for market in ask.contracts()}
        for item in (await ask.call(_RATES))["data"]["rows"]:
            if item["symbol"] not in listed:
                continue
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=instant(item["estFundingRateTimestamp"], "estFundingRateTimestamp"),
                        endpoint=_RATES,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["estFundingRate"], "estFundingRate"),
                        settles_at=instant(item["nextFundingTime"], "nextFundingTime"),
                        interval_hours=optional_number(item.get("estFundingIntervalHours")),
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first: the end of the window moves back to its start."""
        since, until = span_milliseconds(ask.days)

        async def one(market: Mapping[str, Any]) -> None:
            end = until
            while True:
                asked = {"symbol": market["id"], "startTime": since, "endTime": end}
                page = (await ask.call(_HISTORY, asked))["data"]["rows"]
                times = [int(item["fundingRateTimestamp"]) for item in page]
                for item, time in zip(page, times, strict=True):
                    if not since < time <= end:
                        continue
                    with ask.row_guard():
                        at = instant(time, "fundingRateTimestamp")
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
                                funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                                settles_at=at,
                                interval_hours=None,
                            )
                        )
                oldest = min(times, default=since)
                if not walk_goes_on(ask, oldest > since, oldest <= end):
                    break
                end = oldest - 1

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and 24 h volume in coins from the call that gives open interest."""
        time, rows = await self._futures(ask)
        for item in rows:
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["symbol"],
                        observed_at=instant(time, "timestamp"),
                        endpoint=_FUTURES,
                        payload=item,
                        mark_price=number(item["markPrice"], "markPrice") or None,
                        index_price=number(item["indexPrice"], "indexPrice") or None,
                        volume_24h=optional_number(item.get("24hVolume")),
                    )
                )
