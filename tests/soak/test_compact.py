"""Merging raw files changes no row and no mart, at whatever file operation it is killed.

The process kills itself at the n-th rename or removal, for every n there is; what it did is seen from the
rows in the lake.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections import Counter
from datetime import date
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_world import FIRST_DAY, days_from, hashes, instant_of, leftovers, rebuild, walk
from soak_results import write_result

from pipeline.build import FIRST_DAY as BEFORE_ANYTHING
from pipeline.compact import compact
from pipeline.engine import home_lock
from pipeline.errors import RawUnreadable
from pipeline.lake import Lake
from pipeline.late_data import late_data
from pipeline.plan import make_plan
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.warehouse import open_warehouse

DAYS = days_from(FIRST_DAY, 3)
CUT = date(2025, 7, 1)
Rows = dict[str, Counter[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, small_world: Path, small_exchange: ReplayServer) -> Path:
    """Three days fetched one by one: the histories of a day came with its own run and with the next one's."""
    home = tmp_path_factory.mktemp("compact") / "home"
    for day in DAYS:
        small_exchange.set_now(instant_of(day))
        walk(home, small_world, small_exchange.address, [day], phases=("raw write",))
    rebuild(home, DAYS[-1])
    return home


def rows(home: Path) -> Rows:
    """How often each row is in each partition."""
    found: Rows = {}
    for path in Lake(home / "raw").files():
        partition = found.setdefault(str(Path(path).parent), Counter())
        partition.update(map(str, pq.ParquetFile(home / "raw" / path).read().to_pylist()))
    return found


def crowded(home: Path) -> list[str]:
    """The partitions with more than one file."""
    held = Counter(str(Path(path).parent) for path in Lake(home / "raw").files())
    return sorted(partition for partition, count in held.items() if count > 1)


def test_files_become_few_and_marts_stay(home: Path, tmp_path: Path) -> None:
    settings = Settings(shutil.copytree(home, tmp_path / "home"))
    before, published = rows(settings.home), hashes(settings.home)
    done = compact(settings, CUT)
    assert done.files_after == len(before) < done.files_before
    assert rows(settings.home) == before
    # nothing is new to the build, or to the sensor that looks for late data
    with open_warehouse(settings.warehouse, settings.raw) as connection:
        assert make_plan(connection, Lake(settings.raw)).from_day > BEFORE_ANYTHING
    assert late_data(settings) is None
    rebuild(settings.home, DAYS[-1])
    assert hashes(settings.home) == published
    assert leftovers(settings.home) == []
    again = compact(settings, CUT)
    assert again.files_after == again.files_before


def test_days_from_the_limit_on_are_left_alone(home: Path, tmp_path: Path) -> None:
    settings = Settings(shutil.copytree(home, tmp_path / "home"))
    open_days = {path for path in Lake(settings.raw).files() if f"day={DAYS[-1]}" in path}
    compact(settings, DAYS[-1])
    assert open_days <= set(Lake(settings.raw).files())


def test_killed_at_every_file_operation(home: Path, tmp_path: Path, warm: ForkServerContext) -> None:
    small = tmp_path / "small"
    for folder in crowded(home)[:2]:
        shutil.copytree(home / "raw" / folder, small / "raw" / folder)
    shutil.copy(home / "source.json", small)
    before, operation, is_whole = rows(small), 0, False
    while not is_whole:
        operation += 1
        killed = Path(shutil.copytree(small, tmp_path / f"killed-{operation}"))
        process = warm.Process(target=compact_until, args=(killed, operation))
        process.start()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        is_whole = process.exitcode == 0
        with home_lock(killed):  # whoever works in the home next
            pass
        assert rows(killed) == before, operation
        assert compact(Settings(killed), CUT).files_after == len(before)
        assert leftovers(killed) == []
    assert operation > 5
    write_result("compact_kills", {"operations": operation - 1, "rows_lost": 0, "rows_repeated": 0})


def compact_until(home: Path, operation: int) -> None:
    """Merge, and be killed just before the n-th rename or removal of a file."""
    left = operation

    def watch(event: str, _arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in ("os.rename", "os.remove"):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    compact(Settings(home), CUT)


def test_a_file_that_is_not_whole_is_named_and_nothing_is_lost(home: Path, tmp_path: Path) -> None:
    settings = Settings(shutil.copytree(home, tmp_path / "home"))
    partition = settings.raw / crowded(home)[0]
    victim, *others = sorted(partition.iterdir())
    victim.write_bytes(victim.read_bytes()[:-100])
    with pytest.raises(RawUnreadable, match=victim.name):
        compact(settings, CUT)
    assert sorted(partition.iterdir()) == [victim, *others]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_what_it_saves(small_world: Path, small_exchange: ReplayServer, tmp_path: Path) -> None:
    """30 days, run one by one: files, bytes, and processor time of a full build, before and after."""
    home, days = tmp_path / "home", days_from(FIRST_DAY, 30)
    for day in days:
        small_exchange.set_now(instant_of(day))
        walk(home, small_world, small_exchange.address, [day], phases=("raw write",))
    seconds = []
    for _ in range(2):
        rebuild(home, days[-1])
        started = time.process_time()
        rebuild(home, days[-1])
        seconds.append(round(time.process_time() - started, 2))
        published, done = hashes(home), compact(Settings(home), date(2026, 1, 1))
        if len(seconds) == 1:
            first, saved = published, done
    assert published == first
    write_result(
        "compact",
        {
            **saved.__dict__,
            "full_build_cpu_seconds_before": seconds[0],
            "full_build_cpu_seconds_after": seconds[1],
        },
    )
