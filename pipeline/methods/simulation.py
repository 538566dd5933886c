"""Null distributions of the explosive tests by simulation, the same on any number of threads.

Random walks and bootstrap series are drawn here and put through the tests; what the results are used for is
said in `critical_values.py` and `monitoring.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Paths = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Paths]

# Each block has a stream of its own, so results depend on the seed and not on who computed which block.
BLOCK = 50
THREADS = 2


@dataclass(frozen=True)
class NullStatistics:
    """Statistics of simulated series, one row a path: both (paths, n), each as in `ExplosiveTest`."""

    bsadf: Paths
    badf: Paths


def random_walks(rng: np.random.Generator, paths: int, n: int, drift: float) -> Paths:
    """(paths, n) random walks of standard normal steps plus `drift` a step."""
    return np.asarray(np.cumsum(rng.standard_normal((paths, n)) + drift, axis=1))


def simulate(
    draw: Draw, n: int, repetitions: int, *, shortest: int, lag: int, seed: int, threads: int = THREADS
) -> NullStatistics:
    """Test `repetitions` series of n levels that `draw(generator, count)` makes, block after block.

    The same seed gives the same numbers whatever `threads` is.
    """
    from pipeline.methods import unit_root_kernels as kernels  # noqa: PLC0415  numba takes a second to import

    bsadf, badf = np.empty((repetitions, n)), np.empty((repetitions, n))
    starts = range(0, repetitions, BLOCK)
    streams = np.random.SeedSequence(seed).spawn(len(starts))

    def one_block(start: int, stream: np.random.SeedSequence) -> None:
        rows = slice(start, min(start + BLOCK, repetitions))
        paths = draw(np.random.default_rng(stream), rows.stop - rows.start)
        kernels.many(np.ascontiguousarray(paths), shortest, lag, bsadf[rows], badf[rows])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one_block, starts, streams))
    return NullStatistics(bsadf, badf)
