"""Day after day, in one process and as separate runs: memory, handles, threads and time stay flat.

`make test` takes 60 days through fetching and staging, which is what it can afford; `make soak` takes 365
through the whole job. A slope is the least-squares line through the days after the warm-up.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
from small_world import FIRST_DAY, PHASES, days_from, instant_of, walk, write_small_world
from soak_results import write_result

from pipeline.replay.process import ReplayServer

WARM_UP_DAYS = 20
PATIENCE_SECONDS = 300.0
# Memory: under half a GiB in a year of days. Time is of the mean day: more raw files are more to list.
MOST_A_DAY = {"memory_mib": 1.4, "handles": 0.05, "threads": 0.05, "cpu_seconds": 0.02}


@dataclass(frozen=True)
class Sample:
    """A process after a day's run: memory in MiB, open handles, threads, processor seconds of that run."""

    memory_mib: float
    handles: int
    threads: int
    cpu_seconds: float


def live(pipe: Connection, home: Path, world: Path, address: str, phases: Sequence[str]) -> None:
    """Run each day that is asked for, until None comes."""
    while (day := pipe.recv()) is not None:
        started = time.process_time()
        walk(home, world, address, [day], phases=phases)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        counts = [len(list(Path("/proc/self", name).iterdir())) for name in ("fd", "task")]
        memory_mib = pages * resource.getpagesize() / 1024**2
        pipe.send(Sample(memory_mib, *counts, time.process_time() - started))


def test_every_day_costs_the_same(
    small_world: Path, small_exchange: ReplayServer, warm: ForkServerContext, tmp_path: Path
) -> None:
    """60 days in one process."""
    assert_flat(small_world, small_exchange, warm, tmp_path, 60, 60, PHASES[:2])


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("runs_a_process", [365, 1], ids=["365-days-in-one-process", "365-separate-runs"])
def test_every_day_of_a_year_costs_the_same(
    warm: ForkServerContext, tmp_path: Path, runs_a_process: int
) -> None:
    world = write_small_world(tmp_path / "world", days=400)
    with ReplayServer(world) as exchange:
        assert_flat(world, exchange, warm, tmp_path / "home", 365, runs_a_process, PHASES)


def assert_flat(
    world: Path,
    exchange: ReplayServer,
    warm: ForkServerContext,
    home: Path,
    days: int,
    runs_a_process: int,
    phases: Sequence[str],
) -> None:
    samples: list[Sample] = []
    for count, day in enumerate(days_from(FIRST_DAY, days)):
        if count % runs_a_process == 0:
            ours, theirs = warm.Pipe()
            process = warm.Process(target=live, args=(theirs, home, world, exchange.address, phases))
            process.start()
            theirs.close()
        exchange.set_now(instant_of(day))
        ours.send(day)
        assert ours.poll(PATIENCE_SECONDS), day
        samples.append(ours.recv())
        if (count + 1) % runs_a_process == 0:
            ours.send(None)
            process.join(PATIENCE_SECONDS)
            assert process.exitcode == 0
    slopes = slopes_of(samples[WARM_UP_DAYS:])
    mean_cpu_seconds = float(np.mean([one.cpu_seconds for one in samples]))
    row = {"days": days, "processes": days // runs_a_process, "phases": ", ".join(phases)}
    write_result(
        "soak", {**row, **slopes, "mean_cpu_seconds": mean_cpu_seconds, "last": samples[-1].__dict__}
    )
    slopes["cpu_seconds"] /= mean_cpu_seconds
    assert {name: slope for name, slope in slopes.items() if slope > MOST_A_DAY[name]} == {}


def test_a_leak_would_be_seen() -> None:
    """Two MiB and a handle a day, beside a day's noise."""
    noise = np.random.default_rng(1).normal(0, 3, 60)
    leaking = [Sample(300 + 2 * day + noise[day], 20 + day, 9, 1.0) for day in range(60)]
    slopes = slopes_of(leaking)
    assert slopes["memory_mib"] > MOST_A_DAY["memory_mib"]
    assert slopes["handles"] == pytest.approx(1)
    assert slopes["threads"] == pytest.approx(0)


def slopes_of(samples: Sequence[Sample]) -> dict[str, float]:
    """Growth of each measure a day."""
    values = np.array([astuple(one) for one in samples], dtype=float)
    steps = np.arange(len(samples))
    return {
        field.name: float(np.polyfit(steps, values[:, place], 1)[0])
        for place, field in enumerate(fields(Sample))
    }
