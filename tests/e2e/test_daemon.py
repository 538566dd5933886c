"""Dagster's daemon at work on a home: one run at a time, the others wait; a run that hangs is ended.

The code server and the daemon are processes of their own, as under `make dev`, with the settings that every
home is given; `make soak` starts them. What starts a run is test_schedules.py; that the daemon's run equals
the command's is test_unattended.py.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import psutil
import pytest
from homes import DAYS, PROJECT, clean_environment

from pipeline.clock import end_of
from pipeline.engine import dagster_home, home_lock
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.replay.faults import Fault
from pipeline.replay.process import ReplayServer

pytestmark = pytest.mark.soak

PATIENCE_SECONDS = 240
QUEUED, STARTED = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED
SUCCEEDED, FAILED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE
# The limit of a run as every home has it, and the one that a test can wait for.
LIMIT, SHORT_LIMIT = "max_runtime_seconds: 7200", "max_runtime_seconds: 3\n  poll_interval_seconds: 1"


@dataclass(frozen=True)
class Dagster:
    """A home whose code is served; `instance` reads what Dagster keeps of its runs."""

    home: Path
    code: tuple[str, ...]
    environment: dict[str, str]
    instance: dg.DagsterInstance
    processes: list[psutil.Popen]

    def start(self, *words: str) -> psutil.Popen:
        """A process of Dagster's own, which is gone when the module's tests are over."""
        process = psutil.Popen(
            [sys.executable, "-m", *words],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def submit(self, count: int) -> list[str]:
        """Hand snapshots to the queue, all at once; returns the ids of their runs."""
        before = {run.run_id for run in self.instance.get_runs()}
        words = ("dagster", "job", "launch", *self.code, "-j", "snapshot")
        waiting = [self.start(*words) for _ in range(count)]
        assert [process.wait(PATIENCE_SECONDS) for process in waiting] == [0] * count
        return [run.run_id for run in self.instance.get_runs() if run.run_id not in before]

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """`dagster-daemon run`, with what the home's settings say when it starts."""
        process = self.start("dagster._daemon", "run", *self.code)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)

    def statuses(self, run_ids: list[str]) -> tuple[dg.DagsterRunStatus, ...]:
        return tuple(record.dagster_run.status for record in self.records(run_ids))

    def records(self, run_ids: list[str]) -> list[dg.RunRecord]:
        """In the order in which they were started."""
        found = self.instance.get_run_records(dg.RunsFilter(run_ids=run_ids))
        return sorted(found, key=lambda record: record.start_time or float("inf"))


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < limit, what
        time.sleep(0.1)


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory, exchange: ReplayServer) -> Iterator[Dagster]:
    home = tmp_path_factory.mktemp("daemon") / "home"
    exchange.set_now(end_of(DAYS[0]) + AFTER_MIDNIGHT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with dagster_home(home / "dagster"), dg.DagsterInstance.get() as instance:
        environment = {
            **clean_environment(),
            "DAGSTER_HOME": str(home / "dagster"),
            "MARGIN_DEBT_HOME": str(home),
            "MARGIN_DEBT_REDIRECT": exchange.address,
            "MARGIN_DEBT_TIMEOUT_SECONDS": "600",  # nothing but the limit of the run ends one that hangs
        }
        code = ("--grpc-host", "127.0.0.1", "--grpc-port", str(port))
        made = Dagster(home, code, environment, instance, [])
        server = made.start(
            "dagster", "api", "grpc", "-m", "pipeline.definitions", "-h", "127.0.0.1", "-p", str(port)
        )
        runs: list[psutil.Process] = []
        try:
            wait_until(lambda: _answers(port), "the code server does not answer")
            yield made
            runs += server.children(recursive=True)
        finally:
            exchange.clear_faults()
            for process in made.processes:
                if process.poll() is None:
                    process.terminate()
            # Dagster's own server may wait for good for a run that was ended: that is no process of ours
            for process in psutil.wait_procs(made.processes, timeout=30)[1]:
                process.kill()
            _, alive = psutil.wait_procs(runs, timeout=30)
            for process in alive:
                process.kill()
        assert alive == []


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_two_runs_submitted_at_once_work_one_after_the_other(
    dagster: Dagster, exchange: ReplayServer
) -> None:
    exchange.set_faults([Fault("binance", "latency", seconds=0.2)])  # long enough to be seen at work
    runs = dagster.submit(2)
    seen = []

    def are_done() -> bool:
        seen.append(dagster.statuses(runs))
        return set(seen[-1]) <= {SUCCEEDED, FAILED}

    with dagster.daemon():
        wait_until(are_done, "the queue is not worked off")
    assert seen[0] == (QUEUED, QUEUED)
    assert (STARTED, QUEUED) in seen
    assert [pair for pair in seen if not {QUEUED, SUCCEEDED} & set(pair)] == []
    assert seen[-1] == (SUCCEEDED, SUCCEEDED)
    first, second = dagster.records(runs)
    assert first.end_time is not None
    assert second.start_time is not None
    assert first.end_time <= second.start_time


def test_a_run_that_hangs_is_ended_with_the_limit_named(dagster: Dagster, exchange: ReplayServer) -> None:
    """An exchange that takes every question and answers none; the limit is the one in the home's settings."""
    settings = dagster.home / "dagster" / "dagster.yaml"
    assert settings.read_text().count(LIMIT) == 1
    settings.write_text(settings.read_text().replace(LIMIT, SHORT_LIMIT))
    exchange.set_faults([Fault("binance", "timeout", seconds=600)])
    (run,) = dagster.submit(1)
    with dagster.daemon():
        wait_until(lambda: dagster.statuses([run]) == (FAILED,), "the run is not ended")
    said = [entry.user_message + (entry.message or "") for entry in dagster.instance.all_logs(run)]
    assert any("Exceeded maximum runtime of 3 seconds" in one for one in said), said
    (record,) = dagster.records([run])
    assert record.end_time is not None
    assert record.start_time is not None
    assert 3 <= record.end_time - record.start_time < 60
    # and the home is free for the next
    with home_lock(dagster.home):
        pass
