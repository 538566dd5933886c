"""Made worlds hold what their family promises, measured from the written files with plain arithmetic."""

from __future__ import annotations

import hashlib
import math
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import HistoryInvalid, UsageError
from pipeline.replay.history import read_history
from pipeline.replay.made_markets import last_friday
from pipeline.replay.scenario import FAMILIES, scenario_truth, write_scenario

SEEDS = (3, 11)
BTC_IN_COINS = ["BTCUSDT", "BTC-USDT-SWAP", "BTC", "tBTCF0:USTF0"]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    root = tmp_path_factory.mktemp("worlds")
    return {
        (family, seed): write_scenario(root / f"{family}-{seed}", family, seed)
        for family in FAMILIES
        for seed in SEEDS
    }


@pytest.fixture(scope="module")
def world(worlds: dict[tuple[str, int], Path]) -> Path:
    return worlds["build_up_and_crash", 3]


def hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def at(day: date) -> pd.Timestamp:
    return pd.Timestamp(day, tz="UTC")


def btc_coins(folder: Path) -> pd.Series:
    """BTC of the linear perpetuals of all venues, summed by instant."""
    rows = pd.read_parquet(folder / "open_interest.parquet")
    return rows[rows["market"].isin(BTC_IN_COINS)].groupby("observed_at")["open_interest_base"].sum()


def btc_price(folder: Path) -> pd.Series:
    rows = pd.read_parquet(folder / "price.parquet")
    return rows[rows["market"] == "BTCUSDT"].set_index("observed_at")["mark_price"]


def btc_funding(folder: Path) -> pd.Series:
    rows = pd.read_parquet(folder / "funding_rate.parquet")
    return rows[rows["market"] == "BTCUSDT"].set_index("settled_at")["funding_rate"]


def change(series: pd.Series, first: date, last: date) -> float:
    return float(series[at(last)] / series[at(first)] - 1)


def only(table: pd.DataFrame, market: str) -> pd.DataFrame:
    rows = table[table["market"] == market]
    assert len(rows)
    return rows


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(world: Path, tmp_path: Path) -> None:
    again = write_scenario(tmp_path / "again", "build_up_and_crash", 3)
    other = write_scenario(tmp_path / "other", "build_up_and_crash", 4)
    assert hashes(again) == hashes(world)
    differing = {name for name, value in hashes(other).items() if value != hashes(world)[name]}
    assert {"open_interest.parquet", "price.parquet", "funding_rate.parquet", "history.json"} <= differing


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_a_valid_history_that_says_it_is_made(
    worlds: dict[tuple[str, int], Path], family: str
) -> None:
    history = read_history(worlds[family, 3])
    assert history.about["is_made"] is True
    assert history.about["family"] == family
    tables = {"markets", "open_interest", "price", "funding_rate", "borrow_rate", "margin_loan"}
    assert set(history.tables) == tables
    for name in ("open_interest", "price"):
        instants = history.tables[name]["observed_at"]
        # 400 days from 1 June 2025: the last one is 5 July 2026, its close stands at the 6th.
        assert instants.min() == pd.Timestamp("2025-06-01T00:00Z")
        assert instants.max() == pd.Timestamp("2026-07-06T00:00Z")
        assert instants.nunique() == 401
        assert (instants == instants.dt.normalize()).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_build_up_grows_coins_and_funding_before_the_crash_takes_both(
    worlds: dict[tuple[str, int], Path], seed: int
) -> None:
    folder = worlds["build_up_and_crash", seed]
    truth = scenario_truth(folder)
    start, crash = truth["build_up_from"], truth["crash_day"]
    assert start is not None
    assert crash is not None
    assert (start - truth["first_day"]).days >= 200
    assert 45 <= (crash - start).days <= 76
    coins, price, funding = btc_coins(folder), btc_price(folder), btc_funding(folder)
    assert 0.40 < change(coins, start, crash) < 1.05
    # No stretch of the same length in the 200 days before comes near it.
    calm = [
        change(coins, start - timedelta(days=d + 60), start - timedelta(days=d)) for d in range(0, 140, 5)
    ]
    assert max(calm) < 0.25
    after = crash + timedelta(days=3)
    assert -0.40 <= change(price, crash, after) <= -0.22
    assert -0.48 <= change(coins, crash, after) <= -0.27
    assert funding[: at(start)].mean() == pytest.approx(0.0001, abs=0.00002)
    assert 0.0003 < funding[at(crash - timedelta(days=4)) : at(crash)].mean() < 0.0006
    assert funding[at(crash + timedelta(days=1)) : at(after)].mean() < 0.00005


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quiet_world_has_noise_and_waves_but_no_event(
    worlds: dict[tuple[str, int], Path], seed: int
) -> None:
    folder = worlds["quiet", seed]
    truth = scenario_truth(folder)
    assert (truth["build_up_from"], truth["rally_from"], truth["crash_day"]) == (None, None, None)
    coins, price = btc_coins(folder), btc_price(folder)
    steps = [math.log(b / a) for a, b in pairwise(coins)]
    assert 0.008 < pd.Series(steps).std() < 0.025
    months = coins / coins.shift(30) - 1
    assert months.max() < 0.30
    assert months.max() - months.min() > 0.08
    assert (price / price.shift(3) - 1).min() > -0.18


