"""Bitfinex: the one venue of the four that publishes margin debt itself.

`funding/stats` gives, per currency, how much is lent and how much of it is used in positions: the used
amount is debt outstanding. Its rate field is the daily rate divided by 365 (sic). `stats1` gives margin
position sizes in coins. Perpetuals count coins. Margin rates, forced closings and insurance are in
`_bitfinex_risk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pipeline.clock import end_of, milliseconds
from pipeline.errors import PayloadUnreadable
from pipeline.records import (
    BorrowRateRow,
    Dataset,
    FundingKind,
    FundingRateRow,
    LoanMeasure,
    MarginLoanRow,
    OpenInterestRow,
    PriceRow,
    Stamp,
    Unit,
)
from pipeline.venues._bitfinex_risk import RISK_REPORTS, BitfinexRisk
from pipeline.venues.base import (
    Declaration,
    Evidence,
    Reports,
    Venue,
    instant,
    number,
    optional_number,
    signed_number,
)
from pipeline.venues.limiter import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pipeline.venues.asker import Asker

_DOCS = "https://docs.bitfinex.com/reference"
# The currencies and pairs that hold nearly all of the venue's margin lending.
_FUNDED = ("USD", "UST", "BTC", "ETH")
_POSITIONS = ("tBTCUSD", "tETHUSD")
_STATUS_FIELDS = 24


class Bitfinex(BitfinexRisk, Venue):
    """Perpetuals settled in USDt, and peer-to-peer funded margin trading."""

    name = "bitfinex"
    ccxt_id = "bitfinex"
    title = "Bitfinex"
    limits: ClassVar[Mapping[str, Limit]] = {
        "": Limit(90, 60),
        "/stats1/": Limit(15, 60),
        "/liquidations/": Limit(3, 60),
    }
    reports: ClassVar[Mapping[Dataset, Declaration]] = {
        Dataset.MARKETS: Reports(
            unit=Unit.LISTING,
            stamp=Stamp.NONE,
            tolerance_hours=24,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/rest-public-conf",
        ),
        Dataset.OPEN_INTEREST: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            history_days=365,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/rest-public-derivatives-status",
            note="ccxt reads the history's time from the wrong place: the implicit call is used",
        ),
        Dataset.FUNDING_RATE: Reports(
            unit=Unit.RATE_PER_INTERVAL,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/rest-public-derivatives-status",
            note="the rate of the running 8 h period; the venue lists no settlements",
        ),
        Dataset.PRICE: Reports(
            unit=Unit.BASE,
            stamp=Stamp.INSTANT,
            tolerance_hours=2,
            how="bulk",
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/rest-public-derivatives-status",
        ),
        Dataset.BORROW_RATE: Reports(
            unit=Unit.RATE_PER_DAY_OVER_365,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="per_currency",
            history_days=365,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/rest-public-funding-stats",
        ),
        Dataset.MARGIN_LOAN: Reports(
            unit=Unit.CURRENCY,
            stamp=Stamp.INSTANT,
            tolerance_hours=24,
            how="per_currency",
            history_days=365,
            evidence=Evidence.DOCUMENTED,
            link=f"{_DOCS}/rest-public-funding-stats",
            note="USD, UST, BTC and ETH funding; BTC and ETH margin positions",
        ),
        **RISK_REPORTS,
    }

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Perpetuals settle at 00:00, 08:00 and 16:00 UTC."""
        return {market["id"]: 8.0 for market in ask.contracts(swap=True)}

    async def _status(self, ask: Asker) -> Iterator[list[Any]]:
        answer = await ask.call("publicGetStatusDeriv", {"keys": "ALL"})
        listed = {market["id"] for market in ask.contracts(swap=True)}
        return (row for row in answer if isinstance(row, list) and row and row[0] in listed)

    async def open_interest(self, ask: Asker) -> None:
        """Coins, all perpetuals in one call."""
        for item in await self._status(ask):
            with ask.row_guard():
                if len(item) < _STATUS_FIELDS:
                    message = f"status row of {item[0]} has {len(item)} fields, not {_STATUS_FIELDS}"
                    raise PayloadUnreadable(message)
                ask.keep(self._open_interest(ask, item[0], item[1], item[18], item, is_backfilled=False))

    async def open_interest_history(self, ask: Asker) -> None:
        """The status row nearest before the end of each day: one call a market and day."""

        async def one(asked: tuple[Mapping[str, Any], datetime]) -> None:
            market, end = asked
            answer = await ask.call(
                "publicGetStatusDerivSymbolHist",
                {"symbol": market["id"], "end": milliseconds(end), "limit": 1, "sort": -1},
            )
            for item in answer:
                with ask.row_guard():
                    # the history's rows lack the symbol, so every field stands one place earlier
                    ask.keep(
                        self._open_interest(ask, market["id"], item[0], item[17], item, is_backfilled=True)
                    )

        pairs = [(market, end_of(day)) for market in ask.contracts(swap=True) for day in ask.days]
        await ask.each(pairs, one)

    def _open_interest(
        self, ask: Asker, market: str, time: object, amount: object, payload: object, *, is_backfilled: bool
    ) -> OpenInterestRow:
        return ask.row(
            OpenInterestRow,
            Dataset.OPEN_INTEREST,
            market=market,
            observed_at=instant(time, "time"),
            endpoint="publicGetStatusDerivSymbolHist" if is_backfilled else "publicGetStatusDeriv",
            payload=payload,
            is_backfilled=is_backfilled,
            amount=number(amount, f"open interest of {market}"),
            own_usd=None,
        )

    async def funding_rate(self, ask: Asker) -> None:
        """The rate of the running period, paid at the next event."""
        for item in await self._status(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        FundingRateRow,
                        Dataset.FUNDING_RATE,
                        market=item[0],
                        observed_at=instant(item[1], "time"),
                        endpoint="publicGetStatusDeriv",
                        payload=item,
                        kind=FundingKind.PREDICTED.value,
                        funding_rate=signed_number(item[12], f"current funding of {item[0]}"),
                        settles_at=instant(item[8], "next funding time"),
                        interval_hours=8.0,
                    )
                )

    async def price(self, ask: Asker) -> None:
        """Mark and spot price from the status call, volume in coins from the tickers."""
        tickers = await ask.call("publicGetTickers", {"symbols": "ALL"})
        volumes = {row[0]: optional_number(row[8]) for row in tickers if str(row[0]).startswith("t")}
        for item in await self._status(ask):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        PriceRow,
                        Dataset.PRICE,
                        market=item[0],
                        observed_at=instant(item[1], "time"),
                        endpoint="publicGetStatusDeriv",
                        payload=item,
                        mark_price=number(item[15], f"mark price of {item[0]}") or None,
                        index_price=optional_number(item[4]) or None,
                        volume_24h=volumes.get(item[0]),
                    )
                )

    async def borrow_rate(self, ask: Asker) -> None:
        """The flash return rate of each funded currency."""
        await ask.each([(currency, None) for currency in _FUNDED], lambda asked: self._rate(ask, *asked))

    async def borrow_rate_history(self, ask: Asker) -> None:
        """The same, nearest before the end of each day."""
        pairs = [(currency, end_of(day)) for currency in _FUNDED for day in ask.days]
        await ask.each(pairs, lambda asked: self._rate(ask, *asked))

    async def margin_loan(self, ask: Asker) -> None:
        """Lent and used amounts by currency, margin positions by pair and side."""
        await ask.each([(currency, None) for currency in _FUNDED], lambda asked: self._loans(ask, *asked))
        sides = [(pair, side, None) for pair in _POSITIONS for side in ("long", "short")]
        await ask.each(sides, lambda asked: self._positions(ask, *asked))

    async def margin_loan_history(self, ask: Asker) -> None:
        """The same, nearest before the end of each day."""
        ends = [end_of(day) for day in ask.days]
        loans = [(currency, end) for currency in _FUNDED for end in ends]
        await ask.each(loans, lambda asked: self._loans(ask, *asked))
        sides = [(pair, side, end) for pair in _POSITIONS for side in ("long", "short") for end in ends]
        await ask.each(sides, lambda asked: self._positions(ask, *asked))

    async def _stats(self, ask: Asker, currency: str, end: datetime | None) -> list[list[Any]]:
        asked: dict[str, Any] = {"symbol": f"f{currency}", "limit": 1}
        if end is not None:
            asked["end"] = milliseconds(end)
        answer: list[list[Any]] = await ask.call("publicGetFundingStatsSymbolHist", asked)
        return answer

    async def _rate(self, ask: Asker, currency: str, end: datetime | None) -> None:
        for item in await self._stats(ask, currency, end):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        BorrowRateRow,
                        Dataset.BORROW_RATE,
                        market=currency,
                        observed_at=instant(item[0], "time"),
                        endpoint="publicGetFundingStatsSymbolHist",
                        payload=item,
                        is_backfilled=end is not None,
                        currency=currency,
                        kind="pool",
                        rate=number(item[3], f"rate of {currency}"),
                    )
                )

    async def _loans(self, ask: Asker, currency: str, end: datetime | None) -> None:
        for item in await self._stats(ask, currency, end):
            for measure, place in ((LoanMeasure.LENT, 7), (LoanMeasure.USED, 8)):
                with ask.row_guard():
                    ask.keep(
                        ask.row(
                            MarginLoanRow,
                            Dataset.MARGIN_LOAN,
                            market=currency,
                            observed_at=instant(item[0], "time"),
                            endpoint="publicGetFundingStatsSymbolHist",
                            payload=item,
                            is_backfilled=end is not None,
                            currency=currency,
                            measure=measure.value,
                            side=None,
                            collateral_market=None,
                            amount=number(item[place], f"{measure.value} {currency}"),
                        )
                    )

    async def _positions(self, ask: Asker, pair: str, side: str, end: datetime | None) -> None:
        method = "publicGetStats1KeySizeSymbolSideHist"
        asked: dict[str, Any] = {"key": "pos.size", "size": "1m", "symbol": pair, "side": side, "limit": 1}
        if end is not None:
            asked["end"] = milliseconds(end)
        currency = pair.removeprefix("t")[:3]
        for item in await ask.call(method, asked):
            with ask.row_guard():
                ask.keep(
                    ask.row(
                        MarginLoanRow,
                        Dataset.MARGIN_LOAN,
                        market=pair,
                        observed_at=instant(item[0], "time"),
                        endpoint=method,
                        payload=item,
                        is_backfilled=end is not None,
                        currency=currency,
                        measure=LoanMeasure.POSITION_SIZE.value,
                        side=side,
                        collateral_market=pair,
                        amount=number(item[1], f"{side} positions of {pair}"),
                    )
                )
