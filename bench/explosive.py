"""What the explosive tests cost, in one run: against statsmodels, against plain numpy, and as n grows.

Usage: python bench/explosive.py. Prints tables of medians; nothing is written and nothing fails on a slow
machine. Compile time is measured apart, in a folder of its own; all other times are warm.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable

# One thread for the linear algebra of the comparisons: the figures are of one core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from rich.console import Console
from rich.table import Table
from statsmodels.tsa.stattools import adfuller

from pipeline.methods.credit_gap import DAYS_PER_QUARTER, hp_gap, scaled_lambda
from pipeline.methods.critical_values import Settings, bootstrap_critical_values, critical_values
from pipeline.methods.explosive import explosive_test, minimum_window
from pipeline.methods.monitoring import LEVELS, monitor_size

CONSOLE = Console(width=110)
FIRST_CALL = """
import time
start = time.perf_counter()
import numba
imported = time.perf_counter()
import numpy as np
from pipeline.methods.explosive import explosive_test
walk = np.random.default_rng(0).standard_normal(60).cumsum()
begin = time.perf_counter()
explosive_test(walk)
plain = time.perf_counter()
explosive_test(walk, lag=1)
print(imported - start, plain - begin, time.perf_counter() - plain)
"""


def walk(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n).cumsum()


def median_seconds(job: Callable[[], object], repetitions: int) -> float:
    job()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def by_statsmodels(series: np.ndarray, shortest: int, lag: int) -> float:
    """GSADF, one call of adfuller for each window."""
    windows = (
        series[start : end + 1]
        for end in range(shortest - 1, series.size)
        for start in range(end - shortest + 2)
    )
    return max(adfuller(window, maxlag=lag, autolag=None, regression="c")[0] for window in windows)


def by_numpy(series: np.ndarray, shortest: int) -> float:
    """GSADF without lags from sums kept from the start of the series, one window length at a time."""
    level, change = series[:-1], np.diff(series)
    sums = np.zeros((5, series.size))
    np.cumsum([level, change, level * level, level * change, change * change], axis=1, out=sums[:, 1:])
    highest = -np.inf
    for rows in range(shortest - 1, series.size):
        x, d, xx, xd, dd = sums[:, rows:] - sums[:, :-rows]
        xx, xd, dd = xx - x * x / rows, xd - x * d / rows, dd - d * d / rows
        highest = max(highest, float(np.max(xd * np.sqrt((rows - 2) / (xx * dd - xd * xd)))))
    return highest


def table(title: str, *headers: str) -> Table:
    made = Table(title=title, title_justify="left")
    for place, header in enumerate(headers):
        made.add_column(header, justify="left" if place == 0 else "right")
    return made


def milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:,.2f}"


def compile_times() -> None:
    shown = table("Before the first result, seconds", "", "import numba", "lag 0", "lags")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        for name in ("compiled anew", "from the cache on disk"):
            ran = subprocess.run(
                [sys.executable, "-c", FIRST_CALL],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            shown.add_row(name, *(f"{float(value):.2f}" for value in ran.stdout.split()))
    CONSOLE.print(shown)


def growth() -> None:
    shown = table(
        "GSADF with all of BSADF, one core, ms", "n", "windows", "lag 0", "ns a window", "lag 1", "lag 4",
        "BIC up to 4", "numpy, lag 0", "numpy / lag 0",
    )  # fmt: skip
    for n in (250, 500, 1000, 2000, 4000):
        series, shortest = walk(n), minimum_window(n)
        count = (n - shortest + 1) * (n - shortest + 2) // 2
        plain = median_seconds(lambda: explosive_test(series), 15)  # noqa: B023  called at once
        slow = [
            median_seconds(lambda: explosive_test(series, lag=lag, is_lag_chosen=chosen), 3)  # noqa: B023
            for lag, chosen in ((1, False), (4, False), (4, True))
        ] if n <= 2000 else [np.nan] * 3  # fmt: skip
        array = median_seconds(lambda: by_numpy(series, shortest), 5)  # noqa: B023
        assert abs(by_numpy(series, shortest) - explosive_test(series).gsadf) < 1e-6
        shown.add_row(
            f"{n:,}", f"{count:,}", milliseconds(plain), f"{1e9 * plain / count:.2f}",
            *("-" if np.isnan(one) else milliseconds(one) for one in slow),
            milliseconds(array), f"{array / plain:.1f}",
        )  # fmt: skip
    CONSOLE.print(shown)


def against_statsmodels() -> None:
    shown = table(
        "Against a loop over statsmodels' adfuller, ms", "n, lag", "loop", "ours", "ratio", "difference"
    )
    for n, lag in ((60, 0), (60, 1), (120, 0)):
        series, shortest = walk(n), minimum_window(n)
        start = time.perf_counter()
        answer = by_statsmodels(series, shortest, lag)
        loop = time.perf_counter() - start
        ours = median_seconds(lambda: explosive_test(series, lag=lag), 50)  # noqa: B023
        off = abs(answer - explosive_test(series, lag=lag).gsadf)
        shown.add_row(
            f"{n}, {lag}", milliseconds(loop), milliseconds(ours), f"{loop / ours:,.0f}", f"{off:.0e}"
        )
    windows = sliding_window_view(walk(2000), 1000)[::250]
    one = median_seconds(lambda: [adfuller(each, maxlag=0, autolag=None) for each in windows], 5) / len(
        windows
    )
    count = (2000 - minimum_window(2000) + 1) * (2000 - minimum_window(2000) + 2) // 2
    ours = median_seconds(lambda: explosive_test(walk(2000)), 15)
    shown.add_row(
        "2,000, 0 (extrapolated: one call x windows)", milliseconds(one * count), milliseconds(ours),
        f"{one * count / ours:,.0f}", "-",
    )  # fmt: skip
    CONSOLE.print(shown)


def jobs() -> None:
    shown = table("Whole jobs", "job", "seconds")
    many = [walk(1500, seed) for seed in range(300)]
    shown.add_row(
        "300 series of n = 1,500, lag 0, one core",
        f"{median_seconds(lambda: [explosive_test(y) for y in many], 3):.2f}",
    )
    settings = Settings(500, minimum_window(500))
    for threads in (1, 2):
        seconds = median_seconds(lambda: critical_values(settings, threads=threads), 3)  # noqa: B023
        shown.add_row(f"2,000 critical values at n = 500, {threads} thread(s)", f"{seconds:.2f}")
    seconds = median_seconds(lambda: bootstrap_critical_values(many[0], family=365, lag=1), 3)
    shown.add_row("wild bootstrap, 499 series, 365 days, n = 1,500, lag 1, 2 threads", f"{seconds:.2f}")
    smoothing = scaled_lambda(DAYS_PER_QUARTER)
    seconds = median_seconds(lambda: [hp_gap(y, smoothing, minimum=365) for y in many], 3)
    shown.add_row("one-sided gap of 300 series of n = 1,500", f"{seconds:.2f}")
    CONSOLE.print(shown)


def false_alarms() -> None:
    shown = table(
        "A year of daily monitoring of random walks, after 365 days of history", "rule", "level",
        "years with an alarm", "alarm days", "episodes",
    )  # fmt: skip
    size = monitor_size(
        critical_values(Settings(365, minimum_window(365), repetitions=4000)), repetitions=4000
    )
    for rule in ("each_day", "dating", "gsadf", "family"):
        alarms = getattr(size, rule)
        for place, level in enumerate(LEVELS):
            shown.add_row(
                rule, f"{level:.0%}", f"{alarms.alarmed_ratio[place]:.1%}",
                f"{alarms.alarm_days[place]:.2f}", f"{alarms.episodes[place]:.2f}",
            )  # fmt: skip
    CONSOLE.print(shown)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # statsmodels warns at every call
    for part in (compile_times, growth, against_statsmodels, jobs, false_alarms):
        part()
