"""One backfill of the recorded series a session, run as a user runs it, and what it cost."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import psutil
import pytest
from convert import convert
from recorded import SHARED
from source import Source, read_source

FIRST, LAST = date(2022, 1, 3), date(2023, 11, 30)
SAMPLE_EVERY_SECONDS = 0.2
TIME_LIMIT_SECONDS = 540
ARTEFACT = Path(__file__).resolve().parents[2] / "test-artefacts" / "real" / "backfill.md"


@dataclass(frozen=True)
class Backfill:
    """A finished run: its home, what it printed, and its cost. Memory is the sum over its processes."""

    home: Path
    exit_code: int
    output: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


@pytest.fixture(scope="session")
def backfill(tmp_path_factory: pytest.TempPathFactory) -> Backfill:
    """The recorded series as a history folder, walked through by the command in a process of its own."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the recorded series are not at {SHARED / 'data'}")
    folder, home = tmp_path_factory.mktemp("history"), tmp_path_factory.mktemp("home")
    convert(SHARED / "data", folder)
    command = [sys.executable, "-m", "pipeline", "backfill", "--replay", str(folder), "--home", str(home)]
    command += ["--from", FIRST.isoformat(), "--to", LAST.isoformat(), "--quiet"]
    log = home / "output.txt"
    cpu_before, started, peak = _cpu_seconds(), time.monotonic(), 0
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            peak = max(peak, _memory_bytes(process.pid))
            time.sleep(SAMPLE_EVERY_SECONDS)
            if time.monotonic() - started > TIME_LIMIT_SECONDS:
                process.kill()
                process.wait()
    return Backfill(
        home=home,
        exit_code=process.returncode,
        output=log.read_text(),
        wall_seconds=time.monotonic() - started,
        cpu_seconds=_cpu_seconds() - cpu_before,
        peak_memory_bytes=peak,
    )


@pytest.fixture(scope="session")
def source() -> Source:
    """The same series read on a way of its own."""
    return read_source(SHARED / "data", FIRST, LAST)


@pytest.fixture(scope="session")
def published(backfill: Backfill) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that the run published, to be read only."""
    assert backfill.exit_code == 0, backfill.output
    connection = duckdb.connect(str(backfill.home / "serving" / "margin_debt.duckdb"), read_only=True)
    yield connection
    connection.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the backfill cost and what it found, when it ran."""
    reports = [report for part in terminalreporter.stats.values() for report in part]
    if ARTEFACT.exists() and any("test_the_falls_are_found" in getattr(r, "nodeid", "") for r in reports):
        terminalreporter.section("recorded series, backfilled")
        terminalreporter.write_line(ARTEFACT.read_text())


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory_bytes(pid: int) -> int:
    try:
        parent = psutil.Process(pid)
        return sum(_resident_bytes(one) for one in [parent, *parent.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
