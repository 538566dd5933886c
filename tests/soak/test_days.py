"""Day after day, in one process and as separate runs: memory, handles, threads and time stay flat.

`make test` fetches 60 days and stages every fifteenth, which is what it can afford; `make soak` takes 365
through the whole job. A slope is the least-squares line through the days after the warm-up, of `make test`
through those that are fetched alone.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
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


def live(pipe: Connection, home: Path, world: Path, address: str) -> None:
    """Run each day that is asked for, through its phases, until None comes."""
    while (asked := pipe.recv()) is not None:
        day, phases = asked
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
    assert_flat(small_world, small_exchange, warm, tmp_path, 60, 60, staged_every=15)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("runs_a_process", [365, 1], ids=["365-days-in-one-process", "365-separate-runs"])
def test_every_day_of_a_year_costs_the_same(
    warm: ForkServerContext, tmp_path: Path, runs_a_process: int
) -> None:
    world = write_small_world(tmp_path / "world", days=400)
    with ReplayServer(world) as exchange:
        assert_flat(world, exchange, warm, tmp_path / "home", 365, runs_a_process)


def assert_flat(
    world: Path,
    exchange: ReplayServer,
    warm: ForkServerContext,
    home: Path,
    days: int,
    runs_a_process: int,
    staged_every: int = 0,
) -> None:
    samples: dict[int, Sample] = {}
    for count, day in enumerate(days_from(FIRST_DAY, days)):
        if count % runs_a_process == 0:
            ours, theirs = warm.Pipe()
            process = warm.Process(target=live, args=(theirs, home, world, exchange.address))
            process.start()
            theirs.close()
        exchange.set_now(instant_of(day))
        is_staged = staged_every and count % staged_every == 0
        ours.send((day, PHASES[:2] if is_staged else PHASES[:1] if staged_every else PHASES))
        assert ours.poll(PATIENCE_SECONDS), day
        sample = ours.recv()
        if count >= WARM_UP_DAYS and not is_staged:
            samples[count] = sample
        if (count + 1) % runs_a_process == 0:
            ours.send(None)
            process.join(PATIENCE_SECONDS)
            assert process.exitcode == 0
    slopes = slopes_of(samples)
    mean_cpu_seconds = float(np.mean([one.cpu_seconds for one in samples.values()]))
    phases = f"raw write; load every {staged_every} days" if staged_every else "whole job"
    row = {"days": days, "processes": days // runs_a_process, "phases": phases}
    write_result("soak", {**row, **slopes, "mean_cpu_seconds": mean_cpu_seconds, "last": sample.__dict__})
    slopes["cpu_seconds"] /= mean_cpu_seconds
    assert {name: slope for name, slope in slopes.items() if slope > MOST_A_DAY[name]} == {}


def test_a_leak_would_be_seen() -> None:
    """Two MiB and a handle a day, beside a day's noise."""
    noise = np.random.default_rng(1).normal(0, 3, 60)
    leaking = {day: Sample(300 + 2 * day + noise[day], 20 + day, 9, 1.0) for day in range(60)}
    slopes = slopes_of(leaking)
    assert slopes["memory_mib"] > MOST_A_DAY["memory_mib"]
    assert slopes["handles"] == pytest.approx(1)
    assert slopes["threads"] == pytest.approx(0)


def slopes_of(samples: Mapping[int, Sample]) -> dict[str, float]:
    """Growth of each measure a day, from samples by the number of their day."""
    values = np.array([astuple(one) for one in samples.values()], dtype=float)
    return {
        field.name: float(np.polyfit(list(samples), values[:, place], 1)[0])
        for place, field in enumerate(fields(Sample))
    }
