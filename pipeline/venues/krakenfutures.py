"""Kraken Futures: multi-collateral contracts count coins, coin-margined ones dollars.

Keyless. One call of tickers holds open interest, marks and volumes of all markets. Its funding rate is
absolute (money for each unit and hour; ccxt divides it by the mark, which is wrong where a contract is
inverse): only the history has the relative one, and forecasts are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import milliseconds, span_milliseconds
from pipeline.records import (
    Dataset,
    Direction,
    FundingKind,
    FundingRateRow,
    LeverageTierRow,
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

_DOCS = "https://docs.kraken.com/api/docs/futures-api/trading"


class KrakenFutures(Venue):
    """Perpetuals and dated futures in dollars, with many collaterals or with the coin itself."""

    name = "krakenfutures"
    ccxt_id = "krakenfutures"
    title = "Kraken Futures"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-instruments",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit={Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.CONTRACTS},
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-tickers",
            note="coins are recorded (PF_DOGEUSD), contracts of a dollar documented; ccxt has no such call",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            history_days=3650,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/historical-funding-rates",
            note="relativeFundingRate; one call answers a market's whole life, and no window can be asked",
        ),
        Dataset.PRICE: Reports(
            unit={Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.CONTRACTS},
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-tickers",
        ),
        Dataset.BORROW_RATE: Unsupported("futures only: spot margin is another venue of Kraken's"),
        Dataset.MARGIN_LOAN: Unsupported("futures only: spot margin is another venue of Kraken's"),
        Dataset.LONG_SHORT_RATIO: Unsupported("ccxt has no call for the charts' analytics that hold it"),
        Dataset.LEVERAGE_TIER: Reports(
            unit={Direction.LINEAR: Unit.QUOTE, Direction.INVERSE: Unit.CONTRACTS},
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/get-instruments",
            note="levels of professional clients; a level ends where the next begins",
        ),
        Dataset.LIQUIDATION: Unsupported("trades of one market at a time name them, and go back a page only"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("no recorded answer shows what the liquidity pool's call counts"),
    }

    async def _tickers(self, ask: Asker) -> tuple[datetime, Iterator[dict[str, Any]]]:
        """The server's clock and the rows of markets: indexes stand among them without a mark."""
        answer = await ask.call("publicGetTickers")
        rows = (item for item in answer["tickers"] if item.get("markPrice") is not None)
        return _time(answer["serverTime"]), rows

    async def open_interest(self, ask: Asker) -> None:
        """Coins, or contracts where inverse, all markets in one call."""
        at, rows = await self._tickers(ask)
        for item in rows:
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=ask.market(item["symbol"])["id"],
                        observed_at=at,
                        endpoint="publicGetTickers",
                        payload=item,
                        amount=number(item["openInterest"], f"openInterest of {item['symbol']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid each hour, one perpetual a call."""
        since, until = span_milliseconds(ask.days)
        method = "publicGetHistoricalfundingrates"

        async def one(market: Mapping[str, Any]) -> None:
            for item in (await ask.call(method, {"symbol": market["id"]}))["rates"]:
                with ask.row_guard():
                    at = _time(item["timestamp"])
                    if not since <= milliseconds(at) <= until:
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
                            funding_rate=signed_number(item["relativeFundingRate"], "relativeFundingRate"),
                            settles_at=at,
                            interval_hours=None,
                        )
                    )

        await ask.each(ask.contracts(swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and the day's fills, all markets in one call."""
        at, rows = await self._tickers(ask)
        for item in rows:
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=ask.market(item["symbol"])["id"],
                        observed_at=at,
                        endpoint="publicGetTickers",
                        payload=item,
                        mark_price=number(item["markPrice"], "markPrice") or None,
                        index_price=optional_number(item.get("indexPrice")) or None,
                        volume_24h=optional_number(item.get("vol24h")),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """The margin levels in the list of instruments, in quote or, where inverse, in contracts."""
        method = "publicGetInstruments"
        listed = {market["id"] for market in ask.contracts()}
        for instrument in (await ask.call(method))["instruments"]:
            if instrument.get("symbol") not in listed:
                continue
            levels = instrument.get("marginLevels") or []
            floors = [level.get("numNonContractUnits", level.get("contracts")) for level in levels]
            for place, (level, floor) in enumerate(zip(levels, floors, strict=True)):
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            LeverageTierRow,
                            Dataset.LEVERAGE_TIER,
                            market=instrument["symbol"],
                            observed_at=None,
                            endpoint=method,
                            payload=level,
                            tier=place + 1,
                            notional_floor=number(floor, "floor of a margin level"),
                            notional_cap=optional_number(floors[place + 1])
                            if place + 1 < len(levels)
                            else None,
                            initial_margin_rate=optional_number(level.get("initialMargin")),
                            maintenance_margin_rate=optional_number(level.get("maintenanceMargin")),
                            max_leverage=None,
                        )
                    )


def _time(value: object) -> datetime:
    """An instant the venue writes as text, 2026-02-08T17:33:58.322Z."""
    return instant(milliseconds(datetime.fromisoformat(str(value))), "time")
