"""A world so small that hundreds of runs are affordable, and the daily job without Dagster's bookkeeping.

`walk` calls the functions of the job's own assets in the order of its own graph; what it leaves out is what
Dagster writes down about them and the pages of the quality suites, which are most of a small run's time.
Whether the commands survive a kill, too, is tests/e2e/test_recovery.py. No expectation belongs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb

from pipeline.clock import VirtualClock, end_of
from pipeline.definitions import defs
from pipeline.engine import JOB_NAME, home_lock
from pipeline.models import read_models
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.replay.history import read_history, write_history
from pipeline.replay.process import ReplayServer
from pipeline.replay.scenario import write_scenario
from pipeline.runtime import Runtime
from pipeline.settings import Settings
from pipeline.source import claim, history_source
from pipeline.warehouse import table_hash

VENUES = ("binance", "bitfinex")
BASES = ("BTC", "ETH")
FIRST_DAY = date(2025, 6, 2)
PHASES = ("raw write", "load", "build", "publish", "report")
# The steps take their runtime from what they are called with: the graph is the same for every run.
GRAPH = defs.resolve_job_def(JOB_NAME).asset_layer.asset_graph
Tell = Callable[[str], None]


def write_small_world(folder: Path, days: int, first_day: date = FIRST_DAY) -> Path:
    """A quiet made history cut down to two venues and two bases: 8 markets, 3 datasets a venue."""
    whole = read_history(write_scenario(folder / "whole", "quiet", seed=3, days=days, first_day=first_day))
    markets = whole.tables["markets"]
    kept = markets[markets["venue"].isin(VENUES) & markets["base"].isin(BASES)]
    tables = {}
    for name, frame in whole.tables.items():
        rows = frame[frame["venue"].isin(VENUES)]
        if "market" in rows:
            rows = rows[rows["market"].isin(kept["market"])]
        tables[name] = rows.reset_index(drop=True)
    write_history(folder / "small", tables, whole.about)
    return folder / "small"


def instant_of(day: date) -> datetime:
    """When the run for a day takes place."""
    return end_of(day) + AFTER_MIDNIGHT


def walk(
    home: Path,
    world: Path,
    address: str,
    days: Sequence[date],
    tell: Tell = lambda _: None,
    phases: Sequence[str] = PHASES,
) -> None:
    """The daily job at a frozen instant; the exchange at `address` must stand at that of the last day.

    tell hears which of the phases begins. Raises whatever a step raises.
    """
    settings = Settings(home, redirect=address)
    settings.prepare()
    history = read_history(world)
    source = history_source(world, history.about)
    claim(home, source)
    clock = VirtualClock(instant_of(days[-1]))
    runtime = Runtime(settings, clock, move_to=clock.set, held=history.held(), about=source.about())
    with home_lock(home):
        try:
            take_steps(runtime, days, tell, phases)
        finally:
            runtime.close()


def walk_through(
    home: Path,
    world: Path,
    exchange: ReplayServer,
    days: Sequence[date],
    venues: Sequence[str],
    phases: Sequence[str] = PHASES[:4],
) -> None:
    """The job over many days of any history, each asked about at its own instant, as `--replay` does."""
    settings, clock = Settings(home, redirect=exchange.address), VirtualClock(instant_of(days[0]))
    settings.prepare()
    history = read_history(world)
    source = history_source(world, history.about)
    claim(home, source)

    def move_to(instant: datetime) -> None:
        clock.set(instant)
        exchange.set_now(instant)

    runtime = Runtime(settings, clock, move_to=move_to, held=history.held(), about=source.about())
    with home_lock(home):
        try:
            take_steps(runtime, days, phases=phases, venues=venues)
        finally:
            runtime.close()


def rebuild(home: Path, day: date) -> None:
    """Build and publish every day anew from raw, as after `day`, asking nobody."""
    runtime = Runtime(Settings(home), VirtualClock(instant_of(day)), is_full=True, about={"is_made": True})
    with home_lock(home):
        try:
            take_steps(runtime, [day], phases=PHASES[1:4])
        finally:
            runtime.close()


def take_steps(
    runtime: Runtime,
    days: Sequence[date],
    tell: Tell = lambda _: None,
    phases: Sequence[str] = PHASES,
    venues: Sequence[str] = VENUES,
) -> None:
    """The function of every asset of these phases, each when what it reads is there."""
    # the sort keeps the graph's order within a phase; raw comes first in the job, too
    keys = sorted(GRAPH.toposorted_asset_keys, key=lambda key: PHASES.index(_phase(key.path[0])))
    done, said = set[str](), ""
    for key in keys:
        asset = GRAPH.get(key).assets_def
        phase = _phase(key.path[0])
        if asset.op.name in done or phase not in phases:
            continue
        done.add(asset.op.name)
        if phase != said:
            tell(phase)
            said = phase
        context = SimpleNamespace(
            resources=SimpleNamespace(runtime=runtime),
            partition_keys=[day.isoformat() for day in days],
            selected_asset_keys={key for key in asset.keys if key.path[-1] in venues},
            selected_asset_check_keys=(),
        )
        outcome = asset.op.compute_fn.decorated_fn(context)
        if isinstance(outcome, Iterator):
            _exhaust(outcome)


def _exhaust(steps: Iterable[object]) -> None:
    for _ in steps:
        pass


def _phase(schema: str) -> str:
    named = {"raw": "raw write", "staging": "load", "serving": "publish", "reports": "report"}
    return named.get(schema, "build")


def hashes(home: Path) -> dict[str, str]:
    """SHA-256 of every published mart but fetch_log, which holds run ids and times of calls."""
    marts = [model for model in read_models() if model.schema == "marts" and model.name != "fetch_log"]
    path = Settings(home).serving
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return {model.name: table_hash(connection, model.name, list(model.grain)) for model in marts}


def leftovers(home: Path) -> list[str]:
    """Temporary files that a finished run must not leave anywhere in a home."""
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.name.endswith((".tmp", ".part", ".tmp.wal"))
    )


def days_from(first: date, count: int) -> list[date]:
    """Consecutive days."""
    return [first + timedelta(days=step) for step in range(count)]
