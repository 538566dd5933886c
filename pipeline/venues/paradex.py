"""Paradex: perpetuals on a rollup; open interest counts coins, the day's volume dollars.

Keyless. One call sums up every market, options among them. Funding accrues each second into an index: a rate
is a forecast for a whole period, and nothing is settled that could be listed (what ccxt calls a history are
samples of that forecast).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

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

_DOCS = "https://docs.paradex.trade/api/prod/markets"
_METHOD = "publicGetMarketsSummary"


class Paradex(Venue):
    """Perpetual swaps in USD, settled in USDC."""

    name = "paradex"
    ccxt_id = "paradex"
    title = "Paradex"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-markets",
            note="ccxt takes spot pairs for swaps: only what the venue calls PERP is kept",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-markets-summary",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-markets-summary",
            note="the rate of the market's own period, accrued each second: the venue lists no settlements",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.USD,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-markets-summary",
            note="the index is underlying_price, the spot price; volume_24h counts dollars",
        ),
        Dataset.BORROW_RATE: Unsupported("there is no margin lending"),
        Dataset.MARGIN_LOAN: Unsupported("there is no margin lending"),
        Dataset.LONG_SHORT_RATIO: Unsupported("no ratio of longs and shorts is published"),
        Dataset.LEVERAGE_TIER: Unsupported("margin grows along a formula of the size, without steps"),
        Dataset.LIQUIDATION: Unsupported("trades of one market at a time name them among all others"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("no recorded answer shows what the insurance call counts"),
    }

    async def markets(self, ask: Asker) -> None:
        """The perpetuals, with the hours of their funding period."""
        for market in _perpetuals(ask):
            with ask.row_guard():
                hours = number(market["info"]["funding_period_hours"], "funding_period_hours")
                ask.keep(self._market_row(ask, market, hours))

    async def _summaries(self, ask: Asker) -> list[dict[str, Any]]:
        answer = await ask.call(_METHOD, {"market": "ALL"})
        wanted = {market["id"] for market in _perpetuals(ask)}
        return [item for item in answer["results"] if item.get("symbol") in wanted]

    async def open_interest(self, ask: Asker) -> None:
        """Coins of all perpetuals in one call."""
        for item in await self._summaries(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["symbol"],
                        observed_at=instant(item["created_at"], "created_at"),
                        endpoint=_METHOD,
                        payload=item,
                        amount=number(item["open_interest"], f"open_interest of {item['symbol']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The running rate, for the period that the market's listing names."""
        for item in await self._summaries(ask):
            with ask.row_guard():
                info = ask.market(item["symbol"])["info"]
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=instant(item["created_at"], "created_at"),
                        endpoint=_METHOD,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["funding_rate"], "funding_rate"),
                        settles_at=None,
                        interval_hours=number(info["funding_period_hours"], "funding_period_hours"),
                    )
                )

    async def price(self, ask: Asker) -> None:
        """Mark, spot price of the underlying and the day's dollars, all perpetuals in one call."""
        for item in await self._summaries(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["symbol"],
                        observed_at=instant(item["created_at"], "created_at"),
                        endpoint=_METHOD,
                        payload=item,
                        mark_price=number(item["mark_price"], "mark_price") or None,
                        index_price=optional_number(item.get("underlying_price")) or None,
                        volume_24h=optional_number(item.get("volume_24h")),
                    )
                )


def _perpetuals(ask: Asker) -> list[Mapping[str, Any]]:
    return [m for m in ask.contracts(swap=True) if m["info"].get("asset_kind") == "PERP"]
