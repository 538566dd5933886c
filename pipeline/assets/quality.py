"""Quality as asset checks: raw by venue and dataset, staging rule by rule, and identities of the marts.

Which rules there are is `pipeline/quality/`. A page a table goes to the home's `reports/quality/`.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from pipeline.assets.models import table_key
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


def table_quality(suite: Suite, key: dg.AssetKey, prefix: str = "expect") -> dg.AssetChecksDefinition:
    """The rules of one table; a blocking one that breaks stops what is built on the asset."""

    @dg.multi_asset_check(
        name=f"{suite.table.replace('.', '_')}_quality",
        specs=[
            dg.AssetCheckSpec(name=f"{prefix}_{rule.name}", asset=key, blocking=rule.is_blocking)
            for rule in suite.all_rules
        ],
        can_subset=True,
        required_resource_keys={"runtime"},
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        result = _judged(context.resources.runtime, suite)
        if result is None:
            # said all the same: a blocking check without a result leaves a warning in every run
            for rule in suite.all_rules:
                yield dg.AssetCheckResult(
                    check_name=f"{prefix}_{rule.name}",
                    asset_key=key,
                    passed=True,
                    metadata={"rows": 0, "broken": NOT_COMPARED},
                )
            return
        for verdict in result.verdicts:
            yield dg.AssetCheckResult(
                check_name=f"{prefix}_{verdict.rule.name}",
                asset_key=key,
                passed=verdict.passed,
                severity=_severity([verdict]),
                metadata={"rows": verdict.rows, "broken": verdict.sentence},
            )

    return check


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


def quality_checks() -> list[dg.AssetChecksDefinition]:
    """The checks of all suites. Reference facts are no venue's: they show at the table made of them."""
    alone = [suite for suite in RAW_SUITES if suite not in _BY_VENUE]
    return [
        raw_quality,
        *(table_quality(suite, table_key(f"staging.stg_{suite.name}"), "expect_raw") for suite in alone),
        *(table_quality(suite, table_key(suite.table)) for suite in STAGING_SUITES),
    ]


def _judged(runtime: Runtime, suite: Suite) -> TableResult | None:
    result = check_table(runtime.connection, suite, runtime.plan.from_day)
    if result is not None:
        write_page(runtime.settings.reports / "quality", result, runtime.clock.now())
    return result


def _severity(verdicts: Sequence[Verdict]) -> dg.AssetCheckSeverity:
    is_blocking = any(verdict.rule.is_blocking and not verdict.passed for verdict in verdicts)
    return dg.AssetCheckSeverity.ERROR if is_blocking else dg.AssetCheckSeverity.WARN
