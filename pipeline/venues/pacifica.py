"""Pacifica: one call answers open interest, price and the coming rate of all perpetuals, in coins.

`funding` is what the hour before cost and `next_funding` what the running hour will: ccxt hands out the first
as the coming rate. Rows of past funding are stamped a little after the hour they settle.
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
)

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://docs.pacifica.fi/api-documentation/api/rest-api/markets"
_PRICES, _HISTORY = "publicGetInfoPrices", "publicGetFundingRateHistory"
_HOUR_MS = 3_600_000
_PAGE = 1000


class Pacifica(Venue):
    """Perpetuals settled in USDC."""

    name = "pacifica"
    ccxt_id = "pacifica"
    title = "Pacifica"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/get-market-info",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/get-prices",
            note="the documentation's 0.00524 BTC is less than the smallest order if it counts dollars",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=30,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/get-prices",
            note="an hour's rate; settled rates are one call a market, how far back is not said",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.QUOTE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/get-prices",
            note="the oracle price is the index; volume counts dollars",
        ),
        Dataset.BORROW_RATE: Unsupported("a call loan_pool exists; nothing says what it answers"),
        Dataset.MARGIN_LOAN: Unsupported("a call loan_pool exists; nothing says what it answers"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Unsupported("only the largest leverage of a market is listed"),
        Dataset.LIQUIDATION: Unsupported("forced orders are marked in the list of recent trades only"),
        Dataset.WALLET_POSITION: Unsupported(
            "accounts can be read by their address, which is not done here yet"
        ),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no public call"),
    }

    def max_leverage(self, market: Mapping[str, Any]) -> float | None:
        """As sent: ccxt cuts it down to a whole number."""
        return optional_number(market["info"].get("max_leverage"))

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Every perpetual is settled hourly, by the documentation."""
        return {market["id"]: 1.0 for market in ask.contracts()}

    async def _prices(self, ask: Asker) -> list[Mapping[str, Any]]:
        listed = {market["id"] for market in ask.contracts()}
        return [item for item in (await ask.call(_PRICES))["data"] if item["symbol"] in listed]

    async def open_interest(self, ask: Asker) -> None:
        """Coins, all perpetuals in one call."""
        for item in await self._prices(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["symbol"],
                        observed_at=instant(item["timestamp"], "timestamp"),
                        endpoint=_PRICES,
                        payload=item,
                        amount=number(item["open_interest"], f"open interest of {item['symbol']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The estimate for the end of the running hour."""
        for item in await self._prices(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=instant(item["timestamp"], "timestamp"),
                        endpoint=_PRICES,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["next_funding"], "next_funding"),
                        settles_at=None,
                        interval_hours=1.0,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What each hour cost, newest page first."""
        since, until = span_milliseconds(ask.days)

        async def one(market: Mapping[str, Any]) -> None:
            asked = {"symbol": market["id"], "limit": _PAGE}
            seen: set[object] = set()
            while True:
                answer = await ask.call(_HISTORY, asked)
                times = [_hour(item) for item in answer["data"]]
                for item, at in zip(answer["data"], times, strict=True):
                    if not since < milliseconds(at) <= until:
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
                                interval_hours=1.0,
                            )
                        )
                cursor = answer.get("next_cursor")
                # a cursor that comes again would repeat for ever
                if not times or milliseconds(min(times)) <= since or not answer.get("has_more"):
                    break
                if not cursor or cursor in seen:
                    break
                seen.add(cursor)
                asked = {**asked, "cursor": cursor}

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Mark, oracle price and 24 h volume in dollars from the call that gives open interest."""
        for item in await self._prices(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["symbol"],
                        observed_at=instant(item["timestamp"], "timestamp"),
                        endpoint=_PRICES,
                        payload=item,
                        mark_price=number(item["mark"], "mark") or None,
                        index_price=number(item["oracle"], "oracle") or None,
                        volume_24h=number(item["volume_24h"], "volume_24h"),
                    )
                )


def _hour(item: Mapping[str, Any]) -> datetime:
    """The hour that a row settles: the one its time follows by seconds."""
    created = milliseconds(instant(item["created_at"], "created_at"))
    return from_milliseconds(created // _HOUR_MS * _HOUR_MS)
