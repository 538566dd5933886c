"""Runs the daily job in this process, for one day or a range, and says how it ended.

The commands' side of Dagster: its instance lives in the home folder, telemetry is off, its console log is
quiet. What the job does is `pipeline/assets/`.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.clock import last_complete_day
from pipeline.errors import WarehouseBusy
from pipeline.gaps import gaps
from pipeline.keys import without_keys
from pipeline.last_run import LastRun, keep_last_run
from pipeline.merge import finish_merge
from pipeline.metrics import write_metrics
from pipeline.models import LAYERS
from pipeline.runtime import Runtime, live_runtime
from pipeline.settings import Settings
from pipeline.source import claim, source_of

if TYPE_CHECKING:
    from dagster import DagsterEvent, InitResourceContext

# What Dagster's daemon does is set up here, too: one run a home, the others wait in a queue; a run that hangs
# is ended; a machine that was off makes up for it in one run, which covers the days that were missed.
_DAGSTER_YAML = """\
telemetry:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 600
  max_runtime_seconds: 7200
scheduler:
  module: dagster._core.scheduler
  class: DagsterDaemonScheduler
  config:
    max_catchup_runs: 1
event_log_storage:
  module: pipeline.assets.event_log
  class: BatchedSqliteEventLogStorage
  config:
    base_dir: {history}
"""
JOB_NAME, SNAPSHOT_JOB = "daily", "snapshot"
# Dagster's own names, which its package holds, too: it takes a second or two to import.
DAY_TAG = "dagster/partition"
FIRST_DAY_TAG, LAST_DAY_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
# So long a run of Dagster's waits for one that a command started, and so often it looks.
_PATIENCE_SECONDS, _LOOK_AGAIN_SECONDS = 3600.0, 0.5


@dataclass
class Ending:
    """How a run ended. problems: sentences of failed steps; gaps: sentences of what it lacks, see `gaps.py`.

    is_published: whether readers have new tables, which a report that failed afterwards does not undo.
    """

    succeeded: bool
    problems: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    is_published: bool = False

    @property
    def exit_code(self) -> int:
        """0 done, 1 failed, 3 done with gaps."""
        if not self.succeeded:
            return 1
        return 3 if self.gaps else 0


def run_job(
    runtime: Runtime, days: Sequence[date], venues: Sequence[str] | None = None, select: Sequence[str] = ()
) -> Ending:
    """Execute the daily job for consecutive days; the warehouse is closed afterwards, whatever happened.

    select: only these assets, and what was built is published. Raises WarehouseBusy when another run works in
    this home.
    """
    started = time.perf_counter()
    with home_lock(runtime.settings.home), dagster_home(runtime.settings.dagster):
        # Dagster takes a second or two to import
        import dagster as dg  # noqa: PLC0415

        from pipeline.assets.raw import raw_key  # noqa: PLC0415
        from pipeline.assets.report import SERVING_KEY  # noqa: PLC0415
        from pipeline.assets.selection import select_assets  # noqa: PLC0415
        from pipeline.definitions import build_definitions  # noqa: PLC0415
        from pipeline.venues import VENUES  # noqa: PLC0415

        job = build_definitions(runtime).resolve_job_def(JOB_NAME)
        keys = set(job.asset_layer.executable_asset_keys)
        if venues is not None:
            keys -= {raw_key(name) for name in VENUES if name not in venues}
        if select:
            runtime.is_partial = True
            keys &= {*select_assets(select, job.asset_layer.asset_graph), SERVING_KEY}
        runtime.on_tables(sum(key.path[0] in LAYERS for key in keys))
        job = job.get_subset(asset_selection=keys)
        try:
            with dg.DagsterInstance.get() as instance:
                result = job.execute_in_process(
                    instance=instance,
                    raise_on_error=False,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    tags=range_tags(days),
                )
            ending = ending_of(result.all_events, runtime, days[-1])
        finally:
            runtime.close()
        keep_ending(runtime, ending, days, time.perf_counter() - started)
    return ending


def range_tags(days: Sequence[date]) -> dict[str, str]:
    """What tells Dagster that one run is about consecutive days."""
    return {FIRST_DAY_TAG: days[0].isoformat(), LAST_DAY_TAG: days[-1].isoformat()}


@contextmanager
def runtime_of_dagster(context: InitResourceContext) -> Iterator[Runtime]:
    """The runtime of a run that Dagster started: a schedule's, a sensor's, or one of its web page.

    It waits for a run that a command started. How it ended is kept as for a command, unless it only added a
    snapshot to raw.
    """
    settings = Settings.from_environment()
    settings.prepare()
    started = time.perf_counter()
    with home_lock(settings.home, _PATIENCE_SECONDS):
        runtime, source = live_runtime(settings), source_of(settings)
        claim(settings.home, source)
        runtime.about = source.about()
        run, instance = context.run, context.instance
        if context.log is not None:
            runtime.tell = context.log.info
        try:
            yield runtime
            if run is not None and instance is not None and run.job_name != SNAPSHOT_JOB:
                days = _days_of(run.tags, runtime)
                logged = (entry.dagster_event for entry in instance.all_logs(run.run_id))
                ending = ending_of([event for event in logged if event is not None], runtime, days[-1])
                runtime.close()
                keep_ending(runtime, ending, days, time.perf_counter() - started)
        finally:
            runtime.close()


def _days_of(tags: Mapping[str, str], runtime: Runtime) -> list[date]:
    """First and last day of a run of Dagster's; a run without partitions is about the last day that ended."""
    only = tags.get(DAY_TAG, last_complete_day(runtime.clock).isoformat())
    return [date.fromisoformat(tags.get(tag, only)) for tag in (FIRST_DAY_TAG, LAST_DAY_TAG)]


