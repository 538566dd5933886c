"""The real ccxt classes, redirected over real HTTP, read the tiny history back.

Expected numbers are typed by hand from the tiny history in conftest.py and the venues' units.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import ccxt.async_support as ccxt_async
import pytest

from pipeline.clock import milliseconds
from pipeline.replay.process import ReplayServer

EXACT = 1e-12
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = datetime(2026, 3, 2, tzinfo=UTC)
NOW = SECOND + timedelta(minutes=5)


def redirected(node: Any, address: str) -> Any:
    """Every https address below `node` rewritten to the local server."""
    if isinstance(node, dict):
        return {key: redirected(value, address) for key, value in node.items()}
    return node.replace("https://", f"{address}/") if isinstance(node, str) else node


def ask(replay: ReplayServer, venue: str, question: Callable[[Any], Awaitable[Any]]) -> Any:
    """The answer of a fresh ccxt exchange with its markets loaded."""

    async def run() -> Any:
        exchange = getattr(ccxt_async, venue)({"enableRateLimit": False})
        exchange.urls["api"] = redirected(exchange.urls["api"], replay.address)
        exchange.milliseconds = lambda: milliseconds(NOW)
        try:
            await exchange.load_markets()
            return await question(exchange)
        finally:
            await exchange.close()

    return asyncio.run(run())


def test_binance_linear(replay: ReplayServer) -> None:
    async def question(exchange: Any) -> Any:
        return (
            exchange.market("BTC/USDT:USDT"),
            await exchange.fetch_open_interest("BTC/USDT:USDT"),
            await exchange.fetch_open_interest("1000PEPE/USDT:USDT"),
            await exchange.fetch_funding_rates(),
            await exchange.fetch_funding_intervals(),
            await exchange.fetch_funding_rate_history("SOL/USDT:USDT", milliseconds(FIRST)),
            await exchange.fetch_open_interest_history("BTC/USDT:USDT", "1d", milliseconds(FIRST), 5),
        )

    market, btc, pepe, funding, intervals, history, past = ask(replay, "binance", question)
    assert market["contractSize"] == 1
    assert market["active"] is True
    assert btc["openInterestAmount"] == 86123.456
    assert btc["timestamp"] == milliseconds(SECOND)
    assert pepe["openInterestAmount"] == 6.1e9
    assert funding["BTC/USDT:USDT"]["fundingRate"] == 0.00017  # predicted for 08:00
    assert funding["BTC/USDT:USDT"]["fundingTimestamp"] == milliseconds(SECOND) + 8 * 3_600_000
    assert funding["BTC/USDT:USDT"]["markPrice"] == 90000.5
    assert funding["BTC/USDT:USDT"]["indexPrice"] == 90010.0
    assert funding["SOL/USDT:USDT"]["fundingRate"] == -0.00025  # no prediction: the last one paid
    assert funding["SOL/USDT:USDT"]["fundingTimestamp"] == milliseconds(SECOND) + 4 * 3_600_000
    assert {symbol: row["interval"] for symbol, row in intervals.items()} == {"SOL/USDT:USDT": "4h"}
    assert [row["fundingRate"] for row in history] == [0.0001, 0.0003, 0.0004, -0.00025]
    assert [row["openInterestAmount"] for row in past] == [85000.0, 86123.456]
    assert past[1]["openInterestValue"] == pytest.approx(86123.456 * 90000.5, rel=EXACT)


def test_binance_coin_margined(replay: ReplayServer) -> None:
    async def question(exchange: Any) -> Any:
        return (
            exchange.market("ETH/USD:ETH"),
            exchange.market("BTC/USD:BTC-260327"),
            await exchange.fetch_open_interest("ETH/USD:ETH"),
            await exchange.fetch_funding_rates(None, {"subType": "inverse"}),
            await exchange.fetch_open_interest_history("ETH/USD:ETH", "1d", milliseconds(FIRST), 5),
            await exchange.fetch_tickers(["ETH/USD:ETH"]),
        )

    market, dated, interest, funding, past, tickers = ask(replay, "binance", question)
    assert market["contractSize"] == 10
    assert market["inverse"] is True
    assert dated["contractSize"] == 100
    assert dated["expiry"] == 1774598400000  # 2026-03-27 08:00 UTC
    assert interest["openInterestAmount"] == 26_613_524
    assert interest["openInterestAmount"] * market["contractSize"] == 266_135_240  # USD
    assert funding["ETH/USD:ETH"]["fundingRate"] == 0.00007
    assert past[1]["openInterestAmount"] == 26_613_524
    assert past[1]["openInterestValue"] == 106_454.096  # coins
    assert tickers["ETH/USD:ETH"]["info"]["baseVolume"] == "400000"
    assert tickers["ETH/USD:ETH"]["info"]["volume"] == "100000000"  # 400,000 x 2,500 / 10


def test_okx(replay: ReplayServer) -> None:
    async def question(exchange: Any) -> Any:
        return (
            exchange.markets,
            await exchange.fetch_open_interests(),
            await exchange.fetch_open_interest("BTC/USDT:USDT-260327"),
            await exchange.fetch_funding_rates(),
            await exchange.fetch_mark_prices(params={"instType": "SWAP"}),
            await exchange.fetch_open_interest_history("BTC/USDT:USDT", "1h", milliseconds(SECOND), 1),
            await exchange.fetch_funding_rate_history("BTC/USDT:USDT"),
            await exchange.public_get_public_interest_rate_loan_quota(),
        )

    markets, interest, dated, funding, marks, past, history, loans = ask(replay, "okx", question)
    assert markets["BTC/USDT:USDT"]["contractSize"] == 0.01
    assert markets["BTC/USD:BTC"]["contractSize"] == 100
    assert markets["BTC/USD:BTC"]["inverse"] is True
    assert markets["BTC/USDT:USDT-260327"]["expiry"] == 1774598400000
    linear, inverse = interest["BTC/USDT:USDT"], interest["BTC/USD:BTC"]
    assert linear["openInterestAmount"] == 2_136_738  # 21,367.38 BTC in contracts of 0.01
    assert linear["baseVolume"] == 21_367.38
    assert linear["openInterestValue"] == pytest.approx(21_367.38 * 90_001, rel=EXACT)
    assert inverse["openInterestAmount"] == 4_080_000  # 5,100 BTC x 80,000 / 100
    assert inverse["openInterestValue"] == 408_000_000
    assert dated["openInterestAmount"] == 81_250
    assert funding["BTC/USDT:USDT"]["fundingRate"] == 0.00011
    assert funding["BTC/USDT:USDT"]["interval"] == "8h"
    assert funding["BTC/USD:BTC"]["fundingRate"] == 0.00005
    assert marks["BTC/USDT:USDT"]["markPrice"] == 90_001
    assert [row["openInterestAmount"] for row in past] == [2_136_738]
    assert [row["fundingRate"] for row in history] == [0.000079238688534]
    assert loans["data"][0]["basic"] == [{"ccy": "USDT", "quota": "", "rate": "0.00043728"}]


def test_hyperliquid(replay: ReplayServer) -> None:
    async def question(exchange: Any) -> Any:
        return (
            exchange.markets,
            await exchange.fetch_open_interests(),
            await exchange.fetch_funding_rates(),
            await exchange.fetch_funding_rate_history("BTC/USDC:USDC", milliseconds(FIRST)),
        )

    markets, interest, funding, history = ask(replay, "hyperliquid", question)
    assert markets["LOOM/USDC:USDC"]["active"] is False
    assert markets["BTC/USDC:USDC"]["contractSize"] == 1
    assert interest["BTC/USDC:USDC"]["openInterestAmount"] == 30_500.12345
    assert interest["KPEPE/USDC:USDC"]["openInterestAmount"] == 2_100_000_000.5
    assert interest["LOOM/USDC:USDC"]["openInterestAmount"] == 0
    assert funding["BTC/USDC:USDC"]["fundingRate"] == pytest.approx(0.0000149, rel=EXACT)
    assert funding["BTC/USDC:USDC"]["markPrice"] == 90_002
    assert funding["BTC/USDC:USDC"]["indexPrice"] == 90_020
    assert len(history) == 25
    assert all(0 < row["timestamp"] % 3_600_000 < 100 for row in history)  # a few ms after the hour
    assert history[24]["fundingRate"] == pytest.approx(0.0000149, rel=EXACT)


def test_bitfinex(replay: ReplayServer) -> None:
    async def question(exchange: Any) -> Any:
        symbol = "BTC/USDT:USDT"
        return (
            exchange.markets,
            await exchange.fetch_open_interests(),
            await exchange.fetch_funding_rates([symbol]),
            await exchange.public_get_funding_stats_symbol_hist({"symbol": "fUSD"}),
            await exchange.public_get_stats1_key_size_symbol_side_hist(
                {"key": "pos.size", "size": "1m", "symbol": "tBTCUSD", "side": "long"}
            ),
            await exchange.fetch_tickers(),
        )

    markets, interest, funding, stats, held, tickers = ask(replay, "bitfinex", question)
    symbol = "BTC/USDT:USDT"
    assert markets[symbol]["id"] == "tBTCF0:USTF0"
    assert markets["BTC/USD"]["margin"] is True
    assert interest[symbol]["openInterestAmount"] == 5775.20348804
    assert funding[symbol]["fundingRate"] == 0.00014548
    assert funding[symbol]["nextFundingTimestamp"] == milliseconds(SECOND) + 8 * 3_600_000
    assert funding[symbol]["markPrice"] == 89_990
    assert float(stats[0][3]) == pytest.approx(1e-6, rel=EXACT)  # 0.133225 / 365 / 365
    assert [float(stats[0][7]), float(stats[0][8])] == [300_000_000.5, 250_000_000.25]
    assert [float(row[1]) for row in held] == [61_234.5, 60_000.0]  # newest first
    assert tickers[symbol]["baseVolume"] == 2_500
