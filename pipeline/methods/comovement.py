"""How much assets move as one, and how unusual a day of all of them was.

Inputs are changes, (n, assets), a row a day: returns, or log changes of open interest. Whether they are
standardised first is the caller's decision: without it the most volatile asset dominates a covariance.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

# Under five assets a fifth of them is not even one component.
FEWEST_ASSETS = 5


@dataclass(frozen=True)
class Turbulence:
    """Squared distance of a day from the usual one, and the two reasons it can be large.

    `distance` is d' C^-1 d (its mean over ordinary days is the number of assets), `magnitude` the same with
    correlations left out, `correlation_surprise` their quotient: above 1, the assets moved together in a way
    that their sizes alone do not explain.
    """

    distance: float
    magnitude: float
    correlation_surprise: float


def absorption_ratio(covariance: npt.ArrayLike, components: int | None = None) -> float:
    """Share of the total variance in the largest `components` eigenvalues, in (0, 1].

    A fifth of the assets, rounded, when not given. High values say that everything moves for one reason.
    Source: Kritzman, Li, Page and Rigobon (2011), "Principal components as a measure of systemic risk",
    Journal of Portfolio Management 37. NaN when nothing varies.
    """
    matrix = np.asarray(covariance, dtype=float)
    count = max(1, round(matrix.shape[0] / 5)) if components is None else components
    values = np.linalg.eigvalsh(matrix)
    return float(values[-count:].sum() / values.sum()) if values.sum() > 0 else float("nan")


def absorption_path(changes: Array, window: int, half_life_days: float) -> Array:
    """Absorption ratio of the last `window` days as of each, (n,), recent days weighted more.

    Only assets seen on every day of the window take part; NaN with fewer than five of them. The authors use
    500 days with a half-life of 250. Each day costs the eigenvalues of one matrix: pass the rows that the
    days wanted need.
    """
    weights = decaying_weights(window, half_life_days)
    ratios = np.full(changes.shape[0], np.nan)
    for at in range(window - 1, changes.shape[0]):
        rows = changes[at - window + 1 : at + 1]
        rows = rows[:, ~np.isnan(rows).any(axis=0)]
        if rows.shape[1] >= FEWEST_ASSETS:
            ratios[at] = absorption_ratio(weighted_covariance(rows, weights))
    return ratios


def decaying_weights(window: int, half_life_days: float) -> Array:
    """Weights of `window` days, (window,), oldest first, that halve every half-life and sum to one."""
    weights = 0.5 ** (np.arange(window - 1, -1, -1.0) / half_life_days)
    return np.asarray(weights / weights.sum())


def weighted_covariance(rows: Array, weights: Array) -> Array:
    """Covariance of complete changes, (assets, assets), around their weighted mean; weights sum to one."""
    away = rows - weights @ rows
    return np.asarray((away * weights[:, None]).T @ away)


def absorption_shift(ratios: Array, short: int = 15, long: int = 365) -> Array:
    """(mean of the last `short` - mean of the last `long`) / their standard deviation, (n,).

    Above 1 is the authors' alarm. NaN until both windows are complete or while the ratio does not move.
    """
    path = pd.Series(ratios)
    usual = path.rolling(long)
    spread = usual.std()
    shift = (path.rolling(short).mean() - usual.mean()) / spread.where(spread > 0)
    return shift.to_numpy(dtype=float)


def turbulence(deviation: npt.ArrayLike, covariance: npt.ArrayLike) -> Turbulence:
    """Turbulence of a day: `deviation` (assets,) from the mean, `covariance` (assets, assets) of usual days.

    Sources: Kritzman and Li (2010), "Skulls, financial turbulence, and risk management", Financial Analysts
    Journal 66; Kinlaw and Turkington (2014), "Correlation surprise", Journal of Asset Management 14. Raises
    numpy.linalg.LinAlgError when the covariance has no inverse.
    """
    d, matrix = np.asarray(deviation, dtype=float), np.asarray(covariance, dtype=float)
    distance = float(d @ np.linalg.solve(matrix, d))
    magnitude = float(np.sum(d * d / np.diag(matrix)))
    return Turbulence(distance, magnitude, distance / magnitude if magnitude > 0 else float("nan"))


def turbulence_path(changes: Array, window: int) -> tuple[Array, Array]:
    """Turbulence per asset, and the correlation surprise, of each day against the `window` days before, (n,).

    The distance is divided by what it is on average for normal changes and an estimated covariance, so that
    1 is an ordinary day however many assets there are. An asset takes part when it was seen on the day and
    on all before it in the window; NaN with fewer than five of them, or with more than half as many as days,
    when the covariance is mostly noise.
    """
    distance, surprise = np.full((2, changes.shape[0]), np.nan)
    for at in range(window, changes.shape[0]):
        rows = changes[at - window : at + 1]
        rows = rows[:, ~np.isnan(rows).any(axis=0) & (np.ptp(rows[:-1], axis=0) > 0)]
        assets = rows.shape[1]
        if FEWEST_ASSETS <= assets <= window // 2:
            usual = rows[:-1]
            try:
                today = turbulence(rows[-1] - usual.mean(axis=0), np.cov(usual, rowvar=False))
            except np.linalg.LinAlgError:  # one asset is another's twin
                continue
            # An inverse of an estimate is too large: Anderson (1984), Multivariate Statistical Analysis, 5.2.
            inflation = (window - 1.0) / (window - assets - 2.0) * (1.0 + 1.0 / window)
            distance[at] = today.distance / (assets * inflation)
            surprise[at] = today.correlation_surprise / inflation
    return distance, surprise


def delta_covar(correlation: float, system_volatility: float, quantile: float) -> float:
    """Fall of the system's quantile when one member goes from its median to its own, jointly normal.

    correlation x volatility x the normal quantile: in the unit of `system_volatility`, negative for a low
    quantile and a positive correlation. Source: Adrian and Brunnermeier (2016), "CoVaR", American Economic
    Review 106. Raises ValueError for a quantile outside (0, 1).
    """
    if not 0.0 < quantile < 1.0 or not -1.0 <= correlation <= 1.0:
        message = f"a quantile of {quantile} or a correlation of {correlation} cannot be: use fractions"
        raise ValueError(message)
    return correlation * system_volatility * NormalDist().inv_cdf(quantile)
