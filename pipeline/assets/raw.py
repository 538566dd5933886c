"""One asset a venue, all fetched by one step in one event loop, and one for the files that all of them left.

Made from VENUES; no venue is named here.
"""

import asyncio
from collections.abc import Iterator
from datetime import date

import dagster as dg

from pipeline.fetch import fetch
from pipeline.moments import live_moment, replay_moments
from pipeline.records import Status
from pipeline.runtime import Runtime
from pipeline.venues import VENUES

DAILY = dg.DailyPartitionsDefinition(start_date="2019-01-01", timezone="UTC")
# A gap is a dataset that could have been answered and was not; a missing key or method is none.
TROUBLE = frozenset({Status.FAILED, Status.BLOCKED, Status.PARTIAL})


def raw_key(venue: str) -> dg.AssetKey:
    """Where a venue's rows are in the asset graph."""
    return dg.AssetKey(["raw", venue])


def raw_keys() -> list[dg.AssetKey]:
    """All venues'."""
    return [raw_key(name) for name in VENUES]


RAW_FILES_KEY = dg.AssetKey(["raw", "files"])


@dg.multi_asset(
    name="fetch_venues",
    specs=[
        dg.AssetSpec(
            key=raw_key(name),
            group_name="raw",
            partitions_def=DAILY,
            description=f"What {venue.title} answered, as sent.",
            kinds={"parquet"},
        )
        for name, venue in VENUES.items()
    ],
    check_specs=[dg.AssetCheckSpec(name="answered", asset=raw_key(name)) for name in VENUES],
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
    required_resource_keys={"runtime"},
)
def raw_assets(
    context: dg.AssetExecutionContext,
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Ask all selected venues about the run's days; a venue's failure is a warning, never an exception."""
    runtime: Runtime = context.resources.runtime
    runtime.lake.remove_leftovers()
    days = [date.fromisoformat(key) for key in context.partition_keys]
    chosen = {name: venue for name, venue in VENUES.items() if raw_key(name) in context.selected_asset_keys}
    runtime.on_days(len(days))
    runtime.outcomes = asyncio.run(
        fetch(
            chosen,
            live_moment(days) if runtime.move_to is None else replay_moments(days),
            settings=runtime.settings,
            clock=runtime.clock,
            lake=runtime.lake,
            run_id=runtime.run_id,
            move_to=runtime.move_to,
            held=runtime.held,
            on_day=runtime.on_day,
        )
    )
    checks = {key.asset_key for key in context.selected_asset_check_keys}
    for name in chosen:
        mine = [outcome for outcome in runtime.outcomes if outcome.venue == name]
        trouble = sorted(
            {
                f"{dataset.value} {status.value}"
                for outcome in mine
                for dataset, status in outcome.statuses.items()
                if status in TROUBLE
            }
        )
        yield dg.MaterializeResult(
            asset_key=raw_key(name),
            metadata={"rows": sum(outcome.rows for outcome in mine), "days_asked": len(mine)},
        )
        if raw_key(name) in checks:
            yield dg.AssetCheckResult(
                check_name="answered",
                asset_key=raw_key(name),
                passed=not trouble,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"trouble": "; ".join(trouble) or "none"},
            )


@dg.asset(
    key=RAW_FILES_KEY,
    group_name="raw",
    kinds={"parquet"},
    description="What all venues left: how many files are new, and from which day tables are built anew.",
    # of every day; asked for all of them, Dagster lists years of days
    deps=[dg.AssetDep(key, partition_mapping=dg.LastPartitionMapping()) for key in raw_keys()],
    required_resource_keys={"runtime"},
)
def raw_files(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """What tables read, and not thirty venues each: Dagster looks up the version of all that a step reads."""
    runtime: Runtime = context.resources.runtime
    plan = runtime.plan
    return dg.MaterializeResult(metadata={"new_files": len(plan.new), "from_day": plan.from_day.isoformat()})
