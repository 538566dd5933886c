"""When things run, in UTC, and why then."""

from __future__ import annotations

import dagster as dg

JOB_NAME = "daily"


def daily_job() -> dg.UnresolvedAssetJobDefinition:
    """Fetch, build, read the signals, publish, report: all of it for one day or a range of days."""
    return dg.define_asset_job(
        JOB_NAME,
        selection=dg.AssetSelection.all(),
        description="The main job: from the venues to the report.",
        executor_def=dg.in_process_executor,
    )


def daily_schedule(job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """00:10 UTC for the day that ended: after the settlement of 00:00, well inside the 2 h tolerance."""
    return dg.build_schedule_from_partitioned_job(
        job, hour_of_day=0, minute_of_hour=10, name="daily_0010_utc"
    )