@pytest.mark.parametrize("seed", SEEDS)
def test_a_price_only_rally_leaves_coins_and_funding_alone(
    worlds: dict[tuple[str, int], Path], seed: int
) -> None:
    folder = worlds["price_only_rally", seed]
    truth = scenario_truth(folder)
    start = truth["rally_from"]
    assert start is not None
    assert truth["build_up_from"] is None
    end = start + timedelta(days=60)
    coins, price, funding = btc_coins(folder), btc_price(folder), btc_funding(folder)
    assert 0.60 <= change(price, start, end) <= 1.00
    assert abs(change(coins, start, end)) < 0.20
    assert change(coins * price, start, end) > 0.40
    assert funding[at(start) : at(end)].mean() == pytest.approx(0.0001, abs=0.00003)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crash_without_build_up_comes_out_of_a_calm_market(
    worlds: dict[tuple[str, int], Path], seed: int
) -> None:
    folder = worlds["crash_without_build_up", seed]
    truth = scenario_truth(folder)
    crash = truth["crash_day"]
    assert crash is not None
    assert truth["build_up_from"] is None
    coins, price = btc_coins(folder), btc_price(folder)
    for before in (30, 60):
        assert change(coins, crash - timedelta(days=before), crash) < 0.25
    assert -0.40 <= change(price, crash, crash + timedelta(days=3)) <= -0.22


def test_the_levels_are_of_a_real_market(world: Path) -> None:
    interest = pd.read_parquet(world / "open_interest.parquet")
    rows = interest.merge(pd.read_parquet(world / "price.parquet"), on=["venue", "market", "observed_at"])
    assert len(rows) == len(interest)
    first = rows[rows["observed_at"] == rows["observed_at"].min()]
    usd = (first["open_interest_base"] * first["mark_price"]).groupby(first["venue"]).sum()
    assert 50e9 < usd.sum() < 72e9
    assert 6e9 < usd["hyperliquid"] < 10e9
    assert 0.35e9 < usd["bitfinex"] < 0.75e9
    open_rows = rows[rows["open_interest_base"] > 0]
    turnover = open_rows["open_interest_base"] / open_rows["volume_base_24h"]
    assert turnover.between(0.05, 5).all()
    perpetual = first[first["market"].isin(["BTCUSDT", "BTCUSD_PERP", "BTC-USDT-SWAP", "BTC"])]["mark_price"]
    assert len(perpetual) == 4
    assert perpetual.median() == pytest.approx(90_000, rel=0.002)
    assert 0 < perpetual.max() / perpetual.min() - 1 < 0.004  # venues differ by basis points


