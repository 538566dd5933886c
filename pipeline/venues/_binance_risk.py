"""Binance: who is long, what margin must be paid, what the insurance fund holds, what borrowing costs.

Half of it needs a read-only key. Open interest, funding and prices are in `binance.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.clock import end_of, milliseconds
from pipeline.records import (
    BorrowRateRow,
    Dataset,
    Direction,
    InsuranceFundRow,
    LeverageTierRow,
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
    from pipeline.venues.asker import Asker

_DOCS = "https://developers.binance.com/docs"
_USD_M = f"{_DOCS}/derivatives/usds-margined-futures"
_RATIOS = {
    "accounts": "GlobalLongShortAccountRatio",
    "top_accounts": "TopLongShortAccountRatio",
    "top_positions": "TopLongShortPositionRatio",
}

RISK_REPORTS: Mapping[Dataset, Declaration] = {
    Dataset.BORROW_RATE: Reports(
        unit=Unit.RATE_PER_DAY,
        stamp=Stamp.NONE,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.DOCUMENTED,
        link=f"{_DOCS}/margin_trading/account/Query-Cross-Margin-Fee-Data",
        needs_key=True,
        note="cross margin, dailyInterest of VIP level 0",
    ),
    Dataset.LONG_SHORT_RATIO: Reports(
        unit=Unit.RATIO,
        stamp=Stamp.INSTANT,
        tolerance_hours=2,
        how="per_symbol",
        history_days=30,
        evidence=Evidence.RECORDED,
        link=f"{_USD_M}/market-data/rest-api/Long-Short-Ratio",
        note="perpetuals; COIN-M counts all contracts of a pair together: kept under its perpetual",
    ),
    Dataset.LEVERAGE_TIER: Reports(
        unit={Direction.LINEAR: Unit.QUOTE, Direction.INVERSE: Unit.BASE},
        stamp=Stamp.NONE,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.DOCUMENTED,
        link=f"{_USD_M}/account/rest-api/Notional-and-Leverage-Brackets",
        needs_key=True,
        note="bounds of USDT-M are notional, of COIN-M coins",
    ),
    Dataset.LIQUIDATION: Unsupported("forced orders of all accounts are only on the websocket"),
    Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
    Dataset.INSURANCE_FUND: Reports(
        unit=Unit.CURRENCY,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.RECORDED,
        link=f"{_USD_M}/market-data/rest-api/Insurance-Fund-Balance",
        note="USDT-M; a fund is named by the first of the markets it stands for, in order of their names",
    ),
}


class BinanceRisk:
    """The methods behind RISK_REPORTS."""

    async def long_short_ratio(self, ask: Asker) -> None:
        """The newest five minutes of each perpetual: three populations, one call each."""
        await self._ratios(ask, {"period": "5m", "limit": 1}, is_backfilled=False)

    async def long_short_ratio_history(self, ask: Asker) -> None:
        """Daily rows at 00:00 UTC of the last 30 days."""
        since, until = milliseconds(end_of(ask.days[0])), milliseconds(end_of(ask.days[-1]))
        window = {"period": "1d", "limit": 500, "startTime": since, "endTime": until}
        await self._ratios(ask, window, is_backfilled=True)

    async def _ratios(self, ask: Asker, window: Mapping[str, Any], *, is_backfilled: bool) -> None:
        async def one(wanted: tuple[Mapping[str, Any], str]) -> None:
            market, population = wanted
            is_inverse = market["inverse"]
            method = f"{'dapi' if is_inverse else 'fapi'}DataGet{_RATIOS[population]}"
            subject = {"pair": market["info"]["pair"]} if is_inverse else {"symbol": market["id"]}
            for item in await ask.call(method, {**subject, **window}):
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            LongShortRatioRow,
                            Dataset.LONG_SHORT_RATIO,
                            market=market["id"],
                            observed_at=instant(item["timestamp"], "timestamp"),
                            endpoint=method,
                            payload=item,
                            is_backfilled=is_backfilled,
                            population=population,
                            long_short=number(item["longShortRatio"], f"longShortRatio of {market['id']}"),
                        )
                    )

        await ask.each([(m, population) for m in ask.contracts(swap=True) for population in _RATIOS], one)

    async def leverage_tier(self, ask: Asker) -> None:
        """Every market's brackets, one call a product."""
        for method in ("fapiPrivateGetLeverageBracket", "dapiPrivateV2GetLeverageBracket"):
            for table in await ask.call(method):
                for step in table["brackets"]:
                    with ask.row_guard():
                        ask.keep(self._tier(ask, method, table["symbol"], step))

    def _tier(self, ask: Asker, method: str, market: str, step: Mapping[str, Any]) -> LeverageTierRow:
        # COIN-M's lower bound is spelled in two ways
        names = ("notionalFloor", "qtyFloor", "qtylFloor")
        floor = next((step[name] for name in names if name in step), None)
        return ask.row(
            LeverageTierRow,
            Dataset.LEVERAGE_TIER,
            market=market,
            listed=ask.market(market),
            observed_at=None,
            endpoint=method,
            payload=step,
            tier=int(step["bracket"]),
            notional_floor=number(floor, f"floor of {market}"),
            notional_cap=optional_number(step.get("notionalCap", step.get("qtyCap"))),
            initial_margin_rate=None,
            maintenance_margin_rate=number(step["maintMarginRatio"], f"maintMarginRatio of {market}"),
            max_leverage=number(step["initialLeverage"], f"initialLeverage of {market}"),
        )

    async def insurance_fund(self, ask: Asker) -> None:
        """Balances of every fund, one call."""
        for fund in await ask.call("fapiPublicGetInsuranceBalance"):
            for asset in fund["assets"]:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            InsuranceFundRow,
                            Dataset.INSURANCE_FUND,
                            market=min(fund["symbols"]),
                            observed_at=instant(asset["updateTime"], "updateTime"),
                            endpoint="fapiPublicGetInsuranceBalance",
                            payload=asset,
                            currency=asset["asset"],
                            # a fund that paid more than it held would be negative, and must not vanish
                            balance=signed_number(asset["marginBalance"], f"balance of {asset['asset']}"),
                        )
                    )

    async def borrow_rate(self, ask: Asker) -> None:
        """The daily rate of cross margin for each coin, one call."""
        method = "sapiGetMarginCrossMarginData"
        for item in await ask.call(method, {"vipLevel": 0}):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        BorrowRateRow,
                        Dataset.BORROW_RATE,
                        market=item["coin"],
                        observed_at=None,
                        endpoint=method,
                        payload=item,
                        currency=item["coin"],
                        kind="cross",
                        rate=number(item["dailyInterest"], f"dailyInterest of {item['coin']}"),
                    )
                )
