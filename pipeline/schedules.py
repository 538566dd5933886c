"""When things run, in UTC, and why then."""

from datetime import timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

JOB_NAME = "daily"


def daily_job() -> UnresolvedAssetJobDefinition:
    """Fetch, build, read the signals, publish, report: all of it for one day or a range of days."""
    return dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all(),
        description="The main job: from the venues to the report.",
        executor_def=dg.in_process_executor,
    )


def daily_schedule(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """00:10 UTC for the day that ended: after the settlement of 00:00, well inside the 2 h tolerance."""

    @dg.schedule(name="daily_0010_utc", job=job, cron_schedule="10 0 * * *", execution_timezone="UTC")
    def ask_about_yesterday(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        ended = (context.scheduled_execution_time - timedelta(days=1)).date().isoformat()
        return dg.RunRequest(run_key=ended, partition_key=ended)

    return ask_about_yesterday
