"""Runs the daily job in this process, for one day or a range, and says how it ended.

The commands' side of Dagster: its instance lives in the home folder, telemetry is off, its console log is
quiet. What the job does is `pipeline/assets/`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from pipeline.errors import WarehouseBusy
from pipeline.records import Dataset, Status
from pipeline.runtime import Runtime

_DAGSTER_YAML = """\
telemetry:
  enabled: false
event_log_storage:
  module: pipeline.assets.event_log
  class: BatchedSqliteEventLogStorage
  config:
    base_dir: {history}
"""


@dataclass
class Ending:
    """How a run ended. problems: sentences of failed steps; gaps: datasets that failed, by venue and day."""

    succeeded: bool
    problems: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 done, 1 failed, 3 done with gaps."""
        if not self.succeeded:
            return 1
        return 3 if self.gaps else 0


def run_job(runtime: Runtime, days: Sequence[date], venues: Sequence[str] | None = None) -> Ending:
    """Execute the daily job for consecutive days; the warehouse is closed afterwards, whatever happened.

    Raises WarehouseBusy when another run works in this home.
    """
    with home_lock(runtime.settings.home), dagster_home(runtime.settings.dagster):
        # Dagster takes a second or two to import
        import dagster as dg  # noqa: PLC0415
        from dagster._core.storage.tags import (  # noqa: PLC0415
            ASSET_PARTITION_RANGE_END_TAG,
            ASSET_PARTITION_RANGE_START_TAG,
        )

        from pipeline.assets.raw import raw_key  # noqa: PLC0415
        from pipeline.definitions import build_definitions  # noqa: PLC0415
        from pipeline.schedules import JOB_NAME  # noqa: PLC0415
        from pipeline.venues import VENUES  # noqa: PLC0415

        job = build_definitions(runtime).resolve_job_def(JOB_NAME)
        if venues is not None:
            left_out = [raw_key(name) for name in VENUES if name not in venues]
            keys = [key for key in job.asset_layer.executable_asset_keys if key not in left_out]
            job = job.get_subset(asset_selection=set(keys))
        try:
            with dg.DagsterInstance.get() as instance:
                result = job.execute_in_process(
                    instance=instance,
                    raise_on_error=False,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    tags={
                        ASSET_PARTITION_RANGE_START_TAG: days[0].isoformat(),
                        ASSET_PARTITION_RANGE_END_TAG: days[-1].isoformat(),
                    },
                )
                problems = [
                    f"{event.step_key}: {_cause(event)}"
                    for event in result.all_events
                    if event.is_step_failure
                ]
                blocked = [
                    f"{event.asset_check_evaluation_data.check_name}: "
                    f"{event.asset_check_evaluation_data.metadata['broken'].value}"
                    for event in result.all_events
                    if event.event_type_value == "ASSET_CHECK_EVALUATION"
                    and not event.asset_check_evaluation_data.passed
                    and event.asset_check_evaluation_data.severity == dg.AssetCheckSeverity.ERROR
                    and "broken" in event.asset_check_evaluation_data.metadata
                ]
        finally:
            gaps = _gaps(runtime, days[-1])
            runtime.close()
    return Ending(result.success and not blocked, [*problems, *blocked], gaps)


def _cause(event: object) -> str:
    error = getattr(getattr(event, "step_failure_data", None), "error", None)
    while getattr(error, "cause", None) is not None:
        error = error.cause  # type: ignore[union-attr]
    return " ".join(str(getattr(error, "message", "failed")).split())[:400]


def _gaps(runtime: Runtime, last_day: date) -> list[str]:
    """Datasets that failed on the last day but answered within 7 days before, and thin coverage."""
    failed = {
        (outcome.venue, dataset, status)
        for outcome in runtime.outcomes
        if outcome.day == last_day
        for dataset, status in outcome.statuses.items()
        if status in (Status.FAILED, Status.BLOCKED)
    }
    gaps = [
        f"{venue} {dataset.value} {status.value}"
        for venue, dataset, status in sorted(failed)
        if _answered_lately(runtime, venue, dataset, last_day)
    ]
    try:
        row = runtime.connection.execute(
            "select seen_ratio from marts.coverage_daily where dataset = 'open_interest' and venue = 'all'"
            " and day = $1::date",
            [last_day],
        ).fetchone()
    except Exception:  # noqa: BLE001 a warehouse that was never built has no coverage to fall short of
        return gaps
    floor = runtime.settings.coverage_floor_ratio
    if row is not None and (row[0] or 0) < floor:
        gaps.append(f"open interest coverage {row[0] or 0:.0%} is under the floor of {floor:.0%}")
    return gaps


def _answered_lately(runtime: Runtime, venue: str, dataset: Dataset, day: date) -> bool:
    return any(
        (venue, dataset.value) in runtime.lake.answered(day - timedelta(days=back)) for back in range(1, 8)
    )


@contextmanager
def home_lock(home: Path) -> Iterator[None]:
    """One run a home. The lock is the operating system's: it is gone when its holder is, however it ended."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "run.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another run is working in {home}: wait for it to end, or choose another --home"
            raise WarehouseBusy(message) from None
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
