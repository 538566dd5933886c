"""Assembles the single Definitions object. No logic: each part says itself what it does."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from pipeline.assets.episodes import episodes
from pipeline.assets.models import model_assets
from pipeline.assets.quality import quality_checks
from pipeline.assets.raw import raw_assets
from pipeline.assets.report import report, serving
from pipeline.assets.scoreboard import scoreboard
from pipeline.assets.signals import signal_assets
from pipeline.runtime import Runtime, live_runtime
from pipeline.schedules import daily_job, daily_schedule
from pipeline.settings import Settings
from pipeline.source import claim, source_of


@dg.resource(description="Settings from MARGIN_DEBT_*, the system's clock, one warehouse a run.")
def _live_runtime(_: dg.InitResourceContext) -> Iterator[Runtime]:
    settings = Settings.from_environment()
    settings.prepare()
    runtime, source = live_runtime(settings), source_of(settings)
    claim(settings.home, source)
    runtime.about = source.about()
    try:
        yield runtime
    finally:
        runtime.close()


def build_definitions(runtime: Runtime | None = None) -> dg.Definitions:
    """Everything Dagster sees. A command hands in its own runtime; Dagster's own runs make theirs."""
    job = daily_job()
    return dg.Definitions(
        assets=[raw_assets, *model_assets(), *signal_assets(), episodes, scoreboard, serving, report],
        asset_checks=quality_checks(),
        jobs=[job],
        schedules=[daily_schedule(job)],
        resources={
            "runtime": _live_runtime if runtime is None else dg.ResourceDefinition.hardcoded_resource(runtime)
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions()
