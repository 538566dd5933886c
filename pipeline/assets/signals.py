"""One asset a signal, and the market's level over all of them. Made from SIGNALS."""

from collections.abc import Iterator

import dagster as dg
import duckdb
import pandas as pd

from pipeline.alerts import alert
from pipeline.assets.models import RISK_KEY, signal_keys, table_key
from pipeline.runtime import Runtime
from pipeline.signals import SIGNALS
from pipeline.signals.base import Signal
from pipeline.signals.composite import risk_events, risk_levels

_INPUTS = "marts.signal_inputs_daily"


def signal_asset(signal: Signal) -> dg.AssetsDefinition:
    """The asset that reads one signal for every day."""

    @dg.asset(
        key=dg.AssetKey(["signals", signal.name]),
        group_name="signals",
        description=signal.title,
        deps=[table_key(_INPUTS)],
        kinds={"python", "duckdb"},
        required_resource_keys={"runtime"},
    )
    def read(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        connection = context.resources.runtime.connection
        inputs = connection.execute(f"select * from {_INPUTS} order by day, scope_type, scope").df()
        readings = signal.read(inputs).assign(formula_version=signal.formula_version)
        store(connection, "signals.readings", readings, replace=("signal", signal.name))
        levels = readings.loc[readings["scope_type"] == "market", "level"]
        return dg.MaterializeResult(
            metadata={
                "readings": len(readings),
                "market_level": str(levels.iloc[-1]) if len(levels) else "none",
            }
        )

    return read


@dg.asset(
    key=RISK_KEY,
    group_name="signals",
    description="The market's level and every change of level.",
    deps=signal_keys(),
    kinds={"python", "duckdb"},
    required_resource_keys={"runtime"},
)
def risk(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Levels of the market by the declared rule, the events of all scopes, and word of what is new."""
    runtime: Runtime = context.resources.runtime
    readings = runtime.connection.execute(
        "select * from signals.readings order by as_of, signal, scope_type, scope"
    ).df()
    levels, events = risk_levels(readings), risk_events(readings)
    store(runtime.connection, "signals.risk_levels", levels)
    store(runtime.connection, "signals.risk_events", events)
    told = alert(
        runtime.connection,
        runtime.settings.notify_urls,
        runtime.clock.now(),
        runtime.tell,
        is_made=bool(runtime.about.get("is_made")),
    )
    return dg.MaterializeResult(metadata={"days": len(levels), "events": len(events), "told": told})


def store(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    frame: pd.DataFrame,
    replace: tuple[str, str] | None = None,
) -> None:
    """Put a frame in a table's place, or in the place of the rows whose column holds a value."""
    connection.register("incoming", frame)
    try:
        connection.execute("begin")
        if replace is None:
            connection.execute(f"create or replace table {table} as select * from incoming")
        else:
            connection.execute(f"create table if not exists {table} as select * from incoming where false")
            connection.execute(f'delete from {table} where "{replace[0]}" = $1', [replace[1]])
            connection.execute(f"insert into {table} by name select * from incoming")
        connection.execute("commit")
    except duckdb.Error:
        connection.execute("rollback")
        raise
    finally:
        connection.unregister("incoming")


def signal_assets() -> Iterator[dg.AssetsDefinition]:
    """All signals, and the level."""
    yield from (signal_asset(signal) for signal in SIGNALS.values())
    yield risk
