"""MEXC: amounts are contracts of the listed size, coins each when linear and dollars each when inverse.

ccxt declares no open interest here: the ticker's `holdVol` is it, all contracts in one call. The margin table
is a rule in the market list: a first volume, and what each further level adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import span_milliseconds
from pipeline.records import (
    Dataset,
    FundingKind,
    FundingRateRow,
    InsuranceFundRow,
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

_DOCS = "https://www.mexc.com/api-docs/futures/market-endpoints"
_RATE = "contractPublicGetFundingRateSymbol"
_PAGE = 100


class Mexc(Venue):
    """Perpetuals settled in USDT, USDC or coins; the venue lists no dated futures."""

    name = "mexc"
    ccxt_id = "mexc"
    title = "MEXC"
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(20, 2), "public/detail": Limit(1, 5)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-contract-info",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-ticker-contract-market-data",
            note="recorded for a linear contract; no call of ccxt's own gives it",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            history_days=365,
            always_history=True,
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-funding-rate-history",
            note="one call a market for the interval and the coming rate, pages from the newest for the past",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/get-ticker-contract-market-data",
            note="amount24 over volume24 and contract size is the price",
        ),
        Dataset.BORROW_RATE: Unsupported("the venue lends no money for margin trading"),
        Dataset.MARGIN_LOAN: Unsupported("the venue lends no money for margin trading"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no public call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/get-contract-info",
            note="levels worked out from the rule in the list; ccxt begins at the increment, not at the base",
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Reports(
            unit=Unit.CURRENCY,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=_DOCS,
            note="one balance a contract",
        ),
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """collectCycle of each contract, from the calls that give the coming rates."""
        intervals: dict[str, float] = {}

        async def one(market: Mapping[str, Any]) -> None:
            item = (await ask.call(_RATE, {"symbol": market["id"]}))["data"]
            with ask.row_guard():
                intervals[market["id"]] = number(item["collectCycle"], "collectCycle")

        await ask.each(ask.contracts(), one)
        return intervals

    async def _tickers(self, ask: Asker) -> list[Mapping[str, Any]]:
        """The ticker of every contract that is open."""
        listed = {market["id"] for market in ask.contracts()}
        answer = await ask.call("contractPublicGetTicker")
        return [item for item in answer["data"] if item["symbol"] in listed]

    async def open_interest(self, ask: Asker) -> None:
        """Contracts, all markets in one call."""
        for item in await self._tickers(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=item["symbol"],
                        observed_at=instant(item["timestamp"], "timestamp"),
                        endpoint="contractPublicGetTicker",
                        payload=item,
                        amount=number(item["holdVol"], f"holdVol of {item['symbol']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The rate of the coming settlement, one call a market."""

        async def one(market: Mapping[str, Any]) -> None:
            item = (await ask.call(_RATE, {"symbol": market["id"]}))["data"]
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=instant(item["timestamp"], "timestamp"),
                        endpoint=_RATE,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                        settles_at=instant(item["nextSettleTime"], "nextSettleTime"),
                        interval_hours=number(item["collectCycle"], "collectCycle"),
                    )
                )

        await ask.each(ask.contracts(), one)

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first, back to the window's start."""
        since, until = span_milliseconds(ask.days)

        async def one(market: Mapping[str, Any]) -> None:
            method, page, pages = "contractPublicGetFundingRateHistory", 1, 1
            while page <= pages:
                asked = {"symbol": market["id"], "page_num": page, "page_size": _PAGE}
                answer = (await ask.call(method, asked))["data"]
                oldest = min((int(item["settleTime"]) for item in answer["resultList"]), default=since)
                for item in answer["resultList"]:
                    if not since < int(item["settleTime"]) <= until:
                        continue
                    with ask.row_guard():
                        at = instant(item["settleTime"], "settleTime")
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
                                funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                                settles_at=at,
                                interval_hours=None,
                            )
                        )
                pages = int(answer["totalPage"]) if oldest > since else 0
                page += 1

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Fair and index price, 24 h volume in contracts."""
        for item in await self._tickers(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item["symbol"],
                        observed_at=instant(item["timestamp"], "timestamp"),
                        endpoint="contractPublicGetTicker",
                        payload=item,
                        mark_price=number(item["fairPrice"], "fairPrice") or None,
                        index_price=optional_number(item.get("indexPrice")) or None,
                        volume_24h=optional_number(item.get("volume24")),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """The levels that the rule of the market list makes, in contracts."""
        for market in ask.contracts():
            with ask.row_guard():
                for row in _levels(market["info"]):
                    ask.keep(
                        ask.row(
                            LeverageTierRow,
                            Dataset.LEVERAGE_TIER,
                            market=market["id"],
                            observed_at=None,
                            endpoint="fetchMarkets",
                            payload={name: market["info"][name] for name in _RULE},
                            max_leverage=None,
                            **row,
                        )
                    )

    async def insurance_fund(self, ask: Asker) -> None:
        """What the fund of each contract holds, all in one call."""
        answer = await ask.call("contractPublicGetRiskReverse")
        for item in answer["data"]:
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        InsuranceFundRow,
                        Dataset.INSURANCE_FUND,
                        market=item["symbol"],
                        observed_at=instant(item["timestamp"], "timestamp"),
                        endpoint="contractPublicGetRiskReverse",
                        payload=item,
                        currency=item["currency"],
                        balance=signed_number(item["available"], f"fund of {item['symbol']}"),
                    )
                )


_RULE = (
    "riskBaseVol",
    "riskIncrVol",
    "initialMarginRate",
    "riskIncrImr",
    "maintenanceMarginRate",
    "riskIncrMmr",
)


def _levels(info: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Level n ends at the base volume and n - 1 increments; its rates rise likewise."""
    base, step, initial, initial_step, maintenance, maintenance_step = (
        number(info[name], name) for name in _RULE
    )
    count = int(info["riskLevelLimit"]) if step else 1
    return [
        {
            "tier": level + 1,
            "notional_floor": base + (level - 1) * step if level else 0.0,
            "notional_cap": base + level * step,
            "initial_margin_rate": initial + level * initial_step,
            "maintenance_margin_rate": maintenance + level * maintenance_step,
        }
        for level in range(count)
    ]
