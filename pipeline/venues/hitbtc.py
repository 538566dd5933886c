"""HitBTC: one call answers open interest, prices and the coming rate of all perpetuals, in coins.

ccxt hands the coins out as a value. Times are words; rows of past funding are stamped milliseconds after the
settlement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import from_milliseconds, milliseconds, span_milliseconds
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

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://api.hitbtc.com/"
_INFO, _HISTORY = "publicGetPublicFuturesInfo", "publicGetPublicFuturesHistoryFundingSymbol"
_LAST_PAID, _TICKERS = "publicGetPublicFuturesHistoryFunding", "publicGetPublicTicker"
_HOUR_MS = 3_600_000
_PAGE = 1000


class HitBtc(Venue):
    """Perpetuals, linear. A dated future would be misread by ccxt as a perpetual: it stays out."""

    name = "hitbtc"
    ccxt_id = "hitbtc"
    title = "HitBTC"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#symbols",
            note="no listing times; a contract is one coin",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#futures-info",
            note="94.1503 of BTC in the example; ccxt calls it a value",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#funding-history",
            note="settled rates are one call a market; hours run from the last to the coming settlement",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#futures-info",
            note="volume is of the tickers, where volume_quote stands beside it",
        ),
        Dataset.BORROW_RATE: Unsupported("rates of borrowing are in no public call"),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Unsupported("only the largest leverage of a market is listed"),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no public call"),
    }

    async def markets(self, ask: Asker) -> None:
        """Perpetuals."""
        intervals = await self.funding_intervals(ask)
        for market in _perpetuals(ask):
            with ask.row_guard():
                ask.keep(self._market_row(ask, market, intervals.get(market["id"])))

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """From the last settlement of each market to the one it names as the next."""
        found = {}
        for market, rows in (await ask.call(_LAST_PAID, {"limit": 1, "sort": "DESC"})).items():
            for item in rows[:1]:
                with ask.row_guard():
                    coming = milliseconds(_instant(item["next_funding_time"]))
                    found[market] = (coming - milliseconds(_settled(item))) / _HOUR_MS
        return found

    async def _info(self, ask: Asker) -> list[tuple[str, Mapping[str, Any]]]:
        listed = {market["id"] for market in _perpetuals(ask)}
        return [(name, item) for name, item in (await ask.call(_INFO)).items() if name in listed]

    async def open_interest(self, ask: Asker) -> None:
        """Coins, all perpetuals in one call."""
        for market, item in await self._info(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=market,
                        observed_at=_instant(item["timestamp"]),
                        endpoint=_INFO,
                        payload=item,
                        amount=number(item["open_interest"], f"open interest of {market}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The rate of the coming settlement; `indicative...` is of the one after it."""
        intervals = await self.funding_intervals(ask)
        for market, item in await self._info(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=market,
                        observed_at=_instant(item["timestamp"]),
                        endpoint=_INFO,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["funding_rate"], "funding_rate"),
                        settles_at=_instant(item["next_funding_time"]),
                        interval_hours=intervals.get(market),
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first: the end of the window moves back to its start."""
        since, until = span_milliseconds(ask.days)

        async def one(market: Mapping[str, Any]) -> None:
            end = until + _HOUR_MS - 1  # rows are stamped after the hour they settle
            while True:
                window = {"from": since, "till": end, "limit": _PAGE, "sort": "DESC"}
                page = await ask.call(_HISTORY, {"symbol": market["id"], **window})
                times = [milliseconds(_instant(item["timestamp"])) for item in page]
                for item, time in zip(page, times, strict=True):
                    at = _settled(item)
                    if time > end or not since < milliseconds(at) <= until:
                        continue
                    with ask.row_guard():
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
                                funding_rate=signed_number(item["funding_rate"], "funding_rate"),
                                settles_at=at,
                                interval_hours=None,
                            )
                        )
                oldest = min(times, default=since)
                if not walk_goes_on(ask, len(page) >= _PAGE and oldest > since, oldest <= end):
                    break
                end = oldest - 1

        await ask.each(_perpetuals(ask), one)

    async def price(self, ask: Asker) -> None:
        """Mark and index from the call that gives open interest, 24 h volume in coins from the tickers."""
        tickers = await ask.call(_TICKERS)
        for market, item in await self._info(ask):
            with ask.row_guard():
                ticker = tickers.get(market, {})
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=market,
                        observed_at=_instant(item["timestamp"]),
                        endpoint=_INFO,
                        payload={"info": item, "ticker": ticker},
                        mark_price=number(item["mark_price"], "mark_price") or None,
                        index_price=number(item["index_price"], "index_price") or None,
                        volume_24h=optional_number(ticker.get("volume")),
                    )
                )


def _perpetuals(ask: Asker) -> list[Mapping[str, Any]]:
    return [market for market in ask.contracts(swap=True) if market["info"].get("expiry") is None]


def _settled(item: Mapping[str, Any]) -> datetime:
    """The hour that a row of past funding follows by milliseconds."""
    return from_milliseconds(milliseconds(_instant(item["timestamp"])) // _HOUR_MS * _HOUR_MS)


def _instant(value: object) -> datetime:
    """A time in words, as 2024-12-20T08:00:00.000Z."""
    return instant(milliseconds(datetime.fromisoformat(str(value))), "time")
