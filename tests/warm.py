"""Processes that start warm: each is forked from one that has imported everything and opened nothing.

Importing is a third of a small run and says nothing about it: that a command starts from nothing is held by
the tests of the wheel and the documents, and of the daemon in `make soak`.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from tempfile import TemporaryDirectory

import pytest

TESTS = Path(__file__).parent
# What commands import where they need it, and the tests' own.
IMPORTED = (
    "alembic.config",
    "ccxt.async_support",
    "great_expectations",
    "great_expectations.render.renderer",
    "pipeline.cli",
    "pipeline.commands",
    "pipeline.definitions",
    "scipy.stats",
    "small_world",
)


@cache
def warm_processes() -> ForkServerContext:
    """Starts processes in milliseconds; `target` and its arguments as with multiprocessing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm_imports"])
    with pytest.MonkeyPatch.context() as patch:
        # Python 3.11 passes its server no path, which then leaves out, silently, what it does not find
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(TESTS / "soak")]), prepend=os.pathsep)
        ensure_running()
    process = context.Process(target=_must_be_warm)
    process.start()
    process.join()
    assert process.exitcode == 0, "every process would import everything anew"
    return context


def import_all() -> None:
    """What the server does first. Read at import: nothing may be sent anywhere."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in IMPORTED:
        importlib.import_module(name)
    assert threading.active_count() == 1, threading.enumerate()


def _must_be_warm() -> None:
    assert "warm_imports" in sys.modules
    assert set(IMPORTED) <= sys.modules.keys()


def run_command(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
) -> CompletedProcess[str]:
    """`margin-debt WORDS` in a warm process: in a folder, with this environment alone, nothing to read.

    Raises TimeoutExpired after so many seconds.
    """
    with TemporaryDirectory() as place:
        said = [Path(place) / name for name in ("stdout", "stderr")]
        process = warm_processes().Process(
            target=_command, args=(list(words), dict(environment), folder, said)
        )
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutExpired(["margin-debt", *words], seconds)
        stdout, stderr = (path.read_text() for path in said)
    return CompletedProcess(["margin-debt", *words], process.exitcode, stdout, stderr)


def _command(words: list[str], environment: dict[str, str], folder: Path, said: list[Path]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.argv = ["margin-debt", *words]
    importlib.import_module("pipeline.cli").main()
