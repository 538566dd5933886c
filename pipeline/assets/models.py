"""One asset a SQL model, with its checks and column lineage. Made from `dbt_like_models/`."""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from pipeline.assets.raw import RAW_FILES_KEY
from pipeline.build import BrokenTable, CheckResult, build_model, write_dictionary
from pipeline.models import Model, column_lineage, read_models
from pipeline.quality.rules import NOT_COMPARED
from pipeline.runtime import Runtime
from pipeline.signals import SIGNALS


def table_key(table: str) -> dg.AssetKey:
    """`schema.name` as an asset key."""
    return dg.AssetKey(table.split("."))


def signal_keys() -> list[dg.AssetKey]:
    """One asset a signal."""
    return [dg.AssetKey(["signals", name]) for name in SIGNALS]


CONTRACT = "contract"
RISK_KEY = dg.AssetKey(["signals", "risk"])
SCOREBOARD_KEY = dg.AssetKey(["signals", "scoreboard"])
EPISODES_KEY = dg.AssetKey(["signals", "explosive_episodes"])
ANOMALIES_KEY = dg.AssetKey(["signals", "anomalies"])


def _upstream(model: Model, models: dict[str, Model]) -> list[dg.AssetKey]:
    keys: list[dg.AssetKey] = []
    for read in model.reads:
        schema = read.split(".", 1)[0]
        if read in models:
            keys.append(table_key(read))
        elif schema == "raw":
            keys.append(RAW_FILES_KEY)
        elif read == "signals.readings":
            keys += signal_keys()
        elif read == "signals.scoreboard":
            keys.append(SCOREBOARD_KEY)
        elif read == "signals.explosive_episodes":
            keys.append(EPISODES_KEY)
        elif read == "signals.anomalies":
            keys.append(ANOMALIES_KEY)
        elif schema == "signals":
            keys.append(RISK_KEY)
        elif read == "internal.dictionary":
            keys += [table_key(other) for other in models if other != model.table]
    return sorted(set(keys))


def model_asset(model: Model) -> dg.AssetsDefinition:
    """The asset that builds one model and reports its checks."""
    models = {other.table: other for other in read_models()}
    key = table_key(model.table)

    @dg.asset(
        key=key,
        group_name=model.schema,
        description=model.title,
        deps=_upstream(model, models),
        kinds={"duckdb", "sql"},
        check_specs=[
            dg.AssetCheckSpec(
                name=CONTRACT, asset=key, description="What the model's header demands of its rows."
            )
        ],
        required_resource_keys={"runtime"},
    )
    def build(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        runtime: Runtime = context.resources.runtime
        if "internal.dictionary" in model.reads:
            write_dictionary(runtime.connection, read_models())
        try:
            built = build_model(runtime.connection, model, runtime.plan.from_day)
        except BrokenTable as broken:
            # not raised: an exception would drop the checks' outcomes from the log
            yield _contract(key, broken.results)
            raise dg.Failure(description=str(broken), allow_retries=False) from broken
        runtime.on_table(model.name)
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": built.rows,
                "from_day": built.from_day.isoformat(),
                "seconds": round(built.seconds, 3),
                **_lineage(runtime, model),
            }
        )
        yield _contract(key, built.checks)

    return build


def _contract(key: dg.AssetKey, results: Sequence[CheckResult]) -> dg.AssetCheckResult:
    """All rules of a table's header as one check: as many as there are rules would be half of a small run."""
    problems = "; ".join(result.problem for result in results if not result.passed)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CONTRACT,
        passed=not problems,
        metadata={
            "compared": max(result.compared for result in results),
            "problem": problems or "none",
            "rules": outcomes_of(
                (one.name, one.compared, one.problem or ("none" if one.compared else NOT_COMPARED))
                for one in results
            ),
        },
    )


def outcomes_of(rules: Iterable[tuple[str, int, str]]) -> dg.JsonMetadataValue:
    """Rules of one check, from (name, how much it looked at, what broke it)."""
    # JSON, not Markdown: a sentence can hold what a venue sent
    return dg.MetadataValue.json(
        {name: {"compared": compared, "broken": sentence} for name, compared, sentence in rules}
    )


def _lineage(runtime: Runtime, model: Model) -> dict[str, dg.TableColumnLineage]:
    if model.schema != "marts":  # what readers ask about; tracing every column of every table costs seconds
        return {}
    schemas = {
        read: {row[0]: row[1] for row in runtime.connection.execute(f"describe {read}").fetchall()}
        for read in model.reads
    }
    traced = column_lineage(model, schemas)
    deps = {
        column: [
            dg.TableColumnDep(asset_key=table_key(table), column_name=origin) for table, origin in origins
        ]
        for column, origins in traced.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)} if deps else {}


def model_assets() -> list[dg.AssetsDefinition]:
    """All models as assets."""
    return [model_asset(model) for model in read_models()]
