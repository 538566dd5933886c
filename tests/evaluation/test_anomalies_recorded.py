"""What the tests for anomalies are given of a home's tables, worked out by hand from a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluate.anomalies import SERIES, Recorded, anomalies, recorded
from pipeline.warehouse import open_warehouse

TABLES = """
create table marts.market_daily (day date, venue varchar, market varchar, asset varchar, kind varchar,
  open_interest_base double, open_interest_usd double, mark_price double, volume_usd double,
  funding_apr double);
create table marts.liquidations_daily (day date, venue varchar, asset varchar, low_usd double);
create table staging.stg_funding_rate (day date, venue varchar, market varchar, kind varchar,
  settles_at timestamptz, interval_hours double);
create table intermediate.int_grid (day date, venue varchar, market varchar, multiplier double,
  quote varchar);
create table seeds.usd_currencies as select 'USDT' as currency, '1' as usd_value;
insert into marts.market_daily values
  ('2026-03-01', 'okx', 'PEPE', 'PEPE', 'swap', 5, 50, 0.01, 100, 0.1),
  ('2026-03-01', 'okx', 'BTC', 'BTC', 'swap', 5, 50, 60000, 300, 0.1),
  ('2026-03-01', 'okx', 'BTC-DATED', 'BTC', 'future', 5, 50, 61000, null, null),
  ('2024-01-01', 'okx', 'OLD', 'BTC', 'swap', 5, 50, 60000, 300, 0.1),
  ('2026-03-01', 'gate', 'BTC', 'BTC', 'swap', 5, 50, 60000, 700, 0.1);
insert into intermediate.int_grid values
  ('2026-03-01', 'okx', 'PEPE', 1000, 'USDT'), ('2026-03-01', 'okx', 'BTC', 1, 'USDT'),
  ('2026-03-01', 'gate', 'BTC', 1, 'EUR');
insert into marts.liquidations_daily values
  ('2026-03-01', 'okx', 'BTC', 3), ('2026-03-01', 'okx', 'PEPE', 4), ('2026-03-01', 'gate', 'BTC', 7);
insert into staging.stg_funding_rate values
  ('2026-03-01', 'okx', 'BTC', 'settled', '2026-03-01 11:00:00+00', 8),
  ('2026-03-01', 'okx', 'BTC', 'settled', '2026-03-01 19:00:00+00', 8),
  ('2026-03-01', 'okx', 'BTC', 'predicted', '2026-03-01 01:00:00+00', 8),
  ('2026-03-01', 'gate', 'BTC', 'settled', '2026-03-01 08:00:00+00', null);
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    home: Path = tmp_path_factory.mktemp("home")
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        connection.execute(TABLES)
        yield recorded(connection)


def test_a_price_is_that_of_one_coin_in_dollars_and_only_of_swaps(given: Recorded) -> None:
    prices = given.markets.set_index(["venue", "market"])["price_usd"].to_dict()
    # 0.01 for a thousand; a quote without a dollar value has none; a dated future stands off by its basis
    assert prices == pytest.approx(
        {
            ("okx", "PEPE"): 1e-5,
            ("okx", "BTC"): 60000.0,
            ("okx", "BTC-DATED"): float("nan"),
            ("gate", "BTC"): float("nan"),
        },
        nan_ok=True,
    )


def test_forced_orders_of_a_venue_are_added_up(given: Recorded) -> None:
    rows = {(row.venue, row.asset): (row.low_usd, row.volume_usd) for row in given.forced.itertuples()}
    assert rows == {
        ("okx", "BTC"): (3.0, 300.0),
        ("okx", "PEPE"): (4.0, 100.0),
        ("okx", "all"): (7.0, 400.0),
        ("gate", "BTC"): (7.0, 700.0),
        ("gate", "all"): (7.0, 700.0),
    }


def test_a_feed_that_ends_is_named_and_one_asset_is_not_told_twice() -> None:
    days = pd.date_range("2026-01-01", periods=120)
    volume = np.full(120, 1e6)
    cut = np.where(np.arange(120) < 70, 1000.0, 10.0) * np.exp(np.random.default_rng(1).normal(0, 0.3, 120))
    frames = []
    for venue, last in (("one", 120), ("quiet", 115), ("other", 116)):
        for asset in ("BTC", "all"):
            shown = pd.DataFrame({"day": days, "venue": venue, "asset": asset, "volume_usd": volume})
            shown["low_usd"] = np.where(np.arange(120) < last, cut if venue == "one" else 1000.0, np.nan)
            frames.append(shown if asset == "all" else shown.dropna())
    empty = recorded_nothing()
    found = anomalies(Recorded(empty.markets, pd.concat(frames), empty.settlements))
    told = [(row.kind, row.venue, row.market, row.first_day.date()) for row in found.itertuples()]
    # 2026-01-01 and 70 days, and 115 days; four silent days may be chance
    assert told == [
        ("gap", "quiet", "all", date(2026, 4, 26)),
        ("level_break", "one", "BTC", date(2026, 3, 12)),
    ]


def recorded_nothing() -> Recorded:
    """Tables without a row."""
    columns = (
        ("day", "venue", "market", "asset", *SERIES),
        ("day", "venue", "asset", "low_usd", "volume_usd"),
        ("day", "venue", "market", "offset_hours", "interval_hours"),
    )
    return Recorded(*(pd.DataFrame(columns=list(names)) for names in columns))


def test_settlements_are_told_by_their_hours_past_the_interval(given: Recorded) -> None:
    # 11:00 and 19:00 are 3 h past 08:00 and 16:00; a forecast settles nothing, no interval tells nothing
    rows = [
        (row.venue, row.market, row.offset_hours, row.interval_hours)
        for row in given.settlements.itertuples()
    ]
    assert rows == [("okx", "BTC", 3.0, 8.0)]


def test_a_home_without_a_row_has_no_anomaly(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb", tmp_path / "raw") as connection:
        connection.execute(TABLES)
        for table in ("marts.market_daily", "marts.liquidations_daily", "staging.stg_funding_rate"):
            connection.execute(f"delete from {table}")
        found = anomalies(recorded(connection))
        connection.register("found", found)
        described = {row[0]: row[1] for row in connection.execute("describe found").fetchall()}
    assert found.empty
    assert described["first_day"] == "TIMESTAMP"
    assert described["value"] == "DOUBLE"
    assert described["kind"] == "VARCHAR"
