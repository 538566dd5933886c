"""Quality as asset checks: raw by venue and dataset, staging rule by rule, and identities of the marts.

Which rules there are is `pipeline/quality/`. A page a table goes to the home's `reports/quality/`.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from pipeline.assets.models import outcomes_of, table_key
from pipeline.assets.raw import raw_key
from pipeline.models import read_models
from pipeline.quality.docs import write_identities, write_page
from pipeline.quality.gate import Verdict
from pipeline.quality.identities import check_identities, read_identities
from pipeline.quality.raw_suites import RAW_SUITES
from pipeline.quality.rules import NOT_COMPARED, Suite
from pipeline.quality.staging_suites import STAGING_SUITES
from pipeline.quality.tables import TableResult, check_table
from pipeline.runtime import Runtime
from pipeline.venues import VENUES

IDENTITIES_KEY = dg.AssetKey(["quality", "identities"])
_BY_VENUE = [suite for suite in RAW_SUITES if "venue" in suite.schema]


@dg.multi_asset_check(
    name="raw_quality",
    specs=[
        dg.AssetCheckSpec(name=f"expect_{suite.name}", asset=raw_key(name))
        for suite in _BY_VENUE
        for name in VENUES
    ],
    can_subset=True,
    required_resource_keys={"runtime"},
)
def raw_quality(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """The new rows against the raw rules, told by venue; a venue and dataset with nothing new is left out."""
    runtime: Runtime = context.resources.runtime
    for suite in _BY_VENUE:
        result = _judged(runtime, suite)
        if result is None:
            continue
        columns = [verdict for verdict in result.verdicts[:1] if not verdict.passed]
        for name in VENUES:
            key = dg.AssetCheckKey(raw_key(name), f"expect_{suite.name}")
            broken = [*columns, *result.broken(name)]
            if key in context.selected_asset_check_keys and (broken or name in result.rows_by):
                yield dg.AssetCheckResult(
                    check_name=key.name,
                    asset_key=key.asset_key,
                    passed=not broken,
                    severity=_severity(broken),
                    metadata={
                        "rows": result.rows_by.get(name, 0),
                        "rules": len(result.verdicts),
                        "broken": "; ".join(verdict.sentence for verdict in broken) or "none",
                    },
                )


def _tables() -> list[tuple[Suite, dg.AssetKey, str]]:
    """Suites told by table, the asset each shows at, and of what rows where the asset itself holds others.

    Reference facts are no venue's: they show at the table made of them.
    """
    alone = [suite for suite in RAW_SUITES if suite not in _BY_VENUE]
    return [
        *((suite, table_key(f"staging.stg_{suite.name}"), "raw_") for suite in alone),
        *((suite, table_key(suite.table), "") for suite in STAGING_SUITES),
    ]


def _keys(key: dg.AssetKey, subject: str) -> dict[bool, dg.AssetCheckKey]:
    """The two checks of a table, by whether the rules of each block."""
    return {
        is_blocking: dg.AssetCheckKey(key, f"{'blocking_' * is_blocking}{subject}expectations")
        for is_blocking in (True, False)
    }


# One step for all tables: a step of Dagster costs more than the rules of a small table.
@dg.multi_asset_check(
    name="table_quality",
    specs=[
        dg.AssetCheckSpec(name=check.name, asset=check.asset_key, blocking=is_blocking)
        for _, key, subject in _tables()
        for is_blocking, check in _keys(key, subject).items()
    ],
    can_subset=True,
    required_resource_keys={"runtime"},
)
def table_quality(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """The new rows of each table against its rules; the outcome of each rule is in the metadata.

    A rule that blocks stops all that is built on these tables: nothing of it would be published anyway.
    """
    for suite, key, subject in _tables():
        checks = _keys(key, subject)
        if context.selected_asset_check_keys.isdisjoint(checks.values()):
            continue
        result = _judged(context.resources.runtime, suite)
        verdicts = result.verdicts if result is not None else ()
        # both are said without a row, too: a blocking check without a result leaves a warning in every run
        for is_blocking, check in checks.items():
            told = [verdict for verdict in verdicts if verdict.rule.is_blocking == is_blocking]
            broken = [verdict for verdict in told if not verdict.passed]
            sentences = "; ".join(verdict.sentence for verdict in broken)
            yield dg.AssetCheckResult(
                check_name=check.name,
                asset_key=key,
                passed=not broken,
                severity=_severity(broken),
                metadata={
                    "rows": max((verdict.rows for verdict in told), default=0),
                    "broken": sentences or ("none" if any(one.compared for one in told) else NOT_COMPARED),
                    "rules": outcomes_of((one.rule.name, one.compared, one.sentence) for one in told),
                },
            )


@dg.asset(
    key=IDENTITIES_KEY,
    group_name="published",
    description="What must hold between the marts before anything is published.",
    deps=[table_key(model.table) for model in read_models() if model.schema == "marts"],
    check_specs=[
        dg.AssetCheckSpec(name=identity.name, asset=IDENTITIES_KEY, description=identity.holds)
        for identity in read_identities()
    ],
    kinds={"duckdb", "sql"},
    required_resource_keys={"runtime"},
)
def identities(
    context: dg.AssetExecutionContext,
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Readers keep yesterday's file when one fails beyond its error fraction; a warning is shown."""
    runtime: Runtime = context.resources.runtime
    outcomes = list(check_identities(runtime.connection, runtime.plan.from_day))
    write_identities(runtime.settings.reports / "quality", outcomes, runtime.clock.now())
    failed = [one for one in outcomes if one.status == "failed"]
    results = [
        dg.AssetCheckResult(
            check_name=one.identity.name,
            asset_key=IDENTITIES_KEY,
            # Dagster knows no third way to end: what was compared, and that nothing was, is in the metadata
            passed=one.status in ("passed", "not_compared"),
            severity=dg.AssetCheckSeverity.ERROR if one in failed else dg.AssetCheckSeverity.WARN,
            metadata={"compared": one.compared, "broken": one.sentence},
        )
        for one in outcomes
    ]
    if failed:
        # not raised first: an exception would drop the checks' outcomes from the log
        yield from results
        sentences = "; ".join(f"{one.identity.title} does not hold: {one.sentence}" for one in failed)
        raise dg.Failure(description=f"nothing is published: {sentences}", allow_retries=False)
    yield dg.MaterializeResult(metadata={"identities": len(outcomes)})
    yield from results


def _judged(runtime: Runtime, suite: Suite) -> TableResult | None:
    result = check_table(runtime.connection, suite, runtime.plan.from_day)
    if result is not None:
        write_page(runtime.settings.reports / "quality", result, runtime.clock.now())
    return result


def _severity(verdicts: Sequence[Verdict]) -> dg.AssetCheckSeverity:
    is_blocking = any(verdict.rule.is_blocking and not verdict.passed for verdict in verdicts)
    return dg.AssetCheckSeverity.ERROR if is_blocking else dg.AssetCheckSeverity.WARN
