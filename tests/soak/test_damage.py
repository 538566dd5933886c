"""Damaged files, a full disk, odd clocks: named with the remedy or mended, and never a silent zero."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import duckdb
import pytest
from small_world import (
    FIRST_DAY,
    PHASES,
    days_from,
    hashes,
    instant_of,
    leftovers,
    rebuild,
    walk,
    write_small_world,
)
from soak_results import write_result

from pipeline.errors import RawUnreadable
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings

DAYS = days_from(FIRST_DAY, 2)
TABLES = PHASES[:4]
DISK = "size=60m"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, small_world: Path, small_exchange: ReplayServer) -> Path:
    """Two days, built and published."""
    home = tmp_path_factory.mktemp("damage") / "home"
    small_exchange.set_now(instant_of(DAYS[-1]))
    walk(home, small_world, small_exchange.address, DAYS, phases=TABLES)
    return home


@pytest.mark.parametrize("damage", ["cut short", "garbage", "empty"])
def test_a_raw_file_that_is_not_whole(home: Path, tmp_path: Path, damage: str) -> None:
    settings = Settings(shutil.copytree(home, tmp_path / "home"))
    victim = last_levels(settings)
    whole = victim.read_bytes()
    victim.write_bytes({"cut short": whole[:-50], "garbage": b"?" * 500, "empty": b""}[damage])
    with pytest.raises(RawUnreadable, match="move the file away, run `margin-debt build`") as raised:
        rebuild(settings.home, DAYS[-1])
    assert str(victim) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert settings.serving.read_bytes() == Settings(home).serving.read_bytes()
    write_result("damage", {"fault": f"raw file {damage}", "seen": "named, readers keep theirs"})


def test_what_is_moved_away_is_missing_and_not_zero(home: Path, tmp_path: Path) -> None:
    """The remedy for such a file; and with all of the venue's levels gone."""
    settings = Settings(shutil.copytree(home, tmp_path / "home"))
    victim = last_levels(settings)
    victim.unlink()
    rebuild(settings.home, DAYS[-1])
    shutil.rmtree(victim.parents[1])
    rebuild(settings.home, DAYS[-1])
    assert hashes(settings.home) != hashes(home)
    with duckdb.connect(str(settings.serving), read_only=True) as connection:
        zeros = connection.execute("select count(*) from market_daily where open_interest_usd = 0").fetchone()
    assert zeros == (0,)


def last_levels(settings: Settings) -> Path:
    """The file of the last venue's open interest of the last day."""
    return sorted(settings.raw.glob("open_interest/venue=*/day=*/*.parquet"))[-1]


@pytest.mark.parametrize("content", [b"no database" * 10_000, b""])
def test_a_warehouse_that_is_none_is_built_anew_from_raw(home: Path, tmp_path: Path, content: bytes) -> None:
    settings = Settings(shutil.copytree(home, tmp_path / "home"))
    settings.warehouse.write_bytes(content)
    rebuild(settings.home, DAYS[-1])
    assert hashes(settings.home) == hashes(home)
    write_result("damage", {"fault": "warehouse overwritten", "seen": "built anew from raw, equal marts"})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that fills up soon; root alone can mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(disk)]
    mounted = shutil.which("mount") and subprocess.run(words, capture_output=True, check=False)
    if not mounted or mounted.returncode != 0:
        pytest.skip("a small disk needs the right to mount one: run this test as root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_leaves_what_was_published(
    home: Path, small_world: Path, small_exchange: ReplayServer, small_disk: Path, warm: ForkServerContext
) -> None:
    settings = Settings(Path(shutil.copytree(home, small_disk / "home")))
    room = os.statvfs(small_disk)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (room.f_bavail * room.f_frsize - 64 * 1024))
    day = DAYS[-1] + timedelta(days=1)
    small_exchange.set_now(instant_of(day))
    arguments = (settings.home, small_world, small_exchange.address, [day])
    process = warm.Process(target=walk, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 1
    assert hashes(settings.home) == hashes(home)
    filler.unlink()
    walk(*arguments, phases=TABLES)
    other = small_disk.parent / "other"
    shutil.copytree(home, other)
    walk(other, *arguments[1:], phases=TABLES)
    assert hashes(settings.home) == hashes(other) != hashes(home)
    assert leftovers(settings.home) == []
    write_result("damage", {"fault": "disk full (tmpfs)", "seen": "fails, next run ends it"})


def test_a_clock_that_goes_back(
    home: Path, small_world: Path, small_exchange: ReplayServer, tmp_path: Path
) -> None:
    """A run that believes it is the day before asks for that day again; no later day is lost."""
    back = Path(shutil.copytree(home, tmp_path / "home"))
    small_exchange.set_now(instant_of(DAYS[0]))
    walk(back, small_world, small_exchange.address, DAYS[:1], phases=TABLES)
    assert hashes(back)["market_daily"] == hashes(home)["market_daily"]
    write_result("damage", {"fault": "clock a day back", "seen": "equal market_daily"})


@pytest.fixture(scope="module")
def odd_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A winter with the end of a year and the leap day after it."""
    return write_small_world(tmp_path_factory.mktemp("odd"), days=80, first_day=date(2027, 12, 20))


@pytest.fixture(scope="module")
def odd_exchange(odd_world: Path) -> Iterator[ReplayServer]:
    with ReplayServer(odd_world) as exchange:
        yield exchange


@pytest.mark.parametrize("middle", [date(2028, 2, 29), date(2027, 12, 31)], ids=["leap-day", "year-end"])
def test_odd_days_are_days_like_others(
    odd_world: Path, odd_exchange: ReplayServer, tmp_path: Path, middle: date
) -> None:
    """Three days around it: each is there once, with a level of every market that the first one has."""
    days = [middle + timedelta(days=step) for step in (-1, 0, 1)]
    home = tmp_path / "home"
    # a full build with the odd day as its last, then that of the day after it alone
    for day, phases in zip(days, (PHASES[:1], TABLES, TABLES), strict=True):
        odd_exchange.set_now(instant_of(day))
        walk(home, odd_world, odd_exchange.address, [day], phases=phases)
    with duckdb.connect(str(Settings(home).serving), read_only=True) as connection:
        seen = connection.execute(
            "select day, count(*), count(distinct (venue, market)) from market_daily"
            " where open_interest_usd > 0 group by day order by day"
        ).fetchall()
    assert seen == [(day, 6, 6) for day in days]
    write_result("damage", {"fault": f"run on {middle}", "seen": "three days of six markets"})
