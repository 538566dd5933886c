"""A home's own history as the scoreboard reads it: the record of its market, and its readings.

Events are dated on the latest version of every day; readings, growth and funding are those known then. Who
stores the result is `pipeline/assets/scoreboard.py`.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd

from pipeline.evaluate.baselines import RECORD_COLUMNS
from pipeline.evaluate.scoreboard import scoreboard

MOVES = "marts.market_moves_daily"
INPUTS = "marts.signal_inputs_daily"
READINGS = "signals.readings"
RISK_LEVELS = "signals.risk_levels"


def home_record(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The record of a home's market (see `baselines.py`), every UTC date from its first move to its last."""
    moves = connection.execute(
        f"select day, horizon_days, usd_growth_ratio, price_growth_ratio from {MOVES} order by day"
    ).df()
    known = connection.execute(
        f"select day, usd_growth_30d_ratio as oi_growth_30d_ratio, funding_apr from {INPUTS}"
        " where scope_type = 'market' order by day"
    ).df()
    first, last = moves["day"].min(), moves["day"].max()
    days = pd.date_range(first, last) if len(moves) else pd.DatetimeIndex([])
    one, three = (moves[moves["horizon_days"] == count].set_index("day").reindex(days) for count in (1, 3))
    record = known.set_index(pd.DatetimeIndex(known["day"])).reindex(days)
    record = record.assign(
        usd_log_change_3d=_log(three["usd_growth_ratio"]),
        price_log_change_3d=_log(three["price_growth_ratio"]),
        price_log_change_1d=_log(one["price_growth_ratio"]),
    )
    return record[list(RECORD_COLUMNS)].astype(float)


def home_scoreboard(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The scoreboard of a home, from its marts and readings; columns as in `scoreboard.py`."""
    readings = connection.execute(
        f"select as_of, signal, scope_type, scope, value, level from {READINGS}"
        " where scope_type = 'market' order by signal, as_of"
    ).df()
    levels = connection.execute(f"select as_of, level, score from {RISK_LEVELS} order by as_of").df()
    return scoreboard(home_record(connection), readings, levels)


def _log(growth_ratio: pd.Series[float]) -> pd.Series[float]:
    # where nothing is left there is no logarithm: unknown, and no event
    left = growth_ratio.astype(float) + 1.0
    return pd.Series(np.log(left.where(left > 0)), index=growth_ratio.index)
