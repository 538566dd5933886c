"""Bybit: who is long, what margin must be paid, what the insurance pools hold, and how a call names a market.

All of it is public. Open interest, funding, prices and borrowing are in `bybit.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.clock import end_of, milliseconds
from pipeline.errors import PayloadUnreadable
from pipeline.records import (
    Dataset,
    Direction,
    InsuranceFundRow,
    LeverageTierRow,
    LongShortRatioRow,
    Stamp,
    Unit,
)
from pipeline.venues.base import Declaration, Evidence, Reports, Unsupported, instant, number

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.venues.asker import Asker

DOCS = "https://bybit-exchange.github.io/docs/v5"
CATEGORIES = ("linear", "inverse")
_RATIO_PAGE = 500

RISK_REPORTS: Mapping[Dataset, Declaration] = {
    Dataset.LONG_SHORT_RATIO: Reports(
        unit=Unit.LONG_SHARE,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="per_symbol",
        history_days=500,
        evidence=Evidence.RECORDED,
        link=f"{DOCS}/market/long-short-ratio",
        note="buyRatio: accounts that are long, of all that hold a position",
    ),
    Dataset.LEVERAGE_TIER: Reports(
        unit={Direction.LINEAR: Unit.QUOTE, Direction.INVERSE: Unit.BASE},
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.DOCUMENTED,
        link=f"{DOCS}/market/risk-limit",
        note="rates are fractions or percent: the initial rate times the leverage is 1 or 100",
    ),
    Dataset.LIQUIDATION: Unsupported("forced orders are sent over the websocket alone"),
    Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
    Dataset.INSURANCE_FUND: Reports(
        unit=Unit.CURRENCY,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.RECORDED,
        link=f"{DOCS}/market/insurance",
        note="a pool is named after the first of its markets, the shared one after its coin",
    ),
}


class BybitRisk:
    """The methods behind RISK_REPORTS."""

    async def long_short_ratio(self, ask: Asker) -> None:
        """The last full hour, one market a call."""
        await ask.each(
            ask.contracts(), lambda market: self._ratios(ask, market, {"period": "1h", "limit": 1})
        )

    async def long_short_ratio_history(self, ask: Asker) -> None:
        """The level at each 00:00 UTC, 500 days and one market a call."""

        async def one(market: Mapping[str, Any]) -> None:
            for window in windows_of(ask, _RATIO_PAGE):
                await self._ratios(ask, market, {"period": "1d", "limit": _RATIO_PAGE, **window})

        await ask.each(ask.contracts(), one)

    async def _ratios(self, ask: Asker, market: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
        method = "publicGetV5MarketAccountRatio"
        answer = await ask.call(method, {**subject(market), **asked})
        for item in answer["result"]["list"]:
            with ask.row_guard():
                row = ask.row(
                    LongShortRatioRow,
                    Dataset.LONG_SHORT_RATIO,
                    **row_head(market["id"], instant(item["timestamp"], "timestamp"), method, item),
                    is_backfilled="startTime" in asked,
                    population="accounts",
                    long_short=number(item["buyRatio"], f"buyRatio of {market['id']}"),
                )
                ask.keep(row)

    async def leverage_tier(self, ask: Asker) -> None:
        """The risk limits of every market, fifteen markets a page; a step ends at its position value."""
        method = "publicGetV5MarketRiskLimit"
        for category in CATEGORIES:
            steps: dict[str, list[tuple[float, dict[str, Any], datetime]]] = {}
            asked, cursors = {"category": category}, {""}
            while True:
                answer = await ask.call(method, asked)
                at = instant(answer["time"], "time")
                for item in answer["result"]["list"]:
                    with ask.row_guard():
                        cap = number(item["riskLimitValue"], f"riskLimitValue of {item['symbol']}")
                        steps.setdefault(item["symbol"], []).append((cap, item, at))
                cursor = answer["result"].get("nextPageCursor") or ""
                if cursor in cursors:
                    break
                cursors.add(cursor)
                asked = {"category": category, "cursor": cursor}
            for market, found in steps.items():
                floor = 0.0
                for tier, (cap, item, at) in enumerate(sorted(found, key=lambda step: step[0]), start=1):
                    with ask.row_guard():
                        scale = _rate_scale(item)
                        row = ask.row(
                            LeverageTierRow,
                            Dataset.LEVERAGE_TIER,
                            **row_head(ask.market(market)["id"], at, method, item),
                            tier=tier,
                            notional_floor=floor,
                            notional_cap=cap,
                            initial_margin_rate=number(item["initialMargin"], "initialMargin") / scale,
                            maintenance_margin_rate=number(item["maintenanceMargin"], "maintenanceMargin")
                            / scale,
                            max_leverage=number(item["maxLeverage"], "maxLeverage"),
                        )
                        ask.keep(row)
                    floor = cap

    async def insurance_fund(self, ask: Asker) -> None:
        """Every pool of every coin in one call."""
        method = "publicGetV5MarketInsurance"
        answer = await ask.call(method)
        at = instant(answer["result"]["updatedTime"], "updatedTime")
        for item in answer["result"]["list"]:
            with ask.row_guard():
                row = ask.row(
                    InsuranceFundRow,
                    Dataset.INSURANCE_FUND,
                    **row_head(min(item["symbols"].split(",")) or item["coin"], at, method, item),
                    currency=item["coin"],
                    balance=number(item["balance"], f"balance of {item['coin']}"),
                )
                ask.keep(row)


def row_head(market: str, at: datetime | None, endpoint: str, payload: object) -> dict[str, Any]:
    """What every row begins with."""
    return {"market": market, "observed_at": at, "endpoint": endpoint, "payload": payload}


def subject(market: Mapping[str, Any]) -> dict[str, str]:
    """How a call names one market."""
    return {"category": "linear" if market["linear"] else "inverse", "symbol": market["id"]}


def windows_of(ask: Asker, most_days: int) -> list[dict[str, int]]:
    """The ends of the days asked about, in windows that one answer can hold."""
    ends = [milliseconds(end_of(day)) for day in ask.days]
    parts = [ends[first : first + most_days] for first in range(0, len(ends), most_days)]
    return [{"startTime": part[0], "endTime": part[-1]} for part in parts]


def _rate_scale(item: Mapping[str, Any]) -> float:
    """1 where a tier's rates are fractions, 100 where they are percent; raises PayloadUnreadable."""
    product = number(item["initialMargin"], "initialMargin") * number(item["maxLeverage"], "maxLeverage")
    for scale in (1.0, 100.0):
        if abs(product / scale - 1) < 0.1:
            return scale
    message = f"the initial margin of {item['symbol']} times its leverage is {product:g}, neither 1 nor 100"
    raise PayloadUnreadable(message)
