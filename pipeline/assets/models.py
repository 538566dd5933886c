"""One asset a SQL model, with its checks and column lineage. Made from `dbt_like_models/`."""

from collections.abc import Iterator

import dagster as dg

from pipeline.assets.raw import raw_keys
from pipeline.build import BrokenTable, CheckResult, build_model, check_names, write_dictionary
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
            keys += raw_keys()
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
        check_specs=[dg.AssetCheckSpec(name=name, asset=key) for name in check_names(model)],
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
            yield from _results(key, broken.results)
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
        yield from _results(key, built.checks)

    return build


def _results(key: dg.AssetKey, results: list[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    for result in results:
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=result.name,
            passed=result.passed,
            metadata={
                "compared": result.compared,
                "problem": result.problem or ("none" if result.compared else NOT_COMPARED),
            },
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
