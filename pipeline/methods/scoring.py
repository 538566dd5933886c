"""How well a score told days before an event from other days: areas, errors at an alarm, DeLong's test.

Formulas only. Labels are 1 (before an event) or 0; scores are any numbers of which a higher one says more
danger. Missing labels or scores are left out by the caller. Intervals for days that depend on each other are
in `scoring_bootstrap.py`; what an event is, in `pipeline/evaluate/`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.ArrayLike
Vector = npt.NDArray[np.float64]


def auroc(labels: Numbers, scores: Numbers) -> float:
    """Area under the ROC curve: P(score before an event > another score) + half of P(equal), in [0, 1].

    Computed as the Mann-Whitney statistic, so ties count one half and nothing depends on a grid of
    thresholds. NaN without a day of each label.

    >>> auroc([0, 0, 1, 1], [0.1, 0.3, 0.2, 0.4])
    0.75

    References: Hanley and McNeil (1982), "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143.
    """
    positive, negative = _split(labels, scores)
    if not positive.size or not negative.size:
        return float("nan")
    return float(placements(positive, negative).mean())


def average_precision(labels: Numbers, scores: Numbers) -> float:
    """Area under the precision-recall curve as average precision, in [0, 1].

    sum over thresholds of (recall step) x precision, tied scores forming one threshold; no interpolation,
    which would flatter. A score without information gives the share of labels that are 1. NaN without any
    label 1.

    References: Davis and Goadrich (2006), "The relationship between precision-recall and ROC curves", ICML.
    """
    positive, negative = _split(labels, scores)
    if not positive.size:
        return float("nan")
    thresholds, hits = np.unique(positive, return_counts=True)
    reached = np.cumsum(hits[::-1])[::-1]  # days before an event at or above each threshold
    false = negative.size - np.searchsorted(np.sort(negative), thresholds, side="left")
    return float(np.sum(hits / positive.size * reached / (reached + false)))


def placements(positive: Vector, negative: Vector) -> Vector:
    """For each positive score the share of negative ones below it, an equal one counting half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left") + np.searchsorted(ordered, positive, side="right")
    return np.asarray(below / (2.0 * negative.size))


@dataclass(frozen=True)
class Confusion:
    """Days counted at an alarm. Every figure is a fraction, NaN where its denominator is empty.

    hits: alarm before an event; false_alarms: alarm on another day; misses: no alarm before an event;
    quiet: no alarm on another day.
    """

    hits: int
    false_alarms: int
    misses: int
    quiet: int

    @property
    def precision_ratio(self) -> float:
        """Share of the alarm days that stood before an event."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall_ratio(self) -> float:
        """Share of the days before an event that had an alarm."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def false_alarm_ratio(self) -> float:
        """Share of the other days that had an alarm (the error of type II)."""
        return _share(self.false_alarms, self.false_alarms + self.quiet)

    @property
    def noise_to_signal_ratio(self) -> float:
        """False-alarm rate over hit rate; 1 for a coin, below 1 for information.

        References: Kaminsky, Lizondo and Reinhart (1998), "Leading indicators of currency crises", IMF Staff
        Papers 45.
        """
        recall = self.recall_ratio
        return self.false_alarm_ratio / recall if recall > 0 else float("nan")

    def usefulness_ratio(self, weight: float) -> float:
        """min(w, 1-w) - (w T1 + (1-w) T2): what is gained over ignoring the alarm; at most min(w, 1-w).

        T1 is the share of missed days before events, T2 that of false alarms; `weight` in (0, 1) is how much
        the first matters. Negative: better to ignore it.

        References: Alessi and Detken (2011), "Quasi real time early warning indicators for costly asset price
        boom/bust cycles", European Journal of Political Economy 27.
        """
        loss = weight * (1.0 - self.recall_ratio) + (1.0 - weight) * self.false_alarm_ratio
        return min(weight, 1.0 - weight) - loss

    def absolute_usefulness_ratio(self, weight: float) -> float:
        """The same with both errors weighted by how often such days are: min(w P1, (1-w) P2) - loss.

        References: Sarlin (2013), "On policymakers' loss functions and the evaluation of early warning
        systems", Economics Letters 119.
        """
        before, other = self._weights(weight)
        return min(before, other) - before * (1.0 - self.recall_ratio) - other * self.false_alarm_ratio

    def relative_usefulness_ratio(self, weight: float) -> float:
        """Absolute usefulness over that of a perfect alarm; at most 1."""
        best = min(self._weights(weight))
        return self.absolute_usefulness_ratio(weight) / best if best > 0 else float("nan")

    def _weights(self, weight: float) -> tuple[float, float]:
        before = _share(self.hits + self.misses, self.hits + self.misses + self.false_alarms + self.quiet)
        return weight * before, (1.0 - weight) * (1.0 - before)


@dataclass(frozen=True)
class DeLong:
    """AUROCs of two scores on the same days, their covariance (2, 2), and the test of equal areas."""

    aurocs: Vector
    covariance: npt.NDArray[np.float64]
    z: float
    p: float


def delong(labels: Numbers, first: Numbers, second: Numbers) -> DeLong:
    """DeLong's test of H0: both scores have the same AUROC; two-sided p from the normal distribution.

    It takes the observations to be independent and identically distributed. Days are not: a 30-day window
    before one event counts as 30 observations here, and the p-value is far too small. Use it on independent
    observations only; for days there is `scoring_bootstrap.py`. NaN z when both rank all days alike. Needs
    two labels of each kind, else ValueError.

    References: DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated
    receiver operating characteristic curves", Biometrics 44.
    """
    of_positives, of_negatives = [], []
    for scores in (first, second):
        positive, negative = _split(labels, scores)
        if min(positive.size, negative.size) < 2:
            message = "DeLong's variance needs at least two observations of each label"
            raise ValueError(message)
        of_positives.append(placements(positive, negative))
        of_negatives.append(1.0 - placements(negative, positive))
    positives, negatives = np.vstack(of_positives), np.vstack(of_negatives)
    covariance = np.cov(positives) / positives.shape[1] + np.cov(negatives) / negatives.shape[1]
    aurocs = positives.mean(axis=1)
    variance = covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1]
    z = float((aurocs[0] - aurocs[1]) / math.sqrt(variance)) if variance > 0 else float("nan")
    return DeLong(aurocs, covariance, z, math.erfc(abs(z) / math.sqrt(2.0)))


def _split(labels: Numbers, scores: Numbers) -> tuple[Vector, Vector]:
    marks, values = np.asarray(labels, dtype=float), np.asarray(scores, dtype=float)
    if marks.shape != values.shape or marks.ndim != 1:
        message = f"labels and scores must be of one length, not {marks.shape} and {values.shape}"
        raise ValueError(message)
    if not np.isfinite(values).all() or not np.isin(marks, (0.0, 1.0)).all():
        message = "labels are 0 or 1 and scores finite: leave out days on which either is missing"
        raise ValueError(message)
    return values[marks == 1.0], values[marks == 0.0]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