def test_contract_venues_hold_whole_contracts(world: Path) -> None:
    interest = pd.read_parquet(world / "open_interest.parquet").merge(
        pd.read_parquet(world / "price.parquet"), on=["venue", "market", "observed_at"]
    )
    # USD per contract, and coins per contract, as the venues list them.
    for market, usd in {
        "BTCUSD_PERP": 100,
        "ETHUSD_PERP": 10,
        "BTC-USD-SWAP": 100,
        "ETH-USD-SWAP": 10,
    }.items():
        rows = only(interest, market)
        contracts = rows["open_interest_base"] * rows["mark_price"] / usd
        assert (abs(contracts - contracts.round()) < 1e-6).all()
        assert contracts.min() > 1_000
    for market, coins in {"BTC-USDT-SWAP": 0.01, "PEPE-USDT-SWAP": 10_000_000, "BCH-USDT-SWAP": 0.1}.items():
        contracts = only(interest, market)["open_interest_base"] / coins
        assert (abs(contracts - contracts.round()) < 1e-6).all()
    sizes = pd.read_parquet(world / "markets.parquet").set_index("market")["contract_size"]
    assert (sizes["BTCUSD_PERP"], sizes["BTC-USDT-SWAP"], sizes["SOLUSD_PERP"]) == (100, 0.01, 10)


def test_a_thousand_coins_trade_as_one_on_two_venues(world: Path) -> None:
    markets = pd.read_parquet(world / "markets.parquet").set_index("market")
    assert markets.loc["1000PEPEUSDT", "base"] == "1000PEPE"
    assert markets.loc["kPEPE", "base"] == "kPEPE"
    assert markets.loc["PEPE-USDT-SWAP", "base"] == "PEPE"
    price = pd.read_parquet(world / "price.parquet").groupby("market")["mark_price"].min()
    assert price["1000PEPEUSDT"] / price["PEPE-USDT-SWAP"] == pytest.approx(1_000, rel=0.005)
    perpetual = markets.loc["tBTCF0:USTF0"]
    assert (perpetual["base"], perpetual["quote"], perpetual["settle"]) == ("BTC", "UST", "UST")


def test_one_market_is_listed_and_another_delisted(world: Path) -> None:
    markets = pd.read_parquet(world / "markets.parquet").set_index("market")
    interest = pd.read_parquet(world / "open_interest.parquet")
    new, gone = only(interest, "HYPEUSDT"), only(interest, "FIL-USDT-SWAP")
    # Day 120 of the world at 10:00; its first close is the one of that day.
    assert markets.loc["HYPEUSDT", "listed_at"] == pd.Timestamp("2025-09-29T10:00Z")
    assert new["observed_at"].min() == pd.Timestamp("2025-09-30T00:00Z")
    assert new["open_interest_base"].iloc[0] < 0.3 * new["open_interest_base"].iloc[40]
    # Day 240 at 09:00: the book has emptied before, and nothing is seen after.
    assert markets.loc["FIL-USDT-SWAP", "delisted_at"] == pd.Timestamp("2026-01-27T09:00Z")
    assert gone["observed_at"].max() == pd.Timestamp("2026-01-27T00:00Z")
    assert gone["open_interest_base"].iloc[-1] == 0
    assert gone["open_interest_base"].iloc[-10] > 0


def test_funding_is_paid_every_8_hours_hourly_and_every_4_after_a_change(world: Path) -> None:
    rows = pd.read_parquet(world / "funding_rate.parquet")
    markets = pd.read_parquet(world / "markets.parquet")
    changed = only(markets, "APTUSDT").sort_values("effective_from")
    assert changed["funding_interval_hours"].tolist() == [8, 4]
    instant = changed["effective_from"].iloc[1]
    settled = rows[(rows["venue"] == "binance") & (rows["market"] == "APTUSDT")].sort_values("settled_at")
    hours = settled["settled_at"].diff().dt.total_seconds() / 3600
    is_after = settled["settled_at"] > instant
    assert set(hours[~is_after].dropna()) == {8}
    assert set(hours[is_after]) == {4}
    assert (settled["interval_hours"].iloc[1:] == hours.iloc[1:]).all()
    spacing = {"hyperliquid": {1.0}, "okx": {8.0}, "bitfinex": {8.0}}
    for venue, expected in spacing.items():
        own = rows[rows["venue"] == venue]
        assert set(own["interval_hours"]) == expected
        gaps = own.groupby("market")["settled_at"].diff().dropna().dt.total_seconds() / 3600
        assert set(gaps) == expected
    assert rows["predicted_rate"].notna().all()


