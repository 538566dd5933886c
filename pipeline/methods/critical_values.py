"""Critical values of the explosive tests: simulated random walks, and a bootstrap of the series itself.

H0 of both: no explosive stretch. The simulation assumes steps of one size; the bootstrap takes the steps of
the series, fat tails included, and guards a whole family of tests at once. Neither belongs in a daily pass:
simulated values depend on settings alone and come with the product as files (`pipeline/critical_cache.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.methods.explosive import checked_window
from pipeline.methods.simulation import THREADS, Paths, random_walks, simulate

Values = npt.NDArray[np.float64]

LEVELS = (0.90, 0.95, 0.99)


@dataclass(frozen=True)
class Settings:
    """All that simulated critical values depend on.

    `n` levels, windows of `shortest` levels or more (usually `explosive.minimum_window(n)`), `lag` lagged
    changes, `repetitions` random walks from `seed`, whose drift is 1 / n a step when `has_drift`: what is
    asymptotically none, as Phillips, Shi and Yu (2015) take it.
    """

    n: int
    shortest: int
    lag: int = 0
    repetitions: int = 2000
    seed: int = 20150501
    has_drift: bool = True


@dataclass(frozen=True)
class CriticalValues:
    """Values that a statistic exceeds in 10, 5 and 1 % of random walks, in the order of LEVELS.

    `adf` and `gsadf` are (3,). `dating` and `bsadf` are (3, n), NaN before the first window: for each level,
    the value of SADF of the levels up to it, which is what the authors compare BSADF with to date an episode,
    and the lower one of BSADF itself, which a walk exceeds on one level in 10, 20 or 100. What they say of a
    level serves any longer series with the same shortest window.
    """

    settings: Settings
    adf: Values
    gsadf: Values
    dating: Values
    bsadf: Values

    @property
    def sadf(self) -> Values:
        """(3,) values of SADF of all n levels."""
        return np.asarray(self.dating[:, -1])


def critical_values(settings: Settings, threads: int = THREADS) -> CriticalValues:
    """Simulate; the same settings give the same values on any number of threads.

    At 2,000 repetitions the 95 % value of GSADF has a standard error near 0.03, the 99 % value near 0.06.
    Raises ValueError when the window does not fit.
    """
    checked_window(settings.n, settings.shortest, settings.lag)
    drift = 1.0 / settings.n if settings.has_drift else 0.0

    def draw(rng: np.random.Generator, paths: int) -> Paths:
        return random_walks(rng, paths, settings.n, drift)

    null = simulate(
        draw,
        settings.n,
        settings.repetitions,
        shortest=settings.shortest,
        lag=settings.lag,
        seed=settings.seed,
        threads=threads,
    )
    first = settings.shortest - 1

    def by_level(statistics: Paths) -> Values:
        values = np.full((len(LEVELS), settings.n), np.nan)
        values[:, first:] = np.quantile(statistics, LEVELS, axis=0)
        return values

    return CriticalValues(
        settings=settings,
        adf=np.quantile(null.badf[:, -1], LEVELS),
        gsadf=np.quantile(null.bsadf[:, first:].max(axis=1), LEVELS),
        dating=by_level(np.maximum.accumulate(null.badf[:, first:], axis=1)),
        bsadf=by_level(null.bsadf[:, first:]),
    )


def bootstrap_critical_values(
    series: npt.ArrayLike,
    *,
    family: int,
    shortest: int | None = None,
    lag: int = 0,
    repetitions: int = 499,
    seed: int = 20200101,
    threads: int = THREADS,
) -> Values:
    """(3,) values, in the order of LEVELS, that the highest of `family` consecutive BSADF exceeds under H0.

    One number controls the whole family: a monitor that compares BSADF with the 95 % value at each of
    `family` observations rejects a true H0 at any of them in 5 % of families. Two years are 24 monthly and
    730 daily observations. Source: Phillips and Shi (2020), "Real time monitoring of asset markets: bubbles
    and crises", Handbook of Statistics 42. Raises ValueError as `explosive_test`.
    """
    levels = np.ascontiguousarray(series, dtype=np.float64)
    window = checked_window(levels.size, shortest, lag)
    residuals, lagged = null_regression(levels, lag)
    n = family + window - 1

    def draw(rng: np.random.Generator, paths: int) -> Paths:
        return composite_paths(rng, residuals, lagged, paths, n)

    null = simulate(draw, n, repetitions, shortest=window, lag=lag, seed=seed, threads=threads)
    return np.asarray(np.quantile(null.bsadf[:, window - 1 :].max(axis=1), LEVELS))


def null_regression(levels: Values, lag: int) -> tuple[Values, Values]:
    """Residuals (n - 1 - lag,) and lag coefficients (lag,) of the test regression with a unit root imposed.

    The level is left out of the regression and a constant kept in it. Raises ValueError for a missing level.
    """
    if levels.ndim != 1 or not np.all(np.isfinite(levels)):
        message = "a bootstrap needs one complete series of numbers: fill its holes or cut it at one"
        raise ValueError(message)
    changes = np.diff(levels)
    target = changes[lag:]
    columns = [np.ones(target.size)] + [changes[lag - k : changes.size - k] for k in range(1, lag + 1)]
    regressors = np.column_stack(columns)
    coefficients = np.linalg.lstsq(regressors, target, rcond=None)[0]
    return target - regressors @ coefficients, np.asarray(coefficients[1:], dtype=np.float64)


def composite_paths(rng: np.random.Generator, residuals: Values, lagged: Values, paths: int, n: int) -> Paths:
    """(paths, n) series whose every step is a residual drawn anew times a standard normal drawn anew.

    The normal is fresh for each step. A package in use draws a single one for the whole path: that only
    scales it, which no t-statistic sees, so its values are those of a plain resampling.
    """
    shape = (paths, n - 1)
    shocks = rng.standard_normal(shape) * rng.choice(residuals, shape)
    steps = np.zeros((paths, lagged.size + n - 1))
    for at in range(n - 1):
        past = steps[:, at : at + lagged.size][:, ::-1]
        steps[:, lagged.size + at] = past @ lagged + shocks[:, at]
    walks = np.zeros((paths, n))
    np.cumsum(steps[:, lagged.size :], axis=1, out=walks[:, 1:])
    return walks
