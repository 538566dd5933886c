"""What the pinned ccxt asks a venue for, and how it behaves, where that loses rows or misleads.

Each test names the letter of its trap: A what moved between ccxt versions, C paging of histories, D funding
histories, E borrowing, F rate limits, G market lists, I names. `test_ccxt_units.py` is about what ccxt says
of one answer, and explains the form of these tests. The table for readers is `docs/ccxt.md`.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import ccxt
import ccxt.async_support as ccxt_async
import duckdb
import pytest
from ccxt_said import DAY, NOW, SINCE_MS, answered, exchange_of, our_base, true_level, true_rates
from evidence import UNDER_TEST, needs
from venue_truth import ALL_DAYS, collect, modelled

from pipeline.clock import VirtualClock, end_of, milliseconds
from pipeline.moments import live_moment, replay_moments
from pipeline.records import Dataset, Status
from pipeline.settings import Settings
from pipeline.venues import VENUES
from pipeline.venues.asker import Asker
from pipeline.venues.base import Unsupported
from pipeline.venues.limiter import limiter_of
from pipeline.venues.listing import MarketLists

if TYPE_CHECKING:
    from conftest import Truth

EXACT = 1e-9
HOUR_MS = 3_600_000
LAST_DAYS = ALL_DAYS[15:20]  # ends with DAY
SEED = Path(__file__).resolve().parents[2] / "dbt_like_models" / "seeds" / "asset_aliases.csv"
WALKED = ("bitfinex", "htx", "okx", "gate", "whitebit", "phemex")


def asked_for(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query))


@pytest.fixture(scope="module")
def walked(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Staging of five past days, asked for at once."""
    home = tmp_path_factory.mktemp("walked")
    venues = {name: UNDER_TEST[name] for name in WALKED if name in UNDER_TEST}
    collect(truth.server, home, live_moment(LAST_DAYS), venues)
    with modelled(home, ("staging",)) as connection:
        yield connection


def walked_base(connection: duckdb.DuckDBPyConnection, venue: str, market: str) -> dict[Any, float]:
    """Coins as listed by day, of rows that a history call answered."""
    return dict(
        connection.execute(
            "select day, open_interest_base_listed from staging.stg_open_interest"
            " where venue = $1 and market = $2 and is_backfilled",
            [venue, market],
        ).fetchall()
    )


def true_base(truth: Truth, venue: str, market: str) -> dict[Any, Any]:
    rows = truth.tables["open_interest"]
    rows = rows[(rows["venue"] == venue) & (rows["market"] == market)].set_index("observed_at")
    days = LAST_DAYS[:-1]  # of the last day the level itself is asked
    return {day: pytest.approx(float(rows.loc[end_of(day), "open_interest_base"]), rel=EXACT) for day in days}


def paid_in(connection: duckdb.DuckDBPyConnection, venue: str, market: str) -> dict[Any, float]:
    rows = connection.execute(
        "select settles_at, funding_rate from staging.stg_funding_rate"
        " where venue = $1 and market = $2 and kind = 'settled' and day between $3 and $4",
        [venue, market, LAST_DAYS[0], DAY],
    ).fetchall()
    return dict(rows)


def true_paid(truth: Truth, venue: str, market: str) -> dict[Any, Any]:
    paid = true_rates(truth.tables, venue, market)["funding_rate"]
    days = paid.loc[end_of(ALL_DAYS[14]) + timedelta(seconds=1) : end_of(DAY)]
    return {at: pytest.approx(rate, rel=EXACT) for at, rate in days.items()}


@needs("bitfinex")
def test_c_bitfinex_history_has_no_time(truth: Truth, walked: duckdb.DuckDBPyConnection) -> None:
    """C: ccxt reads the time one place too far, so that it is None and any `since` drops every row."""
    bitfinex = exchange_of(truth.server, "bitfinex")
    rows = bitfinex.fetch_open_interest_history("BTC/USDT:USDT", "1m", None, 2)
    assert [row["timestamp"] for row in rows] == [None, None]
    assert bitfinex.fetch_open_interest_history("BTC/USDT:USDT", "1m", SINCE_MS, 2) == []
    market = "tBTCF0:USTF0"
    assert walked_base(walked, "bitfinex", market) == true_base(truth, "bitfinex", market)


