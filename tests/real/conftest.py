"""One backfill of the recorded series a session, run as a user runs it, and what it cost.

`make test` walks through the ten weeks of 2022 that hold two of its great falls; `make soak` through all
697 days. A test that asks for the home runs on both spans, unless it names the one that it needs.
"""

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
from soak.small_world import days_from, walk_through
from source import Source, read_source

from pipeline.replay.process import ReplayServer

SAMPLE_EVERY_SECONDS = 1.0
TIME_LIMIT_SECONDS = 540
ARTEFACT = Path(__file__).resolve().parents[2] / "test-artefacts" / "real" / "backfill.md"


@dataclass(frozen=True)
class Span:
    """The days walked through, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


# from two weeks before the fall of May 2022 to two weeks after that of June
SHORT = Span(date(2022, 4, 25), date(2022, 6, 30))
FULL = Span(date(2022, 1, 3), date(2023, 11, 30))
ON_FULL = pytest.param(FULL, id="two-years", marks=pytest.mark.soak)


@dataclass(frozen=True)
class Backfill:
    """A finished run: its home, what it printed, and its cost.

    Memory is the sum over its processes, None of steps that were walked in this one.
    """

    home: Path
    exit_code: int
    output: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int | None


@dataclass(frozen=True)
class Converted:
    """The recorded series as a history folder, and what `convert` said of it."""

    folder: Path
    said: dict[str, object]


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the recorded series are not at {SHARED / 'data'}")
    folder = tmp_path_factory.mktemp("history")
    return Converted(folder, convert(SHARED / "data", folder))


@pytest.fixture(scope="session", params=[pytest.param(SHORT, id="ten-weeks"), ON_FULL])
def span(request: pytest.FixtureRequest) -> Span:
    chosen: Span = request.param
    return chosen


@pytest.fixture(scope="session")
def backfill(converted: Converted, span: Span, tmp_path_factory: pytest.TempPathFactory) -> Backfill:
    """The history folder, walked through: two years by the command, ten weeks by the job's steps alone."""
    folder, home = str(converted.folder), tmp_path_factory.mktemp("home")
    if span == SHORT:
        return _walked(converted.folder, home / "home", days_from(span.first, span.days))
    command = [sys.executable, "-m", "pipeline", "backfill", "--replay", folder, "--home", str(home)]
    command += ["--from", span.first.isoformat(), "--to", span.last.isoformat(), "--quiet"]
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
def both_years() -> Source:
    """All 697 days read on a way of their own."""
    return read_source(SHARED / "data", FULL.first, FULL.last)


@pytest.fixture(scope="session")
def source(both_years: Source, span: Span) -> Source:
    """What of them was walked through."""
    return Source(
        *(
            {key: number for key, number in cells.items() if span.first <= key[0] <= span.last}
            for cells in (both_years.coins, both_years.closes, both_years.coin_m_usd)
        )
    )


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


def _walked(folder: Path, home: Path, days: list[date]) -> Backfill:
    used, started = psutil.Process().cpu_times(), time.monotonic()
    with ReplayServer(folder) as exchange:
        walk_through(home, folder, exchange, days, ("binance", "bitfinex"))
    now = psutil.Process().cpu_times()
    return Backfill(
        home=home,
        exit_code=0,
        output="",
        wall_seconds=time.monotonic() - started,
        cpu_seconds=now.user + now.system - used.user - used.system,
        peak_memory_bytes=None,
    )


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