def ending_of(events: Iterable[DagsterEvent], runtime: Runtime, last_day: date) -> Ending:
    """How a run ended, from its own events; the warehouse is still open."""
    from pipeline.assets.report import SERVING_KEY  # noqa: PLC0415 Dagster takes a second or two to import

    problems, blocked, has_failed, causes, is_published = [], [], False, set[str](), False
    for event in events:
        is_made = event.event_type_value == "ASSET_MATERIALIZATION"
        is_published = is_published or (is_made and event.asset_key == SERVING_KEY)
        has_failed = has_failed or event.is_failure
        if event.is_step_failure:
            # one broken file stops many steps: it is told once
            cause = _cause(event)
            problems += [] if cause in causes else [f"{event.step_key}: {cause}"]
            causes.add(cause)
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity.value == "ERROR" and "broken" in check.metadata:
                blocked.append(f"{check.check_name}: {check.metadata['broken'].value}")
    is_good = not has_failed and not blocked
    return Ending(is_good, [*problems, *blocked], gaps(runtime, last_day), is_published)


def keep_ending(runtime: Runtime, ending: Ending, days: Sequence[date], seconds: float) -> None:
    """Leave word of a run that ended for `doctor` and for a monitor; the warehouse is closed.

    On a full disk there is none, and the run's own ending is what a person must hear of.
    """
    run = LastRun(
        run_id=runtime.run_id,
        first_day=days[0],
        last_day=days[-1],
        ended_at=runtime.clock.now(),
        seconds=round(seconds, 3),
        exit_code=ending.exit_code,
        problems=ending.problems,
        gaps=ending.gaps,
    )
    with suppress(OSError):
        keep_last_run(runtime.settings, run)
        write_metrics(runtime.settings, run)


def _cause(event: object) -> str:
    error = getattr(getattr(event, "step_failure_data", None), "error", None)
    while getattr(error, "cause", None) is not None:
        error = error.cause  # type: ignore[union-attr]
    return " ".join(without_keys(str(getattr(error, "message", "failed"))).split())[:400]


@contextmanager
def home_lock(home: Path, patience_seconds: float = 0.0) -> Iterator[None]:
    """One run a home. The lock is the operating system's: it is gone when its holder is, however it ended.

    A merge of raw files that was cut short is finished first.

    Raises WarehouseBusy when another run holds it for longer than `patience_seconds`.
    """
    home.mkdir(parents=True, exist_ok=True)
    limit = time.monotonic() + patience_seconds
    with (home / "run.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= limit:
                    message = (
                        f"another run is working in {home}: wait for it to end, or choose another --home"
                    )
                    raise WarehouseBusy(message) from None
                time.sleep(_LOOK_AGAIN_SECONDS)
            else:
                break
        finish_merge(Settings(home).raw)
        yield


@contextmanager
def dagster_home(folder: Path) -> Iterator[None]:
    """Dagster's own storage under the home, with telemetry off."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    if not settings.exists():
        settings.write_text(_DAGSTER_YAML.format(history=json.dumps(str(folder / "history" / "runs"))))
    wanted = {
        "DAGSTER_HOME": str(folder),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
