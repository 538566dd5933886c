"""Bitget: who is long, what margin must be paid, who was forced out, what the reserves hold.

All of it is public. Open interest, funding, prices and borrowing are in `bitget.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.clock import milliseconds, span_milliseconds
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
from pipeline.venues.base import Declaration, Evidence, Reports, Unsupported, instant, number

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

DOCS = "https://www.bitget.com/api-doc"
# Product types by the currency their contracts are quoted in.
PRODUCTS = {"USDT": "USDT-FUTURES", "USDC": "USDC-FUTURES", "USD": "COIN-FUTURES"}
_LIQUIDATION_PAGE = 100
_SIDES = {"buy": "long", "sell": "short"}

RISK_REPORTS: Mapping[Dataset, Declaration] = {
    Dataset.LONG_SHORT_RATIO: Reports(
        unit=Unit.LONG_SHARE,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="per_symbol",
        evidence=Evidence.DOCUMENTED,
        link=f"{DOCS}/common/apidata/Account-Long-Short",
        note="USDT perpetuals; the ratio sent beside the shares, which ccxt reads, is not their ratio",
    ),
    Dataset.LEVERAGE_TIER: Reports(
        unit={Direction.LINEAR: Unit.QUOTE},
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="per_symbol",
        evidence=Evidence.RECORDED,
        link=f"{DOCS}/uta/public/Get-Position-Tier",
        note="what the bounds of coin-margined contracts count is not said, so they are not asked",
    ),
    Dataset.LIQUIDATION: Reports(
        unit=Unit.BASE,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        history_days=3,
        always_history=True,
        evidence=Evidence.NONE,
        link=f"{DOCS}/uta/public/Get-Liquidations",
        note="buy is a long that was closed; the documents do not say what `amount` counts",
    ),
    Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
    Dataset.INSURANCE_FUND: Reports(
        unit=Unit.CURRENCY,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.DOCUMENTED,
        link=f"{DOCS}/uta/public/Get-Risk-Reserve",
        note="documented for one market's pool; a pool is named after the first of its markets",
    ),
}


def contracts_of(ask: Asker, **wanted: object) -> list[Mapping[str, Any]]:
    """Contracts that are traded with money."""
    return [market for market in ask.contracts(**wanted) if market["quoteId"] in PRODUCTS]


def subject(market: Mapping[str, Any]) -> dict[str, str]:
    """How a call names one market."""
    return {"productType": PRODUCTS[market["quoteId"]], "symbol": market["id"]}


class BitgetRisk:
    """The methods behind RISK_REPORTS."""

    async def long_short_ratio(self, ask: Asker) -> None:
        """The last full hour of each USDT perpetual: about thirty hours a call, in no promised order."""
        method = "publicMixGetV2MixMarketAccountLongShort"

        async def one(market: Mapping[str, Any]) -> None:
            answer = await ask.call(method, {"symbol": market["id"], "period": "1h"})
            for item in sorted(answer["data"], key=lambda row: number(row["ts"], "ts"))[-1:]:
                with ask.row_guard():
                    row = ask.row(
                        LongShortRatioRow,
                        Dataset.LONG_SHORT_RATIO,
                        market=market["id"],
                        observed_at=instant(item["ts"], "ts"),
                        endpoint=method,
                        payload=item,
                        population="accounts",
                        long_short=number(item["longAccountRatio"], f"longAccountRatio of {market['id']}"),
                    )
                    ask.keep(row)

        await ask.each(contracts_of(ask, swap=True, quoteId="USDT"), one)

    async def leverage_tier(self, ask: Asker) -> None:
        """The table of each linear contract, one a call. Initial rates are not sent."""
        method = "publicUtaGetV3MarketPositionTier"

        async def one(market: Mapping[str, Any]) -> None:
            named = {"category": PRODUCTS[market["quoteId"]], "symbol": market["id"]}
            answer = await ask.call(method, named)
            for item in answer["data"]:
                with ask.row_guard():
                    row = ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=market["id"],
                        observed_at=instant(answer["requestTime"], "requestTime"),
                        endpoint=method,
                        payload=item,
                        tier=int(item["tier"]),
                        notional_floor=number(item["minTierValue"], f"minTierValue of {market['id']}"),
                        notional_cap=number(item["maxTierValue"], f"maxTierValue of {market['id']}"),
                        initial_margin_rate=None,
                        maintenance_margin_rate=number(item["mmr"], f"mmr of {market['id']}"),
                        max_leverage=number(item["leverage"], f"leverage of {market['id']}"),
                    )
                    ask.keep(row)

        await ask.each(contracts_of(ask, linear=True), one)

    async def liquidation_history(self, ask: Asker) -> None:
        """Forced orders of three days, newest page first: follow the cursor to the window's start."""
        since, until = span_milliseconds(ask.days)
        method = "publicUtaGetV3MarketLiquidations"
        for category in PRODUCTS.values():
            twins: Counter[str] = Counter()
            cursor, cursors = "", {""}
            while True:
                asked = {"category": category, "limit": _LIQUIDATION_PAGE}
                data = (await ask.call(method, {**asked, "cursor": cursor} if cursor else asked))["data"]
                for item in data["list"]:
                    with ask.row_guard():
                        at = instant(item["ts"], "ts")
                        if not since <= milliseconds(at) < until:
                            continue
                        alike = " ".join(
                            str(item[key]) for key in ("symbol", "side", "price", "amount", "ts")
                        )
                        row = ask.row(
                            LiquidationRow,
                            Dataset.LIQUIDATION,
                            market=ask.market(item["symbol"])["id"],
                            observed_at=at,
                            endpoint=method,
                            payload=item,
                            is_backfilled=ask.is_backfill,
                            position_side=_SIDES[item["side"].lower()],
                            price=number(item["price"], "price"),
                            amount=number(item["amount"], f"amount of {item['symbol']}"),
                            liquidation_id=None,
                            occurrence=twins[alike],
                        )
                        ask.keep(row)
                        twins[alike] += 1
                oldest = min((int(item["ts"]) for item in data["list"]), default=since)
                cursor = str(data.get("cursor") or "")
                if cursor in cursors or oldest < since:
                    break
                cursors.add(cursor)

    async def insurance_fund(self, ask: Asker) -> None:
        """Every reserve of a product type in one call."""
        method = "publicUtaGetV3MarketRiskReserveAll"
        for category in PRODUCTS.values():
            answer = await ask.call(method, {"category": category})
            for item in answer["data"]["list"]:
                with ask.row_guard():
                    row = ask.row(
                        InsuranceFundRow,
                        Dataset.INSURANCE_FUND,
                        market=min(item["symbols"]),
                        observed_at=instant(answer["requestTime"], "requestTime"),
                        endpoint=method,
                        payload=item,
                        currency=item["coin"],
                        balance=number(item["balance"], f"balance of {item['coin']}"),
                    )
                    ask.keep(row)
