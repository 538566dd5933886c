"""A home's marts become the record of its market: which instant, which column, what a hole is."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb
import pandas as pd
import pytest

from pipeline.evaluate.baselines import RECORD_COLUMNS
from pipeline.evaluate.home import home_record, home_scoreboard

TABLES = """
create schema marts; create schema signals;
create table marts.market_moves_daily (
    day date, horizon_days integer, usd_growth_ratio double, price_growth_ratio double);
create table marts.signal_inputs_daily (
    day date, scope_type varchar, scope varchar, usd_growth_30d_ratio double, funding_apr double);
create table signals.readings (
    as_of timestamptz, signal varchar, scope_type varchar, scope varchar, value double, level varchar);
create table signals.risk_levels (as_of timestamptz, level varchar, score double);
"""


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(TABLES)
        yield connection


def test_moves_become_log_changes_on_every_day(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        """insert into marts.market_moves_daily values
        ('2026-03-02', 1, 0.1, 0.05), ('2026-03-04', 1, null, null),
        ('2026-03-04', 3, -0.2, -0.1), ('2026-03-05', 3, -1.0, -0.1)"""
    )
    marts.execute(
        """insert into marts.signal_inputs_daily values
        ('2026-03-04', 'market', 'all', 0.3, 0.1095), ('2026-03-04', 'asset', 'BTC', 9.0, 9.0)"""
    )
    record = home_record(marts)
    assert tuple(record.columns) == RECORD_COLUMNS
    assert list(record.index) == list(pd.date_range("2026-03-02", "2026-03-05"))  # the third has no row
    assert record["price_log_change_1d"].tolist() == pytest.approx(
        [math.log(1.05), math.nan, math.nan, math.nan], nan_ok=True
    )
    # all open interest gone has no logarithm: unknown
    assert record["usd_log_change_3d"].tolist() == pytest.approx(
        [math.nan, math.nan, math.log(0.8), math.nan], nan_ok=True
    )
    known = record.loc["2026-03-04"]
    assert (known["oi_growth_30d_ratio"], known["funding_apr"]) == (0.3, 0.1095)


def test_an_event_is_scored_on_the_days_before_it(marts: duckdb.DuckDBPyConnection) -> None:
    """60 days, one fall on 2026-02-10; the signal is elevated at the end of the ninth and of no other day."""
    marts.execute(
        """insert into marts.market_moves_daily
        select d::date, h, if(is_fall, -0.2, 0.0), if(is_fall, -0.1, 0.0)
        from (
            select d, h, d = '2026-02-10' and h = 3 as is_fall
            from generate_series(timestamp '2026-01-11', timestamp '2026-03-11', interval 1 day) as s(d),
                unnest([1, 3]) as t(h)
        )"""
    )
    marts.execute(
        """insert into signals.readings
        select d::timestamptz, 'seer', 'market', 'all', if(d = '2026-02-10', 1.0, 0.0),
            if(d = '2026-02-10', 'elevated', 'calm')
        from generate_series(timestamp '2026-01-12', timestamp '2026-03-12', interval 1 day) as s(d)"""
    )
    table = home_scoreboard(marts).set_index(["signal", "event_rule", "horizon_days"])
    seer = table.loc[("seer", "R1", 7)]
    # the reading of 2026-02-10 00:00 closes the ninth, one day before the event
    assert (seer["events"], seer["events_warned"], seer["median_lead_days"]) == (1, 1, 1)
    assert seer["recall_ratio"] == pytest.approx(1 / 7)
    assert seer["precision_ratio"] == 1.0
    assert seer["reason"] == "1 event, fewer than 5: no interval is evidence"
    assert table.loc[("composite", "R1", 7), "reason"] == "never known on a day that can be scored"
    assert table.loc[("seer", "R2", 7), "events"] == 0  # 0.8 / 0.9 - 1 = -11 % in coins


def test_a_home_without_a_day_has_an_empty_board(marts: duckdb.DuckDBPyConnection) -> None:
    assert home_scoreboard(marts).empty
