"""OKX: who is long, what margin must be paid, what the insurance fund holds.

All of it is public. Open interest, funding, prices and borrowing are in `okx.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.clock import end_of, milliseconds
from pipeline.records import (
    Dataset,
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

_DOCS = "https://www.okx.com/docs-v5/en"
_RATIOS = {
    "accounts": "publicGetRubikStatContractsLongShortAccountRatioContract",
    "top_accounts": "publicGetRubikStatContractsLongShortAccountRatioContractTopTrader",
    "top_positions": "publicGetRubikStatContractsLongShortPositionRatioContractTopTrader",
}
_PAGE = 100
_FAMILIES_A_CALL = 5

RISK_REPORTS: Mapping[Dataset, Declaration] = {
    Dataset.LONG_SHORT_RATIO: Reports(
        unit=Unit.RATIO,
        stamp=Stamp.INSTANT,
        tolerance_hours=2,
        how="per_symbol",
        history_days=100,
        evidence=Evidence.DOCUMENTED,
        link=f"{_DOCS}/#trading-statistics-rest-api-get-contract-long-short-ratio",
        note="perpetuals; the top traders are the 5 % of accounts that hold most",
    ),
    Dataset.LEVERAGE_TIER: Reports(
        unit=Unit.CONTRACTS,
        stamp=Stamp.NONE,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.DOCUMENTED,
        link=f"{_DOCS}/#public-data-rest-api-get-position-tiers",
        note="cross margin; one table a family, five families a call; ccxt calls these bounds notional",
    ),
    Dataset.LIQUIDATION: Unsupported(
        "a websocket channel; the pinned ccxt has no call for liquidation orders"
    ),
    Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
    Dataset.INSURANCE_FUND: Reports(
        unit=Unit.USD,
        stamp=Stamp.NONE,
        tolerance_hours=24,
        how="bulk",
        evidence=Evidence.DOCUMENTED,
        link=f"{_DOCS}/#public-data-rest-api-get-insurance-fund",
        note="`total` is the dollars of the whole fund, whichever family is asked about",
    ),
}


class OkxRisk:
    """The methods behind RISK_REPORTS."""

    async def long_short_ratio(self, ask: Asker) -> None:
        """The newest five minutes of each perpetual: three populations, one call each."""
        await self._ratios(ask, {"period": "5m", "limit": 1}, is_backfilled=False)

    async def long_short_ratio_history(self, ask: Asker) -> None:
        """Daily rows at 00:00 UTC (period 1Dutc: plain 1D closes at 16:00 UTC)."""
        since, until = milliseconds(end_of(ask.days[0])), milliseconds(end_of(ask.days[-1]))
        # both bounds are exclusive
        window = {"period": "1Dutc", "begin": since - 1, "end": until + 1, "limit": _PAGE}
        await self._ratios(ask, window, is_backfilled=True)

    async def _ratios(self, ask: Asker, window: Mapping[str, Any], *, is_backfilled: bool) -> None:
        async def one(wanted: tuple[Mapping[str, Any], str]) -> None:
            market, population = wanted
            answer = await ask.call(_RATIOS[population], {"instId": market["id"], **window})
            for item in answer["data"]:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            LongShortRatioRow,
                            Dataset.LONG_SHORT_RATIO,
                            market=market["id"],
                            observed_at=instant(item[0], "ts"),
                            endpoint=_RATIOS[population],
                            payload=item,
                            is_backfilled=is_backfilled,
                            population=population,
                            long_short=number(item[1], f"ratio of {market['id']}"),
                        )
                    )

        await ask.each([(m, population) for m in ask.contracts(swap=True) for population in _RATIOS], one)

    async def leverage_tier(self, ask: Asker) -> None:
        """The table of every family, which holds for each of its contracts of that kind."""
        members: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for market in ask.contracts():
            info = market["info"]
            members.setdefault((info["instType"], info["instFamily"]), []).append(market)

        async def one(asked: tuple[str, list[str]]) -> None:
            kind, families = asked
            wanted = {"instType": kind, "tdMode": "cross", "instFamily": ",".join(families)}
            answer = await ask.call("publicGetPublicPositionTiers", wanted)
            for item in answer["data"]:
                for market in members.get((kind, item["instFamily"]), ()):
                    with ask.row_guard():
                        ask.keep(self._tier(ask, market["id"], item))

        batches = []
        for kind in sorted({kind for kind, _ in members}):
            families = sorted(family for of_kind, family in members if of_kind == kind)
            starts = range(0, len(families), _FAMILIES_A_CALL)
            batches += [(kind, families[n : n + _FAMILIES_A_CALL]) for n in starts]
        await ask.each(batches, one)

    def _tier(self, ask: Asker, market: str, item: Mapping[str, Any]) -> LeverageTierRow:
        return ask.row(
            LeverageTierRow,
            Dataset.LEVERAGE_TIER,
            market=market,
            observed_at=None,
            endpoint="publicGetPublicPositionTiers",
            payload=item,
            tier=int(item["tier"]),
            notional_floor=number(item["minSz"], f"minSz of {market}"),
            notional_cap=optional_number(item.get("maxSz")),
            initial_margin_rate=optional_number(item.get("imr")),
            maintenance_margin_rate=number(item["mmr"], f"mmr of {market}"),
            max_leverage=optional_number(item.get("maxLever")),
        )

    async def insurance_fund(self, ask: Asker) -> None:
        """The whole fund in dollars. A family must be named, and the total is the same for all."""
        family = next((m["info"]["instFamily"] for m in ask.contracts(swap=True)), "BTC-USDT")
        answer = await ask.call("publicGetPublicInsuranceFund", {"instType": "SWAP", "instFamily": family})
        with ask.row_guard():
            item = answer["data"][0]
            ask.keep(
                ask.row(
                    InsuranceFundRow,
                    Dataset.INSURANCE_FUND,
                    market="total",
                    observed_at=None,
                    endpoint="publicGetPublicInsuranceFund",
                    payload=item,
                    currency="USD",
                    balance=signed_number(item["total"], "total of the insurance fund"),
                )
            )
