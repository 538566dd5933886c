"""Lighter: one call lists the markets and their open interest in coins, without a time.

What each hour cost comes as a percentage without a sign, beside the side that paid. The call that ccxt reads
for rates counts eight hours where the venue settles every hour: it is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds
from pipeline.errors import PayloadUnreadable
from pipeline.keys import quoted
from pipeline.records import (
    Dataset,
    FundingKind,
    FundingRateRow,
    LeverageTierRow,
    OpenInterestRow,
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
)
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from pipeline.venues.asker import Asker

_DOCS = "https://apidocs.lighter.xyz/reference"
_DETAILS, _FUNDINGS = "publicGetOrderBookDetails", "publicGetFundings"
_HOUR = 3600
_WINDOW = 700 * _HOUR
_SIGN = {"long": 1.0, "short": -1.0}  # by the side that pays
_MARGIN_SCALE = 10_000.0


class Lighter(Venue):
    """Perpetuals settled in USDC. A market's id is a number."""

    name = "lighter"
    ccxt_id = "lighter"
    title = "Lighter"
    limits: ClassVar[Mapping[str, Limit]] = {"": Limit(60, 60)}
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/orderbookdetails",
            note="ccxt takes quote_multiplier for a contract size: amounts are coins",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.NONE,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/orderbookdetails",
            note="coins here and dollars in the stream; the example's 39,559 ETH can be no dollars",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.PERCENT_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="per_symbol",
            history_days=365,
            always_history=True,
            evidence=Evidence.DOCUMENTED,
            link="https://docs.lighter.xyz/trading/funding",
            note="percent of an hour: the floor of 0.01 % in eight hours is sent as 0.0012",
        ),
        Dataset.PRICE: Unsupported("the public calls send the last trade, but no mark and no index price"),
        Dataset.BORROW_RATE: Unsupported("the venue lends no money against collateral"),
        Dataset.MARGIN_LOAN: Unsupported("the venue lends no money against collateral"),
        Dataset.LONG_SHORT_RATIO: Unsupported("numbers of long and short accounts are in no public call"),
        Dataset.LEVERAGE_TIER: Reports(
            unit=Unit.QUOTE,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.CCXT_SOURCE,
            link=f"{_DOCS}/orderbookdetails",
            note="one step for positions of every size; margins count ten-thousandths",
        ),
        Dataset.LIQUIDATION: Unsupported("forced orders are marked in the stream of trades only"),
        Dataset.WALLET_POSITION: Unsupported(
            "accounts can be read by their address, which is not done here yet"
        ),
        Dataset.INSURANCE_FUND: Unsupported("the fund is an account; its balance is in no call of its own"),
    }

    async def markets(self, ask: Asker) -> None:
        """Perpetuals, of one coin a contract and settled every hour."""
        for market in ask.listed:
            if not market["swap"]:
                continue
            with ask.row_guard():
                ask.keep(self._market_row(ask, {**market, "contractSize": 1.0}, 1.0))

    async def _details(self, ask: Asker) -> list[Mapping[str, Any]]:
        listed = {market["id"] for market in ask.contracts()}
        answer = await ask.call(_DETAILS)
        return [item for item in answer["order_book_details"] if str(item["market_id"]) in listed]

    async def open_interest(self, ask: Asker) -> None:
        """Coins, all perpetuals in one call."""
        for item in await self._details(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        OpenInterestRow,
                        Dataset.OPEN_INTEREST,
                        market=str(item["market_id"]),
                        observed_at=None,
                        endpoint=_DETAILS,
                        payload=item,
                        amount=number(item["open_interest"], f"open interest of {item['symbol']}"),
                        own_usd=None,
                    )
                )

    async def funding_rate_history(self, ask: Asker) -> None:
        """What each hour cost, in windows that one answer holds."""
        since = milliseconds(end_of(ask.days[0])) // 1000 - 24 * _HOUR
        until = milliseconds(end_of(ask.days[-1])) // 1000
        windows = [(start, min(start + _WINDOW, until)) for start in range(since, until, _WINDOW)]

        async def one(market: Mapping[str, Any]) -> None:
            for start, end in windows:
                asked = {"market_id": market["id"], "resolution": "1h"}
                bounds = {"start_timestamp": start + 1, "end_timestamp": end}
                hours = {"count_back": (end - start) // _HOUR}
                for item in (await ask.call(_FUNDINGS, {**asked, **bounds, **hours}))["fundings"]:
                    if not start < int(item["timestamp"]) <= end:
                        continue
                    with ask.row_guard():
                        at = instant(int(item["timestamp"]) * 1000, "timestamp")
                        ask.keep(
                            ask.row(
                                FundingRateRow,
                                Dataset.FUNDING_RATE,
                                market=market["id"],
                                observed_at=at,
                                endpoint=_FUNDINGS,
                                payload=item,
                                is_backfilled=ask.is_backfill,
                                kind=FundingKind.SETTLED.value,
                                funding_rate=_fraction(item),
                                settles_at=at,
                                interval_hours=1.0,
                            )
                        )

        await ask.each(ask.contracts(), one)

    async def leverage_tier(self, ask: Asker) -> None:
        """The one step of every market."""
        for item in await self._details(ask):
            with ask.row_guard():
                initial, maintenance = (
                    number(item[name], name) / _MARGIN_SCALE
                    for name in ("min_initial_margin_fraction", "maintenance_margin_fraction")
                )
                ask.keep(
                    ask.row(
                        LeverageTierRow,
                        Dataset.LEVERAGE_TIER,
                        market=str(item["market_id"]),
                        observed_at=None,
                        endpoint=_DETAILS,
                        payload=item,
                        tier=1,
                        notional_floor=0.0,
                        notional_cap=None,
                        initial_margin_rate=initial,
                        maintenance_margin_rate=maintenance,
                        max_leverage=None,
                    )
                )


def _fraction(item: Mapping[str, Any]) -> float:
    """Percent and the side that pays as a fraction, positive where longs pay."""
    if item["direction"] not in _SIGN:
        message = f"direction of funding is neither long nor short: {quoted(item['direction'])}"
        raise PayloadUnreadable(message)
    return _SIGN[item["direction"]] * number(item["rate"], "rate")
