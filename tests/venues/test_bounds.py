"""What ccxt would never come to an end with, and what one answer says twice: `ccxt_bounds`, `contradictions`.

Every parser under such answers is test_fuzz.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import ccxt.async_support as ccxt_async
import pytest
from ccxt.base.precise import Precise

from pipeline.errors import PayloadUnreadable
from pipeline.records import LeverageTierRow, LiquidationRow, OpenInterestRow, RawRow
from pipeline.venues.ccxt_bounds import bound_exponents, bounded_precision
from pipeline.venues.contradictions import without_contradictions
from pipeline.venues.plausible import refuse_implausible

AT = datetime(2026, 3, 11, tzinfo=UTC)
RAW = RawRow(
    venue="made",
    market="BTC",
    symbol=None,
    observed_at=AT,
    fetched_at=AT,
    endpoint="levels",
    ccxt_version="",
    run_id="",
    unit="base",
    evidence="recorded",
    stamp="instant",
    tolerance_hours=2.0,
    sides=1,
    contract_size=None,
    is_backfilled=False,
    publication_lag_hours=0.0,
    payload="{}",
)


def said(row_type: type[RawRow], values: dict[str, object], **raw: object) -> RawRow:
    common = {name: raw.get(name, getattr(RAW, name)) for name in RAW.__slots__}
    return row_type(**common, **values)


def level(amount: float, **raw: object) -> RawRow:
    return said(OpenInterestRow, {"amount": amount, "own_usd": None}, **raw)


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "-2.5E402"])
def test_ten_to_a_power_without_end_is_refused(number: str) -> None:
    bound_exponents()
    with pytest.raises(ValueError, match="digits"):
        Precise.string_mul(number, "2")


def test_numbers_that_are_sent_stay_as_they_are() -> None:
    bound_exponents()
    assert Precise.string_mul("1e-18", "2.5E3") == "0.0000000000000025"
    assert Precise.string_div("1", "3", 30) == "0." + "3" * 30


@pytest.mark.parametrize("decimals", ["1000000000000000000000000000000", "-1000000", "401"])
def test_a_price_of_endless_decimals_is_refused(decimals: str) -> None:
    parse = bounded_precision(ccxt_async.whitebit().parse_precision)
    with pytest.raises(ValueError, match="decimals"):
        parse(decimals)
    assert (parse("2"), parse("0"), parse("-2")) == ("0.01", "1", "100")


def test_a_market_said_twice_with_different_numbers_is_not_known() -> None:
    rows = [
        level(1.0),
        level(7.0, market="ETH"),
        level(2.0),
        level(1.0, fetched_at=AT + timedelta(seconds=9)),
    ]
    kept, problems = without_contradictions(rows)
    assert kept == [rows[1]]
    assert [str(problem) for problem in problems] == ["BTC is answered 3 times, with different numbers"]


def test_what_is_repeated_or_of_another_time_is_no_contradiction() -> None:
    twice = [level(1.0), level(1.0, fetched_at=AT + timedelta(seconds=9))]
    later = level(2.0, observed_at=AT + timedelta(hours=1))
    elsewhere = level(3.0, endpoint="history")
    rows = [*twice, later, elsewhere]
    assert without_contradictions(rows) == (rows, [])


def test_steps_of_a_table_and_forced_orders_of_an_instant_are_many() -> None:
    steps = [
        said(
            LeverageTierRow,
            {"tier": tier, "notional_floor": floor, "notional_cap": None, "initial_margin_rate": None}
            | {"maintenance_margin_rate": 0.01 * tier, "max_leverage": None},
        )
        for tier, floor in ((1, 0.0), (2, 1e6))
    ]
    orders = [
        said(
            LiquidationRow,
            {"position_side": "long", "price": price, "amount": 1.0, "liquidation_id": None, "occurrence": 0},
        )
        for price in (100.0, 99.0)
    ]
    assert without_contradictions([*steps, *orders]) == ([*steps, *orders], [])


def test_a_row_of_another_day_to_come_is_refused() -> None:
    row = level(1.0, observed_at=AT + timedelta(days=1, seconds=1))
    with pytest.raises(PayloadUnreadable, match="yet to come"):
        refuse_implausible(row)
    refuse_implausible(replace(row, observed_at=AT + timedelta(hours=6)))
