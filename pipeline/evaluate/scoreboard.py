"""All series of a market scored against all rules and horizons, and what may be said about the result.

Takes readings of any signal by name. How one series is scored is `score.py`; reading a home is `home.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields

import pandas as pd

from pipeline.evaluate.baselines import VOLATILITY, baselines
from pipeline.evaluate.rule import HORIZONS_DAYS, LEAST_EVENTS_FOR_INTERVAL, RULES, label_days
from pipeline.evaluate.score import Candidate, Score, score

COMPOSITE = "composite"
SCOREBOARD_COLUMNS = (*(field.name for field in fields(Score)), "variants_tried")
_ALARMS = ("elevated", "high", "critical")
_TEXT = ("signal", "event_rule", "reason")
_COUNTS = ("horizon_days", "events", "events_warned", "scored_days", "variants_tried")
_DATES = ("sample_from", "sample_to")


def scoreboard(
    record: pd.DataFrame,
    readings: pd.DataFrame,
    risk_levels: pd.DataFrame,
    measures: Iterable[Candidate] = (),
) -> pd.DataFrame:
    """One row a (signal, event_rule, horizon_days), columns SCOREBOARD_COLUMNS, best AUROC first within each.

    `record` is described in `baselines.py`; `readings` has at least (as_of, signal, scope_type, value, level)
    of which the whole market's are scored; `risk_levels` (as_of, level, score). `measures` are further
    baselines. Undefined figures are NaN.
    """
    days = pd.DatetimeIndex(record.index)
    series = [*candidates(days, readings, risk_levels), *baselines(record), *measures]
    reference = next(one for one in series if one.name == VOLATILITY).value
    rows = []
    for rule in RULES if len(days) else ():
        events = rule.event_days(record["usd_log_change_3d"], record["price_log_change_3d"])
        for horizon_days in HORIZONS_DAYS:
            labels = label_days(days, events, horizon_days)
            rows += [
                score(
                    one,
                    labels,
                    events,
                    rule.name,
                    horizon_days,
                    reference if one.name != VOLATILITY else None,
                )
                for one in series
            ]
    table = pd.DataFrame([asdict(row) for row in rows], columns=list(SCOREBOARD_COLUMNS[:-1]))
    table["variants_tried"] = len(table)
    kinds = {
        **dict.fromkeys(_TEXT, "str"),
        **dict.fromkeys(_COUNTS, "int64"),
        **dict.fromkeys(_DATES, "datetime64[us]"),
        "is_baseline": "bool",
    }
    table = table.astype({name: kinds.get(name, "float64") for name in table.columns})
    order = ["event_rule", "horizon_days", "auroc", "signal"]
    return table.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


def candidates(
    days: pd.DatetimeIndex, readings: pd.DataFrame, risk_levels: pd.DataFrame
) -> Iterator[Candidate]:
    """Every signal's readings of the whole market, and the composite, on the calendar of the record."""
    market = readings[readings["scope_type"] == "market"]
    for name, mine in market.groupby("signal", sort=True):
        yield _of_readings(str(name), days, mine, "value")
    yield _of_readings(COMPOSITE, days, risk_levels, "score")


def _of_readings(name: str, days: pd.DatetimeIndex, readings: pd.DataFrame, column: str) -> Candidate:
    """A reading of 00:00 belongs to the day that ended then; one whose level is unknown is not scored."""
    ended = pd.DatetimeIndex(pd.to_datetime(readings["as_of"], utc=True)).tz_localize(None)
    found = readings.set_index(ended - pd.Timedelta(days=1)).reindex(days)
    level = found["level"].fillna("unknown")
    return Candidate(name, found[column].astype(float).where(level != "unknown"), level.isin(_ALARMS))


def verdict(table: pd.DataFrame) -> str:
    """What the table allows to be said about signals and volatility, in one or two sentences."""
    compared = table[table["auroc_gain_low"].notna()]
    if compared.empty:
        return (
            f"Nothing can be said against volatility: no row has {LEAST_EVENTS_FOR_INTERVAL} events or more."
        )
    better = compared[compared["auroc_gain_low"] > 0]
    chance = f"{len(compared)} comparisons were made, of which {len(compared) / 40:.1f} pass by chance"
    if better.empty:
        return f"Nothing beats volatility. {chance}."
    named = ", ".join(
        f"{row.signal} ({row.event_rule}, {row.horizon_days} days)" for row in better.itertuples()
    )
    return f"Better than volatility: {named}. {chance}."
