"""kill -9 at random instants of a run, in every phase: what was published stays whole, the next run ends it.

After each kill the published marts are those of before the run or those of an undisturbed one, never others;
somebody reads them all the while.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random

import duckdb
import pytest
from small_world import FIRST_DAY, PHASES, days_from, hashes, instant_of, leftovers, walk
from soak_results import write_result

from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings

DAYS = days_from(FIRST_DAY, 3)
PATIENCE_SECONDS = 120.0
Hashes = dict[str, str]


@dataclass(frozen=True)
class Undisturbed:
    """A home after two days; the marts it has, and has after the third; how long each phase of that took."""

    home: Path
    before: Hashes
    after: Hashes
    seconds: dict[str, float]


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
    small_world: Path,
    small_exchange: ReplayServer,
    warm: ForkServerContext,
) -> Undisturbed:
    home = tmp_path_factory.mktemp("kills") / "home"
    crew = Crew(warm, small_world, small_exchange)
    crew.run(home, 2)
    before = hashes(home)
    other = home.with_name("other")
    shutil.copytree(home, other)
    seconds = crew.run(other, 3).seconds
    after = hashes(other)
    assert before != after
    return Undisturbed(home, before, after, seconds)


@dataclass(frozen=True)
class Watched:
    """One run, seen from outside: the seconds of each phase it reached, and whether the signal ended it."""

    seconds: dict[str, float]
    is_killed: bool


@dataclass(frozen=True)
class Crew:
    """Starts runs of one world, each in a process of its own."""

    warm: ForkServerContext
    world: Path
    exchange: ReplayServer

    def run(self, home: Path, count: int, kill_in: str = "", after_seconds: float = 0.0) -> Watched:
        """Run the first two days, or the third.

        kill_in: the phase in which the process is killed, so many seconds after it began.
        """
        days = DAYS[:2] if count == 2 else DAYS[2:]
        self.exchange.set_now(instant_of(days[-1]))
        heard, said = self.warm.Pipe(duplex=False)
        process = self.warm.Process(target=work, args=(said, home, self.world, self.exchange.address, days))
        process.start()
        said.close()
        began: dict[str, float] = {}
        with heard:
            while kill_in not in began and heard.poll(PATIENCE_SECONDS):
                try:
                    began[heard.recv()] = time.perf_counter()
                except EOFError:
                    break
            if kill_in:
                process.join(after_seconds)
                process.kill()
        process.join(PATIENCE_SECONDS)
        # it may have come to its end an instant before the signal
        assert process.exitcode in ((-signal.SIGKILL, 0) if kill_in else (0,)), process.exitcode
        marks = [*began.values(), time.perf_counter()]
        seconds = {name: end - start for name, start, end in zip(began, marks, marks[1:], strict=False)}
        return Watched(seconds, process.exitcode != 0)


def work(said: Connection, home: Path, world: Path, address: str, days: Sequence[date]) -> None:
    """What the process does."""
    walk(home, world, address, days, said.send)


@contextmanager
def reader(warm: ForkServerContext, home: Path) -> Iterator[list[str]]:
    """A second process that asks the published file in a loop; the list holds what went wrong at the end."""
    is_over, (heard, said) = warm.Event(), warm.Pipe(duplex=False)
    process = warm.Process(target=read_on, args=(said, is_over, Settings(home).serving))
    process.start()
    problems: list[str] = []
    try:
        yield problems
    finally:
        is_over.set()
        readings, seen = heard.recv()
        process.join(PATIENCE_SECONDS)
        problems += seen
        assert readings > 10


def read_on(said: Connection, is_over: Event, path: Path) -> None:
    """Open, ask two tables for their last day, close, until told to stop."""
    readings, problems = 0, list[str]()
    while not is_over.wait(0.5):
        try:
            with duckdb.connect(str(path), read_only=True) as connection:
                row = connection.execute(
                    "select (select max(day) from market_daily), (select max(day) from coverage_daily)"
                ).fetchone()
            if row is None or row[0] is None or row[0] != row[1]:
                problems.append(f"torn: {row}")
        except duckdb.Error as problem:
            problems.append(str(problem))
        readings += 1
    said.send((readings, problems))


@pytest.mark.parametrize(
    ("kills", "chain"), [(25, 13), pytest.param(200, 10, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_killed_and_run_again(
    undisturbed: Undisturbed,
    small_world: Path,
    small_exchange: ReplayServer,
    warm: ForkServerContext,
    tmp_path: Path,
    kills: int,
    chain: int,
) -> None:
    """chain: so many kills of runs of one home come before a run that is left alone."""
    random = Random(kills)  # noqa: S311 the same instants each time, as far as a machine allows
    crew, home = Crew(warm, small_world, small_exchange), tmp_path / "home"
    known = dict[str, Hashes]()

    def marts() -> Hashes:
        # equal bytes are equal tables: a file that was read before is not read again
        digest = sha256(Settings(home).serving.read_bytes()).hexdigest()
        if digest not in known:
            known[digest] = hashes(home)
        return known[digest]

    shutil.copytree(undisturbed.home, home)
    killed = Counter[str]()
    with reader(warm, home) as problems:
        for number in range(kills):
            phase = PHASES[number % len(PHASES)]
            watched = crew.run(home, 3, phase, random.random() * undisturbed.seconds[phase])
            killed[phase] += watched.is_killed
            assert marts() in (undisturbed.before, undisturbed.after), phase
            if (number + 1) % chain == 0 or number + 1 == kills:
                crew.run(home, 3)
                assert marts() == undisturbed.after
                assert leftovers(home) == []
                put_back(undisturbed.home, home)
    assert problems == []
    # a run may outpace the signal now and then, not as a rule
    assert killed.total() >= 0.8 * kills
    for phase in PHASES:
        write_result("kills", {"asked": kills, "phase": phase, "killed": killed[phase]})


def put_back(source: Path, home: Path) -> None:
    """The home as it was before the third day; the published file is replaced in one step, as in a run."""
    for name in ("raw", "reports"):
        shutil.rmtree(home / name)
        shutil.copytree(source / name, home / name)
    for name in ("warehouse.duckdb", "built.json"):
        shutil.copy(source / name, home / name)
    fresh = Settings(home).serving.with_suffix(".back")
    shutil.copy(Settings(source).serving, fresh)
    fresh.replace(Settings(home).serving)
