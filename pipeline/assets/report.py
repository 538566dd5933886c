"""The published database and the day's report: what readers open, and what turns red when it grows old."""

from datetime import timedelta

import dagster as dg

from pipeline.assets.models import table_key
from pipeline.assets.quality import IDENTITIES_KEY
from pipeline.build import publish_marts
from pipeline.clock import end_of
from pipeline.late_data import mark_built
from pipeline.models import read_models
from pipeline.plan import commit_plan
from pipeline.report.base import write_report
from pipeline.runtime import Runtime

SERVING_KEY = dg.AssetKey(["serving", "margin_debt"])
REPORT_KEY = dg.AssetKey(["reports", "daily"])
# Made anew at or after 00:10, and no later than 02:00 UTC. Dagster's daemon looks at it: no run is needed.
DEADLINE = dg.FreshnessPolicy.cron(
    deadline_cron="0 2 * * *", lower_bound_delta=timedelta(hours=1, minutes=50), timezone="UTC"
)
# A day's end is ten minutes old in its own run; by then the next day is overdue.
MOST_HOURS = 36.0


@dg.asset(
    key=SERVING_KEY,
    group_name="published",
    description="All marts in one read-only DuckDB file, put in place by rename.",
    deps=[*(table_key(model.table) for model in read_models() if model.schema == "marts"), IDENTITIES_KEY],
    kinds={"duckdb"},
    freshness_policy=DEADLINE,
    required_resource_keys={"runtime"},
)
def serving(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Publish only when every mart was built and checked."""
    runtime: Runtime = context.resources.runtime
    publish_marts(runtime.connection, read_models(), runtime.settings.serving)
    if not runtime.is_partial:
        commit_plan(runtime.connection, runtime.plan, read_models())
        mark_built(runtime.settings)
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(runtime.settings.serving)})


@dg.asset_check(
    name="is_fresh",
    asset=SERVING_KEY,
    description=f"The last day with open interest ended at most {MOST_HOURS:g} hours ago.",
    required_resource_keys={"runtime"},
)
def is_fresh(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Red where a run has ended and brought nothing new. It stops nothing: readers have the last good day."""
    runtime: Runtime = context.resources.runtime
    newest = runtime.connection.execute(
        "select max(day) from marts.coverage_daily"
        " where dataset = 'open_interest' and venue = 'all' and seen_usd > 0"
    ).fetchone()
    if newest is None or newest[0] is None:
        return dg.AssetCheckResult(passed=False, metadata={"age": "no open interest was ever seen"})
    hours = (runtime.clock.now() - end_of(newest[0])) / timedelta(hours=1)
    age = f"{newest[0]} ended {hours:.1f} hours ago"
    return dg.AssetCheckResult(passed=hours <= MOST_HOURS, metadata={"age": age})


@dg.asset(
    key=REPORT_KEY,
    group_name="published",
    description="One self-contained HTML file for the last day.",
    deps=[SERVING_KEY],
    kinds={"html"},
    freshness_policy=DEADLINE,
    required_resource_keys={"runtime"},
)
def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Write the report from the published file, as any reader would see it."""
    runtime: Runtime = context.resources.runtime
    path = write_report(
        runtime.settings.serving,
        runtime.report_day,
        runtime.settings.reports,
        runtime.clock.now(),
        runtime.about,
    )
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(path)})
