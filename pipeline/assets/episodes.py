"""When borrowed positions grew explosively, dated anew in each run from the home's whole history."""

import dagster as dg

from pipeline.assets.models import EPISODES_KEY, table_key
from pipeline.assets.signals import store
from pipeline.evaluate.episodes import explosive_episodes
from pipeline.evaluate.home import INPUTS
from pipeline.runtime import Runtime


@dg.asset(
    key=EPISODES_KEY,
    group_name="signals",
    description="Explosive stretches of open interest, dated only where a test of the whole series rejects.",
    deps=[table_key(INPUTS)],
    kinds={"python", "duckdb"},
    required_resource_keys={"runtime"},
)
def episodes(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Test the market and every asset with half a year of history."""
    runtime: Runtime = context.resources.runtime
    inputs = runtime.connection.execute(f"select * from {INPUTS} order by day, scope_type, scope").df()
    found = explosive_episodes(inputs)
    store(runtime.connection, "signals.explosive_episodes", found)
    tested = found[["scope_type", "scope", "series"]].drop_duplicates()
    return dg.MaterializeResult(
        metadata={"series": len(tested), "explosive": int(found["is_explosive"].sum())}
    )
