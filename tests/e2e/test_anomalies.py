"""One of each anomaly is planted in a history folder, goes over HTTP and the job's steps, and is a row.

Ninety quiet days of two venues; every market without a planted anomaly is the control.
"""

from __future__ import annotations

import copy
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from homes import ask, page_words
from soak.small_world import PHASES, walk_through

from pipeline.replay.history import read_history, write_history
from pipeline.replay.process import ReplayServer
from pipeline.replay.scenario import write_scenario

FIRST, COUNT = date(2025, 6, 2), 90
DAYS = [FIRST + timedelta(days=one) for one in range(COUNT)]
VENUES = ("bitfinex", "okx")
BASES = ("BTC", "ETH", "SOL")
UNIT, STALE, GAP, BREAK, TILE_DAYS = 70, (40, 48), (30, 34), 61, 30
TABLES = ("markets", "open_interest", "price", "funding_rate")
PLANTED = {
    ("unit_break", "okx", "ETH-USD-SWAP", "open_interest"),
    ("stale", "okx", "SOL-USDT-SWAP", "open_interest"),
    ("gap", "okx", "ETH-USDT-SWAP", "open_interest"),
    ("clock", "okx", "BTC-USDT-SWAP", "funding"),
    ("clock", "okx", "BTC-USD-SWAP", "price"),
    ("symbol", "okx", "SOL-USD-SWAP", "price"),
    ("tile", "bitfinex", "tSOLF0:USTF0", "open_interest"),
    ("level_break", "bitfinex", "BTC", "forced_orders"),
}


def plant(folder: Path) -> Path:
    """A quiet world with one fault of each kind. A level of day D is observed at D + 1."""
    whole = read_history(write_scenario(folder / "whole", "quiet", seed=3, days=COUNT + 1, first_day=FIRST))
    markets = whole.tables["markets"]
    kept = set(markets.loc[markets["venue"].isin(VENUES) & markets["base"].isin(BASES), "market"])
    tables = {}
    for name in TABLES:
        frame = whole.tables[name]
        tables[name] = frame[frame["venue"].isin(VENUES) & frame["market"].isin(kept)].copy()
    interest, price, funding = (tables[name] for name in ("open_interest", "price", "funding_rate"))

    def at(frame: pd.DataFrame, market: str, first: int = 0, last: int = COUNT) -> pd.Series:
        from_, to = (pd.Timestamp(FIRST, tz="UTC") + pd.Timedelta(days=day + 1) for day in (first, last))
        return (frame["market"] == market) & (frame["observed_at"] >= from_) & (frame["observed_at"] < to)

    interest.loc[at(interest, "ETH-USD-SWAP", UNIT), "open_interest_base"] /= 100
    still = at(interest, "SOL-USDT-SWAP", *STALE)
    interest.loc[still, "open_interest_base"] = interest.loc[still, "open_interest_base"].iloc[0]
    tiled = at(interest, "tSOLF0:USTF0")
    logs = np.log(interest.loc[tiled, "open_interest_base"].to_numpy())
    steps = np.resize(np.diff(logs)[:TILE_DAYS], len(logs) - 1)
    interest.loc[tiled, "open_interest_base"] = np.exp(np.cumsum(np.append(logs[0], steps)))
    tables["open_interest"] = interest[~at(interest, "ETH-USDT-SWAP", *GAP)]
    late = price["market"] == "BTC-USD-SWAP"
    for column in ("mark_price", "index_price"):
        price.loc[late, column] = price.loc[late, column].shift(1).bfill()
    mine, others = price["market"] == "SOL-USD-SWAP", price["market"] == "ETH-USD-SWAP"
    price.loc[mine, "mark_price"] = price.loc[others, "mark_price"].to_numpy() / 10
    funding.loc[funding["market"] == "BTC-USDT-SWAP", "settled_at"] += pd.Timedelta(hours=3)
    tables["liquidation"] = forced_orders(price)
    write_history(folder / "planted", tables, copy.deepcopy(whole.about))
    return folder / "planted"


def forced_orders(price: pd.DataFrame) -> pd.DataFrame:
    """Twelve orders a day, a thousandth of the volume, and from the sixty-second day a thirtieth of that."""
    market = "tBTCF0:USTF0"
    random = np.random.default_rng(1)
    rows = []
    days = price[price["market"] == market].set_index("observed_at").sort_index()
    for number, day in enumerate(DAYS):
        shown = days.loc[pd.Timestamp(day, tz="UTC") + pd.Timedelta(days=1)]
        size = shown["volume_base_24h"] * 1e-3 / 12 * np.exp(random.normal(0, 0.3))
        for order in range(12):
            rows.append(
                {
                    "venue": "bitfinex", "market": market, "side": "long" if order % 2 else "short",
                    "occurred_at": pd.Timestamp(day, tz="UTC") + pd.Timedelta(hours=2 * order, minutes=5),
                    "price": shown["mark_price"], "amount_base": size / (30 if number >= BREAK else 1),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("anomalies")
    world = plant(folder)
    with ReplayServer(world) as server:
        walk_through(folder / "home", world, server, DAYS, VENUES, PHASES)
    return folder / "home"


def test_what_was_planted_is_found_and_nothing_else(home: Path) -> None:
    found = {
        (row["kind"], row["venue"], row["market"], row["series"]): row
        for row in ask(home, "select * from anomalies")
    }
    assert found.keys() == PLANTED, [row["sentence"] for row in found.values()]

    def stretch(kind: str) -> tuple[date, date]:
        (row,) = (row for row in found.values() if row["kind"] == kind)
        return row["first_day"], row["last_day"]

    assert stretch("unit_break") == (DAYS[UNIT], DAYS[-1])
    assert stretch("stale") == (DAYS[STALE[0]], DAYS[STALE[1] - 1])
    assert stretch("gap") == (DAYS[GAP[0]], DAYS[GAP[1] - 1])
    assert abs(stretch("level_break")[0] - DAYS[BREAK]) <= timedelta(days=2)
    said = {key[0]: row["sentence"] for key, row in found.items() if key[3] != "price"}
    assert said["unit_break"] == "open interest jumped by 10^-2 at a flat price"
    assert said["tile"].endswith("of open interest are those of 30 days before")
    assert said["clock"].startswith("settlements stand 3 h past 00:00 UTC")
    late = found["clock", "okx", "BTC-USD-SWAP", "price"]
    assert late["value"] == pytest.approx(24, abs=1)
    assert "behind the median of" in late["sentence"]


def test_a_stale_series_counts_all_the_same_and_the_report_names_it(home: Path) -> None:
    day = DAYS[STALE[1] - 1]
    (row,) = ask(
        home, "select status from market_daily where market = 'SOL-USDT-SWAP' and day = $1::date", day
    )
    assert row["status"] == "seen"
    page = page_words((home / "reports" / f"{DAYS[-1]}.html").read_text())
    assert "Series that hide something: 6 findings" in page  # stale and gap ended over 30 days before
    assert "tile of open interest" in page
