"""One figure from several groups of indicators, higher when many groups are stressed at the same time.

After Hollo, Kremer and Lo Duca (2012), "CISS: a composite indicator of systemic stress in the financial
system", ECB working paper 1426: each indicator becomes its rank in its own past (`standing.py`), a group the
mean of its ranks, and groups are added like the assets of a portfolio, weighted by how they move together.
Two plainer sums stand beside it, because it has to be shown that the correlations add anything. Which
indicators make a group, and what a figure is called, is said by the signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# CISS's smoothing of its daily and weekly correlations.
DECAY = 0.93
# A rank of a value like any other of its past: uniform on (0, 1).
RANK_MEAN, RANK_VARIANCE = 0.5, 1.0 / 12.0


@dataclass(frozen=True)
class Composite:
    """Three figures a day, each (n,) and in [0, 1] for ranks, and the share of weight behind them.

    `ciss` is the correlation-weighted figure, `equal` the mean of the groups seen, `component` their first
    principal component (in [-1, 1]: a group may load negatively). `seen_weight_ratio` is 1 when every group
    was seen; the figures of a day are of the groups seen, with their weights scaled up to 1.
    """

    ciss: Array
    equal: Array
    component: Array
    seen_weight_ratio: Array


def group_scores(ranks: Array, members: Sequence[Sequence[int]]) -> Array:
    """Mean rank of each group, (n, groups), from ranks (n, indicators); NaN where no member was seen."""
    scores = np.full((ranks.shape[0], len(members)), np.nan)
    for group, columns in enumerate(members):
        mine = ranks[:, list(columns)]
        seen = ~np.isnan(mine)
        np.divide(
            np.where(seen, mine, 0.0).sum(axis=1),
            seen.sum(axis=1),
            out=scores[:, group],
            where=seen.any(axis=1),
        )
    return scores


def aggregate(scores: npt.ArrayLike, weights: npt.ArrayLike, correlations: npt.ArrayLike) -> float:
    """(w s)' C (w s) with the product taken group by group: CISS of one day, on its squared scale.

    `scores` and `weights` are (groups,) in the same order, `correlations` (groups, groups).

    >>> aggregate([1.0, 1.0], [0.5, 0.5], [[1.0, 0.0], [0.0, 1.0]])
    0.5
    """
    weighted = np.asarray(weights, dtype=float) * np.asarray(scores, dtype=float)
    return float(weighted @ np.asarray(correlations, dtype=float) @ weighted)


def ewma_correlations(scores: Array, decay: float = DECAY) -> Array:
    """Correlations of the groups as of each day, (n, groups, groups), from scores up to that day.

    Products of (score - 0.5), smoothed with `decay`. They start from groups that know nothing of each other,
    with the variance of a uniform rank; a pair with a missing score keeps what it had.
    """
    n, groups = scores.shape
    covariance = np.eye(groups) * RANK_VARIANCE
    correlations = np.empty((n, groups, groups))
    for at in range(n):
        away = scores[at] - RANK_MEAN
        product = np.outer(away, away)
        covariance = np.where(np.isnan(product), covariance, decay * covariance + (1.0 - decay) * product)
        spread = np.sqrt(np.diag(covariance))
        correlations[at] = covariance / np.outer(spread, spread)
    return correlations


def composite(scores: Array, weights: npt.ArrayLike, *, minimum: int, decay: float = DECAY) -> Composite:
    """All three figures of each day from group scores (n, groups); row T uses rows up to T only.

    `weights` sum to 1, in the order of the groups. The principal component is NaN until `minimum` days had
    all groups. Raises ValueError for weights that do not fit.
    """
    given = np.asarray(weights, dtype=float)
    if given.shape != (scores.shape[1],) or np.any(given < 0) or not np.isclose(given.sum(), 1.0):
        message = f"{scores.shape[1]} groups need as many weights, none negative, that sum to 1"
        raise ValueError(message)
    correlations = ewma_correlations(scores, decay)
    loadings = _walk_forward_loadings(scores, minimum)
    seen = ~np.isnan(scores)
    seen_weight = seen @ given
    filled = np.where(seen, scores, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = filled * given / seen_weight[:, None]
        equal = filled.sum(axis=1) / seen.sum(axis=1)
    return Composite(
        ciss=np.asarray(np.einsum("ti,tij,tj->t", weighted, correlations, weighted)),
        equal=np.asarray(equal),
        component=np.asarray(np.sum(scores * loadings, axis=1)),
        seen_weight_ratio=np.asarray(seen_weight),
    )


def _walk_forward_loadings(scores: Array, minimum: int) -> Array:
    """First principal component of all complete rows up to each one, (n, groups), absolute sum 1.

    Its sign is the one that gives the groups together a positive weight.
    """
    complete = np.asarray(~np.isnan(scores).any(axis=1))
    rows = np.where(complete[:, None], scores - RANK_MEAN, 0.0)
    count = np.cumsum(complete)
    enough = count >= max(minimum, 2)
    loadings = np.full(scores.shape, np.nan)
    if enough.any():
        seen = count[enough, None, None]
        mean = np.cumsum(rows, axis=0)[enough, :, None] / seen
        products = np.cumsum(rows[:, :, None] * rows[:, None, :], axis=0)[enough] / seen
        _, vectors = np.linalg.eigh(products - mean * mean.transpose(0, 2, 1))
        first = vectors[:, :, -1]
        sign = np.where(first.sum(axis=1) < 0, -1.0, 1.0)
        loadings[enough] = first * (sign / np.abs(first).sum(axis=1))[:, None]
    return loadings
