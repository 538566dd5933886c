"""XT: open interest is one call a market, prices one a product; volumes count contracts, amounts coins.

Perpetuals carry a delivery date that means nothing and a flag of whether programs may trade them; ccxt takes
the one for an expiry and the other for being open. A spot pair and a perpetual share their id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import span_milliseconds
from pipeline.records import (
    Dataset,
    Direction,
    FundingKind,
    FundingRateRow,
    LeverageTierRow,
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
    walk_goes_on,
)
from pipeline.venues.plausible import named

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://doc.xt.com/docs/futures/MarketData"
_PAGE = 200


class Xt(Venue):
    """Perpetuals and dated futures settled in USDT or coins. Bets on events stay out."""

    name = "xt"
    ccxt_id = "xt"
    title = "XT"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/get-configuration-information-for-listed-and-tradeable-symbols",
            note="ccxt gives perpetuals an expiry, and calls closed what programs may not trade",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit={Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.USD},
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/get-the-open-position-of-a-trading-pair",
            note="openInterest of linear contracts has a part of a contract; openInterestUsd of inverse ones",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="per_symbol",
            history_days=90,
            always_history=True,
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/get-funding-rate-records",
            note="collectionInternal counts hours of the coming and seconds of past settlements",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/get-aggregated-market-information-for-all-trading-pairs",
            note="v over a is the price in ccxt's example of a contract of one coin",
        ),
        Dataset.BORROW_RATE: Unsupported("rates of borrowing are in no public call"),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit={Direction.LINEAR: Unit.QUOTE},
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/see-leverage-stratification-of-single-trading-pair",
            note="linear contracts only: nothing says what the steps of inverse ones count",
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("a call risk-balance exists; nothing says what it answers"),
    }

    def market_id(self, market: Mapping[str, Any]) -> str:
        """Spot pairs have the ids of perpetuals: they are told apart here."""
        market_id = named(market["id"], "id of a listed market")
        return f"spot:{market_id}" if market["spot"] else market_id

    async def markets(self, ask: Asker) -> None:
        """Open contracts, with the listing time that ccxt leaves out."""
        for market in _open(ask):
            with ask.row_guard():
                said = {"active": True, "created": market["info"].get("onboardDate")}
                if market["swap"]:
                    said["expiry"] = None
                ask.keep(self._market_row(ask, {**market, **said}, None))

    async def open_interest(self, ask: Asker) -> None:
        """Coins of linear contracts, dollars of inverse ones."""

        async def one(market: Mapping[str, Any]) -> None:
            method = _method(market, "ContractOpenInterest")
            item = (await ask.call(method, {"symbol": market["id"]}))["result"]
            amount = item["openInterestUsd"] if market["inverse"] else item["openInterest"]
            ask.keep(
                ask.row(
                    OpenInterestRow,
                    Dataset.OPEN_INTEREST,
                    market=market["id"],
                    observed_at=instant(item["time"], "time"),
                    endpoint=method,
                    payload=item,
                    amount=number(amount, f"open interest of {market['id']}"),
                    own_usd=optional_number(item["openInterestUsd"]),
                )
            )

        await ask.each(_open(ask), one)

    async def funding_rate(self, ask: Asker) -> None:
        """The forecast for the coming settlement."""

        async def one(market: Mapping[str, Any]) -> None:
            method = _method(market, "QFundingRate")
            item = (await ask.call(method, {"symbol": market["id"]}))["result"]
            ask.keep(
                ask.row(
                    FundingRateRow,
                    Dataset.FUNDING_RATE,
                    market=market["id"],
                    observed_at=None,
                    endpoint=method,
                    payload=item,
                    kind=FundingKind.PREDICTED.value,
                    funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                    settles_at=instant(item["nextCollectionTime"], "nextCollectionTime"),
                    interval_hours=number(item["collectionInternal"], "collectionInternal"),
                )
            )

        await ask.each(_open(ask, swap=True), one)

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest first; a page begins after the last row of the page before."""
        since, until = span_milliseconds(ask.days)

        async def one(market: Mapping[str, Any]) -> None:
            method = _method(market, "QFundingRateRecord")
            asked: dict[str, Any] = {"symbol": market["id"], "limit": _PAGE}
            oldest = until + 1
            while True:
                answer = (await ask.call(method, asked))["result"]
                page = answer["items"]
                for item in page:
                    if not since < int(item["createdTime"]) <= until:
                        continue
                    with ask.row_guard():
                        at = instant(item["createdTime"], "createdTime")
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
                                funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                                settles_at=at,
                                interval_hours=number(item["collectionInternal"], "interval") / 3600,
                            )
                        )
                reached = min((int(item["createdTime"]) for item in page), default=since)
                is_further = "id" not in asked or reached < oldest
                if not walk_goes_on(ask, bool(answer.get("hasNext")) and reached > since, is_further):
                    break
                oldest = reached
                last = min(page, key=lambda item: int(item["createdTime"]))
                asked = {**asked, "id": last["id"], "direction": "NEXT"}

        await ask.each(_open(ask, swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and 24 h volume in contracts, one call a product."""
        listed = {market["id"]: market for market in _open(ask)}
        for product in sorted({_method(market, "QAggTickers") for market in listed.values()}):
            for item in (await ask.call(product))["result"]:
                if item["s"] not in listed:
                    continue
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            PriceRow,
                            Dataset.PRICE,
                            market=item["s"],
                            observed_at=instant(item["t"], "t"),
                            endpoint=product,
                            payload=item,
                            mark_price=number(item["m"], "m") or None,
                            index_price=number(item["i"], "i") or None,
                            volume_24h=optional_number(item.get("a")),
                        )
                    )

    async def leverage_tier(self, ask: Asker) -> None:
        """Steps of all linear contracts in one call; each begins where the one before ends."""
        listed = {market["id"] for market in _open(ask) if market["linear"]}
        method = "publicLinearGetFutureMarketV1PublicLeverageBracketList"
        for table in (await ask.call(method))["result"]:
            if table["symbol"] not in listed:
                continue
            floor: float | None = 0.0
            for step in sorted(table["leverageBrackets"], key=lambda step: int(step["bracket"])):
                # what follows a step that cannot be read has no floor, and least of all zero
                start, floor = floor, None
                with ask.row_guard():
                    cap = number(step["maxNominalValue"], "maxNominalValue")
                    ask.keep(
                        ask.row(
                            LeverageTierRow,
                            Dataset.LEVERAGE_TIER,
                            market=table["symbol"],
                            observed_at=None,
                            endpoint=method,
                            payload=step,
                            tier=int(step["bracket"]),
                            notional_floor=number(start, "end of the step before"),
                            notional_cap=cap,
                            initial_margin_rate=optional_number(step["startMarginRate"]),
                            maintenance_margin_rate=number(step["maintMarginRate"], "maintMarginRate"),
                            max_leverage=optional_number(step["maxLeverage"]),
                        )
                    )
                    floor = cap


def _open(ask: Asker, **wanted: object) -> list[Mapping[str, Any]]:
    """Contracts that trade, also those closed to programs."""
    return [
        market
        for market in ask.listed
        if market["contract"]
        and market["info"].get("tradeSwitch")
        and market["info"].get("predictEventType") is None
        and all(market[key] == value for key, value in wanted.items())
    ]


def _method(market: Mapping[str, Any], name: str) -> str:
    product = "Inverse" if market["inverse"] else "Linear"
    return f"public{product}GetFutureMarketV1Public{name}"
