"""Settlements of five venues as they were stored by others, without their intervals (D04, N09).

The interval of each row has to come from the times alone: no market list goes in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from recorded import SHARED

from pipeline.build import FIRST_DAY, build_model, load_seeds
from pipeline.lake import Lake
from pipeline.methods.cost import funding_apr, settlement_interval_hours
from pipeline.models import read_models
from pipeline.records import Dataset, FundingKind, FundingRateRow, Stamp, Unit
from pipeline.warehouse import open_warehouse

SERIES = SHARED / "methods" / "reference" / "funding_intervals.parquet"
pytestmark = [
    pytest.mark.skipif(not SERIES.is_file(), reason=f"the stored settlements are not at {SERIES}"),
    pytest.mark.real,
]

# D04: hours between settlements, whatever the venue's documents say
INTERVAL_HOURS = {
    ("binance", "HYPE"): 4,
    ("bybit", "HYPE"): 8,
    ("okx", "HYPE"): 4,
    ("hyperliquid", "HYPE"): 1,
    ("hyperliquid", "BTC"): 1,
    ("kraken", "HYPE"): 1,
}


@pytest.fixture(scope="module")
def stored() -> pd.DataFrame:
    frame = pd.read_parquet(SERIES)
    return frame[[pair in INTERVAL_HOURS for pair in zip(frame["venue"], frame["coin"], strict=True)]]


@pytest.fixture(scope="module")
def staging(
    stored: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Staging of the last sixty days as settlements that name no interval, and no market list."""
    home = tmp_path_factory.mktemp("intervals")
    last_days = stored[stored["timestamp"] > stored["timestamp"].max() - timedelta(days=60)]
    rows = [
        FundingRateRow(
            venue=row.venue,
            market=row.coin,
            symbol=None,
            observed_at=row.timestamp.to_pydatetime(),
            fetched_at=stored["timestamp"].max().to_pydatetime(),
            endpoint="stored",
            ccxt_version="none",
            run_id="d04",
            unit=Unit.RATE_PER_INTERVAL.value,
            evidence="recorded",
            stamp=Stamp.INSTANT.value,
            tolerance_hours=2,
            sides=1,
            contract_size=None,
            is_backfilled=True,
            publication_lag_hours=0,
            payload="{}",
            kind=FundingKind.SETTLED.value,
            funding_rate=row.funding_rate,
            settles_at=row.timestamp.to_pydatetime(),
            interval_hours=None,
        )
        for row in last_days.itertuples()
    ]
    Lake(home / "raw").write(Dataset.FUNDING_RATE, rows)
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        load_seeds(connection)
        for model in read_models():
            if model.name in ("stg_markets", "stg_market_version", "stg_funding_rate"):
                build_model(connection, model, FIRST_DAY)
        yield connection


@pytest.mark.parametrize("pair", INTERVAL_HOURS, ids=" ".join)
def test_d04_interval_from_the_times(
    stored: pd.DataFrame, staging: duckdb.DuckDBPyConnection, pair: tuple[str, str]
) -> None:
    """Kraken's holes of two and three hours lengthen nothing; the first row of a series shows no step."""
    chosen = stored[(stored["venue"] == pair[0]) & (stored["coin"] == pair[1])]
    hours = (chosen["timestamp"] - chosen["timestamp"].min()) / timedelta(hours=1)
    assert settlement_interval_hours(hours) == INTERVAL_HOURS[pair]
    said = staging.execute(
        "select distinct interval_hours from staging.stg_funding_rate where venue = $1 and market = $2",
        list(pair),
    ).fetchall()
    assert said == [(INTERVAL_HOURS[pair],)]


def test_n09_hyperliquid_is_hourly_and_not_divided_by_eight(stored: pd.DataFrame) -> None:
    """D04, N09: the stored median 1.25e-5 is an hour's, 10.95 % a year; the mean is 9.078849 % a year."""
    rates = stored[(stored["venue"] == "hyperliquid") & (stored["coin"] == "BTC")]["funding_rate"]
    assert np.median(rates) == pytest.approx(1.25e-5, rel=1e-9)
    assert 100 * funding_apr(np.median(rates), 1) == pytest.approx(10.95, rel=1e-9)
    assert 100 * funding_apr(rates.mean(), 1) == pytest.approx(9.078849, abs=1e-4)
