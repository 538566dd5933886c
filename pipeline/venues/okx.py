"""OKX: every amount is whole or fractional contracts; the venue's own dollars stand beside them.

Keyless. The public loan-quota call gives the daily base rate of margin borrowing. ccxt's keyless
"borrow rate history" is a Simple Earn *lending* yield and is not used. Ratios, margin tables and insurance
are in `_okx_risk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds, span_milliseconds
from pipeline.records import (
    BorrowRateRow,
    Dataset,
    FundingKind,
    FundingRateRow,
    OpenInterestRow,
    PriceRow,
    Stamp,
    Unit,
)
from pipeline.venues._okx_risk import RISK_REPORTS, OkxRisk
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
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://www.okx.com/docs-v5/en"
_KINDS = ("SWAP", "FUTURES")
_PAGE = 100
_HOUR_MS = 3_600_000


class Okx(OkxRisk, Venue):
    """Perpetual swaps and dated futures."""

    name = "okx"
    ccxt_id = "okx"
    title = "OKX"
    ccxt_options: ClassVar[Mapping[str, Any]] = {"fetchMarkets": {"types": ["swap", "future"]}}
    limits: ClassVar[Mapping[str, Limit]] = {
        "": Limit(20, 2),
        "/public/funding-rate": Limit(10, 2),
        "/public/mark-price": Limit(10, 2),
        "/public/position-tiers": Limit(10, 2),
        "/public/insurance-fund": Limit(10, 2),
        "/public/interest-rate-loan-quota": Limit(2, 2),
        "/rubik/": Limit(5, 2),
    }
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/#public-data-rest-api-get-instruments",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=100,
            evidence=Evidence.RECORDED,
            link=f"{_DOCS}/#public-data-rest-api-get-open-interest",
            note="oi counts contracts, oiCcy coins, oiUsd dollars; history is one market a call",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=90,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/#public-data-rest-api-get-funding-rate",
            note="settled rates are realizedRate, one call a market; about three months back",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/#public-data-rest-api-get-mark-price",
            note="volCcy24h is coins for derivatives, vol24h contracts",
        ),
        Dataset.BORROW_RATE: Reports(
            unit=Unit.RATE_PER_DAY,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/#public-data-rest-api-get-interest-rate-and-loan-quota",
            note="base rate of regular users",
        ),
        Dataset.MARGIN_LOAN: Unsupported("only a long/short loan ratio is public, no amount"),
        **RISK_REPORTS,
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """nextFundingTime less fundingTime: the interval after the coming settlement."""
        intervals: dict[str, float] = {}
        answer = await ask.call("publicGetPublicFundingRate", {"instId": "ANY"})
        for item in answer["data"]:
            with ask.row_guard():
                start, end = number(item["fundingTime"], "time"), number(item["nextFundingTime"], "time")
                intervals[item["instId"]] = (end - start) / _HOUR_MS
        return intervals

    async def open_interest(self, ask: Asker) -> None:
        """All swaps in one call, all dated futures in another."""
        for kind in _KINDS:
            answer = await ask.call("publicGetPublicOpenInterest", {"instType": kind})
            for item in answer["data"]:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            OpenInterestRow,
                            Dataset.OPEN_INTEREST,
                            market=ask.market(item["instId"])["id"],
                            observed_at=instant(item["ts"], "ts"),
                            endpoint="publicGetPublicOpenInterest",
                            payload=item,
                            amount=number(item["oi"], f"oi of {item['instId']}"),
                            own_usd=optional_number(item.get("oiUsd")),
                        )
                    )

    async def open_interest_history(self, ask: Asker) -> None:
        """Daily rows at 00:00 UTC (period 1Dutc: plain 1D closes at 16:00 UTC), one market a call."""
        since, until = milliseconds(end_of(ask.days[0])), milliseconds(end_of(ask.days[-1]))

        async def one(market: Mapping[str, Any]) -> None:
            method = "publicGetRubikStatContractsOpenInterestHistory"
            # both bounds are exclusive
            asked = {
                "instId": market["id"],
                "period": "1Dutc",
                "begin": since - 1,
                "end": until + 1,
                "limit": _PAGE,
            }
            answer = await ask.call(method, asked)
            for item in answer["data"]:
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            OpenInterestRow,
                            Dataset.OPEN_INTEREST,
                            market=market["id"],
                            observed_at=instant(item[0], "ts"),
                            endpoint=method,
                            payload=item,
                            is_backfilled=True,
                            amount=number(item[1], f"oi of {market['id']}"),
                            own_usd=optional_number(item[3]),
                        )
                    )

        await ask.each(ask.contracts(), one)

    async def funding_rate(self, ask: Asker) -> None:
        """The rate that the coming settlement will use, all swaps in one call."""
        answer = await ask.call("publicGetPublicFundingRate", {"instId": "ANY"})
        for item in answer["data"]:
            with ask.row_guard():
                start, end = number(item["fundingTime"], "time"), number(item["nextFundingTime"], "time")
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=ask.market(item["instId"])["id"],
                        observed_at=instant(item["ts"], "ts") if item.get("ts") else None,
                        endpoint="publicGetPublicFundingRate",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                        settles_at=instant(item["fundingTime"], "fundingTime"),
                        interval_hours=(end - start) / _HOUR_MS,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid, newest page first: walk back with `after` until the window's start."""
        since, until = span_milliseconds(ask.days)

        async def one(market: Mapping[str, Any]) -> None:
            method, after = "publicGetPublicFundingRateHistory", until + 1
            while True:
                answer = await ask.call(method, {"instId": market["id"], "after": after, "limit": _PAGE})
                page = answer["data"]
                times = [int(item["fundingTime"]) for item in page]
                for item, time in zip(page, times, strict=True):
                    if time < since:
                        continue
                    with ask.row_guard():
                        at = instant(item["fundingTime"], "fundingTime")
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
                                funding_rate=signed_number(item["realizedRate"], "realizedRate"),
                                settles_at=at,
                                interval_hours=None,
                            )
                        )
                oldest = min(times, default=since)
                if not walk_goes_on(ask, len(page) >= _PAGE and oldest > since, oldest < after):
                    break
                after = oldest

        await ask.each(ask.contracts(swap=True), one)

    async def price(self, ask: Asker) -> None:
        """Mark prices and volumes by kind, index prices by quote currency."""
        index_by_pair: dict[str, float | None] = {}
        quotes = sorted({market["quoteId"] for market in ask.contracts()})
        for quote in quotes:
            answer = await ask.call("publicGetMarketIndexTickers", {"quoteCcy": quote})
            index_by_pair |= {item["instId"]: optional_number(item.get("idxPx")) for item in answer["data"]}
        for kind in _KINDS:
            tickers = await ask.call("publicGetMarketTickers", {"instType": kind})
            volumes = {item["instId"]: optional_number(item.get("volCcy24h")) for item in tickers["data"]}
            marks = await ask.call("publicGetPublicMarkPrice", {"instType": kind})
            for item in marks["data"]:
                with ask.row_guard():
                    market = ask.market(item["instId"])
                    ask.keep(
                        ask.row(
                            PriceRow,
                            Dataset.PRICE,
                            market=market["id"],
                            observed_at=instant(item["ts"], "ts"),
                            endpoint="publicGetPublicMarkPrice",
                            payload=item,
                            mark_price=number(item["markPx"], "markPx") or None,
                            index_price=index_by_pair.get(market["info"].get("uly", "")),
                            volume_24h=volumes.get(item["instId"]),
                        )
                    )

    async def borrow_rate(self, ask: Asker) -> None:
        """The daily base rate of margin borrowing, all currencies in one call."""
        answer = await ask.call("publicGetPublicInterestRateLoanQuota")
        for item in answer["data"][0]["basic"]:
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        BorrowRateRow,
                        Dataset.BORROW_RATE,
                        market=item["ccy"],
                        observed_at=None,
                        endpoint="publicGetPublicInterestRateLoanQuota",
                        payload=item,
                        currency=item["ccy"],
                        kind="cross",
                        rate=number(item["rate"], f"rate of {item['ccy']}"),
                    )
                )
