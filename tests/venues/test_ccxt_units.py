"""Units of open interest, contract sizes, settlement currencies: what the pinned ccxt says, and what we say.

Each test names the letter of its trap: A what moved between ccxt versions, B units, H contract sizes, J all
settlement currencies. The first half of a test holds ccxt to its word, so that a repair upstream fails here
and is looked at; the second holds staging to the truth that both were asked about. Rates and times are
`test_ccxt_rates.py`, what ccxt asks for is `test_ccxt_asks.py`; the table for readers is `docs/ccxt.md`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ccxt
import duckdb
import pytest
from ccxt_said import (
    DAY,
    SINCE_MS,
    answered,
    exchange_of,
    our_base,
    true_level,
)
from evidence import UNDER_TEST, needs

from pipeline.clock import end_of
from pipeline.records import Dataset
from pipeline.venues.base import Reports

if TYPE_CHECKING:
    from conftest import Truth

EXACT = 1e-9
WITH_OPEN_INTEREST = [
    name for name, venue in UNDER_TEST.items() if isinstance(venue.reports[Dataset.OPEN_INTEREST], Reports)
]


def test_a_the_table_of_traps_is_of_this_version() -> None:
    """A: whoever raises the pin runs this folder, reads docs/ccxt.md again and changes it here."""
    assert ccxt.__version__ == "4.5.90"
    gone = [name for name in ("bitmex", "bitmart", "coinex") if hasattr(ccxt, name)]
    assert gone == []  # dropped after 4.5.64: venues that cannot be asked


def test_the_table_of_traps_names_tests_that_exist() -> None:
    """docs/ccxt.md names the test of each row, and no test of a trap is left out of it."""
    here = Path(__file__).parent
    table = (here.parents[1] / "docs" / "ccxt.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_[a-k]_\w+)`", table))
    tests = "".join(path.read_text(encoding="utf-8") for path in here.glob("test_ccxt_*.py"))
    left_out = {"test_j_every_settlement_currency_is_collected", "test_k_phemex_sends_nanoseconds"}
    assert named == set(re.findall(r"^def (test_[a-k]_\w+)", tests, re.MULTILINE)) - left_out


# One field, and what it counts: (venue, ccxt's symbol, our market, field, times so many coins or dollars).
AMOUNT, VALUE = "openInterestAmount", "openInterestValue"
UNITS = [
    ("binance", "BTC/USDT:USDT", "BTCUSDT", AMOUNT, 1, "coins"),
    ("binance", "BTC/USD:BTC-260327", "BTCUSD_260327", AMOUNT, 0.01, "dollars"),
    ("bybit", "BTC/USDT:USDT", "BTCUSDT", AMOUNT, 2, "coins"),
    ("bybit", "BTC/USD:BTC", "BTCUSD", VALUE, 2, "dollars"),
    ("okx", "BTC/USDT:USDT", "BTC-USDT-SWAP", AMOUNT, 100, "coins"),
    ("okx", "BTC/USD:BTC", "BTC-USD-SWAP", AMOUNT, 0.01, "dollars"),
    ("kucoinfutures", "BTC/USDT:USDT", "XBTUSDTM", AMOUNT, 1000, "coins"),
    ("kucoinfutures", "BTC/USD:BTC", "XBTUSDM", AMOUNT, 1, "dollars"),
    ("htx", "BTC/USDT:USDT", "BTC-USDT", AMOUNT, 2000, "coins"),
    ("htx", "BTC/USDT:USDT", "BTC-USDT", VALUE, 2, "dollars"),
    ("htx", "BTC/USD:BTC", "BTC-USD", AMOUNT, 0.02, "dollars"),
    ("bingx", "BTC/USDT:USDT", "BTC-USDT", VALUE, 1, "dollars"),
    ("bingx", "BTC/USD:BTC", "BTC-USD", AMOUNT, 1, "coins"),  # A: a value until ccxt 4.5.64
    ("hyperliquid", "KPEPE/USDC:USDC", "kPEPE", AMOUNT, 1, "coins"),
    ("bitfinex", "BTC/USDT:USDT", "tBTCF0:USTF0", AMOUNT, 1, "coins"),
    ("paradex", "BTC/USD:USDC", "BTC-USD-PERP", AMOUNT, 1, "coins"),
]


@pytest.mark.parametrize(
    ("name", "symbol", "market", "field", "times", "what"),
    [pytest.param(*row, id=f"{row[0]} {row[2]} {row[3]}", marks=needs(row[0])) for row in UNITS],
)
def test_b_one_field_counts_six_things(
    truth: Truth,
    ours: duckdb.DuckDBPyConnection,
    ccxt_of: Callable[[str], Any],
    name: str,
    symbol: str,
    market: str,
    field: str,
    times: float,
    what: str,
) -> None:
    """B: coins, contracts, dollars, and both sides of each, under two names and never with its unit."""
    true = true_level(truth.tables, name, market)
    said = ccxt_of(name).fetch_open_interest(symbol)
    assert said[field] == pytest.approx(
        times * true.base * (true.mark if what == "dollars" else 1), rel=EXACT
    )
    assert our_base(ours, name, market) == pytest.approx(true.base, rel=EXACT)


@pytest.mark.parametrize(
    ("name", "market"),
    [
        pytest.param(*row, id=row[0], marks=needs(row[0]))
        for row in [
            ("gate", "BTC_USDT"),
            ("krakenfutures", "PI_XBTUSD"),
            ("mexc", "BTC_USDT"),
            ("whitebit", "BTC_PERP"),
        ]
    ],
)
def test_b_venues_that_ccxt_does_not_ask(
    truth: Truth, ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any], name: str, market: str
) -> None:
    """B: these publish open interest, and ccxt has no call for it."""
    assert not ccxt_of(name).has["fetchOpenInterest"]
    true = true_level(truth.tables, name, market).base
    assert our_base(ours, name, market) == pytest.approx(true, rel=EXACT)


@needs("binance")
def test_a_binance_coin_margined_history(truth: Truth, ccxt_of: Callable[[str], Any]) -> None:
    """A, B: asked for the right contract since 4.5.90; what ccxt calls a value of it is coins."""
    last = ccxt_of("binance").fetch_open_interest_history("ETH/USD:ETH", "1d", SINCE_MS)[-1]
    true = true_level(truth.tables, "binance", "ETHUSD_PERP")
    assert last[AMOUNT] == pytest.approx(true.base * true.mark / 10, rel=EXACT)
    assert last[VALUE] == pytest.approx(true.base, rel=EXACT)


@needs("backpack")
def test_b_backpack_coins_called_a_value(truth: Truth, ours: duckdb.DuckDBPyConnection) -> None:
    """B: 27,481.6 ETH, as ccxt's own example has them, become a value of 27,481.6."""
    backpack = exchange_of(truth.server, "backpack")
    answered(backpack, [{"openInterest": "27481.6", "symbol": "BTC_USDC_PERP", "timestamp": SINCE_MS}])
    said = backpack.fetch_open_interest("BTC/USDC:USDC")
    assert (said[AMOUNT], said[VALUE]) == (None, 27481.6)
    true = true_level(truth.tables, "backpack", "BTC_USDC_PERP").base
    assert our_base(ours, "backpack", "BTC_USDC_PERP") == pytest.approx(true, rel=EXACT)


