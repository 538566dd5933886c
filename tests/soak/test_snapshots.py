"""Hourly snapshots between the daily runs add to raw, and change no mart."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

from small_world import FIRST_DAY, PHASES, VENUES, days_from, hashes, instant_of, walk

from pipeline.clock import VirtualClock, end_of
from pipeline.lake import Lake
from pipeline.late_data import late_data
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.snapshots import snapshot
from pipeline.venues import VENUES as ALL

FIRST, SECOND = days_from(FIRST_DAY, 2)
TABLES = PHASES[:4]
# Hours after the end of the first day: through the second one, the last of them 25 minutes before its end.
HOURS = (5.58, 12.58, 22.58, 23.58)


def test_snapshots_leave_the_marts_as_they_are(
    small_world: Path, small_exchange: ReplayServer, tmp_path: Path
) -> None:
    quiet, busy = tmp_path / "quiet", tmp_path / "busy"
    small_exchange.set_now(instant_of(FIRST))
    walk(quiet, small_world, small_exchange.address, [FIRST], phases=TABLES)
    shutil.copytree(quiet, busy)
    settings = Settings(busy, redirect=small_exchange.address)
    lake, before = Lake(settings.raw), len(list(Lake(settings.raw).files()))
    for hours in HOURS:
        instant = end_of(FIRST) + timedelta(hours=hours)
        small_exchange.set_now(instant)
        chosen = {name: ALL[name] for name in VENUES}
        said = asyncio.run(snapshot(chosen, settings, VirtualClock(instant), lake, f"at {hours}"))
        # eight markets of two venues, six of them Binance's
        assert all("rows of open_interest" in words for words in said.values()), said
    assert len(list(lake.files())) >= before + 2 * len(HOURS) * len(VENUES)
    # no day counts as asked, and nothing is to be built anew for the day that was
    assert lake.days_asked() == {FIRST}
    assert late_data(settings) is None
    small_exchange.set_now(instant_of(SECOND))
    for home in (quiet, busy):
        walk(home, small_world, small_exchange.address, [SECOND], phases=TABLES)
    assert hashes(busy) == hashes(quiet)


def test_a_snapshot_near_the_end_of_a_day_stands_in_where_the_daily_run_got_nothing(
    small_world: Path, small_exchange: ReplayServer, tmp_path: Path
) -> None:
    """Its level is 25 minutes from the day's end, inside the two hours that are declared."""
    home = tmp_path / "home"
    settings = Settings(home, redirect=small_exchange.address)
    instant = end_of(FIRST) - timedelta(minutes=25)
    small_exchange.set_now(instant)
    settings.prepare()
    one = {"bitfinex": ALL["bitfinex"]}
    asyncio.run(snapshot(one, settings, VirtualClock(instant), Lake(settings.raw), "before"))
    levels = [path for path in Lake(settings.raw).files() if path.startswith("open_interest/venue=bitfinex")]
    assert [path.split("/")[2] for path in levels] == [f"day={FIRST}"]
