"""Delta Exchange: perpetuals and dated futures counted in contracts, rates in percent, times in microseconds.

One call answers open interest, prices and forecasts of all contracts. Quanto contracts are listed and not
counted: what their contract is worth is not documented. Options are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.records import (
    Dataset,
    Direction,
    FundingKind,
    FundingRateRow,
    LeverageTierRow,
    MarketRow,
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

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://docs.delta.exchange"
_TICKERS = f"{_DOCS}/#get-tickers-for-products"
_PRODUCTS = f"{_DOCS}/#get-list-of-products"
_CONTRACTS: Mapping[Direction, Unit] = {
    Direction.LINEAR: Unit.CONTRACTS,
    Direction.INVERSE: Unit.CONTRACTS,
}
_HOUR_SECONDS = 3600


class Delta(Venue):
    """A contract is a piece of a coin where it is linear, and dollars where it is settled in the coin."""

    name = "delta"
    ccxt_id = "delta"
    title = "Delta Exchange"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_PRODUCTS,
            note="ccxt takes quanto contracts for inverse ones: is_quanto is read here",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=_CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=_TICKERS,
            note="oi_contracts; oi and oi_value are coins (ccxt: a value), oi_value_usd is at the index",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.PERCENT_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=_TICKERS,
            note="the running forecast; what was paid is drawn as a candle chart only, and not collected",
        ),
        Dataset.PRICE: Reports(
            unit=_CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=_TICKERS,
            note="size counts the contracts of the day, volume coins",
        ),
        Dataset.BORROW_RATE: Unsupported("the venue lends nothing"),
        Dataset.MARGIN_LOAN: Unsupported("the venue lends nothing"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit=Unit.QUOTE,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_PRODUCTS,
            note="margins grow steadily above max_leverage_notional: the one row ends there",
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no call"),
    }

    def _market_row(self, ask: Asker, market: Mapping[str, Any], interval_hours: float | None) -> MarketRow:
        if _is_quanto(market):
            market = {**market, "linear": False, "inverse": False}
        return super()._market_row(ask, market, interval_hours)

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """rate_exchange_interval of the market list, in seconds there."""
        found = {market["id"]: _interval_hours(market) for market in ask.contracts(swap=True)}
        return {market: hours for market, hours in found.items() if hours is not None}

    async def _tickers(self, ask: Asker) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Listed market and ticker of every open contract that can be counted."""
        answer = await ask.call("publicGetTickers", {"contract_types": "perpetual_futures,futures"})
        listed = {market["id"]: market for market in ask.contracts() if not _is_quanto(market)}
        return [(listed[item["symbol"]], item) for item in answer["result"] if item["symbol"] in listed]

    async def open_interest(self, ask: Asker) -> None:
        """Contracts, and dollars at the index."""
        for market, item in await self._tickers(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=market["id"],
                        listed=market,
                        observed_at=_instant(item),
                        endpoint="publicGetTickers",
                        payload=item,
                        amount=number(item["oi_contracts"], f"oi_contracts of {market['id']}"),
                        own_usd=optional_number(item.get("oi_value_usd")),
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The forecast of every perpetual; when it will be paid is not said."""
        for market, item in await self._tickers(ask):
            if not market["swap"]:
                continue
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=market["id"],
                        listed=market,
                        observed_at=_instant(item),
                        endpoint="publicGetTickers",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["funding_rate"], "funding_rate"),
                        settles_at=None,
                        interval_hours=_interval_hours(market),
                    )
                )

    async def price(self, ask: Asker) -> None:
        """Mark price, spot index and the contracts traded in 24 h."""
        for market, item in await self._tickers(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=market["id"],
                        listed=market,
                        observed_at=_instant(item),
                        endpoint="publicGetTickers",
                        payload=item,
                        mark_price=number(item["mark_price"], "mark_price") or None,
                        index_price=optional_number(item.get("spot_price")) or None,
                        volume_24h=optional_number(item.get("size")),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """The margins of the market list, percent there, up to the size at which they begin to grow."""
        for market in ask.contracts():
            with ask.row_guard():
                info = market["info"]
                names = ("initial_margin", "maintenance_margin", "max_leverage_notional")
                initial = number(info["initial_margin"], f"initial_margin of {market['id']}")
                ask.keep(
                    ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=market["id"],
                        listed=market,
                        observed_at=None,
                        endpoint="fetchMarkets",
                        payload={name: info.get(name) for name in names},
                        tier=1,
                        notional_floor=0.0,
                        notional_cap=optional_number(info.get("max_leverage_notional")),
                        initial_margin_rate=initial / 100,
                        maintenance_margin_rate=number(info["maintenance_margin"], "maintenance_margin")
                        / 100,
                        max_leverage=100 / initial if initial else None,
                    )
                )


def _is_quanto(market: Mapping[str, Any]) -> bool:
    return market["info"].get("is_quanto") is True


def _interval_hours(market: Mapping[str, Any]) -> float | None:
    seconds = optional_number((market["info"].get("product_specs") or {}).get("rate_exchange_interval"))
    return seconds / _HOUR_SECONDS if seconds else None


def _instant(item: Mapping[str, Any]) -> datetime:
    """The ticker's time, in microseconds there."""
    return instant(number(item["timestamp"], "timestamp") // 1000, "timestamp")