def test_a_funding_rate_is_the_rate_of_its_own_interval(worlds: dict[tuple[str, int], Path]) -> None:
    rows = pd.read_parquet(worlds["quiet", 3] / "funding_rate.parquet")
    means = rows.groupby(["venue", "interval_hours"])["funding_rate"].mean()
    # 0.01 % per 8 hours is 0.005 % per 4 hours and 0.00125 % an hour.
    assert means["binance", 8.0] == pytest.approx(0.0001, rel=0.15)
    assert means["binance", 4.0] == pytest.approx(0.00005, rel=0.15)
    assert means["hyperliquid", 1.0] == pytest.approx(0.0000125, rel=0.15)


def test_a_dated_future_has_no_funding_and_meets_the_index_at_expiry(world: Path) -> None:
    assert last_friday(2025, 12) == date(2025, 12, 26)
    assert last_friday(2026, 3) == date(2026, 3, 27)
    markets = pd.read_parquet(world / "markets.parquet").set_index("market")
    future = markets.loc["BTC-USDT-251226"]
    assert (future["kind"], future["expires_at"]) == ("future", pd.Timestamp("2025-12-26T08:00Z"))
    assert only(markets.reset_index(), "BTC-USDT-251226")["funding_interval_hours"].isna().all()
    assert "BTC-USDT-251226" not in set(pd.read_parquet(world / "funding_rate.parquet")["market"])
    price = only(pd.read_parquet(world / "price.parquet"), "BTC-USDT-251226")
    premium = price["mark_price"] / price["index_price"] - 1
    assert premium.iloc[0] > 0.02
    assert abs(premium.iloc[-1]) < 0.002
    assert price["observed_at"].max() == pd.Timestamp("2025-12-26T00:00Z")


def test_loans_used_are_most_of_what_is_lent(world: Path) -> None:
    loans = pd.read_parquet(world / "margin_loan.parquet")
    amounts = loans[loans["side"].isna()].pivot_table(
        index=["currency", "observed_at"], columns="measure", values="amount"
    )
    assert set(amounts.index.get_level_values("currency")) == {"USD", "UST", "BTC", "ETH"}
    assert (amounts["used"] / amounts["lent"]).between(0.80 - 1e-6, 0.95 + 1e-6).all()
    held = loans[loans["measure"] == "position_size"]
    assert set(zip(held["collateral_market"], held["side"], strict=True)) == {
        ("tBTCUSD", "long"), ("tBTCUSD", "short"), ("tETHUSD", "long"), ("tETHUSD", "short"),
    }  # fmt: skip
    rates = pd.read_parquet(world / "borrow_rate.parquet")
    assert len(rates.groupby(["venue", "kind", "currency"])) == 8
    assert rates["borrow_apr"].between(0.001, 0.5).all()


def test_a_world_of_30_days_is_long_enough_when_quiet(tmp_path: Path) -> None:
    folder = write_scenario(tmp_path / "short", "quiet", 1, days=30, first_day=date(2024, 2, 1))
    assert scenario_truth(folder)["last_day"] == date(2024, 3, 1)  # 2024 has a 29 February
    assert read_history(folder).tables["open_interest"]["observed_at"].nunique() == 31


def test_what_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no scenario family boom: use one of build_up_and_crash, quiet"):
        write_scenario(tmp_path / "x", "boom", 1)
    with pytest.raises(UsageError, match=r"build_up_and_crash needs 301 days, 300 were asked"):
        write_scenario(tmp_path / "x", "build_up_and_crash", 1, days=300)
    with pytest.raises(HistoryInvalid, match=r"history\.json does not describe a made world"):
        scenario_truth(tmp_path)
    assert list(tmp_path.iterdir()) == []
