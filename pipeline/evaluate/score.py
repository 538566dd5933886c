"""Scores one series against one event rule and horizon. Which series there are is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.evaluate.rule import (
    AFTER_DAYS,
    ALESSI_DETKEN_WEIGHT,
    LEAST_EVENTS_FOR_INTERVAL,
    SARLIN_WEIGHT,
)
from pipeline.methods.scoring import Confusion, auroc, average_precision
from pipeline.methods.scoring_bootstrap import (
    Vector,
    block_counts,
    block_days,
    interval,
    pairs_by_day,
    resampled_aurocs,
)

REPETITIONS = 2000
SEED = 42
DAYS_A_YEAR = 365.25
NONE: Vector = np.empty(0)
Marks = npt.NDArray[np.bool_]

# Series on one calendar share their resamples: drawing them costs more than scoring one series.
_counts = lru_cache(maxsize=16)(block_counts)


@dataclass(frozen=True)
class Candidate:
    """A series to score. Both series are indexed by UTC date (naive midnight) without holes.

    `value` is NaN on days on which it is not known; `is_alarm` is only read where the value is known.
    """

    name: str
    value: pd.Series[float]
    is_alarm: pd.Series[bool]
    is_baseline: bool = False


@dataclass(frozen=True)
class Score:
    """One row of the scoreboard; what each figure means is written in the header of `marts/scoreboard.sql`.

    NaN and None mean undefined; `reason` then says why there is no interval, and is empty otherwise.
    """

    signal: str
    event_rule: str
    horizon_days: int
    is_baseline: bool
    events: int
    events_warned: int
    scored_days: int
    sample_from: pd.Timestamp | None
    sample_to: pd.Timestamp | None
    auroc: float
    auroc_low: float
    auroc_high: float
    auroc_gain: float
    auroc_gain_low: float
    auroc_gain_high: float
    auprc: float
    base_ratio: float
    precision_ratio: float
    recall_ratio: float
    noise_to_signal_ratio: float
    usefulness_ratio: float
    relative_usefulness_ratio: float
    false_alarms_a_year: float
    median_lead_days: float
    reason: str


def score(
    candidate: Candidate,
    labels: pd.Series[float],
    events: Sequence[pd.Timestamp],
    event_rule: str,
    horizon_days: int,
    reference: pd.Series[float] | None,
) -> Score:
    """Score `candidate` on the days that have a label and a value.

    `labels` is that of `label_days` for `events`; `reference` holds the values of volatility, None for
    volatility itself. All stand on the candidate's calendar. The gain is the AUROC less the reference's on
    the days that both have.
    """
    days = pd.DatetimeIndex(labels.index)
    label, value = (np.asarray(one, dtype=np.float64) for one in (labels, candidate.value))
    is_valued = ~np.isnan(value)
    known = ~np.isnan(label) & is_valued
    marks, values, kept = label[known], value[known], days[known]
    alarm = np.asarray(candidate.is_alarm, dtype=np.bool_) & is_valued
    leads = _leads(days, alarm, known & (label == 1), events, horizon_days)
    warned = [lead for lead in leads if np.isfinite(lead)]
    has_interval = len(leads) >= LEAST_EVENTS_FOR_INTERVAL
    resampled = _resampled(kept, marks, values, horizon_days) if has_interval else NONE
    low, high = interval(resampled)
    gain = gain_low = gain_high = float("nan")
    if reference is not None:
        other = np.asarray(reference, dtype=np.float64)
        both = known & ~np.isnan(other)
        gain = auroc(label[both], value[both]) - auroc(label[both], other[both])
        if len(_leads(days, alarm, both & (label == 1), events, horizon_days)) >= LEAST_EVENTS_FOR_INTERVAL:
            if not np.array_equal(both, known):
                resampled = _resampled(days[both], label[both], value[both], horizon_days)
            theirs = _resampled(days[both], label[both], other[both], horizon_days)
            gain_low, gain_high = interval(resampled - theirs)
    counted = _confusion(marks == 1, alarm[known])
    return Score(
        signal=candidate.name,
        event_rule=event_rule,
        horizon_days=horizon_days,
        is_baseline=candidate.is_baseline,
        events=len(leads),
        events_warned=len(warned),
        scored_days=len(marks),
        sample_from=kept[0] if len(kept) else None,
        sample_to=kept[-1] if len(kept) else None,
        auroc=auroc(marks, values),
        auroc_low=low,
        auroc_high=high,
        auroc_gain=gain,
        auroc_gain_low=gain_low,
        auroc_gain_high=gain_high,
        auprc=average_precision(marks, values),
        base_ratio=float(marks.mean()) if len(marks) else float("nan"),
        precision_ratio=counted.precision_ratio,
        recall_ratio=counted.recall_ratio,
        noise_to_signal_ratio=counted.noise_to_signal_ratio,
        usefulness_ratio=counted.usefulness_ratio(ALESSI_DETKEN_WEIGHT),
        relative_usefulness_ratio=counted.relative_usefulness_ratio(SARLIN_WEIGHT),
        false_alarms_a_year=_false_alarms_a_year(alarm, label, len(marks)),
        median_lead_days=float(np.median(warned)) if warned else float("nan"),
        reason=_why_no_interval(len(leads), len(marks)),
    )


def _resampled(kept: pd.DatetimeIndex, marks: Vector, values: Vector, horizon_days: int) -> Vector:
    """AUROCs of resampled calendars, in which unscored days between the first and the last are drawn too."""
    days = (kept - kept[0]).days.to_numpy()
    counts = _counts(int(days[-1]) + 1, block_days(horizon_days), REPETITIONS, SEED)
    return resampled_aurocs(pairs_by_day(marks, values, days), counts)


def _leads(
    days: pd.DatetimeIndex,
    alarm: Marks,
    is_before: Marks,
    events: Sequence[pd.Timestamp],
    horizon_days: int,
) -> list[float]:
    """For each event with a scored day before it: days from the first alarm to it, NaN without one.

    A window that reaches over an earlier event begins after the days that are left out for that one.
    """
    alarms = alarm & is_before
    leads = []
    begin_after = 0
    for event in events:
        place = (event - days[0]).days
        window = slice(max(place - horizon_days, begin_after), place)
        begin_after = place + AFTER_DAYS + 1
        if is_before[window].any():
            found = np.flatnonzero(alarms[window])
            leads.append(float(place - window.start - found[0]) if len(found) else float("nan"))
    return leads


def _confusion(is_before: Marks, alarm: Marks) -> Confusion:
    return Confusion(
        hits=int((is_before & alarm).sum()),
        false_alarms=int((~is_before & alarm).sum()),
        misses=int((is_before & ~alarm).sum()),
        quiet=int((~is_before & ~alarm).sum()),
    )


def _false_alarms_a_year(alarm: Marks, labels: Vector, scored_days: int) -> float:
    """Spells of alarm all of whose days are labelled 0, over the years scored."""
    if not scored_days:
        return float("nan")
    begins = np.flatnonzero(alarm & ~np.r_[False, alarm[:-1]])
    # quiet days between two spells do not stop the earlier one from being false
    is_false = np.logical_and.reduceat((labels == 0) | ~alarm, begins) if len(begins) else NONE
    return float(is_false.sum() * DAYS_A_YEAR / scored_days)


def _why_no_interval(events: int, scored_days: int) -> str:
    if not scored_days:
        return "never known on a day that can be scored"
    if events >= LEAST_EVENTS_FOR_INTERVAL:
        return ""
    counted = "no event" if events == 0 else f"{events} event{'s' if events > 1 else ''}"
    return f"{counted}, fewer than {LEAST_EVENTS_FOR_INTERVAL}: no interval is evidence"
