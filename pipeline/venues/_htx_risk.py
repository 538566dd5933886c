"""HTX: who is long, which positions were closed by force, what the insurance funds hold.

Keyless calls. Open interest, funding and prices are in `htx.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.clock import end_of, milliseconds
from pipeline.records import (
    Dataset,
    Direction,
    InsuranceFundRow,
    LiquidationRow,
    LongShortRatioRow,
    Stamp,
    Unit,
)
from pipeline.venues.base import (
    Declaration,
    Evidence,
    KeyOnly,
    Reports,
    Unsupported,
    instant,
    number,
    optional_number,
)

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_LINEAR = "https://www.htx.com/en-us/opend/newApiPages"
_COIN = "https://huobiapi.github.io/docs/coin_margined_swap/v1/en"
_DAY_MS = 86_400_000
_LIQUIDATION_WINDOW_MS = _DAY_MS // 12  # two hours: the longest the venue takes

RISK_REPORTS: Mapping[Dataset, Declaration] = {
    Dataset.LONG_SHORT_RATIO: Reports(
        unit=Unit.LONG_SHARE,
        stamp=Stamp.BAR_START,
        tolerance_hours=2,
        how="per_symbol",
        evidence=Evidence.DOCUMENTED,
        link=f"{_COIN}/#query-top-trader-sentiment-index-function-position",
        note="positions of top traders; the accounts' ratio has a third part, hedged both ways",
    ),
    Dataset.LEVERAGE_TIER: KeyOnly(
        "v5/market/risk/limit answers only to an account, and the public adjustment factors depend on the "
        "leverage a trader chose"
    ),
    Dataset.LIQUIDATION: Reports(
        unit={Direction.LINEAR: Unit.CONTRACTS},
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="per_symbol",
        history_days=90,
        always_history=True,
        evidence=Evidence.RECORDED,
        link=f"{_LINEAR}/?id=8cb89359-77b5-11ed-9966-19b975edf5a",
        note="linear contracts, twelve windows of two hours a day and 100 orders each at most; ccxt calls "
        "the contracts coins",
    ),
    Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
    Dataset.INSURANCE_FUND: Reports(
        unit=Unit.CURRENCY,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="per_symbol",
        evidence=Evidence.DOCUMENTED,
        link=f"{_COIN}/#query-history-records-of-insurance-fund-balance",
        note="coin-margined swaps, a fund each in its coin; ccxt's path of the linear funds does not exist",
    ),
}


class HtxRisk:
    """The calls of `RISK_REPORTS`, for the venue class."""

    async def long_short_ratio(self, ask: Asker) -> None:
        """The last hour's share of longs in the positions of top traders, one swap a call."""

        async def one(market: Mapping[str, Any]) -> None:
            product = "LinearSwapApi" if market["linear"] else "SwapApi"
            method = f"contractPublicGet{product}V1SwapElitePositionRatio"
            answer = await ask.call(method, {"contract_code": market["id"], "period": "60min"})
            for item in sorted(answer["data"]["list"], key=lambda each: number(each["ts"], "ts"))[-1:]:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            LongShortRatioRow,
                            Dataset.LONG_SHORT_RATIO,
                            market=market["id"],
                            observed_at=instant(item["ts"], "ts"),
                            endpoint=method,
                            payload=item,
                            population="top_positions",
                            long_short=number(item["buy_ratio"], "buy_ratio"),
                        )
                    )

        await ask.each(ask.contracts(swap=True), one)

    async def liquidation_history(self, ask: Asker) -> None:
        """Forced orders of linear markets, two hours a call."""
        method = "contractPublicGetV5MarketLiquidationOrders"
        first = milliseconds(end_of(ask.days[0])) - _DAY_MS
        last = milliseconds(end_of(ask.days[-1]))

        async def one(market: Mapping[str, Any]) -> None:
            for start in range(first, last, _LIQUIDATION_WINDOW_MS):
                end = start + _LIQUIDATION_WINDOW_MS - 1
                window = {"start_time": start, "end_time": end, "limit": 100}
                answer = await ask.call(method, {"contract_code": market["id"], **window})
                for item in answer["data"] or []:
                    with ask.row_guard():
                        at = instant(item["liquidation_time"], "liquidation_time")
                        if not start <= milliseconds(at) <= end:
                            continue
                        ask.keep(
                            ask.row(
                                LiquidationRow,
                                Dataset.LIQUIDATION,
                                market=market["id"],
                                observed_at=at,
                                endpoint=method,
                                payload=item,
                                is_backfilled=ask.is_backfill,
                                position_side=item["position_side"],
                                price=optional_number(item.get("bankrupt_price")),
                                amount=number(item["volume"], "volume"),
                                liquidation_id=str(item["id"]),
                                occurrence=0,
                            )
                        )

        await ask.each(ask.contracts(linear=True), one)

    async def insurance_fund(self, ask: Asker) -> None:
        """The newest daily balance of each coin-margined swap's fund, in its coin."""
        method = "contractPublicGetSwapApiV1SwapInsuranceFund"

        async def one(market: Mapping[str, Any]) -> None:
            answer = await ask.call(method, {"contract_code": market["id"], "page_size": 1})
            for item in answer["data"]["tick"][:1]:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            InsuranceFundRow,
                            Dataset.INSURANCE_FUND,
                            market=market["id"],
                            observed_at=instant(item["ts"], "ts"),
                            endpoint=method,
                            payload=item,
                            currency=market["base"],
                            balance=number(item["insurance_fund"], "insurance_fund"),
                        )
                    )

        await ask.each(ask.contracts(swap=True, inverse=True), one)
