"""ApeX Omni: perpetuals of USDT, coins in every amount. Tickers and the market list name markets differently.

Tokenized stocks and prediction markets share the tickers and are left out: ccxt's list does not hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import DAY, end_of, milliseconds
from pipeline.errors import PayloadUnreadable
from pipeline.keys import quoted
from pipeline.records import (
    Dataset,
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
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://api-docs.omni.apex.exchange"
_TICKERS = f"{_DOCS}/#publicapi-v3-for-omni-get-ticker-data-v3"
_CONFIG = f"{_DOCS}/#publicapi-v3-for-omni-get-all-config-data-v3"
_PAGE = 100
_INTERVAL_HOURS = 1.0


class Apex(Venue):
    """ccxt takes the smallest order for the contract size; a contract is one coin."""

    name = "apex"
    ccxt_id = "apex"
    title = "ApeX Omni"
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(600, 60)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_CONFIG,
            note="contract size is one coin, not ccxt's minOrderSize",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.NONE,
            link=_TICKERS,
            note="no unit is named and the documented example is absurd: taken for coins, and in no total",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/#publicapi-v3-for-omni-get-funding-rate-history-v3",
            note="predictedFundingRate is for the coming settlement; its time may be one of the day alone",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=_TICKERS,
            note="volume24h counts coins, turnover24h dollars",
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
            link=_CONFIG,
            note="margins grow by a step with each incrementalPositionValue: the one row is the first step",
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no call"),
    }

    def _market_row(self, ask: Asker, market: Mapping[str, Any], interval_hours: float | None) -> MarketRow:
        return super()._market_row(ask, _of_one_coin(market), interval_hours)

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """An hour for all, as documented: a 24th of the interest of a day is the example's rate."""
        return {market["id"]: _INTERVAL_HOURS for market in ask.listed}

    async def _tickers(self, ask: Asker) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Listed market and ticker of every open perpetual."""
        answer = await ask.call("publicGetV3DataAllTickerInfo")
        listed = {market["info"]["crossSymbolName"]: _of_one_coin(market) for market in ask.contracts()}
        return [(listed[item["symbol"]], item) for item in answer["data"] if item["symbol"] in listed]

    async def open_interest(self, ask: Asker) -> None:
        """All perpetuals in one call."""
        for market, item in await self._tickers(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=market["id"],
                        listed=market,
                        observed_at=None,
                        endpoint="publicGetV3DataAllTickerInfo",
                        payload=item,
                        amount=number(item["openInterest"], f"openInterest of {market['id']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The forecast for the coming settlement."""
        for market, item in await self._tickers(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=market["id"],
                        listed=market,
                        observed_at=None,
                        endpoint="publicGetV3DataAllTickerInfo",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["predictedFundingRate"], "predictedFundingRate"),
                        settles_at=_coming(item["nextFundingTime"], ask.clock.now()),
                        interval_hours=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, page by numbered page until the total is reached."""
        since, until = milliseconds(end_of(ask.days[0]) - DAY), milliseconds(end_of(ask.days[-1]))

        async def one(market: Mapping[str, Any]) -> None:
            place, seen, method = 0, 0, "publicGetV3HistoryFunding"
            window = {"beginTimeInclusive": since, "endTimeExclusive": until + 1, "limit": _PAGE}
            while True:
                asked = {"symbol": market["id"], "page": place, **window}
                answer = (await ask.call(method, asked))["data"]
                for item in answer["historyFunds"]:
                    with ask.row_guard():
                        at = instant(item["fundingTimestamp"], "fundingTimestamp")
                        if not since < milliseconds(at) <= until:
                            continue
                        ask.keep(
                            ask.row(
                                FundingRateRow,
                                Dataset.FUNDING_RATE,
                                market=market["id"],
                                listed=_of_one_coin(market),
                                observed_at=at,
                                endpoint=method,
                                payload=item,
                                is_backfilled=ask.is_backfill,
                                kind=FundingKind.SETTLED.value,
                                funding_rate=signed_number(item["rate"], "rate"),
                                settles_at=at,
                                interval_hours=None,
                            )
                        )
                seen += len(answer["historyFunds"])
                if not answer["historyFunds"] or seen >= int(answer["totalSize"]):
                    break
                place += 1

        await ask.each(ask.contracts(), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and 24 h volume in coins."""
        for market, item in await self._tickers(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=market["id"],
                        listed=market,
                        observed_at=None,
                        endpoint="publicGetV3DataAllTickerInfo",
                        payload=item,
                        mark_price=number(item["markPrice"], "markPrice") or None,
                        index_price=optional_number(item.get("indexPrice")) or None,
                        volume_24h=optional_number(item.get("volume24h")),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """The first step, as the market list holds it."""
        names = ("baselinePositionValue", "initialMarginRate", "maintenanceMarginRate", "displayMaxLeverage")
        for market in ask.contracts():
            with ask.row_guard():
                info = market["info"]
                ask.keep(
                    ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=market["id"],
                        listed=_of_one_coin(market),
                        observed_at=None,
                        endpoint="fetchMarkets",
                        payload={name: info.get(name) for name in names},
                        tier=1,
                        notional_floor=0.0,
                        notional_cap=optional_number(info.get("baselinePositionValue")),
                        initial_margin_rate=number(info["initialMarginRate"], "initialMarginRate"),
                        maintenance_margin_rate=number(
                            info["maintenanceMarginRate"], "maintenanceMarginRate"
                        ),
                        max_leverage=optional_number(info.get("displayMaxLeverage")),
                    )
                )


def _of_one_coin(market: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**market, "contractSize": 1.0}


def _coming(value: object, now: datetime) -> datetime:
    """When the next settlement is, from an ISO time or from a time of the day in UTC."""
    try:
        if "T" in str(value):
            return instant(milliseconds(datetime.fromisoformat(str(value))), "nextFundingTime")
        at = datetime.combine(now.date(), time.fromisoformat(str(value)), UTC)
    except ValueError as problem:
        message = f"nextFundingTime is not a time: {quoted(value)}"
        raise PayloadUnreadable(message) from problem
    return at if at > now else at + DAY
