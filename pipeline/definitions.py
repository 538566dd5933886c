"""Assembles the single Definitions object. No logic: each part says itself what it does."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from pipeline.assets.anomalies import anomalies
from pipeline.assets.episodes import episodes
from pipeline.assets.models import model_assets
from pipeline.assets.quality import identities, raw_quality, table_quality
from pipeline.assets.raw import raw_assets, raw_files
from pipeline.assets.report import is_fresh, report, serving
from pipeline.assets.scoreboard import scoreboard
from pipeline.assets.signals import signal_assets
from pipeline.engine import runtime_of_dagster
from pipeline.runtime import Runtime
from pipeline.schedules import (
    HOURLY,
    daily_job,
    daily_schedule,
    late_data_sensor,
    rebuild_job,
    snapshot_job,
)


@dg.resource(description="Settings from MARGIN_DEBT_*, the system's clock, one warehouse a run.")
def _own_runtime(context: dg.InitResourceContext) -> Iterator[Runtime]:
    with runtime_of_dagster(context) as runtime:
        yield runtime


def build_definitions(runtime: Runtime | None = None) -> dg.Definitions:
    """Everything Dagster sees. A command hands in its own runtime; Dagster's own runs make theirs."""
    daily, rebuild = daily_job(), rebuild_job()
    return dg.Definitions(
        assets=[
            raw_assets,
            raw_files,
            *model_assets(),
            *signal_assets(),
            anomalies,
            episodes,
            scoreboard,
            identities,
            serving,
            report,
        ],
        asset_checks=[raw_quality, table_quality, is_fresh],
        jobs=[daily, rebuild, snapshot_job],
        schedules=[daily_schedule(daily), HOURLY],
        sensors=[late_data_sensor(rebuild)],
        resources={
            "runtime": _own_runtime if runtime is None else dg.ResourceDefinition.hardcoded_resource(runtime)
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions()
