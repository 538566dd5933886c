"""What the long tests share: one tiny made world, its embedded exchange, and processes that start warm."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from small_world import write_small_world
from warm import warm_processes

from pipeline.replay.process import ReplayServer


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """History folder of ten quiet weeks: two venues, eight markets."""
    return write_small_world(tmp_path_factory.mktemp("soak"), days=70)


@pytest.fixture(scope="session")
def small_exchange(small_world: Path) -> Iterator[ReplayServer]:
    """The embedded exchange on that world."""
    with ReplayServer(small_world) as server:
        yield server


@pytest.fixture(scope="session")
def warm() -> ForkServerContext:
    """Starts processes, in milliseconds, that have imported everything and opened nothing."""
    return warm_processes()
