"""What the long tests share: one tiny made world, its embedded exchange, and processes that start warm."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import pytest
from small_world import must_be_warm, write_small_world

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
    context = multiprocessing.get_context("forkserver")
    # ccxt: the product imports it where something is fetched, and here that is every run
    context.set_forkserver_preload(["small_world", "ccxt.async_support"])
    with pytest.MonkeyPatch.context() as patch:
        # Python 3.11 passes its server no path, which then leaves out, silently, what it does not find
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        ensure_running()
    process = context.Process(target=must_be_warm)
    process.start()
    process.join()
    assert process.exitcode == 0, "every process would import everything anew, which is most of a run"
    return context
