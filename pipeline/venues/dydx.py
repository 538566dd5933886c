"""dYdX: perpetuals of the v4 chain as its indexer shows them, counted in coins and settled in USDC each hour.

One call answers listing, open interest, price and forecast of every market, and names no time. Amounts are of
the indexer; the chain itself is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import DAY, end_of
from pipeline.errors import PayloadUnreadable
from pipeline.keys import quoted
from pipeline.records import (
    Dataset,
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
    number,
    optional_number,
    signed_number,
    walk_goes_on,
)
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://docs.dydx.xyz/indexer-client/http"
_MARKETS = f"{_DOCS}#get-perpetual-markets"
_PAGE = 1000
_INTERVAL_HOURS = 1.0


class Dydx(Venue):
    """Every market is a perpetual against USDC; prices are quoted in dollars."""

    name = "dydx"
    ccxt_id = "dydx"
    title = "dYdX"
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(100, 10)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_MARKETS,
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=_MARKETS,
            note="52.0691 of BTC-USD in ccxt's example is plausible in coins only; ccxt itself reads none",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}#get-historical-funding",
            note="rates are for the hour they are paid each; a settlement is stamped with its block's time",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.QUOTE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=_MARKETS,
            note="positions are marked at the oracle price, which is an index; volume24H counts dollars",
        ),
        Dataset.BORROW_RATE: Unsupported("the chain lends nothing"),
        Dataset.MARGIN_LOAN: Unsupported("the chain lends nothing"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit=Unit.QUOTE,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_MARKETS,
            note="the same for every size; the initial margin grows with the open interest of the market",
        ),
        Dataset.LIQUIDATION: Unsupported("liquidations are fills of accounts, and in no call of a market"),
        Dataset.WALLET_POSITION: Unsupported(
            "accounts can be read by their address, which is not done here yet"
        ),
        Dataset.INSURANCE_FUND: Unsupported("the fund is an account of the chain, which is not asked"),
    }

    async def _open(self, ask: Asker) -> list[Mapping[str, Any]]:
        """The row of every market that is active."""
        listed = {market["id"] for market in ask.contracts()}
        answer = await ask.call("indexerGetPerpetualMarkets")
        return [item for item in answer["markets"].values() if item["ticker"] in listed]

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """An hour for all: the protocol's funding epoch."""
        return {market["id"]: _INTERVAL_HOURS for market in ask.listed}

    async def open_interest(self, ask: Asker) -> None:
        """Coins, all markets in one call."""
        for item in await self._open(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["ticker"],
                        observed_at=None,
                        endpoint="indexerGetPerpetualMarkets",
                        payload=item,
                        amount=number(item["openInterest"], f"open interest of {item['ticker']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The forecast for the end of the running hour."""
        for item in await self._open(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["ticker"],
                        observed_at=None,
                        endpoint="indexerGetPerpetualMarkets",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["nextFundingRate"], "nextFundingRate"),
                        settles_at=None,
                        interval_hours=_INTERVAL_HOURS,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first: the end of the window moves back to its start."""
        since, until = end_of(ask.days[0]) - DAY, end_of(ask.days[-1])

        async def one(market: Mapping[str, Any]) -> None:
            # blocks come some milliseconds after the hour
            before, method = until.replace(minute=1), "indexerGetHistoricalFundingMarket"
            while True:
                asked = {"market": market["id"], "limit": _PAGE, "effectiveBeforeOrAt": before.isoformat()}
                page = (await ask.call(method, asked))["historicalFunding"]
                times = [_instant(item["effectiveAt"]) for item in page]
                for item, at in zip(page, times, strict=True):
                    if not since < at <= before:
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
                                funding_rate=signed_number(item["rate"], "rate"),
                                settles_at=at,
                                interval_hours=_INTERVAL_HOURS,
                            )
                        )
                oldest = min(times, default=since)
                if not walk_goes_on(ask, len(page) >= _PAGE and oldest > since, oldest < before):
                    break
                before = oldest

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """The oracle price, which is mark and index, and 24 h volume in dollars."""
        for item in await self._open(ask):
            with ask.row_guard():
                oracle = number(item["oraclePrice"], f"oraclePrice of {item['ticker']}") or None
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["ticker"],
                        observed_at=None,
                        endpoint="indexerGetPerpetualMarkets",
                        payload=item,
                        mark_price=oracle,
                        index_price=oracle,
                        volume_24h=optional_number(item.get("volume24H")),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """One step a market."""
        for item in await self._open(ask):
            with ask.row_guard():
                initial = number(item["initialMarginFraction"], "initialMarginFraction")
                ask.keep(
                    ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=item["ticker"],
                        observed_at=None,
                        endpoint="indexerGetPerpetualMarkets",
                        payload=item,
                        tier=1,
                        notional_floor=0.0,
                        notional_cap=None,
                        initial_margin_rate=initial,
                        maintenance_margin_rate=number(item["maintenanceMarginFraction"], "maintenance"),
                        max_leverage=1 / initial if initial else None,
                    )
                )


def _instant(value: object) -> datetime:
    """An instant from an ISO time with its zone."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as problem:
        message = f"effectiveAt is not a time: {quoted(value)}"
        raise PayloadUnreadable(message) from problem
    if at.tzinfo is None:
        message = f"effectiveAt has no zone: {quoted(value)}"
        raise PayloadUnreadable(message)
    return at
