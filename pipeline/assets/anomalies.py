"""What the recorded series hide, looked for anew in each run over the home's last 400 days."""

import dagster as dg

from pipeline.assets.models import ANOMALIES_KEY, table_key
from pipeline.assets.signals import store
from pipeline.evaluate.anomalies import READS, recorded
from pipeline.evaluate.anomalies import anomalies as look_for
from pipeline.runtime import Runtime


@dg.asset(
    key=ANOMALIES_KEY,
    group_name="signals",
    description="Breaks of level and unit, odd clocks, copies, repeats, holes, another asset's prices.",
    deps=[table_key(table) for table in READS],
    kinds={"python", "duckdb"},
    required_resource_keys={"runtime"},
)
def anomalies(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Test every market, every asset's forced orders and every funding clock; a finding excludes nothing."""
    runtime: Runtime = context.resources.runtime
    found = look_for(recorded(runtime.connection))
    store(runtime.connection, "signals.anomalies", found)
    kinds = {str(kind): int(count) for kind, count in found["kind"].value_counts().items()}
    return dg.MaterializeResult(metadata={"anomalies": len(found), "kinds": kinds})
