"""Funding rates, their intervals, and times: what the pinned ccxt says, and what we say.

Each test names the letter of its trap: D funding, K times; `test_ccxt_units.py` explains the form.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ccxt
import duckdb
import pytest
from ccxt_said import (
    DAY,
    NOW,
    SINCE_MS,
    answered,
    exchange_of,
    our_rates,
    true_level,
    true_rates,
)
from evidence import needs

from pipeline.clock import end_of, milliseconds

if TYPE_CHECKING:
    from conftest import Truth

EXACT = 1e-9
ROUNDED = 1e-6  # ccxt cuts a rate to the digits of its decimals


@needs("krakenfutures")
def test_d_kraken_divides_an_absolute_rate_by_the_price_where_it_should_multiply(
    truth: Truth, ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]
) -> None:
    """D: right for linear markets; for inverse ones off by the square of the price, eight billion times."""
    said = ccxt_of("krakenfutures").fetch_funding_rates()
    coming = {
        market: float(true_rates(truth.tables, "krakenfutures", market).loc[NOW:, "predicted_rate"].iloc[0])
        for market in ("PF_XBTUSD", "PI_XBTUSD")
    }
    mark = true_level(truth.tables, "krakenfutures", "PI_XBTUSD").mark
    assert said["BTC/USD:USD"]["fundingRate"] == pytest.approx(coming["PF_XBTUSD"], rel=ROUNDED)
    wrong = coming["PI_XBTUSD"] / mark**2
    assert said["BTC/USD:BTC"]["fundingRate"] == pytest.approx(wrong, rel=1e-3)  # four digits are left
    paid = true_rates(truth.tables, "krakenfutures", "PI_XBTUSD")
    rows = our_rates(ours, "krakenfutures", "PI_XBTUSD", "settled")
    assert len(rows) == 24
    for at, rate, hours, apr in rows:
        assert rate == pytest.approx(paid.loc[at, "funding_rate"], rel=EXACT)
        assert (hours, apr) == (1, pytest.approx(paid.loc[at, "funding_rate"] * 8760, rel=EXACT))


@needs("deribit")
def test_d_deribit_hours_carry_the_rate_of_eight(
    truth: Truth, ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]
) -> None:
    """D: each hourly row is the sum of the last eight: a day of them counts every hour eight times."""
    start = milliseconds(end_of(DAY)) - 24 * 3_600_000 + 1
    rows = ccxt_of("deribit").fetch_funding_rate_history("BTC/USD:BTC", start, 24)
    paid = true_rates(truth.tables, "deribit", "BTC-PERPETUAL").loc[: end_of(DAY)]["funding_rate"]
    assert (len(rows), rows[0]["interval"]) == (24, "8h")
    assert rows[-1]["fundingRate"] == pytest.approx(paid.iloc[-8:].sum(), rel=EXACT)
    assert 7 < sum(row["fundingRate"] for row in rows) / paid.iloc[-24:].sum() < 9
    mine = our_rates(ours, "deribit", "BTC-PERPETUAL", "settled")
    assert [row[1] for row in mine] == pytest.approx(list(paid.iloc[-24:]), rel=EXACT)
    # the day's mean as a rate a year: 365 times what the day cost
    mean_apr = sum(row[3] for row in mine) / 24
    assert mean_apr == pytest.approx(365 * paid.iloc[-24:].sum(), rel=EXACT)


@needs("backpack")
def test_d_backpack_interval_is_taken_for_an_hour(
    ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]
) -> None:
    """D: a constant of ccxt's; the market list names 8 h for this one."""
    assert ccxt_of("backpack").fetch_funding_rate("BTC/USDC:USDC")["interval"] == "1h"
    assert {row[2] for row in our_rates(ours, "backpack", "BTC_USDC_PERP", "settled")} == {8}


@needs("binance")
def test_d_binance_names_no_interval_of_most_markets(
    ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]
) -> None:
    """D: fundingInfo lists only what was moved away from 8 h, and ccxt raises for the rest."""
    with pytest.raises(ccxt.NullResponse):
        ccxt_of("binance").fetch_funding_interval("BTC/USDT:USDT")
    assert {row[2] for row in our_rates(ours, "binance", "BTCUSDT", "settled")} == {8}
    assert {row[2] for row in our_rates(ours, "binance", "SOLUSDT", "settled")} == {
        4
    }  # moved two days before


