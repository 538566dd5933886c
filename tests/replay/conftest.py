"""A tiny history written by hand: market shapes of the venues with recordings, in numbers to check on paper.

Nothing about made scenarios belongs here. All observations stand at 2026-03-01 and 2026-03-02, 00:00 UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.replay.history import write_history
from pipeline.replay.process import ReplayServer

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = datetime(2026, 3, 2, tzinfo=UTC)
NOW = SECOND + timedelta(minutes=5)
LISTED = datetime(2025, 1, 1, tzinfo=UTC)
CHANGED = datetime(2026, 3, 1, 12, tzinfo=UTC)  # SOLUSDT pays every 4 h from here on
DELISTED = datetime(2026, 3, 1, 6, tzinfo=UTC)
EXPIRY = datetime(2026, 3, 27, 8, tzinfo=UTC)

# size: of a contract; hours: of a funding interval; mark and index: prices, the same on both days; volume:
# coins in 24 h; first and second: open interest in coins on the two days.
_MARKETS = """
venue market base quote settle kind direction size hours mark index volume first second
binance BTCUSDT BTC USDT USDT swap linear 1 8 90000.5 90010 150000.25 85000 86123.456
binance SOLUSDT SOL USDT USDT swap linear 1 8 150 150.1 9000000 7000000 7100000
binance 1000PEPEUSDT 1000PEPE USDT USDT swap linear 1 8 0.0125 0.01251 40000000000 6000000000 6100000000
binance ETHUSD_PERP ETH USD ETH swap inverse 10 8 2500 2501 400000 106000 106454.096
binance BTCUSD_260327 BTC USD BTC future inverse 100 - 80000 79900 1000 18.75 18.755
okx BTC-USDT-SWAP BTC USDT USDT swap linear 0.01 8 90001 90011 120000 21000 21367.38
okx BTC-USD-SWAP BTC USD BTC swap inverse 100 8 80000 90012 5000 5000 5100
okx BTC-USDT-260327 BTC USDT USDT future linear 0.01 - 90500 90011 700 800 812.5
hyperliquid BTC BTC USDC USDC swap linear 1 1 90002 90020 33000 30000 30500.12345
hyperliquid kPEPE kPEPE USDC USDC swap linear 1 1 0.012512 0.0125 1000000000 2000000000 2100000000.5
bitfinex tBTCF0:USTF0 BTC UST UST swap linear 1 8 89990 90005 2500 5600 5775.20348804
mexc BTC_USDT BTC USDT USDT swap linear 0.0001 8 90000.5 90010 4000 5500 5510.296
whitebit BTC_PERP BTC USDT USDT swap linear 1 8 90000.5 90010 197000 6000 6000.5
htx BTC-USDT BTC USDT USDT swap linear 0.001 8 90000.5 90010 11371 16000 16238.046
bybit BTCUSDT BTC USDT USDT swap linear 1 8 90000.5 90010 150000 27000 27123.456
bybit BTCUSD BTC USD BTC swap inverse 1 8 80000 90010 1500 1000 1000.5
bitget BTCUSDT BTC USDT USDT swap linear 1 8 90000.5 90010 120000 32000 32456.789
bitget BTCUSD BTC USD BTC swap inverse 1 8 80000 90010 700 120 125.6844
gate BTC_USDT BTC USDT USDT swap linear 0.0001 8 90000.5 90010 110000 15000 15123.4567
"""
_HEADER, *_ROWS = [line.split() for line in _MARKETS.strip().splitlines()]
MARKETS = pd.DataFrame(_ROWS, columns=_HEADER).replace("-", None)
for _column in _HEADER[7:]:
    MARKETS[_column] = MARKETS[_column].astype(float)

SPOT = ("bitfinex", "tBTCUSD", "BTC", "USD", 90_003.0, 800.0)

HOURLY = [
    # market, settled at, rate, interval, prediction made for it
    ("binance", "BTCUSDT", SECOND - timedelta(hours=8), 0.0001, 8, None),
    ("binance", "BTCUSDT", SECOND, 0.00012345, 8, 0.0001),
    ("binance", "BTCUSDT", SECOND + timedelta(hours=8), 0.0002, 8, 0.00017),
    ("binance", "SOLUSDT", FIRST + timedelta(hours=8), 0.0001, 8, None),
    ("binance", "SOLUSDT", FIRST + timedelta(hours=16), 0.0003, 4, None),
    ("binance", "SOLUSDT", FIRST + timedelta(hours=20), 0.0004, 4, None),
    ("binance", "SOLUSDT", SECOND, -0.00025, 4, None),
    ("binance", "ETHUSD_PERP", SECOND, 0.00007, 8, None),
    ("okx", "BTC-USDT-SWAP", SECOND, 0.0000792386885340, 8, None),
    ("okx", "BTC-USDT-SWAP", SECOND + timedelta(hours=8), 0.0002, 8, 0.00011),
    ("okx", "BTC-USD-SWAP", SECOND, 0.00005, 8, None),
    *(("hyperliquid", "BTC", FIRST + timedelta(hours=h), 0.0000125 + h * 1e-7, 1, None) for h in range(25)),
    ("hyperliquid", "kPEPE", SECOND, 0.00003, 1, None),
    ("bitfinex", "tBTCF0:USTF0", SECOND, 0.00007587, 8, None),
    ("bitfinex", "tBTCF0:USTF0", SECOND + timedelta(hours=8), 0.0001, 8, 0.00014548),
    ("mexc", "BTC_USDT", SECOND, 0.000266, 8, None),
    ("whitebit", "BTC_PERP", SECOND, -0.0001229, 8, None),
    *((v, m, SECOND, 0.0001, 8, None) for v, m in (("bybit", "BTCUSDT"), ("bybit", "BTCUSD"))),
    *((v, m, SECOND, 0.0005, 8, None) for v, m in (("bitget", "BTCUSDT"), ("gate", "BTC_USDT"))),
]


def instants(values: list[datetime | None]) -> pd.Series:
    """A column of instants that may hold nulls."""
    return pd.Series(values, dtype="datetime64[us, UTC]")


def tiny_tables() -> dict[str, pd.DataFrame]:
    """The tables of the tiny history."""
    columns = ["venue", "market", "base", "quote", "settle", "kind", "direction", "contract_size"]
    markets = MARKETS.rename(columns={"size": "contract_size", "hours": "funding_interval_hours"})
    markets = markets[[*columns, "funding_interval_hours"]]
    gone = dict(
        zip(columns, ("hyperliquid", "LOOM", "LOOM", "USDC", "USDC", "swap", "linear", 1.0), strict=True)
    )
    spot = dict(zip(columns, (*SPOT[:4], None, "spot", None, None), strict=True))
    change = markets[markets["market"] == "SOLUSDT"].assign(funding_interval_hours=4)
    markets = pd.concat([markets, pd.DataFrame([gone, spot]), change], ignore_index=True)
    count = len(markets)
    markets["effective_from"] = instants([LISTED] * (count - 1) + [CHANGED])
    markets["listed_at"] = instants([LISTED] * count)
    markets["expires_at"] = instants([EXPIRY if "260327" in m else None for m in markets["market"]])
    markets["delisted_at"] = instants([DELISTED if m == "LOOM" else None for m in markets["market"]])
    open_interest, price = [], []
    for row in MARKETS.itertuples(index=False):
        for at, amount in ((FIRST, row.first), (SECOND, row.second)):
            open_interest.append((row.venue, row.market, at, amount))
            price.append((row.venue, row.market, at, row.mark, row.index, row.volume))
    price.append(("bitfinex", "tBTCUSD", SECOND, SPOT[4], None, SPOT[5]))
    price.append(("hyperliquid", "LOOM", FIRST, 0.05, 0.05, 10.0))
    loans = [
        ("bitfinex", "USD", "lent", None, None, SECOND, 300_000_000.5),
        ("bitfinex", "USD", "used", None, None, SECOND, 250_000_000.25),
        ("bitfinex", "BTC", "position_size", "long", "tBTCUSD", FIRST, 60_000.0),
        ("bitfinex", "BTC", "position_size", "long", "tBTCUSD", SECOND, 61_234.5),
        ("bitfinex", "BTC", "position_size", "short", "tBTCUSD", SECOND, 345.75),
    ]
    rates = [
        ("okx", "USDT", SECOND, "cross", 0.1596072),  # 0.00043728 a day
        ("bitfinex", "USD", SECOND, "pool", 0.133225),  # 0.000365 a day, so that the field holds 1e-6
        ("bybit", "BTC", SECOND, "cross", 0.01315858872),  # 0.000001502122 an hour
    ]
    return {
        "markets": markets,
        "open_interest": pd.DataFrame(
            open_interest, columns=["venue", "market", "observed_at", "open_interest_base"]
        ),
        "price": pd.DataFrame(
            price,
            columns=["venue", "market", "observed_at", "mark_price", "index_price", "volume_base_24h"],
        ),
        "funding_rate": pd.DataFrame(
            HOURLY,
            columns=["venue", "market", "settled_at", "funding_rate", "interval_hours", "predicted_rate"],
        ),
        "margin_loan": pd.DataFrame(
            loans,
            columns=["venue", "currency", "measure", "side", "collateral_market", "observed_at", "amount"],
        ),
        "borrow_rate": pd.DataFrame(
            rates, columns=["venue", "currency", "observed_at", "kind", "borrow_apr"]
        ),
        **risk_tables(),
    }


def risk_tables() -> dict[str, pd.DataFrame]:
    """Longs and shorts, margin tables, closings and funds."""
    accounts, positions = "accounts", "top_positions"
    ratios = [
        ("binance", "BTCUSDT", FIRST, 1.25, accounts),
        ("binance", "BTCUSDT", SECOND, 1.5, accounts),
        ("binance", "BTCUSDT", SECOND, 3.0, "top_accounts"),
        ("binance", "BTCUSDT", SECOND, 1.0, positions),
        *(("binance", "ETHUSD_PERP", SECOND, 0.25, which) for which in (accounts, "top_accounts", positions)),
        ("okx", "BTC-USDT-SWAP", FIRST, 0.9398602814619824, accounts),
        ("okx", "BTC-USDT-SWAP", SECOND, 1.25, accounts),
        ("bybit", "BTCUSDT", SECOND, 1.25, accounts),
        ("gate", "BTC_USDT", SECOND, 0.5, accounts),
        ("gate", "BTC_USDT", SECOND, 1.5, "top_accounts"),
        ("gate", "BTC_USDT", SECOND, 1.02, positions),
    ]
    steps = [
        # market, observed at, unit, then per step: floor, cap, initial, maintenance, leverage
        ("binance", "BTCUSDT", "quote", (0, 300_000, None, 0.004, 125), (300_000, None, None, 0.005, 100)),
        ("binance", "ETHUSD_PERP", "base", (0, 15, None, 0.005, 100)),
        ("okx", "BTC-USDT-SWAP", "contracts", (0, 50, 0.1, 0.03, 10), (50, None, 0.2, 0.1, 5)),
        ("hyperliquid", "BTC", "quote", (0, 15e7, 0.025, 0.0125, 40), (15e7, None, 0.05, 0.025, 20)),
        ("bitfinex", "tBTCF0:USTF0", "quote", (0, None, 0.02, 0.01, 50)),
        ("bybit", "BTCUSD", "base", (0, 150, 0.01, 0.005, 100)),
        ("gate", "BTC_USDT", "quote", (0, 500_000, 0.02, 0.01, 50)),
    ]
    tiers = [
        (venue, market, SECOND, number, *bounds[:2], unit, *bounds[2:])
        for venue, market, unit, *table in steps
        for number, bounds in enumerate(table, start=1)
    ]
    names = "venue market observed_at tier notional_floor notional_cap notional_unit initial_margin_rate"
    closings = [
        ("bitfinex", "tBTCF0:USTF0", SECOND - timedelta(hours=3), "long", 90_011.0, 0.75),
        ("bitfinex", "tBTCUSD", SECOND - timedelta(hours=2), "short", 90_022.0, 1.5),
        ("gate", "BTC_USDT", SECOND - timedelta(hours=1), "long", 3424.0, 0.06),
    ]
    funds = [
        ("binance", "USDT", SECOND, 793_930_579.315848),
        ("okx", "USD", SECOND, 1_369_179_138.7489),
        ("bitfinex", "UST", SECOND, 1_396_531.673),
        ("bybit", "USDT", SECOND, 902_178.57602476),
        ("gate", "USDT", SECOND, 83.0031),
    ]
    columns = [*names.split(), "maintenance_margin_rate", "max_leverage"]
    table = pd.DataFrame(tiers, columns=columns)
    numbers = [
        name for name in columns if name not in ("venue", "market", "observed_at", "tier", "notional_unit")
    ]
    return {
        "long_short_ratio": pd.DataFrame(
            ratios, columns=["venue", "market", "observed_at", "long_short_ratio", "population"]
        ),
        "leverage_tier": table.astype(dict.fromkeys(numbers, float)),
        "liquidation": pd.DataFrame(
            closings, columns=["venue", "market", "occurred_at", "side", "price", "amount_base"]
        ),
        "insurance_fund": pd.DataFrame(funds, columns=["venue", "currency", "observed_at", "balance"]),
    }


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny history."""
    folder = tmp_path_factory.mktemp("tiny")
    write_history(folder, tiny_tables(), {"title": "tiny", "is_made": True})
    return folder


@pytest.fixture(scope="session")
def running(tiny: Path) -> Iterator[ReplayServer]:
    """A server on the tiny history; tests set the instant they need."""
    with ReplayServer(tiny) as server:
        yield server


@pytest.fixture
def replay(running: ReplayServer) -> Iterator[ReplayServer]:
    """The running server, at five past midnight of 2026-03-02 and without faults."""
    running.set_now(NOW)
    running.clear_faults()
    yield running
    running.clear_faults()
