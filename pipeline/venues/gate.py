"""Gate: amounts are contracts, one side counted; times are seconds. A contract is `quanto_multiplier` coins.

The contract list answers open interest, prices and the coming funding rate of every market of a settlement
coin, and carries no time. BTC_USD has a multiplier of 0 and is worth one dollar. Ratios, margin tables,
forced orders and the insurance fund are in `_gate_risk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds
from pipeline.records import (
    Dataset,
    Direction,
    FundingKind,
    FundingRateRow,
    MarketRow,
    OpenInterestRow,
    PriceRow,
    Stamp,
    Unit,
)
from pipeline.venues._gate_risk import (
    DOCS,
    RISK_REPORTS,
    SETTLES,
    GateRisk,
    as_traded,
    day_ends,
    from_seconds,
    subject,
)
from pipeline.venues.base import (
    Declaration,
    Evidence,
    Reports,
    Unsupported,
    Venue,
    number,
    optional_number,
    signed_number,
    walk_goes_on,
)

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_HOUR_S, _DAY_S = 3600, 86_400
_FUNDING_PAGE = 1000


class Gate(GateRisk, Venue):
    """Perpetuals settled in USDT or BTC, and dated futures settled in USDT."""

    name = "gate"
    ccxt_id = "gate"
    title = "Gate"
    ccxt_options: ClassVar[Mapping[str, Any]] = {"fetchMarkets": {"types": ["swap", "future"]}}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/#query-all-futures-contracts",
            note="ccxt calls every contract inverse that does not settle in its quote currency",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit={Direction.LINEAR: Unit.CONTRACTS, Direction.INVERSE: Unit.CONTRACTS},
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            history_days=30,
            evidence=Evidence.DOCUMENTED,
            link=f"{DOCS}/#query-all-futures-contracts",
            note="position_size is the total of longs; ccxt has no call for it; history of perpetuals only",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            history_days=3650,
            always_history=True,
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/#futures-market-historical-funding-rate",
            note="settled rates one market a call, 1000 rows",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{DOCS}/#get-all-futures-trading-statistics",
            note="volume_24h counts contracts, volume_24h_base coins",
        ),
        Dataset.BORROW_RATE: Unsupported(
            "ccxt has no address for the public call, whose documents do not name the period of a rate"
        ),
        Dataset.MARGIN_LOAN: Unsupported("no public loan amount is known"),
        **RISK_REPORTS,
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """funding_interval counts seconds."""
        return {
            market["id"]: number(market["info"]["funding_interval"], "funding_interval") / _HOUR_S
            for market in ask.listed
            if market["swap"]
        }

    def _market_row(self, ask: Asker, market: Mapping[str, Any], interval_hours: float | None) -> MarketRow:
        return super()._market_row(ask, as_traded(market), interval_hours)

    async def _all(self, ask: Asker, what: str) -> list[tuple[str, dict[str, Any]]]:
        """Endpoint and row of every market: perpetuals by settlement coin, then dated futures."""
        found = []
        for product, settles in SETTLES.items():
            method = f"public{product}GetSettle{what}"
            for settle in settles:
                found += [(method, item) for item in await ask.call(method, {"settle": settle})]
        return found

    async def open_interest(self, ask: Asker) -> None:
        """Contracts, every market of a settlement coin in one call."""
        for method, item in await self._all(ask, "Contracts"):
            with ask.row_guard():
                market = ask.market(item["name"])
                row = ask.row(
                    OpenInterestRow,
                    Dataset.OPEN_INTEREST,
                    market=market["id"],
                    listed=as_traded(market),
                    observed_at=None,
                    endpoint=method,
                    payload=item,
                    amount=number(item["position_size"], f"position_size of {market['id']}"),
                    own_usd=None,
                )
                ask.keep(row)

    async def open_interest_history(self, ask: Asker) -> None:
        """The hour that stands at each 00:00 UTC, perpetuals only, four days and one market a call."""

        async def one(market: Mapping[str, Any]) -> None:
            for at, item in await day_ends(ask, market):
                if item.get("open_interest") is None:
                    continue
                with ask.row_guard():
                    row = ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=market["id"],
                        listed=as_traded(market),
                        observed_at=at,
                        endpoint="publicFuturesGetSettleContractStats",
                        payload=item,
                        is_backfilled=True,
                        amount=number(item["open_interest"], f"open_interest of {market['id']}"),
                        own_usd=optional_number(item.get("open_interest_usd")),
                    )
                    ask.keep(row)

        await ask.each(ask.contracts(swap=True), one)

    async def funding_rate(self, ask: Asker) -> None:
        """The rate that the coming settlement will use, every perpetual of a settlement coin in one call."""
        for method, item in await self._all(ask, "Contracts"):
            if "funding_next_apply" not in item:
                continue  # dated futures pay no funding
            with ask.row_guard():
                row = ask.row(
                    FundingRateRow,
                    Dataset.FUNDING_RATE,
                    market=ask.market(item["name"])["id"],
                    observed_at=None,
                    endpoint=method,
                    payload=item,
                    kind=FundingKind.PREDICTED.value,
                    funding_rate=signed_number(item["funding_rate"], "funding_rate"),
                    settles_at=from_seconds(item["funding_next_apply"], "funding_next_apply"),
                    interval_hours=number(item["funding_interval"], "funding_interval") / _HOUR_S,
                )
                ask.keep(row)

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first: walk back with `to` until the window's start."""
        since = milliseconds(end_of(ask.days[0])) // 1000 - _DAY_S
        until = milliseconds(end_of(ask.days[-1])) // 1000
        method = "publicFuturesGetSettleFundingRate"

        async def one(market: Mapping[str, Any]) -> None:
            end = until
            while True:
                asked = {**subject(market), "from": since, "to": end, "limit": _FUNDING_PAGE}
                page = await ask.call(method, asked)
                for item in page:
                    with ask.row_guard():
                        at = from_seconds(item["t"], "t")
                        row = ask.row(
                            FundingRateRow,
                            Dataset.FUNDING_RATE,
                            market=market["id"],
                            observed_at=at,
                            endpoint=method,
                            payload=item,
                            is_backfilled=ask.is_backfill,
                            kind=FundingKind.SETTLED.value,
                            funding_rate=signed_number(item["r"], "r"),
                            settles_at=at,
                            interval_hours=None,
                        )
                        ask.keep(row)
                oldest = min((int(item["t"]) for item in page), default=since)
                if not walk_goes_on(ask, len(page) >= _FUNDING_PAGE and oldest > since, oldest <= end):
                    break
                end = oldest - 1

        await ask.each(ask.contracts(swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark and index from the contract list, 24 h volume in coins from the tickers."""
        volumes = {
            item["contract"]: optional_number(item.get("volume_24h_base"))
            for _, item in await self._all(ask, "Tickers")
        }
        for method, item in await self._all(ask, "Contracts"):
            with ask.row_guard():
                row = ask.row(
                    PriceRow,
                    Dataset.PRICE,
                    market=ask.market(item["name"])["id"],
                    observed_at=None,
                    endpoint=method,
                    payload=item,
                    mark_price=number(item["mark_price"], "mark_price") or None,
                    index_price=optional_number(item.get("index_price")) or None,
                    volume_24h=volumes.get(item["name"]),
                )
                ask.keep(row)
