"""The standard normal distribution function on arrays. What it is the probability of belongs elsewhere."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_below(z: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Probability that a standard normal variable is below z, to full precision in the lower tail."""
    scaled = -np.asarray(z, dtype=float) / math.sqrt(2.0)
    return np.asarray(_erfc(scaled), dtype=float) / 2.0
