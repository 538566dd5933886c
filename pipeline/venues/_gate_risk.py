"""Gate: who is long, what margin must be paid, who was forced out, what the insurance fund holds.

What its calls have in common stands here, too. All of it is public. Open interest, funding and prices are in
`gate.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.clock import end_of, milliseconds
from pipeline.records import (
    Dataset,
    Direction,
    InsuranceFundRow,
    LeverageTierRow,
    LiquidationRow,
    LongShortRatioRow,
    Stamp,
    Unit,
)
from pipeline.venues.base import (
    Declaration,
    Evidence,
    Reports,
    Unsupported,
    instant,
    number,
    optional_number,
    signed_number,
)

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.venues.asker import Asker

DOCS = "https://www.gate.com/docs/developers/apiv4/en"
# Settlement coins by product, as ccxt names the product in its calls.
SETTLES = {"Futures": ("usdt", "btc"), "Delivery": ("usdt",)}
_STATS = "publicFuturesGetSettleContractStats"
_STATS_DAYS = 4  # 97 hours are below the hundred rows of an answer
_HOUR_S, _DAY_S = 3600, 86_400
_LIQUIDATION_PAGE = 1000
_POPULATIONS = {
    "accounts": "lsr_account",
    "top_accounts": "top_lsr_account",
    "top_positions": "top_lsr_size",
}

RISK_REPORTS: Mapping[Dataset, Declaration] = {
    Dataset.LONG_SHORT_RATIO: Reports(
        unit=Unit.RATIO,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="per_symbol",
        history_days=30,
        evidence=Evidence.DOCUMENTED,
        link=f"{DOCS}/#futures-statistics",
        note="perpetuals; by the hour, whose start or end the time may be",
    ),
    Dataset.LEVERAGE_TIER: Reports(
        unit={Direction.LINEAR: Unit.QUOTE, Direction.INVERSE: Unit.BASE},
        stamp=Stamp.NONE,
        tolerance_hours=24,
        how="per_symbol",
        evidence=Evidence.CCXT_SOURCE,
        link=f"{DOCS}/#query-risk-limit-tiers",
        note="risk_limit is the value at which a step ends; the documents do not name its currency",
    ),
    Dataset.LIQUIDATION: Reports(
        unit={Direction.LINEAR: Unit.CONTRACTS, Direction.INVERSE: Unit.CONTRACTS},
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        history_days=7,
        always_history=True,
        evidence=Evidence.DOCUMENTED,
        link=f"{DOCS}/#query-liquidation-order-history",
        note="an hour a call; size is the position, above zero when long; ccxt sends milliseconds",
    ),
    Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
    Dataset.INSURANCE_FUND: Reports(
        unit=Unit.CURRENCY,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.RECORDED,
        link=f"{DOCS}/#futures-market-insurance-fund-history",
        note="one fund a settlement coin of the perpetuals",
    ),
}


def as_traded(market: Mapping[str, Any]) -> Mapping[str, Any]:
    """A ccxt market whose direction is right: settled in a third coin it is quanto, and not inverse."""
    is_quanto = market["settle"] not in (market["base"], market["quote"])
    return {**market, "inverse": False} if is_quanto else market


def subject(market: Mapping[str, Any]) -> dict[str, str]:
    """How a call names one market."""
    return {"settle": market["settleId"], "contract": market["id"]}


def from_seconds(value: object, what: str) -> datetime:
    """The UTC instant of seconds; raises PayloadUnreadable for anything outside 2009 to 2100."""
    return instant(number(value, what) * 1000, what)


async def day_ends(ask: Asker, market: Mapping[str, Any]) -> list[tuple[datetime, dict[str, Any]]]:
    """The hourly statistics of one perpetual that stand at the ends of the days asked about."""
    ends = [end_of(day) for day in ask.days]
    found = []
    for first in range(0, len(ends), _STATS_DAYS):
        part = ends[first : first + _STATS_DAYS]
        since = milliseconds(part[0]) // 1000
        rows = (milliseconds(part[-1]) // 1000 - since) // _HOUR_S + 1
        asked = {**subject(market), "interval": "1h", "from": since, "limit": rows}
        for item in await ask.call(_STATS, asked):
            with ask.row_guard():
                at = from_seconds(item["time"], "time")
                if at in part:
                    found.append((at, item))
    return found


class GateRisk:
    """The methods behind RISK_REPORTS."""

    async def long_short_ratio(self, ask: Asker) -> None:
        """The newest hour of each perpetual: three populations in one answer."""

        async def one(market: Mapping[str, Any]) -> None:
            for item in await ask.call(_STATS, {**subject(market), "interval": "1h", "limit": 1}):
                self._ratios(ask, market, item, is_backfilled=False)

        await ask.each(ask.contracts(swap=True), one)

    async def long_short_ratio_history(self, ask: Asker) -> None:
        """The hour that stands at each 00:00 UTC, four days and one market a call."""

        async def one(market: Mapping[str, Any]) -> None:
            for _, item in await day_ends(ask, market):
                self._ratios(ask, market, item, is_backfilled=True)

        await ask.each(ask.contracts(swap=True), one)

    def _ratios(
        self, ask: Asker, market: Mapping[str, Any], item: Mapping[str, Any], *, is_backfilled: bool
    ) -> None:
        for population, name in _POPULATIONS.items():
            if item.get(name) is None:
                continue  # the venue counts no such accounts in this market
            with ask.row_guard():
                row = ask.row(
                    LongShortRatioRow,
                    Dataset.LONG_SHORT_RATIO,
                    market=market["id"],
                    observed_at=from_seconds(item["time"], "time"),
                    endpoint=_STATS,
                    payload=item,
                    is_backfilled=is_backfilled,
                    population=population,
                    long_short=number(item[name], f"{name} of {market['id']}"),
                )
                ask.keep(row)

    async def leverage_tier(self, ask: Asker) -> None:
        """The table of each market, one a call; a step ends at its risk limit."""

        async def one(market: Mapping[str, Any]) -> None:
            method = f"public{'Futures' if market['swap'] else 'Delivery'}GetSettleRiskLimitTiers"
            floor: float | None = 0.0
            for item in sorted(await ask.call(method, subject(market)), key=lambda step: int(step["tier"])):
                # what follows a step that cannot be read has no floor, and least of all zero
                start, floor = floor, None
                with ask.row_guard():
                    cap = number(item["risk_limit"], f"risk_limit of {market['id']}")
                    row = ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=market["id"],
                        listed=as_traded(market),
                        observed_at=None,
                        endpoint=method,
                        payload=item,
                        tier=int(item["tier"]),
                        notional_floor=number(start, "end of the step before"),
                        notional_cap=cap,
                        initial_margin_rate=number(item["initial_rate"], "initial_rate"),
                        maintenance_margin_rate=number(item["maintenance_rate"], "maintenance_rate"),
                        max_leverage=optional_number(item.get("leverage_max")),
                    )
                    ask.keep(row)
                    floor = cap

        await ask.each(ask.contracts(), one)

    async def liquidation_history(self, ask: Asker) -> None:
        """Forced orders of perpetuals, an hour a call; an hour that fills its answer is asked in halves."""
        since = milliseconds(end_of(ask.days[0])) // 1000 - _DAY_S
        until = milliseconds(end_of(ask.days[-1])) // 1000
        method = "publicFuturesGetSettleLiqOrders"

        async def one(asked: tuple[str, int, int]) -> None:
            settle, first, last = asked
            window = {"settle": settle, "from": first, "to": last, "limit": _LIQUIDATION_PAGE}
            answer = await ask.call(method, window)
            if len(answer) >= _LIQUIDATION_PAGE and last > first:
                middle = (first + last) // 2
                await one((settle, first, middle))
                await one((settle, middle + 1, last))
                return
            twins: Counter[str] = Counter()
            for item in answer:
                with ask.row_guard():
                    at = from_seconds(item["time"], "time")
                    size = signed_number(item["size"], f"size of {item['contract']}")
                    market = ask.market(item["contract"])
                    alike = f"{item['contract']} {item['time']} {size} {item['fill_price']}"
                    row = ask.row(
                        LiquidationRow,
                        Dataset.LIQUIDATION,
                        market=market["id"],
                        listed=as_traded(market),
                        observed_at=at,
                        endpoint=method,
                        payload=item,
                        is_backfilled=ask.is_backfill,
                        position_side="long" if size > 0 else "short",
                        price=number(item["fill_price"], "fill_price"),
                        amount=abs(size),
                        liquidation_id=None,
                        occurrence=twins[alike],
                    )
                    ask.keep(row)
                    twins[alike] += 1

        hours = range(since, until, _HOUR_S)
        settles = SETTLES["Futures"]
        await ask.each([(settle, hour, hour + _HOUR_S - 1) for settle in settles for hour in hours], one)

    async def insurance_fund(self, ask: Asker) -> None:
        """The newest balance of each settlement coin."""
        method = "publicFuturesGetSettleInsurance"
        for settle in SETTLES["Futures"]:
            answer = await ask.call(method, {"settle": settle, "limit": 1})
            for item in sorted(answer, key=lambda row: number(row["t"], "t"))[-1:]:
                with ask.row_guard():
                    row = ask.row(
                        InsuranceFundRow,
                        Dataset.INSURANCE_FUND,
                        market=settle,
                        observed_at=from_seconds(item["t"], "t"),
                        endpoint=method,
                        payload=item,
                        currency=settle.upper(),
                        balance=number(item["b"], f"balance of {settle}"),
                    )
                    ask.keep(row)
