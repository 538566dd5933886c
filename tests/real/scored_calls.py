"""Calls of the ladder and ends of cascades against the falls that came and what was then forced.

One row an asset and day of a fall of 5 % and more from close to close, of the coins whose whole recorded book
is in USDT-M perpetuals: what the tables of the day before said for the nearest first move not beyond that
fall, and what the source published of forced longs. Fixed before the first look: these rows and scores.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
from recorded import SHARED
from scipy.stats import spearmanr
from source import Source

FORCED = SHARED / "data" / "liquidations" / "binance_usdtm_coins_daily.csv.gz"
COIN_M = ("BTC", "ETH", "BNB")  # their ladder holds COIN-M positions, whose forced orders were not recorded
STEPS = (-0.05, -0.10, -0.20)
MULTIPLE = "1000"  # some coins are listed by the thousand


@dataclass(frozen=True)
class Called:
    """How the ladder of the day before stands to long positions that were then forced."""

    falls: int
    median_ratio: float  # forced over called
    low_ratio: float  # tenth percentile
    high_ratio: float  # ninetieth percentile
    rank: float  # Spearman, called share of open interest against forced share
    spread: float  # standard deviation of log(forced / called)
    naive_spread: float  # the same of log(forced / open interest): every asset alike


def falls(published: duckdb.DuckDBPyConnection, source: Source) -> pd.DataFrame:
    """One row a fall: day, asset, fall, step, forced_usd, and what was said of that step the day before."""
    rows = []
    forced = _forced_longs()
    for (day, market), close in source.closes.items():
        before = day - timedelta(days=1)
        asset = market.removesuffix("USDT").removeprefix(MULTIPLE)
        earlier, coins = source.closes.get((before, market)), forced.get((day, market))
        if earlier is None or not coins or asset in COIN_M or close / earlier - 1 > STEPS[0]:
            continue
        fall = close / earlier - 1
        step = min(one for one in STEPS if one >= fall)
        rows.append((before, day, asset, fall, step, coins * earlier))
    table = pd.DataFrame(rows, columns=["before", "day", "asset", "fall", "step", "forced_usd"])
    said = published.execute(
        "select l.day as before, l.asset, l.shock_ratio as step, l.called_usd, i.open_interest_usd,"
        " c.amplification_ratio from call_ladder_daily as l"
        " inner join cascade_daily as c using (day, asset, shock_ratio)"
        " inner join open_interest_by_asset_daily as i on i.day = l.day and i.asset = l.asset"
    ).df()
    said["before"] = said["before"].dt.date
    return table.merge(said, on=["before", "asset", "step"])


def score_calls(table: pd.DataFrame) -> Called:
    """Over the falls with something called."""
    known = table[table["called_usd"] > 0]
    ratio = known["forced_usd"] / known["called_usd"]
    naive = known["forced_usd"] / known["open_interest_usd"]
    return Called(
        len(known),
        float(ratio.median()),
        float(ratio.quantile(0.1)),
        float(ratio.quantile(0.9)),
        float(spearmanr(known["called_usd"] / known["open_interest_usd"], naive).statistic),
        float(np.log(ratio).std()),
        float(np.log(naive).std()),
    )


def rank_of_amplification(table: pd.DataFrame, step: float) -> tuple[int, float]:
    """Falls of a step whose end was known, and Spearman of the amplification said before against the fall."""
    known = table[(table["step"] == step) & table["amplification_ratio"].notna()]
    return len(known), float(spearmanr(known["amplification_ratio"], -known["fall"]).statistic)


def _forced_longs() -> dict[tuple[date, str], float]:
    """Coins as listed of long positions that were closed by force, by (day, market)."""
    with gzip.open(FORCED, "rt", encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    names = [name.removesuffix("_PERP.A_longliq") if name.endswith("_longliq") else "" for name in rows[0]]
    return {
        (date.fromisoformat(row[0]), name): float(cell)
        for row in rows[1:]
        for name, cell in zip(names, row, strict=True)
        if name and cell
    }
