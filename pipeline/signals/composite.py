"""The level of the whole market from its signals, and the list of level changes.

Not a signal itself: it reads readings, not inputs. The rule was declared before any made scenario was scored.

Notes
-----
H0 of the market level: borrowed positions grow as they did before. Accumulation alone can reject it; dear
leverage or gathering on few hands without growth is fragile, but is not a build-up.

1. More than half unseen (blindness critical), or blindness unknown: `unknown`.
2. Accumulation unknown: `unknown`.
3. Accumulation calm: `calm`, or `elevated` when crowding or the concentration shift is at least high.
4. Accumulation elevated or more: its own level, one higher when crowding is at least elevated or the
   concentration shift is at least high; never above critical.
5. `calm` is only said when crowding is known too and blindness is below high; else `unknown`.

An unknown concentration shift blocks nothing; it is named among the drivers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.signals.base import RANKED, Level
from pipeline.signals.levels import level_of

RISK_COLUMNS = ("as_of", "level", "score", "drivers", "blind_ratio")
EVENT_COLUMNS = ("at", "signal", "scope_type", "scope", "from_level", "to_level", "reason")

# Weights of the score: growth is the quantity of interest, its price comes next, its spread last.
WEIGHTS = {"accumulation": 0.5, "crowding": 0.3, "concentration_shift": 0.2}
BLINDNESS = "blindness"
UNKNOWN = -1
ELEVATED, HIGH, CRITICAL = (RANKED.index(level) for level in (Level.ELEVATED, Level.HIGH, Level.CRITICAL))


def risk_levels(readings: pd.DataFrame) -> pd.DataFrame:
    """The market's level on every as_of of `readings`, columns RISK_COLUMNS, ordered by as_of.

    `score` in [0, 1] is the weighted place of the known signals' levels (calm 0, critical 1), NaN while the
    level is unknown. `drivers` names every signal that is not calm ("accumulation high; crowding elevated"),
    or says "none". `blind_ratio` is the share of expected open interest not seen, NaN when unknown.
    """
    market = readings.loc[readings["scope_type"] == "market"]
    signals = (*WEIGHTS, BLINDNESS)
    levels = market.pivot(index="as_of", columns="signal", values="level").reindex(columns=signals)
    values = market.pivot(index="as_of", columns="signal", values="value").reindex(columns=[BLINDNESS])
    places = {level.value: place for place, level in enumerate(RANKED)}
    ranks = levels.apply(lambda column: column.map(places)).astype(float).fillna(UNKNOWN).astype(int)
    risk = [_risk(dict(zip(signals, row, strict=True))) for row in ranks.to_numpy().tolist()]
    return pd.DataFrame(
        {
            "as_of": levels.index,
            "level": pd.Series([level.value for level, _, _ in risk], dtype="str"),
            "score": np.asarray([score for _, score, _ in risk], dtype=float),
            "drivers": pd.Series([drivers for _, _, drivers in risk], dtype="str"),
            "blind_ratio": values[BLINDNESS].to_numpy(dtype=float),
        },
        columns=list(RISK_COLUMNS),
    )


def risk_events(readings: pd.DataFrame) -> pd.DataFrame:
    """Every change of level, columns EVENT_COLUMNS, ordered by at, signal and scope.

    `unknown` counts as a level; the first reading of a scope changes nothing and is no event. The reason is
    that of the reading that brought the change.
    """
    key = ["signal", "scope_type", "scope"]
    ordered = readings.sort_values([*key, "as_of"], ignore_index=True)
    before = ordered.groupby(key, sort=False)["level"].shift()
    changed = before.notna() & (before != ordered["level"])
    events = ordered.assign(from_level=before).loc[changed]
    events = events.rename(columns={"as_of": "at", "level": "to_level"})
    return events.sort_values(["at", *key], ignore_index=True)[list(EVENT_COLUMNS)]


def _risk(ranks: dict[str, int]) -> tuple[Level, float, str]:
    level = level_of(_rank(ranks))
    drivers = "; ".join(f"{name} {level_of(rank)}" for name, rank in ranks.items() if rank != 0) or "none"
    if level is Level.UNKNOWN:
        return level, float("nan"), drivers
    known = {name: weight for name, weight in WEIGHTS.items() if ranks[name] != UNKNOWN}
    score = sum(weight * ranks[name] for name, weight in known.items()) / (CRITICAL * sum(known.values()))
    return level, score, drivers


def _rank(ranks: dict[str, int]) -> int:
    growth, crowding = ranks["accumulation"], ranks["crowding"]
    shift, blindness = ranks["concentration_shift"], ranks[BLINDNESS]
    if UNKNOWN in (growth, blindness) or blindness >= CRITICAL:
        return UNKNOWN
    if growth >= ELEVATED:
        is_supported = crowding >= ELEVATED or shift >= HIGH
        return min(growth + is_supported, CRITICAL)
    if crowding >= HIGH or shift >= HIGH:
        return ELEVATED
    return UNKNOWN if crowding == UNKNOWN or blindness >= HIGH else 0
