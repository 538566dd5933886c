"""US dollars and rates against numbers typed by hand from recorded answers and published examples.

The history holds the truth behind each recording; raw must then hold the very numbers that the venue sent,
and staging the dollars that stand beside them. Names carry the number of the published case.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import pandas as pd
import pytest
from venue_truth import collect, modelled, records

from pipeline.fetch import replay_moments
from pipeline.replay.history import write_history
from pipeline.replay.process import ReplayServer

LISTED = datetime(2024, 1, 1, tzinfo=UTC)
DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)

# size: of a contract; first and second: coins at the end of DAY and of NEXT
_MARKETS = """
venue market base quote settle direction size price first second
okx NEIRO-USDT-SWAP NEIRO USDT USDT linear 1000 0.00212576 14546007000 14546007000
okx BTC-USDT-SWAP BTC USDT USDT linear 0.01 62949.99994 21367.38 26631.0729999999861
binance BTCUSDT BTC USDT USDT linear 1 30418.4 100264.955 100264.955
binance ETHUSD_PERP ETH USD ETH inverse 10 2500 106454.096 106454.096
hyperliquid ETH ETH USDC USDC linear 1 4435 947000 947000
bitfinex tBTCF0:USTF0 BTC UST UST linear 1 62950 5775.20348804 5775.20348804
"""
_HEADER, *_ROWS = [line.split() for line in _MARKETS.strip().splitlines()]
_ENDS = (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))


def _tables() -> dict[str, pd.DataFrame]:
    listed = pd.DataFrame(_ROWS, columns=_HEADER)
    for column in _HEADER[6:]:
        listed[column] = listed[column].astype(float)
    nothing = pd.Series([None] * len(listed), dtype="datetime64[us, UTC]")
    markets = listed[_HEADER[:6]].assign(
        contract_size=listed["size"],
        kind="swap",
        effective_from=pd.Timestamp(LISTED),
        listed_at=pd.Timestamp(LISTED),
        expires_at=nothing,
        delisted_at=nothing,
        funding_interval_hours=[8.0 if venue != "hyperliquid" else 1.0 for venue in listed["venue"]],
    )
    frames = []
    for end, column in zip(_ENDS, ("first", "second"), strict=True):
        frames.append(
            listed[["venue", "market"]].assign(
                observed_at=pd.Timestamp(end),
                open_interest_base=listed[column],
                mark_price=listed["price"],
                index_price=listed["price"],
                volume_base_24h=listed[column],
            )
        )
    levels = pd.concat(frames, ignore_index=True)
    keys = ["venue", "market", "observed_at"]
    funding = [
        (row.venue, row.market, pd.Timestamp(end), rate, hours, rate)
        for row in records(markets)
        for rate, hours in [(1e-4, 8.0) if row.venue != "hyperliquid" else (1.25e-5, 1.0)]
        for end in _ENDS
    ]
    return {
        "markets": markets,
        "open_interest": levels[[*keys, "open_interest_base"]],
        "price": levels[[*keys, "mark_price", "index_price", "volume_base_24h"]],
        "funding_rate": pd.DataFrame(
            funding,
            columns=["venue", "market", "settled_at", "funding_rate", "interval_hours", "predicted_rate"],
        ),
        "borrow_rate": pd.DataFrame(
            # 0.0001 a day x 365 = 0.0365 a year; 0.00043728 a day x 365 = 0.1596072 a year
            [
                ("bitfinex", "USD", pd.Timestamp(_ENDS[0]), "pool", 0.0365),
                ("okx", "USDT", pd.Timestamp(_ENDS[0]), "cross", 0.1596072),
            ],
            columns=["venue", "currency", "observed_at", "kind", "borrow_apr"],
        ),
    }


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder, home = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("home")
    write_history(folder, _tables(), {"title": "published numbers", "is_made": True})
    with ReplayServer(folder) as server:
        collect(server, home, replay_moments([DAY]) + replay_moments([NEXT]))
    with modelled(home, ("staging",)) as connection:
        yield connection


def level(warehouse: duckdb.DuckDBPyConnection, market: str, day: date) -> tuple[float, ...]:
    """Amount as sent, the venue's own dollars, coins, value in quote."""
    row = warehouse.execute(
        "select amount, own_usd, open_interest_base_listed, open_interest_quote"
        " from staging.stg_open_interest where market = $1 and day = $2 and distance_hours < 1"
        " order by distance_hours limit 1",
        [market, day],
    ).fetchone()
    assert row is not None
    return row


