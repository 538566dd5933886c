"""What a daily monitor of explosive growth gets wrong: its false alarms over a year when nothing happens.

A test of size 5 % read anew each day is no 5 % test any more. The alarm rates here are simulated under H0 (a
random walk), with the same statistics and windows as the monitor; they are to be stated beside it.

After 365 days of history, 95 % values, no lags, 5,000 walks of a further year (`python bench/explosive.py`
repeats it with fewer): each day's own value alarms in 88 % of years, on 18 days a year; the values that the
authors date with in 32 %, on 2 days; the GSADF value of the history in 6 %; the family value in 5 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.methods.critical_values import LEVELS, CriticalValues, Values
from pipeline.methods.simulation import THREADS, Paths, random_walks, simulate

YEAR_DAYS = 365


@dataclass(frozen=True)
class FalseAlarms:
    """A monitor over `days` under H0, in the order of LEVELS, all (3,).

    `alarmed_ratio` is the share of series with at least one alarm, `alarm_days` the mean number of days above
    the value, `episodes` the mean number of separate runs of them.
    """

    days: int
    alarmed_ratio: Values
    alarm_days: Values
    episodes: Values


@dataclass(frozen=True)
class MonitorSize:
    """One monitor by four rules, and the value that gives the whole period its nominal size.

    `each_day` compares BSADF of a day with that day's own value, `dating` with the authors' value for dating,
    `gsadf` with the value of the GSADF test of the history before monitoring, `family` with
    `family_critical`, (3,), the value that the highest BSADF of the period exceeds in 10, 5 and 1 % of walks.
    """

    each_day: FalseAlarms
    dating: FalseAlarms
    gsadf: FalseAlarms
    family: FalseAlarms
    family_critical: Values


def monitor_size(
    history: CriticalValues,
    days: int = YEAR_DAYS,
    *,
    repetitions: int = 2000,
    seed: int = 20260101,
    threads: int = THREADS,
) -> MonitorSize:
    """Alarms of a monitor that begins after `history.settings.n` levels and reads one more each day.

    The windows grow with the series, as on a real record. Values for each day and for the family come from
    the first half of the repetitions, the alarms are counted on the second half.
    """
    settings = history.settings
    n = settings.n + days
    drift = 1.0 / n if settings.has_drift else 0.0

    def draw(rng: np.random.Generator, paths: int) -> Paths:
        return random_walks(rng, paths, n, drift)

    null = simulate(
        draw, n, repetitions, shortest=settings.shortest, lag=settings.lag, seed=seed, threads=threads
    )
    watched = null.bsadf[:, settings.n :]
    half = repetitions // 2
    learnt, counted = watched[:half], watched[half:]
    forward = np.maximum.accumulate(null.badf[:half, settings.shortest - 1 :], axis=1)[:, -days:]
    family_critical = np.quantile(learnt.max(axis=1), LEVELS)
    return MonitorSize(
        each_day=_count(counted, np.quantile(learnt, LEVELS, axis=0)),
        dating=_count(counted, np.quantile(forward, LEVELS, axis=0)),
        gsadf=_count(counted, history.gsadf[:, None]),
        family=_count(counted, family_critical[:, None]),
        family_critical=np.asarray(family_critical),
    )


def _count(watched: Paths, critical: Values) -> FalseAlarms:
    """Alarms of (paths, days) statistics against (3, 1) or (3, days) values."""
    is_above = watched[None] > critical[:, None, :]
    begins = is_above.copy()
    begins[:, :, 1:] &= ~is_above[:, :, :-1]
    return FalseAlarms(
        days=watched.shape[1],
        alarmed_ratio=np.asarray(is_above.any(axis=2).mean(axis=1)),
        alarm_days=np.asarray(is_above.sum(axis=2).mean(axis=1)),
        episodes=np.asarray(begins.sum(axis=2).mean(axis=1)),
    )
