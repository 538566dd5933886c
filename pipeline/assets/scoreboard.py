"""The record of every signal and baseline over this home's history, computed anew in each run."""

import dagster as dg

from pipeline.assets.models import RISK_KEY, SCOREBOARD_KEY, signal_keys, table_key
from pipeline.assets.signals import store
from pipeline.evaluate.home import INPUTS, MOVES, home_scoreboard
from pipeline.evaluate.scoreboard import verdict
from pipeline.runtime import Runtime


@dg.asset(
    key=SCOREBOARD_KEY,
    group_name="signals",
    description="How well signals and baselines told the days before events, by the rule fixed beforehand.",
    deps=[table_key(MOVES), table_key(INPUTS), *signal_keys(), RISK_KEY],
    kinds={"python", "duckdb"},
    required_resource_keys={"runtime"},
)
def scoreboard(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Score all readings of the market; events are few in a young home, and then no interval is given."""
    runtime: Runtime = context.resources.runtime
    table = home_scoreboard(runtime.connection)
    store(runtime.connection, "signals.scoreboard", table)
    return dg.MaterializeResult(metadata={"rows": len(table), "verdict": verdict(table)})
