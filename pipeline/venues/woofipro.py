"""WOOFi Pro: the perpetuals of Orderly's order book, which every front end of it shares, in coins and USDC.

One call answers open interest, prices and forecasts of all markets; no time of observation is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import DAY, end_of, milliseconds
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
    instant,
    number,
    optional_number,
    signed_number,
)
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://orderly.network/docs/build-on-omnichain/restful-api/public"
_FUTURES = f"{_DOCS}/get-market-info-for-all-symbols"
_PAGE = 100


class WoofiPro(Venue):
    """The venue is Orderly's book: what is counted here is not of WOOFi's users alone."""

    name = "woofipro"
    ccxt_id = "woofipro"
    title = "WOOFi Pro (Orderly)"
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(10, 1)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/get-available-symbols",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=_FUTURES,
            note="the documentation names no unit; the order book's own front end takes it times the index",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/get-funding-rate-history-for-one-market",
            note="ccxt sends the end of a window in seconds, where the venue counts milliseconds",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_FUTURES,
            note="24h_volume counts coins, 24h_amount dollars",
        ),
        Dataset.BORROW_RATE: Unsupported("the venue lends nothing"),
        Dataset.MARGIN_LOAN: Unsupported("the venue lends nothing"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit=Unit.QUOTE,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/get-available-symbols",
            note="margins grow with a power of the size: the one row is what the smallest position needs",
        ),
        Dataset.LIQUIDATION: Unsupported(
            "positions taken over by liquidators are listed, not the forced orders"
        ),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported(
            "the fund is a sum of positions and cash whose unit is not named"
        ),
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """funding_period of the market list, in hours."""
        found = {market["id"]: optional_number(market["info"].get("funding_period")) for market in ask.listed}
        return {market: hours for market, hours in found.items() if hours}

    async def _rows(self, ask: Asker, method: str) -> list[Mapping[str, Any]]:
        """The rows of a bulk answer that are of listed perpetuals."""
        listed = {market["id"] for market in ask.contracts()}
        answer = await ask.call(method)
        return [item for item in answer["data"]["rows"] if item["symbol"] in listed]

    async def open_interest(self, ask: Asker) -> None:
        """All perpetuals in one call."""
        for item in await self._rows(ask, "v1PublicGetPublicFutures"):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["symbol"],
                        observed_at=None,
                        endpoint="v1PublicGetPublicFutures",
                        payload=item,
                        amount=number(item["open_interest"], f"open interest of {item['symbol']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The estimate for the coming settlement."""
        for item in await self._rows(ask, "v1PublicGetPublicFundingRates"):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=instant(item["est_funding_rate_timestamp"], "est_funding_rate_timestamp"),
                        endpoint="v1PublicGetPublicFundingRates",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["est_funding_rate"], "est_funding_rate"),
                        settles_at=instant(item["next_funding_time"], "next_funding_time"),
                        interval_hours=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, page by numbered page until the total is reached."""
        since, until = milliseconds(end_of(ask.days[0]) - DAY), milliseconds(end_of(ask.days[-1]))

        async def one(market: Mapping[str, Any]) -> None:
            place, method = 1, "v1PublicGetPublicFundingRateHistory"
            while True:
                window = {"start_t": since, "end_t": until, "page": place, "size": _PAGE}
                page = (await ask.call(method, {"symbol": market["id"], **window}))["data"]
                for item in page["rows"]:
                    with ask.row_guard():
                        at = instant(item["funding_rate_timestamp"], "funding_rate_timestamp")
                        if not since < milliseconds(at) <= until:
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
                                funding_rate=signed_number(item["funding_rate"], "funding_rate"),
                                settles_at=at,
                                interval_hours=None,
                            )
                        )
                # the venue may cut a page shorter than asked
                if not page["rows"] or place * page["meta"]["records_per_page"] >= page["meta"]["total"]:
                    break
                place += 1

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and 24 h volume in coins."""
        for item in await self._rows(ask, "v1PublicGetPublicFutures"):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["symbol"],
                        observed_at=None,
                        endpoint="v1PublicGetPublicFutures",
                        payload=item,
                        mark_price=number(item["mark_price"], "mark_price") or None,
                        index_price=optional_number(item.get("index_price")) or None,
                        volume_24h=optional_number(item.get("24h_volume")),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """The base of both margin rates, as the market list holds them."""
        for market in ask.contracts():
            with ask.row_guard():
                info = market["info"]
                initial = number(info["base_imr"], f"base_imr of {market['id']}")
                sent = {name: info.get(name) for name in ("symbol", "base_imr", "base_mmr", "imr_factor")}
                ask.keep(
                    ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=market["id"],
                        observed_at=None,
                        endpoint="fetchMarkets",
                        payload=sent,
                        tier=1,
                        notional_floor=0.0,
                        notional_cap=None,
                        initial_margin_rate=initial,
                        maintenance_margin_rate=number(info["base_mmr"], f"base_mmr of {market['id']}"),
                        max_leverage=1 / initial if initial else None,
                    )
                )