@needs("gate")
def test_d_gate_interval_is_seconds(ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]) -> None:
    """D: 28800, 14400 and 3600 in the market list; ccxt turns them into hours for forecasts alone."""
    gate = ccxt_of("gate")
    assert gate.market("BTC/USDT:USDT")["info"]["funding_interval"] == 28800
    assert gate.fetch_funding_rates()["PEPE/USDT:USDT"]["interval"] == "4h"
    history = gate.fetch_funding_rate_history("BTC/USDT:USDT", SINCE_MS)
    assert {row.get("interval") for row in history} == {None}
    found = {m: our_rates(ours, "gate", m, "settled") for m in ("BTC_USDT", "PEPE_USDT", "NEW_USDT")}
    assert {market: {row[2] for row in rows} for market, rows in found.items()} == {
        "BTC_USDT": {8},
        "PEPE_USDT": {4},
        "NEW_USDT": {1},
    }
    for rows in found.values():
        assert all(apr == pytest.approx(rate * 8760 / hours, rel=EXACT) for _, rate, hours, apr in rows)


@needs("hyperliquid")
def test_k_hyperliquid_sends_no_time(ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]) -> None:
    """K: open interest without a time is as old as its fetch; ccxt's funding time is this machine's clock."""
    hyperliquid = ccxt_of("hyperliquid")
    assert hyperliquid.fetch_open_interests()["BTC/USDC:USDC"]["timestamp"] is None
    next_hour = milliseconds(end_of(DAY) + timedelta(hours=1))
    assert hyperliquid.fetch_funding_rates()["BTC/USDC:USDC"]["fundingTimestamp"] == next_hour
    rows = ours.execute(
        "select distinct observed_at is null, fetched_at from raw.open_interest where venue = 'hyperliquid'"
    ).fetchall()
    assert rows == [(True, NOW)]
    rows = ours.execute(
        "select distinct settles_at from raw.funding_rate where venue = 'hyperliquid' and kind = 'predicted'"
    ).fetchall()
    assert rows == [(None,)]


@needs("backpack")
def test_k_backpack_times_have_no_zone(
    ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]
) -> None:
    """K: ccxt's datetime lacks the Z of all others, and is local time to whoever reads it so; it is UTC."""
    row = ccxt_of("backpack").fetch_funding_rate_history("BTC/USDC:USDC")[-1]
    assert row["datetime"] == "2026-03-12T00:00:00"
    assert our_rates(ours, "backpack", "BTC_USDC_PERP", "settled")[-1][0] == end_of(DAY)


@needs("kucoinfutures")
def test_k_kucoin_calls_the_start_of_a_period_the_previous_settlement(
    ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]
) -> None:
    """A, K: before 4.5.64 timePoint was the coming settlement in ccxt's words."""
    kucoin = ccxt_of("kucoinfutures")
    sent = {"symbol": "XBTUSDTM", "granularity": 28_800_000, "value": 0.0001}
    times = {"timePoint": SINCE_MS, "fundingTime": SINCE_MS + 28_800_000}
    said = kucoin.parse_funding_rate({**sent, **times}, kucoin.market("BTC/USDT:USDT"))
    assert said["previousFundingTimestamp"] == SINCE_MS
    assert said["fundingTimestamp"] == SINCE_MS + 28_800_000
    rows = our_rates(ours, "kucoinfutures", "XBTUSDTM", "predicted")
    assert [row[0] for row in rows] == [end_of(DAY) + timedelta(hours=8)]


@needs("phemex")
def test_k_phemex_sends_nanoseconds(truth: Truth, ours: duckdb.DuckDBPyConnection) -> None:
    """K: a millionth of them is a millisecond, and ccxt keeps the fraction out; so do we."""
    phemex = exchange_of(truth.server, "phemex")
    sent = {"symbol": "BTCUSDT", "openInterestRv": "1", "timestamp": SINCE_MS * 10**6 + 123_456}
    answered(phemex, {"result": sent})
    assert phemex.fetch_open_interest("BTC/USDT:USDT")["timestamp"] == SINCE_MS
    rows = ours.execute(
        "select distinct observed_at from raw.open_interest where venue = 'phemex'"
    ).fetchall()
    assert rows == [(end_of(DAY),)]