@needs("htx")
def test_c_htx_history_counts_coins_where_the_level_counts_contracts(
    truth: Truth, walked: duckdb.DuckDBPyConnection
) -> None:
    """B, C: one field, a thousand times apart; `amount_type` 1 makes both contracts."""
    htx = exchange_of(truth.server, "htx")
    level = htx.fetch_open_interest("BTC/USDT:USDT")["openInterestAmount"]
    past = htx.fetch_open_interest_history("BTC/USDT:USDT", "1h", None, 1)[-1]["openInterestAmount"]
    assert level / past == pytest.approx(1000, rel=EXACT)
    asked = htx.fetch_open_interest_history("BTC/USDT:USDT", "1h", None, 1, {"amount_type": 1})[-1]
    assert asked["openInterestAmount"] == pytest.approx(level, rel=EXACT)
    assert walked_base(walked, "htx", "BTC-USDT") == true_base(truth, "htx", "BTC-USDT")


@needs("okx")
def test_c_okx_day_ends_in_hong_kong(truth: Truth, walked: duckdb.DuckDBPyConnection) -> None:
    """A, C: per contract since 4.5.90 (a currency's total before), but its day closes at 16:00 UTC."""
    okx = exchange_of(truth.server, "okx")
    urls = answered(okx, {"code": "0", "data": []})
    okx.fetch_open_interest_history("BTC/USDT:USDT", "1d", SINCE_MS)
    assert asked_for(urls[0])["instId"] == "BTC-USDT-SWAP"
    assert asked_for(urls[0])["period"] == "1D"  # ours is 1Dutc
    assert walked_base(walked, "okx", "BTC-USDT-SWAP") == true_base(truth, "okx", "BTC-USDT-SWAP")


@needs("okx")
def test_c_okx_since_answers_the_newest_page(truth: Truth, walked: duckdb.DuckDBPyConnection) -> None:
    """C: `before` alone means newer than that, newest first: rows right after `since` are never seen."""
    okx = exchange_of(truth.server, "okx")
    urls = answered(okx, {"code": "0", "data": []})
    okx.fetch_funding_rate_history("BTC/USDT:USDT", SINCE_MS, 50)
    assert asked_for(urls[0])["before"] == str(SINCE_MS - 1)
    assert "after" not in asked_for(urls[0])
    assert paid_in(walked, "okx", "BTC-USDT-SWAP") == true_paid(truth, "okx", "BTC-USDT-SWAP")


