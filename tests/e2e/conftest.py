"""What the end-to-end tests share: one quiet made world, its embedded exchange, and homes already filled.

Tests never change a shared home: they copy it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from homes import DAYS, run_days

from pipeline.replay.process import ReplayServer
from pipeline.replay.scenario import write_scenario


def pytest_configure(config: pytest.Config) -> None:
    """The marker of these tests alone."""
    config.addinivalue_line("markers", "slow: starts a server of another package and waits for it")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """History folder of a quiet month that begins on 2025-06-01."""
    return write_scenario(tmp_path_factory.mktemp("e2e") / "world", "quiet", seed=3, days=30)


@pytest.fixture(scope="session")
def exchange(world: Path) -> Iterator[ReplayServer]:
    """The embedded exchange on that world, without faults."""
    with ReplayServer(world) as server:
        yield server


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, world: Path, exchange: ReplayServer) -> Path:
    """A home after an undisturbed run of all seven days."""
    return _filled_once(tmp_path_factory, "finished", world, exchange, DAYS)


@pytest.fixture(scope="session")
def early(tmp_path_factory: pytest.TempPathFactory, world: Path, exchange: ReplayServer) -> Path:
    """A home after an undisturbed run of the first three days only."""
    return _filled_once(tmp_path_factory, "early", world, exchange, DAYS[:3])


def _filled_once(
    temporary: pytest.TempPathFactory, name: str, world: Path, exchange: ReplayServer, days: Sequence[date]
) -> Path:
    """A home filled by the first worker that needs it, for all of them: their worlds are the same."""
    base = temporary.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shared-{name}"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home, done = shared / "home", shared / "done"
        if not done.exists():
            ending, _ = run_days(home, world, exchange, days)
            assert ending.exit_code == 0, ending
            done.touch()
    return home
