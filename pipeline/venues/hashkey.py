"""HashKey Global: perpetuals counted in contracts. Open interest is in no call; rates and mark prices are.

Spot markets and the Hong Kong exchange of the same house, which has no perpetuals, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import DAY, end_of, milliseconds
from pipeline.records import (
    Dataset,
    Direction,
    FundingKind,
    FundingRateRow,
    LeverageTierRow,
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

_DOCS = "https://hashkeyglobal-apidoc.readme.io/reference"
_PAGE = 1000
_INTERVAL_HOURS = 8.0


class HashKey(Venue):
    """Linear perpetuals of USDT; a contract is a piece of the coin."""

    name = "hashkey"
    ccxt_id = "hashkey"
    title = "HashKey Global"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/exchangeinfo",
        ),
        Dataset.OPEN_INTEREST: Unsupported("open interest is in no public call of the documentation"),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=40,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/get-futures-history-funding-rate",
            note="the last 1,000 settlements, which are 41 days where they come each hour",
        ),
        Dataset.PRICE: Reports(
            unit={Direction.LINEAR: Unit.CONTRACTS},
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/get-24hr-ticker-price-change",
            note="the mark alone, one call a market; v counts contracts, as qv over it shows",
        ),
        Dataset.BORROW_RATE: Unsupported("the venue lends nothing"),
        Dataset.MARGIN_LOAN: Unsupported("the venue lends nothing"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit={Direction.LINEAR: Unit.CONTRACTS},
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.NONE,
            link=f"{_DOCS}/exchangeinfo",
            note="rates are fractions; that the quantity of a risk limit counts contracts is named nowhere",
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no call"),
    }

    def max_leverage(self, market: Mapping[str, Any]) -> float | None:
        """What the step of least initial margin allows: ccxt cuts it down to a whole number."""
        steps = market["info"].get("riskLimits") or []
        initial = min((number(step["initialMargin"], "initialMargin") for step in steps), default=0.0)
        return 1 / initial if initial > 0 else None

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """8 h for all, as documented; settlements that lie closer tell otherwise in staging."""
        return {market["id"]: _INTERVAL_HOURS for market in ask.listed if market["swap"]}

    async def funding_rate(self, ask: Asker) -> None:
        """The rate of the coming settlement, all perpetuals in one call."""
        listed = {market["id"] for market in ask.contracts()}
        method = "publicGetApiV1FuturesFundingRate"
        for item in await ask.call(method, {"timestamp": milliseconds(ask.clock.now())}):
            if item["symbol"] not in listed:
                continue
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item["symbol"],
                        observed_at=None,
                        endpoint=method,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["rate"], "rate"),
                        settles_at=instant(item["nextSettleTime"], "nextSettleTime"),
                        interval_hours=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid: the one page there is of each market."""
        since, until = end_of(ask.days[0]) - DAY, end_of(ask.days[-1])

        async def one(market: Mapping[str, Any]) -> None:
            method = "publicGetApiV1FuturesHistoryFundingRate"
            for item in await ask.call(method, {"symbol": market["id"], "limit": _PAGE}):
                with ask.row_guard():
                    at = instant(item["settleTime"], "settleTime")
                    if not since < at <= until:
                        continue
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
                            funding_rate=signed_number(item["settleRate"], "settleRate"),
                            settles_at=at,
                            interval_hours=None,
                        )
                    )

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Mark price of each market, and the contracts traded in 24 h from the tickers."""
        tickers = await ask.call("publicGetQuoteV1Ticker24hr")
        volumes = {item.get("s"): optional_number(item.get("v")) for item in tickers}

        async def one(market: Mapping[str, Any]) -> None:
            item = await ask.call("publicGetQuoteV1MarkPrice", {"symbol": market["id"]})
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=market["id"],
                        listed=market,
                        observed_at=instant(item["time"], "time"),
                        endpoint="publicGetQuoteV1MarkPrice",
                        payload=item,
                        mark_price=number(item["price"], f"mark price of {market['id']}") or None,
                        index_price=None,
                        volume_24h=volumes.get(market["id"]),
                    )
                )

        await ask.each(ask.contracts(), one)

    async def leverage_tier(self, ask: Asker) -> None:
        """The risk limits of the market list: each ends at its quantity."""
        for market in ask.contracts():
            floor = 0.0
            for place, step in enumerate(market["info"].get("riskLimits") or []):
                with ask.row_guard():
                    initial = number(step["initialMargin"], f"initialMargin of {market['id']}")
                    cap = number(step["quantity"], f"quantity of {market['id']}")
                    ask.keep(
                        ask.row(
                            LeverageTierRow,
                            Dataset.LEVERAGE_TIER,
                            market=market["id"],
                            listed=market,
                            observed_at=None,
                            endpoint="fetchMarkets",
                            payload=step,
                            tier=place + 1,
                            notional_floor=floor,
                            notional_cap=cap,
                            initial_margin_rate=initial,
                            maintenance_margin_rate=number(step["maintMargin"], "maintMargin"),
                            max_leverage=1 / initial if initial else None,
                        )
                    )
                    floor = cap
