"""The level of the whole market from its signals, and the list of level changes.

Not a signal itself: it reads readings, not inputs. The rule was declared before any made scenario was
scored; the part of the six signals that came later, before any outcome of theirs was looked at.

Notes
-----
H0 of the market level: borrowed positions grow as they did before. Accumulation decides; dear leverage, a
gap or gathering on few hands is fragile, but without growth no build-up. Two groups stand beside it:

- builders, which say elevated alone when at least high: crowding, borrow stress, concentration shift,
  explosive leverage, credit gap;
- supporters, which only strengthen: the builders, cushion compression, comovement, liquidation pressure.
  The last three say that a fall is under way or would spread, which is no build-up either.

1. More than half unseen (blindness critical), or blindness unknown: `unknown`.
2. Accumulation unknown: `unknown`.
3. Accumulation calm: `calm`, or `elevated` when a builder is at least high.
4. Accumulation elevated or more: its own level, one higher when crowding, borrow stress or explosive
   leverage is at least elevated or another supporter at least high; never above critical.
5. `calm` is only said when crowding is known too and blindness is below high; else `unknown`.

No other unknown signal blocks anything, and none counts as calm: it is left out of the score's denominator
and named. One that was known on an earlier day is a driver ("comovement unknown"); one that never was,
because this home does not collect its inputs or has too short a history, is named apart (`without_data`),
so that a market is not called blind for ever for what nobody collects.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.signals.base import RANKED, Level
from pipeline.signals.levels import level_of

RISK_COLUMNS = ("as_of", "level", "score", "drivers", "without_data", "blind_ratio")
EVENT_COLUMNS = ("at", "signal", "scope_type", "scope", "from_level", "to_level", "reason")

GROWTH, BLINDNESS = "accumulation", "blindness"
# Weights of the score, as shares of those known: growth is the quantity of interest, its price comes next,
# its spread and what is under way last.
WEIGHTS = {
    GROWTH: 0.5,
    "crowding": 0.3,
    "concentration_shift": 0.2,
    "explosive_leverage": 0.3,
    "credit_gap": 0.3,
    "borrow_stress": 0.2,
    "cushion_compression": 0.2,
    "comovement": 0.1,
    "liquidation_pressure": 0.1,
}
BUILDERS = ("crowding", "borrow_stress", "concentration_shift", "explosive_leverage", "credit_gap")
# What supports a growth that is elevated: some from elevated on, the others from high on.
EARLY_SUPPORT = ("crowding", "borrow_stress", "explosive_leverage")
# The signals without which no level, or no calm, is said.
DECIDING = (GROWTH, "crowding", BLINDNESS)
UNKNOWN = -1
ELEVATED, HIGH, CRITICAL = (RANKED.index(level) for level in (Level.ELEVATED, Level.HIGH, Level.CRITICAL))


def risk_levels(readings: pd.DataFrame) -> pd.DataFrame:
    """The market's level on every as_of of `readings`, columns RISK_COLUMNS, ordered by as_of.

    `score` in [0, 1] is the weighted place of the known signals' levels (calm 0, critical 1), NaN while the
    level is unknown. `drivers` names every signal that is not calm ("accumulation high; crowding elevated"),
    or says "none"; `without_data` names those that had no data up to that day, None if all had.
    `blind_ratio` is the share of expected open interest not seen, NaN when unknown.
    """
    market = readings.loc[readings["scope_type"] == "market"]
    read = set(market["signal"])
    signals = [name for name in (*WEIGHTS, BLINDNESS) if name in read or name in DECIDING]
    levels = market.pivot(index="as_of", columns="signal", values="level").reindex(columns=signals)
    values = market.pivot(index="as_of", columns="signal", values="value").reindex(columns=[BLINDNESS])
    places = {level.value: place for place, level in enumerate(RANKED)}
    ranks = levels.apply(lambda column: column.map(places)).astype(float).fillna(UNKNOWN).astype(int)
    was_known = (ranks != UNKNOWN).cummax()
    risk = [
        _risk(dict(zip(signals, row, strict=True)), dict(zip(signals, known, strict=True)))
        for row, known in zip(ranks.to_numpy().tolist(), was_known.to_numpy().tolist(), strict=True)
    ]
    return pd.DataFrame(
        {
            "as_of": levels.index,
            "level": pd.Series([level.value for level, *_ in risk], dtype="str"),
            "score": np.asarray([score for _, score, *_ in risk], dtype=float),
            "drivers": pd.Series([drivers for _, _, drivers, _ in risk], dtype="str"),
            "without_data": pd.Series([absent for *_, absent in risk], dtype="str"),
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


def _risk(ranks: dict[str, int], was_known: dict[str, bool]) -> tuple[Level, float, str, str | None]:
    level = level_of(_rank(ranks))
    # what decides the level is named whenever it is unknown, the others only once there was something to lose
    absent = [name for name in ranks if not (was_known[name] or name in DECIDING)]
    moved = [f"{name} {level_of(rank)}" for name, rank in ranks.items() if rank != 0 and name not in absent]
    named = "; ".join(moved)
    drivers, without_data = named or "none", ", ".join(absent) or None
    if level is Level.UNKNOWN:
        return level, float("nan"), drivers, without_data
    known = {name: WEIGHTS[name] for name, rank in ranks.items() if name in WEIGHTS and rank != UNKNOWN}
    score = sum(weight * ranks[name] for name, weight in known.items()) / (CRITICAL * sum(known.values()))
    return level, score, drivers, without_data


def _rank(ranks: dict[str, int]) -> int:
    growth, crowding, blindness = (ranks[name] for name in DECIDING)
    if UNKNOWN in (growth, blindness) or blindness >= CRITICAL:
        return UNKNOWN
    if growth >= ELEVATED:
        is_supported = any(
            rank >= (ELEVATED if name in EARLY_SUPPORT else HIGH)
            for name, rank in ranks.items()
            if name not in (GROWTH, BLINDNESS)
        )
        return min(growth + is_supported, CRITICAL)
    if any(ranks.get(name, UNKNOWN) >= HIGH for name in BUILDERS):
        return ELEVATED
    return UNKNOWN if crowding == UNKNOWN or blindness >= HIGH else 0
