"""Intervals of an AUROC when days depend on each other: whole blocks of days are drawn, not single ones.

A resample is a column of counts: how often each day was drawn. Two scores on the same days share the counts,
so that their difference is compared on equal resamples; a panel is resampled by whole days.
Point estimates are in `scoring.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.uint16]
Sums = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]

LEAST_BLOCK_DAYS = 20


def block_days(label_days: int) -> int:
    """Length of a block: the label's own, for overlapping windows are one observation, and 20 at least."""
    return max(LEAST_BLOCK_DAYS, label_days)


def block_counts(days: int, block: int, repetitions: int, seed: int) -> Counts:
    """How often each of `days` days is drawn, (days, repetitions); each column sums to `days`.

    Moving blocks: starts are drawn evenly from all days at which a whole block fits, and the last block is
    cut so that the length is kept. A block longer than the sample is the sample. `block` 1 draws single days.

    References: Kuensch (1989), "The jackknife and the bootstrap for general stationary observations", Annals
    of Statistics 17.
    """
    length = min(block, days)
    if length < 1:
        message = f"cannot draw blocks of {block} from {days} days: both must be at least one"
        raise ValueError(message)
    generator = np.random.default_rng(seed)
    starts = generator.integers(0, days - length + 1, size=(repetitions, -(-days // length)))
    ends = starts + length
    ends[:, -1] -= starts.shape[1] * length - days
    # a block adds one to each of its days: one more at its first, one less after its last, summed up
    steps = np.zeros((days + 1, repetitions), dtype=np.int16)
    column = np.arange(repetitions)
    for begin, end in zip(starts.T, ends.T, strict=True):
        steps[begin, column] += 1
        steps[end, column] -= 1
    return np.cumsum(steps[:-1], axis=0, dtype=np.int16).astype(np.uint16)


@dataclass(frozen=True)
class DayPairs:
    """What the AUROC of any resample needs, by day.

    `wins[i, j]` sums, over the positives of day `positive_days[i]` and the negatives of day
    `negative_days[j]`, 1 where the positive has the higher score and one half where they tie. `positives`
    and `negatives` count the observations of those days.
    """

    positive_days: npt.NDArray[np.int64]
    negative_days: npt.NDArray[np.int64]
    positives: Sums
    negatives: Sums
    wins: Sums


def pairs_by_day(labels: npt.ArrayLike, scores: npt.ArrayLike, days: npt.NDArray[np.int64]) -> DayPairs:
    """Compare every positive with every negative once. `days` is each observation's place in the calendar.

    Labels are 0 or 1 and scores finite, all of one length; a day may have many observations, or none.
    """
    marks, values = np.asarray(labels) == 1, np.asarray(scores, dtype=float)
    order = np.argsort(days[marks], kind="stable")
    positive = values[marks][order]
    positive_days, begins, positives = np.unique(days[marks][order], return_index=True, return_counts=True)
    order = np.argsort(days[~marks], kind="stable")
    negative = values[~marks][order]
    negative_days, first, negatives = np.unique(days[~marks][order], return_index=True, return_counts=True)
    wins = np.zeros((len(positive_days), len(negative_days)), dtype=np.float32)
    for row, (begin, count) in enumerate(zip(begins, positives, strict=True)):
        day = positive[begin : begin + count, None]
        won = (day > negative).sum(axis=0) + 0.5 * (day == negative).sum(axis=0)
        wins[row] = np.add.reduceat(won, first) if len(negative) else 0.0
    return DayPairs(
        positive_days,
        negative_days,
        positives.astype(np.float32),
        negatives.astype(np.float32),
        wins,
    )


def resampled_aurocs(pairs: DayPairs, counts: Counts) -> Vector:
    """The AUROC of each resample, NaN where it drew no positive or no negative."""
    drawn_positive = counts[pairs.positive_days].astype(np.float32)
    drawn_negative = counts[pairs.negative_days].astype(np.float32)
    won = ((pairs.wins.T @ drawn_positive) * drawn_negative).sum(axis=0, dtype=np.float64)
    possible = (pairs.positives @ drawn_positive).astype(np.float64) * (pairs.negatives @ drawn_negative)
    aurocs = np.full(len(won), np.nan)
    np.divide(won, possible, out=aurocs, where=possible > 0)
    return aurocs


def interval(resampled: Vector, coverage_ratio: float = 0.95) -> tuple[float, float]:
    """The middle `coverage_ratio` of the resamples that have a value, by percentiles; NaN if none has."""
    known = resampled[np.isfinite(resampled)]
    if not known.size:
        return float("nan"), float("nan")
    tail = (1.0 - coverage_ratio) / 2.0
    low, high = np.quantile(known, (tail, 1.0 - tail))
    return float(low), float(high)
