"""The quality suites as asset checks: a spec a rule on staging, a spec a dataset and venue on raw."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from pipeline.assets.models import table_key
from pipeline.assets.raw import raw_key
from pipeline.quality.gate import Verdict, run_suite
from pipeline.quality.suites import SUITES, Suite
from pipeline.runtime import Runtime
from pipeline.venues import VENUES

_RAW = [suite for suite in SUITES if suite.table.startswith("raw.")]
_STAGING = [suite for suite in SUITES if suite.table.startswith("staging.")]


@dg.multi_asset_check(
    name="raw_quality",
    specs=[
        dg.AssetCheckSpec(name=f"expect_{suite.name}", asset=raw_key(name))
        for suite in _RAW
        for name in VENUES
    ],
    can_subset=True,
    required_resource_keys={"runtime"},
)
def raw_quality(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Every venue's new rows against the raw rules; a broken rule warns and names itself."""
    runtime: Runtime = context.resources.runtime
    selected = {key.asset_key for key in context.selected_asset_check_keys}
    for suite in _RAW:
        frame = _frame(runtime, suite)
        for name in (name for name in VENUES if raw_key(name) in selected):
            part = frame[frame["venue"] == name]
            verdicts = run_suite(suite, part.reset_index(drop=True)) if len(part) else []
            broken = [verdict for verdict in verdicts if not verdict.passed]
            yield dg.AssetCheckResult(
                check_name=f"expect_{suite.name}",
                asset_key=raw_key(name),
                passed=not broken,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "rows": len(part),
                    "rules": len(verdicts),
                    "broken": "; ".join(_sentence(verdict) for verdict in broken) or "none",
                },
            )


def staging_quality(suite: Suite) -> dg.AssetChecksDefinition:
    """The rules of one staging table; a blocking one that breaks stops what is built on the table."""
    key = table_key(suite.table)

    @dg.multi_asset_check(
        name=f"{suite.name}_quality",
        specs=[
            dg.AssetCheckSpec(name=f"expect_{rule.name}", asset=key, blocking=rule.is_blocking)
            for rule in suite.rules
        ],
        can_subset=False,
        required_resource_keys={"runtime"},
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        for verdict in run_suite(suite, _frame(context.resources.runtime, suite)):
            yield dg.AssetCheckResult(
                check_name=f"expect_{verdict.rule.name}",
                asset_key=key,
                passed=verdict.passed,
                severity=dg.AssetCheckSeverity.ERROR
                if verdict.rule.is_blocking
                else dg.AssetCheckSeverity.WARN,
                metadata={"rows": verdict.rows, "broken": _sentence(verdict)},
            )

    return check


def quality_checks() -> list[dg.AssetChecksDefinition]:
    """All suites."""
    return [raw_quality, *(staging_quality(suite) for suite in _STAGING)]


def _frame(runtime: Runtime, suite: Suite) -> pd.DataFrame:
    columns = ", ".join(suite.columns)
    return runtime.connection.execute(
        f"select {columns} from {suite.table} where day >= $1::date", [runtime.plan.from_day]
    ).df()


def _sentence(verdict: Verdict) -> str:
    if verdict.passed:
        return "none"
    return f"{verdict.rule.name}: {verdict.unexpected} of {verdict.rows} rows, such as {verdict.examples}"
