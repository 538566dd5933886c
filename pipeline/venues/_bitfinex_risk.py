"""Bitfinex: base margin rates, forced closings of positions, and the insurance fund; all of it public.

Open interest, funding, prices, lending and margin positions are in `bitfinex.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.clock import span_milliseconds
from pipeline.errors import PayloadUnreadable
from pipeline.records import Dataset, InsuranceFundRow, LeverageTierRow, LiquidationRow, Stamp, Unit
from pipeline.venues.base import (
    Declaration,
    Evidence,
    Reports,
    Unsupported,
    instant,
    number,
    optional_number,
    signed_number,
    walk_goes_on,
)

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://docs.bitfinex.com/reference"
_PAGE = 500

RISK_REPORTS: Mapping[Dataset, Declaration] = {
    Dataset.LONG_SHORT_RATIO: Unsupported("no ratio of accounts; margin position sizes are in margin_loan"),
    Dataset.LEVERAGE_TIER: Reports(
        unit=Unit.QUOTE,
        stamp=Stamp.NONE,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.RECORDED,
        link=f"{_DOCS}/rest-public-conf",
        note="the base rates, those of the smallest positions; how they rise with size is not published",
    ),
    Dataset.LIQUIDATION: Reports(
        unit=Unit.BASE,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        history_days=365,
        always_history=True,
        evidence=Evidence.DOCUMENTED,
        link=f"{_DOCS}/rest-public-liquidations",
        note="perpetuals and margin positions; the trigger is kept, not the executions that follow; "
        "ccxt takes the side from the execution flag",
    ),
    Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
    Dataset.INSURANCE_FUND: Reports(
        unit=Unit.CURRENCY,
        stamp=Stamp.INSTANT,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.DOCUMENTED,
        link=f"{_DOCS}/rest-public-derivatives-status",
        note="one fund in UST: the number stands in the status of every perpetual and is kept once",
    ),
}


class BitfinexRisk:
    """The methods behind RISK_REPORTS."""

    async def leverage_tier(self, ask: Asker) -> None:
        """Initial and minimum margin of every perpetual, one call."""
        method = "publicGetConfPubInfoPairFutures"
        listed = {market["id"] for market in ask.contracts(swap=True)}
        for pair, fields in (await ask.call(method))[0]:
            market = f"t{pair}"
            if market not in listed:
                continue
            with ask.row_guard():
                if not isinstance(fields, list):
                    message = f"margins of {market} are no list"
                    raise PayloadUnreadable(message)
                ask.keep(
                    ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=market,
                        observed_at=None,
                        endpoint=method,
                        payload=[pair, fields],
                        tier=1,
                        notional_floor=0.0,
                        notional_cap=None,
                        initial_margin_rate=number(fields[8], f"initial margin of {market}"),
                        maintenance_margin_rate=number(fields[9], f"minimum margin of {market}"),
                        max_leverage=None,
                    )
                )

    async def liquidation_history(self, ask: Asker) -> None:
        """Every forced closing of the days asked, oldest first; the venue allows three calls a minute."""
        method = "publicGetLiquidationsHist"
        start, until = span_milliseconds(ask.days)
        seen: set[str] = set()
        while True:
            asked = {"start": start, "end": until - 1, "limit": _PAGE, "sort": 1}
            page = [item[0] for item in await ask.call(method, asked)]
            fresh = [item for item in page if str(item) not in seen]
            for item in fresh:
                seen.add(str(item))
                with ask.row_guard():
                    self._liquidation(ask, method, item)
            # positions may fall in one millisecond: the next page starts there, and repeats are dropped
            if not walk_goes_on(ask, len(page) >= _PAGE, bool(fresh)):
                break
            start = max(int(item[2]) for item in fresh)

    def _liquidation(self, ask: Asker, method: str, item: list[Any]) -> None:
        is_execution = item[8] == 1  # closes a position that its trigger has already told of
        if is_execution:
            return
        amount = signed_number(item[5], "amount")  # positive for a long position
        ask.keep(
            ask.row(
                LiquidationRow,
                Dataset.LIQUIDATION,
                market=str(item[4]),
                observed_at=instant(item[2], "time"),
                endpoint=method,
                payload=item,
                is_backfilled=ask.is_backfill,
                position_side="long" if amount > 0 else "short",
                price=optional_number(item[11]),
                amount=abs(amount),
                liquidation_id=f"{item[1]} {item[2]}",
                occurrence=0,
            )
        )

    async def insurance_fund(self, ask: Asker) -> None:
        """The balance that every status row repeats."""
        answer = await ask.call("publicGetStatusDeriv", {"keys": "ALL"})
        funded = [row for row in answer if len(row) > 6 and row[6] is not None]
        if not funded:
            message = "no status row holds the insurance fund"
            raise PayloadUnreadable(message)
        newest = max(funded, key=lambda row: number(row[1], "time"))
        with ask.row_guard():
            ask.keep(
                ask.row(
                    InsuranceFundRow,
                    Dataset.INSURANCE_FUND,
                    market="derivatives",
                    observed_at=instant(newest[1], "time"),
                    endpoint="publicGetStatusDeriv",
                    payload=newest,
                    currency="UST",
                    balance=number(newest[6], "insurance fund"),
                )
            )