def test_c01_okx_contracts_of_a_thousand_coins(warehouse: duckdb.DuckDBPyConnection) -> None:
    sent, own_usd, coins, value = level(warehouse, "NEIRO-USDT-SWAP", DAY)
    assert sent == 14_546_007
    assert coins == pytest.approx(14_546_007_000, rel=1e-12)
    assert value == pytest.approx(30_921_319.84032, rel=1e-6)  # not 14,546,007,000, as ccxt said
    assert own_usd == pytest.approx(30_921_319.84032, rel=1e-6)


def test_c02_okx_contracts_of_a_hundredth_coin(warehouse: duckdb.DuckDBPyConnection) -> None:
    sent, _, coins, _ = level(warehouse, "BTC-USDT-SWAP", DAY)
    assert sent == 2_136_738
    assert coins == pytest.approx(21_367.38, rel=1e-9)


def test_okx_recorded_dollars(warehouse: duckdb.DuckDBPyConnection) -> None:
    """oi 2663107.29999999861 contracts, oiCcy 26631.0729999999861 coins, oiUsd 1676426045.35."""
    sent, own_usd, coins, value = level(warehouse, "BTC-USDT-SWAP", NEXT)
    assert sent == pytest.approx(2_663_107.29999999861, rel=1e-14)
    assert coins == pytest.approx(26_631.0729999999861, rel=1e-12)
    # 26,631.073 coins at the mark typed above with ten digits
    assert own_usd == pytest.approx(1_676_426_045.35, rel=2e-9)
    assert value == pytest.approx(1_676_426_045.35, rel=2e-9)


def test_c03_coin_margined_contracts_are_dollars_at_face(warehouse: duckdb.DuckDBPyConnection) -> None:
    sent, _, coins, value = level(warehouse, "ETHUSD_PERP", DAY)
    assert sent == 26_613_524
    assert value == 266_135_240
    assert coins == pytest.approx(106_454.096, rel=1e-12)  # at 2,500 USD


def test_c04_the_price_that_value_and_amount_imply(warehouse: duckdb.DuckDBPyConnection) -> None:
    sent, _, coins, value = level(warehouse, "BTCUSDT", DAY)
    assert sent == coins == 100_264.955
    assert value == pytest.approx(3_049_899_507.172, rel=1e-6)
    assert value / coins == pytest.approx(30_418.4, abs=0.01)


def test_c07_hyperliquid_counts_coins_and_not_dollars(warehouse: duckdb.DuckDBPyConnection) -> None:
    sent, _, _, value = level(warehouse, "ETH", DAY)
    assert sent == 947_000
    assert value == pytest.approx(4.2e9, rel=0.05)
    assert value / sent == pytest.approx(4435, rel=1e-9)


def test_d06_bitfinex_rate_is_the_daily_one_over_365(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = warehouse.execute(
        "select rate, borrow_apr from staging.stg_borrow_rate where venue = 'bitfinex'"
    ).fetchone()
    assert row is not None
    assert row[0] == pytest.approx(2.73972602739726e-07, rel=1e-9)  # 0.0001 / 365
    assert row[1] == pytest.approx(0.0365, rel=1e-9)  # 3.65 % a year


def test_okx_loan_quota_is_a_rate_a_day(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = warehouse.execute(
        "select rate, borrow_apr from staging.stg_borrow_rate where venue = 'okx'"
    ).fetchone()
    assert row is not None
    assert row[0] == pytest.approx(0.00043728, rel=1e-12)  # the example of the venue's documents
    assert row[1] == pytest.approx(0.1596072, rel=1e-12)


def test_d01_a_hundredth_of_a_percent_each_8_hours(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "select distinct venue, funding_apr from staging.stg_funding_rate where kind = 'settled'"
    ).fetchall()
    # 1e-4 x 1095 = 10.95 % simple; Hyperliquid's 1.25e-5 an hour x 8760 is the same and not an eighth of it
    aprs = dict(rows)
    assert aprs == {name: pytest.approx(0.1095, rel=1e-9) for name in ("binance", "okx", "hyperliquid")}
    compounded = (1 + aprs["okx"] / 1095) ** 1095 - 1
    assert compounded == pytest.approx(0.115714, abs=1e-6)


def test_d02_factors_of_the_intervals(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = warehouse.execute(
        "select funding_to_apr(1.0, 1.0), funding_to_apr(1.0, 4.0), funding_to_apr(1.0, 8.0)"
    ).fetchone()
    assert row == (8760, 2190, 1095)
