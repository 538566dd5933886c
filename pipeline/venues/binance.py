"""Binance futures: USDT-M counts coins, COIN-M counts contracts of 100 or 10 USD.

Everything here is keyless. Ratios, margin tables, insurance and borrowing are in `_binance_risk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds, span_milliseconds
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
from pipeline.venues._binance_risk import RISK_REPORTS, BinanceRisk
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
    from datetime import datetime

    from pipeline.venues.asker import Asker

_USD_M = "https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api"
_DEFAULT_INTERVAL_HOURS = 8.0  # fundingInfo lists only the symbols that were moved away from 8 h
_PAGE = 1000


class Binance(BinanceRisk, Venue):
    """USDT-M (fapi) and COIN-M (dapi) share one name, one address and one limit."""

    name = "binance"
    ccxt_id = "binance"
    title = "Binance"
    ccxt_options: ClassVar[Mapping[str, Any]] = {"fetchMarkets": {"types": ["linear", "inverse"]}}
    # weight of all calls of an address, and two lists with a count of their own
    limits: ClassVar[Mapping[str, Limit]] = {
        "": Limit(2400, 60, is_weighted=True),
        "Data/": Limit(1000, 300),
        "/funding": Limit(500, 300),
    }
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_USD_M}/Exchange-Information",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit={Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.CONTRACTS},
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            history_days=30,
            evidence=Evidence.DOCUMENTED,
            link=f"{_USD_M}/Open-Interest",
            note="no bulk call; history in coins (USDT-M) and contracts (COIN-M), the last 30 days only",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=3650,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_USD_M}/Get-Funding-Rate-History",
            note="lastFundingRate is the running forecast for nextFundingTime, not what was paid last",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_USD_M}/Mark-Price",
            note="COIN-M ticker: `volume` counts contracts, `baseVolume` coins; coins are kept",
        ),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        **RISK_REPORTS,
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Named intervals from fundingInfo; every other perpetual settles each 8 h."""
        named: dict[str, float] = {}
        for method in ("fapiPublicGetFundingInfo", "dapiPublicGetFundingInfo"):
            for item in await ask.call(method):
                with ask.row_guard():
                    named[item["symbol"]] = number(item["fundingIntervalHours"], "fundingIntervalHours")
        return {
            market["id"]: named.get(market["id"], _DEFAULT_INTERVAL_HOURS)
            for market in ask.contracts(swap=True)
        }

    async def open_interest(self, ask: Asker) -> None:
        """One call a symbol: coins for USDT-M, whole contracts for COIN-M."""

        async def one(market: Mapping[str, Any]) -> None:
            method = "dapiPublicGetOpenInterest" if market["inverse"] else "fapiPublicGetOpenInterest"
            answer = await ask.call(method, {"symbol": market["id"]})
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=answer["symbol"],
                        listed=market,
                        observed_at=instant(answer["time"], "time"),
                        endpoint=method,
                        payload=answer,
                        amount=number(answer["openInterest"], f"open interest of {market['id']}"),
                        own_usd=None,
                    )
                )

        await ask.each(ask.contracts(), one)

    async def open_interest_history(self, ask: Asker) -> None:
        """Daily rows of the last 30 days, stamped with the instant they were taken."""
        since, until = milliseconds(end_of(ask.days[0])), milliseconds(end_of(ask.days[-1]))

        async def one(market: Mapping[str, Any]) -> None:
            window = {"period": "1d", "limit": 500, "startTime": since, "endTime": until}
            if market["inverse"]:
                method = "dapiDataGetOpenInterestHist"
                info = market["info"]
                asked = {"pair": info["pair"], "contractType": info["contractType"], **window}
            else:
                method = "fapiDataGetOpenInterestHist"
                asked = {"symbol": market["id"], **window}
            for item in await ask.call(method, asked):
                with ask.row_guard():
                    value = optional_number(item.get("sumOpenInterestValue"))
                    ask.keep(
                        ask.row(
                            OpenInterestRow,
                            Dataset.OPEN_INTEREST,
                            market=market["id"],
                            observed_at=instant(item["timestamp"], "timestamp"),
                            endpoint=method,
                            payload=item,
                            is_backfilled=True,
                            amount=number(item["sumOpenInterest"], f"open interest of {market['id']}"),
                            # COIN-M's "value" is coins, not dollars
                            own_usd=None if market["inverse"] else value,
                        )
                    )

        await ask.each(ask.contracts(), one)

    async def funding_rate(self, ask: Asker) -> None:
        """The running forecast for the next settlement, all symbols in one call a product."""
        for method in ("fapiPublicGetPremiumIndex", "dapiPublicGetPremiumIndex"):
            for item in await ask.call(method):
                if not item.get("nextFundingTime") or item.get("lastFundingRate") in ("", None):
                    continue  # dated futures pay no funding
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            FundingRateRow,
                            Dataset.FUNDING_RATE,
                            market=ask.market(item["symbol"])["id"],
                            observed_at=instant(item["time"], "time"),
                            endpoint=method,
                            payload=item,
                            kind=FundingKind.PREDICTED.value,
                            funding_rate=signed_number(item["lastFundingRate"], "lastFundingRate"),
                            settles_at=instant(item["nextFundingTime"], "nextFundingTime"),
                            interval_hours=None,
                        )
                    )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid. USDT-M answers for all symbols at once; COIN-M wants one symbol a call."""
        since, until = span_milliseconds(ask.days)
        seen: set[tuple[str, int]] = set()

        def take(method: str, items: list[dict[str, Any]]) -> int:
            fresh = 0
            for item in items:
                key = (str(item.get("symbol")), int(item.get("fundingTime", 0)))
                if key in seen:
                    continue
                seen.add(key)
                fresh += 1
                with ask.row_guard():
                    settled_at = instant(item["fundingTime"], "fundingTime")
                    ask.keep(self._settled(ask, method, item, settled_at))
            return fresh

        cursor = since
        while True:
            # Rows share their instants: the next page starts at the last one, and repeats are dropped.
            page = await ask.call(
                "fapiPublicGetFundingRate", {"startTime": cursor, "endTime": until, "limit": _PAGE}
            )
            fresh = take("fapiPublicGetFundingRate", page)
            if not walk_goes_on(ask, len(page) >= _PAGE, fresh > 0):
                break
            cursor = max(int(item["fundingTime"]) for item in page)

        async def one(market: Mapping[str, Any]) -> None:
            asked = {"symbol": market["id"], "startTime": since, "endTime": until, "limit": _PAGE}
            take("dapiPublicGetFundingRate", await ask.call("dapiPublicGetFundingRate", asked))

        await ask.each(ask.contracts(inverse=True, swap=True), one)

    def _settled(self, ask: Asker, method: str, item: Mapping[str, Any], at: datetime) -> FundingRateRow:
        return ask.row(
            FundingRateRow,
            Dataset.FUNDING_RATE,
            # a symbol delisted since stays in the history: its id is kept, ccxt's symbol is not known
            market=str(item["symbol"]),
            observed_at=at,
            endpoint=method,
            payload=item,
            is_backfilled=ask.is_backfill,
            kind=FundingKind.SETTLED.value,
            funding_rate=signed_number(item["fundingRate"], "fundingRate"),
            settles_at=at,
            interval_hours=None,
        )

    async def price(self, ask: Asker) -> None:
        """Mark and index from premiumIndex, 24 h volume in coins from the ticker."""
        for product, coins in (("fapi", "volume"), ("dapi", "baseVolume")):
            marks = await ask.call(f"{product}PublicGetPremiumIndex")
            tickers = await ask.call(f"{product}PublicGetTicker24hr")
            volumes = {item.get("symbol"): optional_number(item.get(coins)) for item in tickers}
            for item in marks:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            PriceRow,
                            Dataset.PRICE,
                            market=ask.market(item["symbol"])["id"],
                            observed_at=instant(item["time"], "time"),
                            endpoint=f"{product}PublicGetPremiumIndex",
                            payload=item,
                            mark_price=number(item["markPrice"], "markPrice") or None,
                            index_price=optional_number(item.get("indexPrice")) or None,
                            volume_24h=volumes.get(item["symbol"]),
                        )
                    )
