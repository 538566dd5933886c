"""When things run, in UTC, and why then."""

import asyncio
from datetime import timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from pipeline.assets.raw import raw_keys
from pipeline.catch_up import days_due
from pipeline.engine import JOB_NAME, SNAPSHOT_JOB, home_lock, range_tags
from pipeline.errors import WarehouseBusy
from pipeline.lake import Lake
from pipeline.late_data import late_data
from pipeline.runtime import Runtime
from pipeline.settings import Settings
from pipeline.snapshots import snapshot
from pipeline.venues import VENUES

LATE_DATA_SECONDS = 300


def daily_job() -> UnresolvedAssetJobDefinition:
    """Fetch, build, read the signals, publish, report: all of it for one day or a range of days."""
    return dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all(),
        description="The main job: from the venues to the report.",
        executor_def=dg.in_process_executor,
    )


def rebuild_job() -> UnresolvedAssetJobDefinition:
    """All that follows raw: what `margin-debt build` does."""
    return dg.define_asset_job(
        "rebuild",
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*raw_keys()),
        description="Tables, signals and the report from what is in the lake, asking no venue.",
        executor_def=dg.in_process_executor,
    )


def daily_schedule(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """00:10 UTC for the day that ended: after the settlement of 00:00, well inside the 2 h tolerance.

    After a stop it asks about the missed days, too, in one run: see `catch_up.py`.
    """

    @dg.schedule(
        name="daily_0010_utc",
        job=job,
        cron_schedule="10 0 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def ask_about_yesterday(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        ended = (context.scheduled_execution_time - timedelta(days=1)).date()
        days = days_due(Lake(Settings.from_environment().raw).days_asked(), ended)
        if len(days) == 1:
            return dg.RunRequest(run_key=ended.isoformat(), partition_key=ended.isoformat())
        return dg.RunRequest(run_key=ended.isoformat(), tags=range_tags(days))

    return ask_about_yesterday


@dg.op(required_resource_keys={"runtime"})
def ask_for_levels(context: dg.OpExecutionContext) -> None:
    """Ask every venue for open interest and prices of now, and add them to raw."""
    runtime: Runtime = context.resources.runtime
    said = asyncio.run(snapshot(VENUES, runtime.settings, runtime.clock, runtime.lake, runtime.run_id))
    for venue, words in said.items():
        context.log.info(f"{venue}: {words}")


@dg.job(name=SNAPSHOT_JOB, executor_def=dg.in_process_executor)
def snapshot_job() -> None:
    """Levels between two daily runs; nothing is built."""
    ask_for_levels()


# Off until a person starts it. Not on the hour: 00:10 must stay the instant nearest to a day's end.
HOURLY = dg.ScheduleDefinition(
    name="hourly_snapshots",
    job=snapshot_job,
    cron_schedule="35 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)


def late_data_sensor(job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Builds anew what late answers or corrected seeds change: one run a change, however it ends.

    The restated days are in `restatements`.
    """

    @dg.sensor(
        name="late_data",
        job=job,
        minimum_interval_seconds=LATE_DATA_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def rebuild_what_changed() -> dg.RunRequest | dg.SkipReason:
        settings = Settings.from_environment()
        if not settings.built.exists():
            return dg.SkipReason("nothing was built yet")
        try:
            with home_lock(settings.home):
                pass
        except WarehouseBusy:
            return dg.SkipReason("a run is working")
        changed = late_data(settings)
        return dg.SkipReason("nothing changed") if changed is None else dg.RunRequest(run_key=changed)

    return rebuild_what_changed
