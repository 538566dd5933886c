"""Whatever way a home was filled, it ends in the same marts; killed at any moment, it goes on.

Sameness is the hash of every published mart but fetch_log.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from homes import (
    DAYS,
    PROJECT,
    VENUES,
    ask,
    backfill_words,
    clean_environment,
    copied,
    mart_hashes,
    published,
    rebuild,
)
from soak.small_world import rebuild as build_anew
from soak.small_world import walk_through

from pipeline.console import Console
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.summary import finish

MOMENT_SECONDS = 120.0
Came = Callable[[], bool]


def test_the_hashes_tell_two_homes_apart(early: Path, finished: Path) -> None:
    """Else equal hashes below would prove nothing."""
    three_days, seven_days = mart_hashes(early), mart_hashes(finished)
    assert three_days["market_daily"] != seven_days["market_daily"]
    assert three_days["signal_readings"] != seven_days["signal_readings"]


def test_everything_after_raw_can_be_built_anew(finished: Path, tmp_path: Path) -> None:
    """With no table left, this is a full build; that of the job itself is the report's that fails below."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(finished / "raw", home / "raw")
    build_anew(home, DAYS[-1])
    assert mart_hashes(home) == mart_hashes(finished)


def test_days_that_come_late_end_the_same(
    finished: Path, world: Path, exchange: ReplayServer, tmp_path: Path
) -> None:
    """The steps of the job twice, without what Dagster writes down: `finished` was its run over all days."""
    home = tmp_path / "home"
    for days in (DAYS[3:], DAYS[:3]):
        walk_through(home, world, exchange, days, VENUES)
    assert mart_hashes(home) == mart_hashes(finished)


@pytest.mark.soak
def test_killed_three_times_and_run_again(finished: Path, early: Path, world: Path, tmp_path: Path) -> None:
    """SIGKILL while fetching, building and publishing: the same command then ends as if undisturbed."""
    home = copied(early, tmp_path / "home")
    words = backfill_words(home, world, DAYS[3:])
    before = mart_hashes(home)
    build_began = _changes(home / "warehouse.duckdb.wal")
    with _reader(home) as readings:
        _kill(words, lambda: any((home / "raw").glob(f"open_interest/venue=*/day={DAYS[5]}/*.parquet")))
        assert mart_hashes(home) == before
        _kill(words, build_began)
        assert mart_hashes(home) == before
        _kill(words, (home / "serving" / "margin_debt.duckdb.tmp").exists)
        assert ask(home, "select max(day) as day from market_daily")[0]["day"] in (DAYS[2], DAYS[6])
        assert _start(words).wait(MOMENT_SECONDS) == 0
    assert mart_hashes(home) == mart_hashes(finished)
    assert [path for path in home.rglob("*") if path.name.endswith((".tmp", ".part"))] == []
    assert len(readings) > 10
    assert set(readings) == {3, 7}


def _start(words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words, "--quiet"],
        cwd=PROJECT,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _kill(words: list[str], came: Came) -> None:
    """Start the command and kill it, without warning, as soon as the moment has come."""
    process = _start(words)
    limit = time.monotonic() + MOMENT_SECONDS
    while not came():
        assert process.poll() is None, "the command ended before the moment came"
        assert time.monotonic() < limit, "the moment never came"
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def _changes(path: Path) -> Came:
    """Whether a file has come or grown since the last look."""

    def size() -> int:
        return path.stat().st_size if path.exists() else 0

    known = size()
    return lambda: size() > known


@contextmanager
def _reader(home: Path) -> Iterator[list[int]]:
    """Somebody who opens the published file again and again; the list holds the days found each time."""
    found: list[int] = []
    problems: list[Exception] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            try:
                connection = duckdb.connect(str(published(home)), read_only=True)
                row = connection.execute("select count(distinct day) from market_daily").fetchone()
                connection.close()
                found.append(row[0] if row else 0)
            except duckdb.Error as problem:
                problems.append(problem)
            is_over.wait(0.05)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()
    assert problems == []


def test_a_report_that_fails_does_not_hide_that_the_tables_were_published(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = copied(finished, tmp_path / "home")
    before = published(home).stat().st_ino

    def broken(*_: object) -> None:
        raise RuntimeError("no such template")

    monkeypatch.setattr("pipeline.assets.report.write_report", broken)
    ending = rebuild(home)
    assert published(home).stat().st_ino != before  # another file stands there: readers have it
    assert (ending.exit_code, ending.is_published) == (1, True)
    # built twice is the same
    assert mart_hashes(home) == mart_hashes(finished)
    assert finish(Settings(home), ending, Console(is_quiet=True)) == 1
    said = capsys.readouterr().err
    assert "no such template" in said
    assert "The tables were published and the report was not: `margin-debt report` writes it." in said
    assert "Nothing was published" not in said