@needs("deribit")
def test_b_deribit_coins_called_a_value(truth: Truth, ours: duckdb.DuckDBPyConnection) -> None:
    """B: 487 BTC of a linear perpetual become a value of 487; of a dated future they are an amount."""
    deribit = exchange_of(truth.server, "deribit")
    row = {"open_interest": 487.0, "creation_timestamp": SINCE_MS}
    answered(deribit, {"jsonrpc": "2.0", "result": [{**row, "instrument_name": "BTC_USDC-PERPETUAL"}]})
    said = deribit.fetch_open_interest("BTC/USDC:USDC")
    assert (said[AMOUNT], said[VALUE]) == (None, 487.0)
    answered(deribit, {"jsonrpc": "2.0", "result": [{**row, "instrument_name": "BTC_USDC-27MAR26"}]})
    said = deribit.fetch_open_interest("BTC/USDC:USDC-260327")
    assert (said[AMOUNT], said[VALUE]) == (487.0, None)
    for market in ("BTC_USDC-PERPETUAL", "BTC_USDC-27MAR26", "BTC-PERPETUAL"):
        true = true_level(truth.tables, "deribit", market).base
        assert our_base(ours, "deribit", market) == pytest.approx(true, rel=EXACT)


@needs("phemex")
def test_b_phemex_coin_margined_is_not_read(truth: Truth, ours: duckdb.DuckDBPyConnection) -> None:
    """B: the older contracts' openInterest is left lying: neither amount nor value."""
    phemex = exchange_of(truth.server, "phemex")
    answered(phemex, {"result": {"symbol": "BTCUSD", "openInterest": 1298050, "timestamp": SINCE_MS * 10**6}})
    said = phemex.fetch_open_interest("BTC/USD:BTC")
    assert (said[AMOUNT], said[VALUE]) == (None, None)
    true = true_level(truth.tables, "phemex", "BTCUSD").base
    assert our_base(ours, "phemex", "BTCUSD") == pytest.approx(true, rel=EXACT)


