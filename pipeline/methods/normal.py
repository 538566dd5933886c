"""The standard normal distribution and its inverse on arrays. What it is the chance of belongs elsewhere."""

from __future__ import annotations

import math
import statistics

import numpy as np
import numpy.typing as npt

_erfc = np.frompyfunc(math.erfc, 1, 1)
_quantile = np.frompyfunc(statistics.NormalDist().inv_cdf, 1, 1)


def normal_below(z: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Probability that a standard normal variable is below z, to full precision in the lower tail."""
    scaled = -np.asarray(z, dtype=float) / math.sqrt(2.0)
    return np.asarray(_erfc(scaled), dtype=float) / 2.0


def normal_quantile(probability: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Value that a standard normal variable is below with this probability, in (0, 1), else ValueError."""
    given = np.asarray(probability, dtype=float)
    if np.any((given <= 0) | (given >= 1)):
        message = "a quantile needs a probability between 0 and 1"
        raise ValueError(message)
    return np.asarray(_quantile(given), dtype=float)
