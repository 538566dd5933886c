"""The recorded series arrive in the history folder with the numbers their files hold, typed here by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import Converted
from convert import convert
from recorded import needs_shared

from pipeline.replay.history import History, read_history


def row(history: History, table: str, at: str, **key: str) -> pd.Series:
    frame = history.tables[table]
    clock = "settled_at" if table == "funding_rate" else "observed_at"
    chosen = frame[frame[clock] == pd.Timestamp(at)]
    for column, value in key.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    found: pd.Series = chosen.iloc[0]
    return found


@pytest.fixture(scope="module")
def recorded(converted: Converted) -> tuple[History, dict[str, object]]:
    return read_history(converted.folder), converted.said


@needs_shared
@pytest.mark.real
class TestRecordedSeries:
    """Numbers read off the source files; day D of a file is the instant D+1 00:00 of the folder."""

    def test_amounts_are_coins_of_the_base_as_listed(
        self, recorded: tuple[History, dict[str, object]]
    ) -> None:
        history, _ = recorded
        first, crash, last = "2022-01-03T00:00Z", "2022-11-10T00:00Z", "2023-12-06T00:00Z"
        expected = {
            ("BTCUSDT", first): 73297.806,
            ("BTCUSDT", crash): 132269.178,
            ("BTCUSDT", last): 83966.033,
            ("1000XECUSDT", first): 83094075.0,
            ("1000XECUSDT", last): 95749733.0,
        }
        for (market, at), base in expected.items():
            assert row(history, "open_interest", at, market=market)["open_interest_base"] == base
        listed = history.tables["markets"].set_index("market")
        assert (listed.loc["1000XECUSDT", "base"], listed.loc["1000XECUSDT", "quote"]) == ("1000XEC", "USDT")
        assert (listed.loc["BTCUSD_PERP", "settle"], listed.loc["BTCUSD_PERP", "contract_size"]) == (
            "BTC",
            100,
        )

    def test_prices_and_volumes_are_the_close_of_the_day(
        self, recorded: tuple[History, dict[str, object]]
    ) -> None:
        history, _ = recorded
        bitcoin = row(history, "price", "2022-11-10T00:00Z", market="BTCUSDT")
        assert (bitcoin["mark_price"], bitcoin["volume_base_24h"]) == (15905.0, 2065590.9849986646)
        assert row(history, "price", "2022-11-10T00:00Z", market="1000XECUSDT")["mark_price"] == 0.02782
        assert history.tables["price"]["index_price"].isna().all()

    def test_funding_percent_becomes_a_fraction_digit_for_digit(
        self, recorded: tuple[History, dict[str, object]]
    ) -> None:
        history, _ = recorded
        # The file says 0.01, -0.032976 and -2.09748 percent.
        assert row(history, "funding_rate", "2022-01-03T00:00Z", market="BTCUSDT")["funding_rate"] == 0.0001
        assert (
            row(history, "funding_rate", "2022-11-10T00:00Z", market="BTCUSDT")["funding_rate"] == -0.00032976
        )
        assert (
            row(history, "funding_rate", "2023-08-12T00:00Z", market="LPTUSDT")["funding_rate"] == -0.0209748
        )
        assert set(history.tables["funding_rate"]["interval_hours"]) == {8.0}

    def test_coin_m_dollars_come_back_as_whole_contracts(
        self, recorded: tuple[History, dict[str, object]]
    ) -> None:
        history, done = recorded
        at = "2022-11-10T00:00Z"
        # 348,257,000 USD of BTC contracts, 166,280,870 USD of ETH's and 25,612,400 USD of BNB's.
        for market, usd in {
            "BTCUSD_PERP": 348_257_000,
            "ETHUSD_PERP": 166_280_870,
            "BNBUSD_PERP": 25_612_400,
        }.items():
            base = row(history, "open_interest", at, market=market)["open_interest_base"]
            price = row(history, "price", at, market=market)["mark_price"]
            assert base * price == pytest.approx(usd, rel=1e-14)
        # 3,482,570 contracts of 100 USD at 15,905 USDT.
        bitcoin = row(history, "open_interest", at, market="BTCUSD_PERP")["open_interest_base"]
        assert bitcoin == pytest.approx(3_482_570 * 100 / 15_905, rel=1e-15)
        assert row(history, "price", at, market="ETHUSD_PERP")["mark_price"] == 1101.49
        assert done["coin_m_largest_usd_difference"] == 0.0

    def test_bitfinex_positions_keep_their_own_instants(
        self, recorded: tuple[History, dict[str, object]]
    ) -> None:
        history, done = recorded
        # 1677132000000 ms is 2023-02-23 06:00 UTC.
        for side, amount in {"long": 105406.74705755, "short": 839.61045768}.items():
            found = row(history, "margin_loan", "2023-02-23T06:00Z", side=side)
            assert found["amount"] == amount
            assert (found["measure"], found["collateral_market"]) == ("position_size", "tBTCUSD")
        assert history.tables["margin_loan"]["observed_at"].max() <= pd.Timestamp("2023-12-06T00:00Z")
        # 2 x 1,127 positions recorded.
        assert len(history.tables["margin_loan"]) + int(str(done["positions_after_the_end"])) == 2_254

    def test_nothing_is_lost_or_made_up(self, recorded: tuple[History, dict[str, object]]) -> None:
        history, done = recorded
        # 69 linear and 3 inverse perpetuals on 703 days, and the spot pair.
        assert done["market_days"] == 72 * 703
        assert len(history.tables["price"]) == 72 * 703
        assert len(history.tables["funding_rate"]) == 69 * 703
        assert len(history.tables["markets"]) == 73
        assert history.tables["markets"]["delisted_at"].isna().all()
        assert history.about["is_made"] is False
        assert (history.about["first_day"], history.about["last_day"]) == ("2022-01-02", "2023-12-05")


def write_source(data: Path) -> None:
    """Three days of two symbols in the layout of the source; ENDUSDT stops and BTCUSDT has a hole."""
    tables = {
        "open_interest/binance_usdtm_69coins_daily": "t,BTCUSDT_PERP.A_oi,ENDUSDT_PERP.A_oi\n"
        "2022-01-01,10,500\n2022-01-02,,400\n2022-01-03,12,\n",
        "price_mcap/binance_usdtm_69coins_close_volume_daily":
        "t,BTCUSDT_PERP.A_close,BTCUSDT_PERP.A_volume,ENDUSDT_PERP.A_close,ENDUSDT_PERP.A_volume\n"
        "2022-01-01,30000,7,2,8\n2022-01-02,,,2.5,\n2022-01-03,30500,9,,\n",
        "funding/binance_usdtm_69coins_daily": "t,BTCUSDT_PERP.A_fr,ENDUSDT_PERP.A_fr\n"
        "2022-01-01,0.01,0.07\n2022-01-02,,0.01\n2022-01-03,0.01,\n",
        "open_interest/binance_coinm_btc_eth_bnb_daily":
        "rank,coin_name,coin_symbol,symbol,date,timestamp,oi_open,oi_high,oi_low,oi_close\n"
        "1,Bitcoin,BTC,BTCUSD_PERP.A,2022-01-01,1640995200,1,1,1,6000040\n"
        "1,Bitcoin,BTC,BTCUSD_PERP.A,2022-01-02,1641081600,1,1,1,6000000\n",
    }  # fmt: skip
    for name, text in tables.items():
        file = data / f"{name}.csv.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(text.encode()))
    positions = {"btc": {"longs": [[1641002400000, 5.5]], "shorts": [[1641002400000, 1]]}}
    (data / "margin").mkdir()
    file = data / "margin" / "bitfinex_btc_margin_longs_shorts_11h.json.gz"
    file.write_bytes(gzip.compress(json.dumps(positions).encode()))


def test_holes_stay_holes_and_a_symbol_that_ends_is_delisted(tmp_path: Path) -> None:
    write_source(tmp_path / "data")
    done = convert(tmp_path / "data", tmp_path / "folder")
    history = read_history(tmp_path / "folder")
    interest = history.tables["open_interest"]
    seen = interest[interest["market"] == "BTCUSDT"]["observed_at"].dt.strftime("%Y-%m-%d").tolist()
    assert seen == ["2022-01-02", "2022-01-04"]
    lives = history.tables["markets"].set_index("market")["delisted_at"]
    # Last seen at 3 January 00:00.
    assert lives["ENDUSDT"] == pd.Timestamp("2022-01-04T00:00Z")
    assert pd.isna(lives["BTCUSDT"])
    # 6,000,040 USD are 60,000.4 contracts of 100 USD: 60,000 are kept and 40 USD are owned up to.
    assert (
        row(history, "open_interest", "2022-01-02T00:00Z", market="BTCUSD_PERP")["open_interest_base"]
        == 200.0
    )
    assert done["coin_m_largest_usd_difference"] == 40.0
    # The second COIN-M day has no close to be priced with.
    assert interest["market"].tolist().count("BTCUSD_PERP") == 1
