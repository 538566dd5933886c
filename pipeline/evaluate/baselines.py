"""What every signal must beat: five plain series, each with the alarm of a walk-forward quantile.

Their definitions are part of the rule (`rule.py`, `tests/evaluation/RULE.md`). A market's record is a frame
indexed by UTC date without holes, in the columns RECORD_COLUMNS; where they come from is decided by the
caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from pipeline.evaluate.score import Candidate
from pipeline.signals.levels import EMBARGO_DAYS, MINIMUM_HISTORY_DAYS, WINDOW_DAYS

# usd_log_change_3d, price_log_change_3d, price_log_change_1d: natural log changes to the end of the day;
# oi_growth_30d_ratio: growth of open interest in USD, a fraction; funding_apr: a fraction a year
RECORD_COLUMNS = (
    "usd_log_change_3d",
    "price_log_change_3d",
    "price_log_change_1d",
    "oi_growth_30d_ratio",
    "funding_apr",
)
VOLATILITY = "volatility_30d"
VOLATILITY_DAYS, RETURN_DAYS = 30, 90
ALARM_QUANTILE = 0.95


def baselines(record: pd.DataFrame) -> Iterator[Candidate]:
    """The five of the rule: volatility, return, growth of open interest, funding, and always calm."""
    change = record["price_log_change_1d"]
    yield from with_alarms(
        {
            VOLATILITY: change.rolling(VOLATILITY_DAYS).std() * np.sqrt(365.0),
            "return_90d": change.rolling(RETURN_DAYS).sum(),
            "oi_growth_30d": record["oi_growth_30d_ratio"],
            "funding": record["funding_apr"],
        }
    )
    calm = pd.Series(0.0, index=record.index)
    yield Candidate("always_calm", calm, calm.astype(bool), is_baseline=True)


def with_alarms(measures: Mapping[str, pd.Series[float]]) -> Iterator[Candidate]:
    """Plain measures as baselines: known once a threshold is, and alarming above it."""
    for name, value in measures.items():
        threshold = walk_forward_threshold(value)
        yield Candidate(name, value.where(threshold.notna()), value > threshold, is_baseline=True)


def walk_forward_threshold(value: pd.Series[float]) -> pd.Series[float]:
    """The 95 % quantile of the days T-730 to T-30 as of each day T; NaN under 120 of them.

    Window, embargo and least history are those of the signals' own levels.
    """
    past = value.shift(EMBARGO_DAYS)
    window = past.rolling(WINDOW_DAYS - EMBARGO_DAYS + 1, min_periods=MINIMUM_HISTORY_DAYS)
    return window.quantile(ALARM_QUANTILE)
