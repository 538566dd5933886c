"""Phemex: every amount is contracts; those settled in USDT or USDC are worth one coin each.

Older perpetuals (settled in coins or in USD) send fixed-point integers whose scale stands in the market list,
newer ones send decimals: two calls with the same meaning. Times are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import milliseconds, span_milliseconds
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
)

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.venues.asker import Asker

_DOCS = "https://phemex-docs.github.io/"
_OLD, _NEW = "v1GetMdTicker24hrAll", "v2GetMdV2Ticker24hrAll"
_HOUR_MS = 3_600_000
_WINDOW_MS = 33 * 24 * _HOUR_MS  # 99 settlements of 8 h
_PAGE = 100


class Phemex(Venue):
    """Perpetuals settled in USDT, USDC, USD or coins; the venue lists no dated futures."""

    name = "phemex"
    ccxt_id = "phemex"
    title = "Phemex"
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}#query-product-information-3",
            note="ccxt knows no contract size for USDC: a contract of the newer kind is one coin",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#query-24-hours-ticker-for-all-symbols",
            note="two calls, by kind of contract; ccxt reads none of the coin-margined ones",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}#query-funding-rate-history-2",
            note="settled rates are one call a market, under the name the list gives and not one made up",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.CONTRACTS,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}#query-24-hours-ticker-for-all-symbols",
            note="turnover over volume and contract size is the price in the documentation's examples",
        ),
        Dataset.BORROW_RATE: Unsupported("rates of borrowing are in no public call"),
        Dataset.MARGIN_LOAN: Unsupported("outstanding margin loans are not published"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no public call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit={Direction.LINEAR: Unit.QUOTE, Direction.INVERSE: Unit.BASE},
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}#query-product-information-3",
            note="limits count the settlement currency; they come with the market list",
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are in no public call"),
        Dataset.WALLET_POSITION: Unsupported("positions of single accounts are not public"),
        Dataset.INSURANCE_FUND: Unsupported("the balance of the fund is in no public call"),
    }

    async def markets(self, ask: Asker) -> None:
        """Perpetuals with the contract size and the listing time that ccxt leaves out."""
        for market in ask.listed:
            if not market["swap"]:
                continue
            with ask.row_guard():
                listing = {**_sized(market), "created": market["info"].get("listTime")}
                ask.keep(self._market_row(ask, listing, _interval_hours(market)))

    async def _tickers(self, ask: Asker) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
        """(method, market, ticker) of every listed perpetual, older kind first."""
        listed = {market["id"]: _sized(market) for market in ask.contracts()}
        found = []
        for method in (_OLD, _NEW):
            for item in (await ask.call(method))["result"]:
                market = listed.get(item.get("symbol"))
                if market is not None and _is_old(market) == (method == _OLD):
                    found.append((method, market, item))
        return found

    async def open_interest(self, ask: Asker) -> None:
        """Contracts of all perpetuals."""
        for method, market, item in await self._tickers(ask):
            with ask.row_guard():
                amount = item["openInterest"] if method == _OLD else item["openInterestRv"]
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=market["id"],
                        listed=market,
                        observed_at=_time(item),
                        endpoint=method,
                        payload=item,
                        amount=number(amount, f"open interest of {market['id']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate(self, ask: Asker) -> None:
        """The rate that the coming settlement will use; `pred...` is of the one after it."""
        for method, market, item in await self._tickers(ask):
            with ask.row_guard():
                if method == _OLD:
                    rate = _scaled(item["fundingRateEr"], market, "ratioScale")
                else:
                    rate = signed_number(item["fundingRateRr"], "fundingRateRr")
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=market["id"],
                        observed_at=_time(item),
                        endpoint=method,
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=rate,
                        settles_at=None,
                        interval_hours=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What was paid; a window whose answer is full is asked again in two halves."""
        since, until = span_milliseconds(ask.days)

        async def window(market: Mapping[str, Any], start: int, end: int) -> None:
            method = "GetApiDataPublicDataFundingRateHistory"
            method = f"v1{method}" if _is_old(market) else f"v2{method}"
            # both bounds are inclusive
            asked = {"symbol": market["info"]["fundingRate8hSymbol"], "start": start + 1, "end": end}
            rows = (await ask.call(method, {**asked, "limit": _PAGE}))["data"]["rows"]
            # a page cannot be full of hours in a shorter window
            if len(rows) >= _PAGE and end - start > _PAGE * _HOUR_MS:
                middle = (start + end) // 2
                await window(market, start, middle)
                await window(market, middle, end)
                return
            for item in rows:
                with ask.row_guard():
                    at = instant(item["fundingTime"], "fundingTime")
                    if not start < milliseconds(at) <= end:
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
                            funding_rate=signed_number(item["fundingRate"], "fundingRate"),
                            settles_at=at,
                            interval_hours=number(item["intervalSeconds"], "intervalSeconds") / 3600,
                        )
                    )

        async def one(market: Mapping[str, Any]) -> None:
            for start in range(since, until, _WINDOW_MS):
                await window(market, start, min(start + _WINDOW_MS, until))

        await ask.each([m for m in ask.contracts() if m["info"].get("fundingRate8hSymbol")], one)

    async def price(self, ask: Asker) -> None:
        """Mark, index and 24 h volume in contracts."""
        for method, market, item in await self._tickers(ask):
            with ask.row_guard():
                if method == _OLD:
                    mark, index = (
                        _scaled(item[name], market, "priceScale") for name in ("markEp", "indexEp")
                    )
                    volume = item.get("volume")
                else:
                    mark, index = (number(item[f"{name}PriceRp"], name) for name in ("mark", "index"))
                    volume = item.get("volumeRq")
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=market["id"],
                        listed=market,
                        observed_at=_time(item),
                        endpoint=method,
                        payload=item,
                        mark_price=mark or None,
                        index_price=index or None,
                        volume_24h=optional_number(volume),
                    )
                )

    async def leverage_tier(self, ask: Asker) -> None:
        """The risk limits in the market list; each begins where the one before ends."""
        for market in ask.contracts():
            floor = 0.0
            for tier, step in enumerate(market["info"].get("riskLimits") or [], start=1):
                with ask.row_guard():
                    cap = number(step["limit"], "limit")
                    ask.keep(
                        ask.row(
                            LeverageTierRow,
                            Dataset.LEVERAGE_TIER,
                            market=market["id"],
                            observed_at=None,
                            endpoint="fetchMarkets",
                            payload=step,
                            tier=tier,
                            notional_floor=floor,
                            notional_cap=cap,
                            initial_margin_rate=_margin(step, market, "initialMargin"),
                            maintenance_margin_rate=_margin(step, market, "maintenanceMargin"),
                            max_leverage=None,
                        )
                    )
                    floor = cap


def _is_old(market: Mapping[str, Any]) -> bool:
    return bool(market["info"]["type"] == "Perpetual")


def _sized(market: Mapping[str, Any]) -> Mapping[str, Any]:
    return market if _is_old(market) else {**market, "contractSize": 1.0}


def _interval_hours(market: Mapping[str, Any]) -> float | None:
    """The newer list counts seconds, the older one hours under the same name."""
    sent = optional_number(market["info"].get("fundingInterval"))
    return sent / 3600 if sent is not None and sent >= 3600 else sent


def _scaled(value: object, market: Mapping[str, Any], scale: str) -> float:
    """A fixed-point integer as a number."""
    return signed_number(value, scale) / 10.0 ** int(market[scale])


def _margin(step: Mapping[str, Any], market: Mapping[str, Any], name: str) -> float:
    if f"{name}Rr" in step:
        return number(step[f"{name}Rr"], name)
    return _scaled(step[f"{name}Er"], market, "ratioScale")


def _time(item: Mapping[str, Any]) -> datetime:
    return instant(int(item["timestamp"]) // 1_000_000, "timestamp")
