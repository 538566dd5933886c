"""What starts a run: days that were missed, late data.

The day that is due at 00:10 is test_dagster.py; the queue and the limit of time are test_daemon.py; that the
daemon's run equals the command's is test_unattended.py; snapshots are tests/soak/test_snapshots.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest
from homes import DAYS, VENUES, ask, copied, coverage, venue_rows

from pipeline.assets.raw import raw_key
from pipeline.build import publish_marts
from pipeline.catch_up import MOST_DAYS, days_due
from pipeline.clock import end_of
from pipeline.definitions import build_definitions
from pipeline.engine import dagster_home
from pipeline.lake import Lake
from pipeline.models import read_models
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.records import Dataset, OpenInterestRow
from pipeline.replay.history import read_history
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.warehouse import open_warehouse

JUNE = [date(2025, 6, number) for number in range(1, 31)]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.mark.parametrize(
    ("asked", "ended", "due"),
    [
        ([], JUNE[9], [JUNE[9]]),  # a new home has missed nothing
        (JUNE[:9], JUNE[9], [JUNE[9]]),
        (JUNE[:7], JUNE[9], JUNE[7:10]),  # off for two days
        ([*JUNE[:3], *JUNE[5:9]], JUNE[9], JUNE[3:10]),  # a hole: the run is one range
        (JUNE[:10], JUNE[9], [JUNE[9]]),  # asked already: the run itself asks only for what failed
        (
            [date(2025, 1, 1)],
            JUNE[29],
            JUNE,
        ),  # off for half a year: no history goes back further than 30 days
    ],
)
def test_the_days_that_are_due(asked: list[date], ended: date, due: list[date]) -> None:
    assert days_due(asked, ended) == due
    assert len(due) <= MOST_DAYS


@contextmanager
def environment(home: Path, exchange: ReplayServer, instant: datetime) -> Iterator[None]:
    """What Dagster's own runs read: the home, and an exchange that stands at an instant.

    The home was filled from the folder behind that exchange, so it is claimed anew for the exchange itself.
    """
    (home / "source.json").unlink()
    exchange.set_now(instant)
    with pytest.MonkeyPatch.context() as patch, dagster_home(home / "dagster"):
        patch.setenv("MARGIN_DEBT_HOME", str(home))
        patch.setenv("MARGIN_DEBT_REDIRECT", exchange.address)
        yield


def due_at(day: date) -> dg.RunRequest:
    """What the schedule asks for ten minutes after the end of a day."""
    definitions = build_definitions()
    context = dg.build_schedule_context(
        scheduled_execution_time=end_of(day) + AFTER_MIDNIGHT,
        repository_def=definitions.get_repository_def(),
    )
    (request,) = definitions.resolve_schedule_def("daily_0010_utc").evaluate_tick(context).run_requests or []
    return request


def execute(
    name: str, tags: dict[str, str] | None = None, assets: set[dg.AssetKey] | None = None
) -> dg.ExecuteInProcessResult:
    """A job as Dagster runs it, or some assets of it without the quality suites."""
    job = build_definitions().resolve_job_def(name)
    if assets is not None:
        made = [job.asset_layer.get(key).assets_def for key in assets]
        own = {check for asset in made for check in asset.check_keys}
        job = job.get_subset(asset_selection=assets, asset_check_selection=own)
    with dg.DagsterInstance.get() as instance:
        return job.execute_in_process(instance=instance, run_config=QUIET, tags=tags, raise_on_error=False)


def needed_for(*tables: str) -> set[dg.AssetKey]:
    """These tables and all they are made of: what comes after them is that of every run."""
    graph = build_definitions().resolve_job_def("daily").asset_layer.asset_graph
    wanted = {dg.AssetKey(table.split(".")) for table in tables}
    waiting = [*wanted]
    while waiting:
        parents = graph.get(waiting.pop()).parent_keys - wanted
        wanted |= parents
        waiting += parents
    return wanted


def publish_built(home: Path) -> None:
    """Let readers have the tables, which the last step of a whole run does."""
    settings = Settings(home)
    with open_warehouse(settings.warehouse, None) as connection:
        publish_marts(connection, read_models(), settings.serving)


def test_a_machine_that_was_off_makes_up_and_asks_nothing_twice(
    early: Path, world: Path, exchange: ReplayServer, tmp_path: Path
) -> None:
    true = read_history(world).tables["open_interest"]
    home = copied(early, tmp_path / "home")
    missed, last = DAYS[3:5], DAYS[5]
    with environment(home, exchange, end_of(last) + AFTER_MIDNIGHT):
        request = due_at(last)
        assert request.partition_key is None
        assert request.tags["dagster/asset_partition_range_start"] == str(missed[0])
        assert request.tags["dagster/asset_partition_range_end"] == str(last)
        before = raw_files(home)
        done = execute("daily", dict(request.tags), needed_for("marts.market_daily", "marts.coverage_daily"))
        assert done.success
        # what was asked before stays as it was answered
        assert {path: raw_files(home)[path] for path in before} == before
        asked = exchange.stats()
        again = execute("daily", dict(request.tags), {raw_key(venue) for venue in VENUES})
        assert again.success
        assert exchange.stats() == asked
        # and the next night asks about one day
        assert due_at(DAYS[6]).partition_key == str(DAYS[6])
    publish_built(home)
    for venue in VENUES:
        assert {row["status"] for row in venue_rows(home, venue, last)} == {"seen"}
    for day in missed:
        # histories: Binance's tells the coins that the history folder holds
        levels = true[(true["venue"] == "binance") & (true["observed_at"] == end_of(day))]
        coins = dict(zip(levels["market"], levels["open_interest_base"], strict=True))
        rows = venue_rows(home, "binance", day)
        assert {row["market"] for row in rows} == set(coins)
        for row in rows:
            if row["direction"] == "linear":
                assert row["status"] == "seen"
                thousands = 1000 if row["market"].startswith("1000") else 1
                assert row["open_interest_base"] == pytest.approx(thousands * coins[row["market"]], rel=1e-9)
            else:
                # counted in dollars, and no venue tells yesterday's price of a coin
                assert (row["status"], row["reason"]) == ("unseen", "no price")
        # a venue without one cannot be asked any more, and says so: no zero
        assert {row["status"] for row in venue_rows(home, "hyperliquid", day)} == {"unseen"}
        assert coverage(home, "open_interest", "hyperliquid", day)["status"] == "too_late"


def raw_files(home: Path) -> dict[str, bytes]:
    return {path: (home / "raw" / path).read_bytes() for path in Lake(home / "raw").files()}


def test_late_data_is_built_once_and_restated_and_old_data_turns_red(
    early: Path, exchange: ReplayServer, tmp_path: Path
) -> None:
    home = copied(early, tmp_path / "home")
    definitions = build_definitions()
    sensor = definitions.resolve_sensor_def("late_data")

    def looks() -> list[dg.RunRequest]:
        context = dg.build_sensor_context(definitions=definitions)
        return list(sensor.evaluate_tick(context).run_requests or [])

    # forty hours after the last day that was built: the next daily run is overdue
    now = end_of(DAYS[2]) + timedelta(hours=40)
    with environment(home, exchange, now):
        assert looks() == []
        sent = sent_again(home, now)
        (first,) = looks()
        (same,) = looks()
        assert first.run_key == same.run_key  # one run a change, however often the sensor looks
        assert first.job_name in (None, "rebuild")
        done = execute("rebuild")
        assert done.success
        assert looks() == []
    (row,) = ask(home, "select * from restatements where day = $1::date", DAYS[1])
    assert row["table_name"] == "market_daily"
    assert row["rows"] == 1
    assert row["at"] == now
    assert row["cause"].endswith("1 were corrected")
    assert row["largest_change_ratio"] == pytest.approx(0.25)
    (now_says,) = [r for r in venue_rows(home, sent.venue, DAYS[1]) if r["market"] == sent.market]
    (then_said,) = [r for r in venue_rows(early, sent.venue, DAYS[1]) if r["market"] == sent.market]
    assert now_says["open_interest_base"] == pytest.approx(1.25 * then_said["open_interest_base"])
    (fresh,) = [check for check in done.get_asset_check_evaluations() if check.check_name == "is_fresh"]
    assert not fresh.passed
    assert fresh.metadata["age"].value == f"{DAYS[2]} ended 40.0 hours ago"


def sent_again(home: Path, now: datetime) -> OpenInterestRow:
    """A venue corrects the level of one market of a day long over: a quarter more."""
    (source,) = (home / "raw").glob(f"open_interest/venue=binance/day={DAYS[2]}/*.parquet")
    was = next(row for row in pq.ParquetFile(source).read().to_pylist() if row["market"] == "BTCUSDT")
    honest = OpenInterestRow(**{"venue": "binance", **was})
    at = end_of(DAYS[1])
    level = next(
        row
        for path in (home / "raw").glob("open_interest/venue=binance/day=*/*.parquet")
        for row in pq.ParquetFile(path).read().to_pylist()
        if row["market"] == "BTCUSDT" and abs(row["observed_at"] - at) <= timedelta(minutes=15)
    )
    late = replace(honest, observed_at=level["observed_at"], fetched_at=now, amount=1.25 * level["amount"])
    Lake(home / "raw").write(Dataset.OPEN_INTEREST, [late])
    return late
