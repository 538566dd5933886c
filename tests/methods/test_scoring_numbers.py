"""Published and closed-form numbers of scoring, each with its id (K05...), and the bootstrap by hand.

K01 and K04 need the recorded composite and stand in `tests/real/test_real_record.py`.
"""

from __future__ import annotations

import math
import time
from itertools import product

import numpy as np
import pytest

from pipeline.methods.scoring import Confusion, auroc, average_precision, delong
from pipeline.methods.scoring_bootstrap import (
    block_counts,
    block_days,
    interval,
    pairs_by_day,
    resampled_aurocs,
)

# Example data of Matlab's DeLong test.
LABELS = [0] * 6 + [1] * 7
FIRST = [0.1, 0.2, 0.05, 0.3, 0.1, 0.6, 0.6, 0.7, 0.8, 0.99, 0.8, 0.67, 0.5]
SECOND = [0.3, 0.6, 0.2, 0.1, 0.1, 0.9, 0.23, 0.7, 0.9, 0.4, 0.77, 0.3, 0.89]


def test_k05_delong() -> None:
    found = delong(LABELS, FIRST, SECOND)
    assert found.aurocs == pytest.approx([0.9642857, 0.7380952], abs=1e-6)
    expected = [[0.00188964, 0.00485639], [0.00485639, 0.02612434]]
    assert found.covariance == pytest.approx(np.array(expected), abs=1e-6)
    assert found.z == pytest.approx(1.671993, abs=1e-6)
    assert found.p == pytest.approx(0.0945257, abs=1e-6)


def test_k06_area_is_mann_whitney() -> None:
    # Pairs: .2 beats .1, loses to .3; .4 beats both: 3 of 4. A grid of thresholds has printed .625.
    assert auroc([0, 0, 1, 1], [0.1, 0.3, 0.2, 0.4]) == 0.75


def test_k07_noise_to_signal_and_usefulness() -> None:
    counted = Confusion(hits=20, false_alarms=30, misses=10, quiet=140)
    assert counted.noise_to_signal_ratio == pytest.approx(0.264706, abs=1e-6)  # (30/170) / (20/30)
    assert counted.usefulness_ratio(0.5) == pytest.approx(0.245098, abs=1e-6)
    assert counted.absolute_usefulness_ratio(0.8) == pytest.approx(0.05, abs=1e-6)
    assert counted.relative_usefulness_ratio(0.8) == pytest.approx(0.416667, abs=1e-6)
    assert counted.precision_ratio == pytest.approx(0.4)  # 20 of 50
    assert counted.recall_ratio == pytest.approx(2 / 3)


def test_ties_count_one_half() -> None:
    assert auroc([0, 1, 0, 1], [5.0, 5.0, 5.0, 5.0]) == 0.5
    # Pairs of {2, 3} against {1, 2}: 1, 1/2, 1, 1 of 4.
    assert auroc([1, 1, 0, 0], [2, 3, 1, 2]) == 0.875


def test_average_precision_steps_over_tied_scores() -> None:
    # From the top: 0.9 hit (1 of 1), 0.8 a hit and a miss together (2 of 3), 0.1 a miss.
    assert average_precision([1, 1, 0, 0], [0.9, 0.8, 0.8, 0.1]) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    # All tied: the share of labels that are 1.
    assert average_precision([1, 0, 0, 0], [1, 1, 1, 1]) == pytest.approx(0.25)