@needs("gate")
def test_a_gate_seconds_and_milliseconds(truth: Truth, walked: duckdb.DuckDBPyConnection) -> None:
    """A, C: `from` is seconds in the history of open interest since 4.5.90, and still not in liquidations."""
    gate = exchange_of(truth.server, "gate")
    with pytest.raises(ccxt.BadRequest, match="seconds"):
        gate.fetch_liquidations("BTC/USDT:USDT", SINCE_MS)
    urls = answered(gate, [])
    gate.fetch_open_interest_history("BTC/USDT:USDT", "1h", SINCE_MS)
    gate.fetch_liquidations("BTC/USDT:USDT", SINCE_MS)
    assert [asked_for(url)["from"] for url in urls] == [str(SINCE_MS // 1000), str(SINCE_MS)]
    assert walked_base(walked, "gate", "BTC_USDT") == true_base(truth, "gate", "BTC_USDT")
    forced = walked.execute(
        "select distinct day from staging.stg_liquidation where venue = 'gate' and market = 'BTC_USDT'"
    ).fetchall()
    assert {day for (day,) in forced} == set(LAST_DAYS)


@needs("bybit")
def test_d_bybit_limit_moves_the_window(truth: Truth) -> None:
    """D: a limit of 1000 asks for 1000 times 8 h from `since` on, of which the venue sends the last 200."""
    bybit = exchange_of(truth.server, "bybit")
    urls = answered(bybit, {"retCode": 0, "result": {"category": "linear", "list": []}})
    bybit.fetch_funding_rate_history("BTC/USDT:USDT", SINCE_MS, 1000)
    asked = asked_for(urls[0])
    assert asked["limit"] == "1000"
    assert int(asked["endTime"]) == SINCE_MS + 1000 * 8 * HOUR_MS


@needs("phemex")
def test_d_phemex_names_of_histories(truth: Truth, walked: duckdb.DuckDBPyConnection) -> None:
    """D: ccxt makes the names up, and since 4.5.90 as the list has them; the list is what is asked by."""
    phemex = exchange_of(truth.server, "phemex")
    urls = answered(phemex, {"code": 0, "data": {"rows": []}})
    for symbol in ("BTC/USDT:USDT", "BTC/USDC:USDC", "BTC/USD:BTC"):
        phemex.fetch_funding_rate_history(symbol)
        listed = phemex.market(symbol)["info"]["fundingRate8hSymbol"]
        assert asked_for(urls[-1])["symbol"] == listed
    for market in ("BTCUSDT", "BTCUSDC", "BTCUSD"):
        assert paid_in(walked, "phemex", market) == true_paid(truth, "phemex", market)


@needs("whitebit")
def test_d_whitebit_end_of_the_window_is_not_sent(truth: Truth, walked: duckdb.DuckDBPyConnection) -> None:
    """D: the venue reads endDate; ccxt sends until_timestamp, which nobody reads."""
    whitebit = exchange_of(truth.server, "whitebit")
    urls = answered(whitebit, [])
    whitebit.fetch_funding_rate_history("BTC/USDT:USDT", SINCE_MS, 10, {"until": milliseconds(NOW)})
    assert "endDate" not in asked_for(urls[0])
    assert paid_in(walked, "whitebit", "BTC_PERP") == true_paid(truth, "whitebit", "BTC_PERP")


@needs("bingx")
def test_a_bingx_settlements_of_coin_margined_contracts(truth: Truth) -> None:
    """A: 4.5.64 asked the linear list for them; now ccxt refuses, and our note says what is missing."""
    with pytest.raises(ccxt.NotSupported):
        exchange_of(truth.server, "bingx").fetch_funding_rate_history("BTC/USD:BTC")
    declared = VENUES["bingx"].reports[Dataset.FUNDING_RATE]
    assert "linear perpetuals only" in getattr(declared, "note", "")


@needs("okx")
def test_e_okx_lending_yield_is_not_a_borrow_rate(truth: Truth, walked: duckdb.DuckDBPyConnection) -> None:
    """A, E: ccxt's keyless history is Simple Earn's yield a year, stamped "an hour" (a day in 4.5.64)."""
    okx = exchange_of(truth.server, "okx")
    okx.currencies = {"USDT": {"id": "USDT", "code": "USDT"}}
    yields = {"amt": "0.1", "ccy": "USDT", "lendingRate": "0.05", "rate": "0.04", "ts": str(SINCE_MS)}
    urls = answered(okx, {"code": "0", "data": [yields]})
    (said,) = okx.fetch_borrow_rate_history("USDT")
    assert "/finance/savings/lending-rate-history" in urls[0]
    assert (said["rate"], said["period"]) == (0.04, 3_600_000)  # 35,040 % a year, if it is believed
    rates = truth.tables["borrow_rate"]
    true = rates[(rates["venue"] == "okx") & (rates["observed_at"] == end_of(DAY))]
    found = walked.execute(
        "select currency, borrow_apr from staging.stg_borrow_rate where venue = 'okx' and day = $1", [DAY]
    ).fetchall()
    assert dict(found) == pytest.approx(
        dict(zip(true["currency"], true["borrow_apr"], strict=True)), rel=EXACT
    )


def test_a_okx_cross_rate_is_stamped_an_hour() -> None:
    """A, E: 4.5.64 stamped a day on OKX's hourly cross rate, 24 times too low a year; no table reads it."""
    said = ccxt.okx().parse_borrow_rate({"ccy": "BTC", "interestRate": "0.00000833"})
    assert (said["rate"], said["period"]) == (0.00000833, 3_600_000)


@needs("gate")
def test_e_gate_loan_rates_have_no_address(truth: Truth) -> None:
    """E: the call is declared in ccxt and cannot be made."""
    with pytest.raises(KeyError, match="unified"):
        exchange_of(truth.server, "gate").public_unified_get_history_loan_rate({"currency": "BTC"})
    assert isinstance(VENUES["gate"].reports[Dataset.BORROW_RATE], Unsupported)


@needs("binance")
def test_f_ccxt_paces_each_instance_by_itself() -> None:
    """F: two of them ask twice as fast, and /futures/data at six times what an address may."""

    async def paces() -> list[Any]:
        pair = ccxt_async.binance(), ccxt_async.binance()
        throttlers = [exchange.throttler for exchange in pair]
        for exchange in pair:
            await exchange.close()
        return throttlers

    first, second = asyncio.run(paces())
    assert None not in (first, second)
    assert first is not second
    binance = ccxt.binance()
    cost = binance.api["fapiData"]["get"]["openInterestHist"]["cost"]
    limits = VENUES["binance"].limits
    assert 300 * 1000 / binance.rateLimit / cost == 6 * limits["Data/"].units  # calls in five minutes
    assert limits["Data/"].seconds == 300
    assert limiter_of("binance", limits, 50) is limiter_of("binance", limits, 50)


@needs("krakenfutures")
def test_g_one_unknown_market_ends_the_whole_call(
    truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G: a ticker listed since the market list was taken costs ccxt all rates, and us its own row."""
    kraken = exchange_of(truth.server, "krakenfutures")
    del kraken.markets_by_id["PF_ETHUSD"]
    with pytest.raises(ccxt.BadSymbol, match="PF_ETHUSD"):
        kraken.fetch_funding_rates()
    load = Asker.load_markets

    async def load_yesterdays(self: Asker) -> None:
        await load(self)
        del self._by_id["PF_ETHUSD"]

    monkeypatch.setattr(Asker, "load_markets", load_yesterdays)
    venues = {"krakenfutures": VENUES["krakenfutures"]}
    outcome = collect(truth.server, tmp_path, replay_moments([DAY]), venues)[0]
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.PARTIAL
    with modelled(tmp_path, ("staging",)) as connection:
        for market in ("PF_XBTUSD", "PI_XBTUSD", "FF_ETHUSD_260327"):
            true = true_level(truth.tables, "krakenfutures", market).base
            assert our_base(connection, "krakenfutures", market) == pytest.approx(true, rel=EXACT)
        query = "select count(*) from staging.stg_open_interest where market = 'PF_ETHUSD'"
        assert connection.execute(query).fetchone() == (0,)


@needs("bitfinex")
def test_i_two_ids_with_one_symbol(truth: Truth, tmp_path: Path) -> None:
    """I: ccxt keeps the last of them under the symbol and loses the other; ids are our keys."""
    bitfinex = exchange_of(truth.server, "bitfinex")
    market = bitfinex.market("BTC/USDT:USDT")
    twins = [{**market, "id": "tBTCF0:USTF0"}, {**market, "id": "tBTCF1:USTF0"}]
    bitfinex.set_markets(twins)
    assert [one["id"] for one in bitfinex.markets.values()] == ["tBTCF1:USTF0"]

    async def listed() -> list[str]:
        clock = VirtualClock(NOW)
        lists = MarketLists(tmp_path / "lists", clock)
        asker = Asker(VENUES["bitfinex"], Settings(home=tmp_path), clock, "traps", lists=lists)
        lists.write("bitfinex", asker.ccxt_version, twins)
        try:
            await asker.load_markets()
            return [one["id"] for one in asker.listed]
        finally:
            await asker.close()

    assert asyncio.run(listed()) == ["tBTCF0:USTF0", "tBTCF1:USTF0"]


# I: (venue, the venue's own name, the name that ccxt gives it, the asset it is)
RENAMED = [
    ("kucoinfutures", "ALT", "APTOSLAUNCHTOKEN", "ALT"),
    ("htx", "GTC", "GAMECOM", "GTC"),
    ("hyperliquid", "kPEPE", "KPEPE", "PEPE"),
    ("binance", "1000PEPE", "1000PEPE", "PEPE"),
    ("binance", "1000CAT", "1000CAT", "1000CAT"),
]


@pytest.mark.parametrize(("name", "own", "said", "asset"), RENAMED)
def test_i_names_of_coins(name: str, own: str, said: str, asset: str) -> None:
    """I: names once taken by another coin, thousands left in the name; 1000CAT is no thousand CAT."""
    exchange = getattr(ccxt, VENUES[name].ccxt_id)()
    given = exchange.safe_currency_code(own)
    assert (given.upper() if name == "hyperliquid" else given) == said
    kept = own if name in ("kucoinfutures", "htx") else said  # these two files take the venue's own name
    with SEED.open(encoding="utf-8", newline="") as file:
        aliases = {(row["venue"], row["name"]): row["asset"] for row in csv.DictReader(file)}
    assert aliases.get((name, kept), aliases.get(("*", kept), kept)) == asset