@needs("bybit")
def test_h_bybit_order_size_taken_for_a_contract_size(
    truth: Truth, ours: duckdb.DuckDBPyConnection, ccxt_of: Callable[[str], Any]
) -> None:
    """H: ccxt takes the smallest order of an inverse market for its contract; a contract is one dollar."""
    info = ccxt_of("bybit").market("BTC/USD:BTC")["info"]
    listed = {**info, "lotSizeFilter": {**info["lotSizeFilter"], "minOrderQty": "5"}}
    bybit = ccxt.bybit({"options": {"fetchMarkets": {"types": ["inverse"]}}})
    answered(bybit, {"retCode": 0, "result": {"category": "inverse", "list": [listed]}})
    bybit.has["fetchCurrencies"] = False
    assert {market["contractSize"] for market in bybit.fetch_markets() if market["inverse"]} == {5.0}
    sizes = ours.execute("select distinct contract_size from raw.markets where venue = 'bybit'").fetchall()
    assert sizes == [(1.0,)]
    true = true_level(truth.tables, "bybit", "BTCUSD").base
    assert our_base(ours, "bybit", "BTCUSD") == pytest.approx(true, rel=EXACT)


# A, H: (venue, ccxt's symbol, our market, the size ccxt names, the size that holds). The last four were wrong
# in earlier versions: gate's quanto_multiplier of 0, the sizes of bingx and whitebit.
SIZES = [
    ("phemex", "BTC/USDC:USDC", "BTCUSDC", None, 1),
    ("okx", "BTC/USDT:USDT", "BTC-USDT-SWAP", 0.01, 0.01),
    ("gate", "BTC/USD:BTC", "BTC_USD", 1, 1),
    ("bingx", "BTC/USD:BTC", "BTC-USD", 100, 100),
    ("bingx", "SOL/USD:SOL", "SOL-USD", 10, 10),
    ("whitebit", "BTC/USDT:USDT", "BTC_PERP", 1, 1),
]


@pytest.mark.parametrize(
    ("name", "symbol", "market", "said", "true"),
    [pytest.param(*row, id=f"{row[0]} {row[2]}", marks=needs(row[0])) for row in SIZES],
)
def test_h_contract_sizes(
    ours: duckdb.DuckDBPyConnection,
    ccxt_of: Callable[[str], Any],
    name: str,
    symbol: str,
    market: str,
    said: float | None,
    true: float,
) -> None:
    assert ccxt_of(name).market(symbol)["contractSize"] == said
    query = "select distinct contract_size from raw.markets where venue = $1 and market = $2"
    assert ours.execute(query, [name, market]).fetchall() == [(true,)]


# J: (venue, ccxt's call for all markets, one that it leaves out, our market)
PARTS: list[tuple[str, Callable[[Any], Any], str, str]] = [
    ("okx", lambda e: e.fetch_open_interests(), "BTC/USDT:USDT-260327", "BTC-USDT-260327"),
    ("binance", lambda e: e.fetch_funding_rates(), "ETH/USD:ETH", "ETHUSD_PERP"),
    ("gate", lambda e: e.fetch_funding_rates(), "BTC/USD:BTC", "BTC_USD"),
    ("bitget", lambda e: e.fetch_funding_rates(), "BTC/USDC:USDC", "BTCPERP"),
    ("bitget", lambda e: e.fetch_funding_rates(), "BTC/USD:BTC", "BTCUSD"),
]


@pytest.mark.parametrize(
    ("name", "ask", "symbol", "market"),
    [pytest.param(*row, id=f"{row[0]} {row[3]}", marks=needs(row[0])) for row in PARTS],
)
def test_j_all_markets_are_those_of_one_settlement_currency(
    truth: Truth,
    ours: duckdb.DuckDBPyConnection,
    ccxt_of: Callable[[str], Any],
    name: str,
    ask: Callable[[Any], Any],
    symbol: str,
    market: str,
) -> None:
    exchange = ccxt_of(name)
    assert symbol in exchange.markets
    said = ask(exchange)
    assert said
    assert symbol not in said
    true = true_level(truth.tables, name, market).base
    assert our_base(ours, name, market) == pytest.approx(true, rel=EXACT)


@pytest.mark.parametrize("name", WITH_OPEN_INTEREST)
def test_j_every_settlement_currency_is_collected(
    truth: Truth, ours: duckdb.DuckDBPyConnection, name: str
) -> None:
    """J: linear, inverse and quanto, USDT, USDC, USD and coins: what was traded is in the sum."""
    amounts, listed = truth.tables["open_interest"], truth.tables["markets"]
    live = amounts[(amounts["venue"] == name) & (amounts["observed_at"] == end_of(DAY))]["market"]
    true = set(listed[(listed["venue"] == name) & listed["market"].isin(live)]["settle"])
    said = ours.execute(
        "select distinct m.settle from staging.stg_open_interest as o"
        " inner join raw.markets as m using (venue, market) where o.venue = $1 and o.day = $2",
        [name, DAY],
    ).fetchall()
    assert true
    # Bitfinex writes UST for tether, and ccxt USDT
    assert {"USDT" if settle == "UST" else settle for settle in true} == {settle for (settle,) in said}