def test_without_both_labels_there_is_no_area() -> None:
    assert math.isnan(auroc([0, 0], [1.0, 2.0]))
    assert math.isnan(average_precision([0, 0], [1.0, 2.0]))
    nothing = Confusion(hits=0, false_alarms=0, misses=5, quiet=10)
    assert math.isnan(nothing.precision_ratio)
    assert math.isnan(nothing.noise_to_signal_ratio)
    assert nothing.recall_ratio == 0.0


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="of one length"):
        auroc([0, 1], [1.0])
    with pytest.raises(ValueError, match="leave out days"):
        auroc([0, 1], [1.0, float("nan")])
    with pytest.raises(ValueError, match="leave out days"):
        auroc([0, 2], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least two"):
        delong([0, 0, 1], [1, 2, 3], [1, 2, 3])
    with pytest.raises(ValueError, match="at least one"):
        block_counts(0, 20, 10, 1)


def test_scores_that_rank_alike_have_no_test() -> None:
    found = delong(LABELS, FIRST, FIRST)
    assert math.isnan(found.z)
    assert math.isnan(found.p)


def test_a_block_is_as_long_as_the_label_and_twenty_at_least() -> None:
    assert [block_days(days) for days in (7, 14, 30)] == [20, 20, 30]


def test_resamples_are_whole_blocks() -> None:
    counts = block_counts(days=50, block=20, repetitions=300, seed=1)
    assert counts.shape == (50, 300)
    assert (counts.sum(axis=0) == 50).all()
    # Two blocks of 20 and one of 10: the counts rise or fall at no more than six places.
    assert (np.count_nonzero(np.diff(counts, axis=0), axis=0) <= 6).all()
    # A block longer than the sample can only be the sample.
    assert (block_counts(days=5, block=20, repetitions=3, seed=1) == 1).all()


def test_a_resample_has_the_area_of_the_days_it_drew() -> None:
    """Each resample is written out as a sample of its own and its pairs are counted one by one."""
    labels = np.array([0, 0, 1, 1, 0, 1, 0, 0, 1, 0])
    scores = np.array([3.0, 1.0, 2.0, 3.0, 2.0, 5.0, 4.0, 0.0, 1.0, 2.0])
    days = np.array([0, 0, 0, 2, 2, 3, 4, 6, 6, 7])  # several on a day; nothing on days 1 and 5
    counts = block_counts(days=8, block=3, repetitions=40, seed=5)
    found = resampled_aurocs(pairs_by_day(labels, scores, days), counts)
    for row, area in zip(counts.T.astype(int), found, strict=True):
        drawn = [place for place in range(10) for _ in range(row[days[place]])]
        positive = [scores[place] for place in drawn if labels[place]]
        negative = [scores[place] for place in drawn if not labels[place]]
        won = sum((a > b) + 0.5 * (a == b) for a, b in product(positive, negative))
        pairs = len(positive) * len(negative)
        assert area == pytest.approx(won / pairs if pairs else float("nan"), abs=1e-6, nan_ok=True)


def test_dependent_days_give_a_wider_interval() -> None:
    """30 days in a row before each of five events, score and label moving together in months."""
    days = 900
    generator = np.random.default_rng(3)
    monthly = np.repeat(generator.normal(size=days // 30), 30)
    labels = (np.arange(days) % 180 < 30).astype(int)
    pairs = pairs_by_day(labels, monthly + 0.01 * generator.normal(size=days), np.arange(days))
    single = interval(resampled_aurocs(pairs, block_counts(days, 1, 1000, 42)))
    blocks = interval(resampled_aurocs(pairs, block_counts(days, 30, 1000, 42)))
    assert blocks[1] - blocks[0] > 3 * (single[1] - single[0])


def test_no_resample_with_both_labels_means_no_interval() -> None:
    assert all(math.isnan(bound) for bound in interval(np.array([np.nan, np.nan])))


def test_the_interval_of_five_years_takes_under_a_second() -> None:
    days = 1900
    labels = (np.arange(days) % 90 < 30).astype(int)
    scores = np.random.default_rng(0).normal(size=days)
    started = time.process_time()
    low, high = interval(
        resampled_aurocs(pairs_by_day(labels, scores, np.arange(days)), block_counts(days, 30, 2000, 42))
    )
    assert time.process_time() - started < 1.0  # of CPU, 0.2 s measured
    assert low < 0.5 < high  # a score without information
