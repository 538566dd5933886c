"""Sixty days of one asset's price and growth, and the models of the cushion and of stress built on them.

For the tests that hold SQL and `pipeline/methods` to each other; no expectation belongs here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
from empty_tables import build_empty

from pipeline.build import FIRST_DAY, build_model
from pipeline.methods.cushion import Mixture
from pipeline.methods.vintages import entry_shares
from pipeline.models import read_models
from pipeline.warehouse import open_warehouse

MODELS = {model.name: model for model in read_models()}
FIRST, DAYS = date(2026, 1, 1), 60
LAST = FIRST + timedelta(days=DAYS - 1)
LOW, HIGH, DEMANDED = 0.004, 0.011, 0.015
VOLUME = 2500.0  # US dollars a day, of a book of 1000
TABLES = (
    "int_entry_vintage", "int_cushion", "cushion_daily", "call_ladder_daily", "cascade_daily", "deficit_daily"
)  # fmt: skip
RNG = np.random.default_rng(11)
PRICE = 100 * np.exp(np.cumsum(RNG.normal(0, 0.03, DAYS)))
GROWTH = np.concatenate([[0.0], RNG.normal(0, 0.05, DAYS - 1)])


def made_book(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of the made days, below `home`."""
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        build_empty(connection)
        for place in range(DAYS):
            day = FIRST + timedelta(days=place)
            connection.execute("insert into intermediate.int_days values ($1)", [day])
            connection.execute(
                "insert into intermediate.int_asset_price (vintage, day, asset, price_usd)"
                " values ('latest', $1, 'BTC', $2)",
                [day, PRICE[place]],
            )
            connection.execute(
                "insert into intermediate.int_growth (vintage, day, scope_type, scope, horizon_days,"
                " quantity_growth_ratio, matched_ratio) values ('latest', $1, 'asset', 'BTC', 1, $2, 1)",
                [day, GROWTH[place]],
            )
            connection.execute(
                "insert into intermediate.int_market_day"
                " (vintage, day, venue, market, asset, status, seen_usd, volume_usd)"
                " values ('latest', $1, 'okx', 'A', 'BTC', 'seen', 1000, $2)",
                [day, VOLUME],
            )
            connection.execute(
                "insert into intermediate.int_margin_rate (vintage, day, venue, asset, notional_usd,"
                " maintenance_low_ratio, maintenance_high_ratio, initial_ratio, tabled_ratio, tier_source)"
                " values ('latest', $1, 'okx', 'BTC', 1000, $2, $3, $4, 1, 'made')",
                [day, LOW, HIGH, DEMANDED],
            )
        for name in TABLES:
            build_model(connection, MODELS[name], FIRST_DAY)
        yield connection


def mixture_of(connection: duckdb.DuckDBPyConnection) -> Mixture:
    """The leverages of the seed."""
    rows = connection.execute(
        "select leverage::double, notional_share_ratio::double from seeds.leverage_mixture"
    ).fetchall()
    return Mixture(*np.array(rows).T)


def shares() -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """By rule, the share of the last day's positions that entered on each day."""
    level = np.cumprod(1 + GROWTH)
    return {rule: entry_shares(level, rule) for rule in ("pro_rata", "fifo", "lifo")}
