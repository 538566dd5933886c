"""The published database and the day's report: what readers open."""

import dagster as dg

from pipeline.assets.models import table_key
from pipeline.build import commit_plan, publish_marts
from pipeline.models import read_models
from pipeline.report.base import write_report
from pipeline.runtime import Runtime

SERVING_KEY = dg.AssetKey(["serving", "margin_debt"])
REPORT_KEY = dg.AssetKey(["reports", "daily"])


@dg.asset(
    key=SERVING_KEY,
    group_name="published",
    description="All marts in one read-only DuckDB file, put in place by rename.",
    deps=[table_key(model.table) for model in read_models() if model.schema == "marts"],
    kinds={"duckdb"},
    required_resource_keys={"runtime"},
)
def serving(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Publish only when every mart was built and checked."""
    runtime: Runtime = context.resources.runtime
    publish_marts(runtime.connection, read_models(), runtime.settings.serving)
    commit_plan(runtime.connection, runtime.plan, read_models())
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(runtime.settings.serving)})


@dg.asset(
    key=REPORT_KEY,
    group_name="published",
    description="One self-contained HTML file for the last day.",
    deps=[SERVING_KEY],
    kinds={"html"},
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
