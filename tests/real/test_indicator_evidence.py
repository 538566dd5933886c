"""Margin tables, wallets, supplies and one day of 96 venues as recorded, against seeds and methods."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from empty_tables import build_empty
from recorded import SHARED, STRUCTURE, needs_shared, recorded, seed

from pipeline.build import FIRST_DAY, build_model, load_seeds
from pipeline.methods.concentration import effective_n, hhi, theil_split, top_share
from pipeline.methods.cost import funding_apr, settlement_interval_hours
from pipeline.methods.growth import year_on_year_ratio
from pipeline.methods.margin import debt_estimate_usd, debt_low_usd
from pipeline.methods.tiers import book_maintenance_ratio, lognormal_maintenance_ratio, tier_table
from pipeline.models import read_models
from pipeline.warehouse import open_warehouse

pytestmark = [needs_shared, pytest.mark.real]

REFERENCE = SHARED / "methods" / "reference"


@pytest.fixture(scope="module")
def brackets() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = recorded("binance_leverage_tiers_907.json.gz")
    assert len(found) == 907
    return found


@pytest.fixture(scope="module")
def wallets() -> list[dict[str, Any]]:
    """Accounts with all their positions; one that leads both lists is counted once."""
    lists = recorded("hyperliquid_wallets_2026-02-22.json.gz")["whaleTracker"]
    return list({one["address"]: one for name in ("daily", "weekly") for one in lists[name]}.values())


def test_deductions_of_all_907_tables_are_those_the_venue_prints(
    brackets: dict[str, list[dict[str, Any]]],
) -> None:
    for symbol, steps in brackets.items():
        table = tier_table(
            [step["minNotional"] for step in steps], [step["maintenanceMarginRate"] for step in steps]
        )
        printed = [step["info"]["cum"] for step in steps]
        assert table.deductions == pytest.approx(printed, rel=1e-9, abs=1e-6), symbol


def test_the_tables_of_the_warehouse_hold_the_907_brackets(
    brackets: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    rows = pd.DataFrame(
        [
            (
                symbol,
                int(step["tier"]),
                step["minNotional"],
                step["maintenanceMarginRate"],
                step["maxLeverage"],
            )
            for symbol, steps in brackets.items()
            for step in steps
        ],
        columns=["market", "tier", "floor", "rate", "leverage"],
    )
    models = {model.name: model for model in read_models()}
    with open_warehouse(tmp_path / "warehouse.duckdb", tmp_path / "raw") as connection:
        load_seeds(connection)
        for model in read_models():
            if model.schema == "staging":
                build_model(connection, model, FIRST_DAY)
        connection.register("rows", rows)
        connection.execute(
            "insert into staging.stg_leverage_tier (day, venue, market, tier, observed_at, known_at,"
            " distance_hours, unit, notional_floor, notional_floor_quote, maintenance_margin_rate_ratio,"
            " max_leverage) select '2026-09-01', 'binance', market, tier, '2026-09-02', '2026-09-02', 0,"
            " 'quote', floor, floor, rate, leverage from rows"
        )
        build_model(connection, models["int_tier_step"], FIRST_DAY)
        said = connection.execute(
            "select market, step, deduction_quote, initial_ratio from intermediate.int_tier_step"
        ).fetchall()
    printed = {
        (symbol, int(step["tier"])): (step["info"]["cum"], 1 / step["info"]["initialLeverage"])
        for symbol, steps in brackets.items()
        for step in steps
    }
    assert len(said) == len(printed)
    for market, step, deduction, initial in said:
        assert (deduction, initial) == pytest.approx(printed[market, step], rel=1e-6, abs=1e-3)


def test_wallets_give_both_statistics_of_leverage(wallets: list[dict[str, Any]]) -> None:
    """At the leverage that was set nine tenths are borrowed, by equity a quarter: an honest interval."""
    holders = [wallet for wallet in wallets if wallet["positions"]]
    positions = [position for wallet in holders for position in wallet["positions"]]
    notional = sum(position["positionValue"] for position in positions)
    posted = sum(position["positionValue"] / position["leverage"] for position in positions)
    equity = sum(wallet["accountValue"] for wallet in holders)
    assert float(debt_estimate_usd(1.0, posted, notional)) == pytest.approx(0.90, abs=0.005)
    assert float(debt_low_usd(1.0, equity, notional)) == pytest.approx(0.25, abs=0.005)


def test_the_leverages_of_the_seed_are_those_of_the_wallets(wallets: list[dict[str, Any]]) -> None:
    weight: Counter[int] = Counter()
    # the largest leverage that stands in each group
    groups = {1: 1, 2: 2, 4: 3, 7: 5, 12: 10, 17: 15, 23: 20, 30: 25, 40: 40}
    for wallet in wallets:
        for position in wallet["positions"]:
            largest = min(times for times in groups if times >= position["leverage"])
            weight[groups[largest]] += position["positionValue"]
    total = sum(weight.values())
    for row in seed("leverage_mixture.csv"):
        share = weight[int(row["leverage"])] / total
        assert float(row["notional_share_ratio"]) == pytest.approx(share, abs=0.001), row["leverage"]
    posted = sum(p["positionValue"] / p["leverage"] for w in wallets for p in w["positions"]) / total
    grouped = sum(
        float(row["notional_share_ratio"]) / float(row["leverage"]) for row in seed("leverage_mixture.csv")
    )
    assert grouped == pytest.approx(posted, abs=0.002)


def test_position_sizes_of_the_seed_are_the_fit_to_the_wallets(
    wallets: list[dict[str, Any]], brackets: dict[str, list[dict[str, Any]]]
) -> None:
    (row,) = seed("position_sizes.csv")
    sizes = np.array([p["positionValue"] for w in wallets for p in w["positions"]])
    mean = np.average(np.log(sizes), weights=sizes)
    sigma = math.sqrt(np.average((np.log(sizes) - mean) ** 2, weights=sizes))
    assert float(row["median_usd"]) == pytest.approx(math.exp(mean), rel=0.01)
    assert float(row["sigma_log"]) == pytest.approx(sigma, abs=0.005)
    # the lognormal stands in for the wallets: on BTC's brackets it asks within a fifth of what they do
    steps = brackets["BTC/USDT:USDT"]
    table = tier_table(
        [step["minNotional"] for step in steps], [step["maintenanceMarginRate"] for step in steps]
    )
    by_wallets = book_maintenance_ratio(table, sizes)
    assert lognormal_maintenance_ratio(table, math.exp(mean), sigma) == pytest.approx(by_wallets, rel=0.2)
    assert 0.004 < by_wallets < 0.02


def test_typed_supplies_of_bitcoin_are_those_recorded() -> None:
    supply = pd.read_parquet(SHARED / "data/price_mcap/coinmetrics_btc_mcap_supply.parquet")["SplyCur"]
    compared = 0
    for row in seed("reference_supply.csv"):
        if row["asset"] == "BTC" and row["day"] in supply.index.strftime("%Y-%m-%d"):
            on_chain = float(supply.loc[pd.Timestamp(row["day"], tz="UTC")])
            # a day makes up to 900 coins; the blocks of a day end somewhere within it
            assert float(row["amount"]) == pytest.approx(on_chain, abs=1_800)
            compared += 1
    assert compared == 4


def test_the_feed_that_was_cut_shows_less_from_the_day_in_the_seed() -> None:
    """Binance: a hundred days before the cut and a hundred after, in coins and beside a price that rose."""
    rows = pd.read_csv(SHARED / "data/liquidations/binance_btcusdt_daily.csv", index_col="timestamp")
    coins = (rows["long_liq"] + rows["short_liq"]).set_axis(pd.to_datetime(rows.index))
    (feed,) = [row for row in seed("liquidation_feeds.csv") if row["evidence"] == "recorded"]
    assert feed["venue"] == "binance"
    cut = pd.Timestamp(feed["since"])
    before = coins[(coins.index < cut) & (coins.index >= cut - pd.Timedelta(days=100))]
    after = coins[(coins.index > cut) & (coins.index <= cut + pd.Timedelta(days=100))]
    assert (len(before), len(after)) == (100, 100)
    assert after.median() < before.median() / 3
    assert {row["evidence"] for row in seed("liquidation_feeds.csv")} == {"recorded", "published", "memory"}


@pytest.fixture(scope="module")
def one_day() -> pd.DataFrame:
    """Open interest of 96 venues on 2026-01-28, USD, one row a venue and asset."""
    rows = pd.read_parquet(STRUCTURE / "oi_by_venue_asset_2026-01-28.parquet")
    rows = rows[rows["open_interest_usd"] > 0]
    assert rows["exchange"].nunique() > 90
    summed = rows.groupby(["exchange", "base_asset"], as_index=False)["open_interest_usd"].sum()
    return pd.DataFrame(summed)


def test_concentration_of_the_day_of_96_venues(one_day: pd.DataFrame, tmp_path: Path) -> None:
    grid = one_day.pivot_table(
        index="exchange", columns="base_asset", values="open_interest_usd", aggfunc="sum", fill_value=0.0
    )
    venues = grid.sum(axis=1)
    models = {model.name: model for model in read_models()}
    with open_warehouse(tmp_path / "warehouse.duckdb", tmp_path / "raw") as connection:
        build_empty(connection)
        connection.register("rows", one_day)
        connection.execute(
            "insert into intermediate.int_market_day (vintage, day, venue, market, asset, status, seen_usd)"
            " select 'latest', '2026-01-28', exchange, base_asset, base_asset, 'seen', open_interest_usd"
            " from rows"
        )
        build_model(connection, models["int_concentration"], FIRST_DAY)
        said = measured(connection)
    # by hand: shares of the venues' sums, and the entropies of the whole grid
    shares = venues / venues.sum()
    assert said["venue"][0] == pytest.approx(float((shares**2).sum()), rel=1e-9)
    assert said["venue"][1] == pytest.approx(float(shares.nlargest(3).sum()), rel=1e-9)
    cells = grid.to_numpy() / grid.to_numpy().sum()
    entropy = -float(np.sum(cells[cells > 0] * np.log(cells[cells > 0])))
    assert said["cell"][2] == pytest.approx(math.log(cells.size) - entropy, abs=1e-6)
    assert said["cell"][2] == pytest.approx(sum(said["cell"][3:]), abs=1e-9)
    # and the pure functions agree
    split = theil_split(grid.to_numpy())
    assert said["cell"][3:] == pytest.approx(
        (split.between_venues, split.between_assets, split.mutual_information), abs=1e-6
    )
    assert (hhi(venues), top_share(venues, 3)) == pytest.approx(said["venue"][:2], rel=1e-9)
    assert 5 < effective_n(venues) < 40


def measured(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[float, ...]]:
    rows = connection.execute(
        "select dimension, hhi_ratio, top3_ratio, theil_t, theil_venue, theil_asset, theil_mutual"
        " from intermediate.int_concentration where measure = 'open_interest'"
    ).fetchall()
    return {row[0]: tuple(row[1:]) for row in rows}


def test_b05_all_published_growth_of_debit_balances() -> None:
    data = json.loads((REFERENCE / "finra_margin_debt.json").read_text())["data"]
    grown = 100 * year_on_year_ratio([row["margin_debt"] for row in data])
    printed = {place: row["yoy_growth"] for place, row in enumerate(data) if row["yoy_growth"] is not None}
    assert (len(data), len(printed)) == (355, 343)  # the first year has no year before it
    for place, percent in printed.items():
        assert grown[place] == pytest.approx(percent, abs=0.0501)  # printed to one decimal
    by_month = {row["date"]: growth for row, growth in zip(data, grown, strict=True)}
    for month, percent in {"2000-03": 80.452, "2007-07": 62.647, "2008-10": -26.37}.items():
        assert by_month[month] == pytest.approx(percent, abs=0.0005)


def test_d04_intervals_are_told_by_the_settlements() -> None:
    rows = pd.read_parquet(REFERENCE / "funding_intervals.parquet")
    for venue, coin, hours in (
        ("binance", "HYPE", 4), ("bybit", "HYPE", 8), ("okx", "HYPE", 4),
        ("hyperliquid", "HYPE", 1), ("kraken", "HYPE", 1),
    ):  # fmt: skip
        chosen = rows[(rows["venue"] == venue) & (rows["coin"] == coin)]
        assert len(chosen) > 10
        instants = (chosen["timestamp"] - chosen["timestamp"].min()).dt.total_seconds() / 3600
        assert settlement_interval_hours(instants) == hours, venue
    btc = rows[(rows["venue"] == "hyperliquid") & (rows["coin"] == "BTC")]["funding_rate"]
    assert btc.median() == pytest.approx(1.25e-5)  # a rate an hour: dividing by eight again would be wrong
    assert 100 * funding_apr(btc, 1).mean() == pytest.approx(9.078849, abs=1e-4)
