"""Hyperliquid: one bulk call answers open interest, price and funding, and carries no time.

Open interest counts coins of the listed name (kPEPE counts thousands of PEPE). Funding settles every
hour and the rate is already hourly: dividing by 8 again is a known mistake. Builder-deployed (HIP-3)
markets are separate books and are not collected yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds
from pipeline.errors import PayloadUnreadable
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
from pipeline.venues._hyperliquid_wallets import WALLETS, Wallets
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
from pipeline.venues.plausible import named

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint/perpetuals"
_PAGE = 500
_HOUR_MS = 3_600_000


class Hyperliquid(Wallets, Venue):
    """The main perpetuals exchange, margined in USDC."""

    name = "hyperliquid"
    ccxt_id = "hyperliquid"
    title = "Hyperliquid"
    ccxt_options: ClassVar[Mapping[str, Any]] = {"fetchMarkets": {"types": ["swap"]}}
    # 1,200 of weight a minute and address; a question to /info weighs 20
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(60, 60)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_DOCS,
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=_DOCS,
            note="coins, not dollars; no history",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=3650,
            always_history=True,
            evidence=Evidence.RECORDED,
            link=_DOCS,
            note="hourly; settled rates one coin a call, 500 rows",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.USD,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_DOCS,
            note="dayNtlVlm is dollars",
        ),
        Dataset.BORROW_RATE: Unsupported("no public borrow rate is known"),
        Dataset.MARGIN_LOAN: Unsupported("no public loan amount is known"),
        Dataset.LONG_SHORT_RATIO: Unsupported("the venue counts neither accounts nor positions by side"),
        Dataset.LEVERAGE_TIER: Reports(
            unit=Unit.QUOTE,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link="https://hyperliquid.gitbook.io/hyperliquid-docs/trading/margin-tiers",
            note="leverage by position value; maintenance is half the initial margin at the step's leverage",
        ),
        Dataset.LIQUIDATION: Unsupported("no public call lists forced orders of all accounts"),
        Dataset.INSURANCE_FUND: Unsupported("losses are taken by a vault of depositors, not by a fund"),
        Dataset.WALLET_POSITION: WALLETS,
    }

    def market_id(self, market: Mapping[str, Any]) -> str:
        """The coin's name: ccxt's id is its place in the list and changes its meaning with the list."""
        return named(market["baseName"], "name of a listed coin")

    def max_leverage(self, market: Mapping[str, Any]) -> float | None:
        """As sent: ccxt cuts it down to a whole number."""
        return optional_number(market["info"].get("maxLeverage"))

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Every market settles hourly."""
        return {self.market_id(market): 1.0 for market in ask.contracts(swap=True)}

    async def _contexts(self, ask: Asker) -> Iterator[tuple[str, dict[str, Any]]]:
        answer = await ask.call("publicPostInfo", {"type": "metaAndAssetCtxs"})
        universe, contexts = answer[0]["universe"], answer[1]
        if len(universe) != len(contexts):
            message = f"{len(universe)} coins but {len(contexts)} contexts: rows cannot be matched"
            raise PayloadUnreadable(message)
        return (
            (coin["name"], context)
            for coin, context in zip(universe, contexts, strict=True)
            if not coin.get("isDelisted")
        )

    async def open_interest(self, ask: Asker) -> None:
        """Coins of the listed name, all markets in one call."""
        for coin, context in await self._contexts(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=coin,
                        listed=ask.market(coin),
                        observed_at=None,
                        endpoint="publicPostInfo:metaAndAssetCtxs",
                        payload=context,
                        amount=number(context["openInterest"], f"openInterest of {coin}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The running hourly rate."""
        for coin, context in await self._contexts(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=coin,
                        listed=ask.market(coin),
                        observed_at=None,
                        endpoint="publicPostInfo:metaAndAssetCtxs",
                        payload=context,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(context["funding"], f"funding of {coin}"),
                        settles_at=None,
                        interval_hours=1.0,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid each hour, one coin a call, oldest first."""
        since = milliseconds(end_of(ask.days[0])) - 24 * _HOUR_MS
        until = milliseconds(end_of(ask.days[-1])) + _HOUR_MS // 2  # rows are stamped just after the hour

        async def one(market: Mapping[str, Any]) -> None:
            coin, start = self.market_id(market), since
            while True:
                asked = {"type": "fundingHistory", "coin": coin, "startTime": start, "endTime": until}
                page = await ask.call("publicPostInfo", asked)
                for item in page:
                    with ask.row_guard():
                        at = instant(item["time"], "time")
                        ask.keep(
                            ask.row(
                                FundingRateRow,
                                Dataset.FUNDING_RATE,
                                market=coin,
                                observed_at=at,
                                endpoint="publicPostInfo:fundingHistory",
                                payload=item,
                                is_backfilled=ask.is_backfill,
                                kind=FundingKind.SETTLED.value,
                                funding_rate=signed_number(item["fundingRate"], f"fundingRate of {coin}"),
                                settles_at=at,
                                interval_hours=1.0,
                            )
                        )
                last = max((int(item.get("time", 0)) for item in page), default=0)
                if not walk_goes_on(ask, len(page) >= _PAGE, last >= start):
                    break
                start = last + 1

        await ask.each(ask.contracts(swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark and oracle price, 24 h volume in dollars."""
        for coin, context in await self._contexts(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=coin,
                        listed=ask.market(coin),
                        observed_at=None,
                        endpoint="publicPostInfo:metaAndAssetCtxs",
                        payload=context,
                        mark_price=number(context["markPx"], f"markPx of {coin}") or None,
                        index_price=optional_number(context.get("oraclePx")) or None,
                        volume_24h=optional_number(context.get("dayNtlVlm")),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """The steps of every market's margin table; a market without a table has one step."""
        meta = (await ask.call("publicPostInfo", {"type": "metaAndAssetCtxs"}))[0]
        tables = {key: table["marginTiers"] for key, table in meta.get("marginTables", [])}
        for coin in meta["universe"]:
            if coin.get("isDelisted"):
                continue
            one_step = [{"lowerBound": "0.0", "maxLeverage": coin["maxLeverage"]}]
            steps = tables.get(coin.get("marginTableId"), one_step)
            floors = [optional_number(step["lowerBound"]) for step in steps]
            for place, step in enumerate(steps):
                with ask.row_guard():
                    ask.keep(self._tier(ask, coin["name"], place, step, [*floors[1:], None][place]))

    def _tier(
        self, ask: Asker, coin: str, place: int, step: Mapping[str, Any], cap: float | None
    ) -> LeverageTierRow:
        leverage = number(step["maxLeverage"], f"maxLeverage of {coin}")
        if leverage == 0:
            message = f"maxLeverage of {coin} is zero"
            raise PayloadUnreadable(message)
        return ask.row(
            LeverageTierRow,
            Dataset.LEVERAGE_TIER,
            market=coin,
            listed=ask.market(coin),
            observed_at=None,
            endpoint="publicPostInfo:metaAndAssetCtxs",
            payload=step,
            tier=place + 1,
            notional_floor=number(step["lowerBound"], f"lowerBound of {coin}"),
            notional_cap=cap,
            # the venue publishes leverage alone, and how both margins follow from it
            initial_margin_rate=1 / leverage,
            maintenance_margin_rate=1 / (2 * leverage),
            max_leverage=leverage,
        )
