"""Models read only what lies before them, say what they are, and name the unit of every number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlglot
import yaml
from sqlglot import exp

from pipeline.build import FIRST_DAY, load_seeds, write_dictionary
from pipeline.evaluate.anomalies import anomalies, recorded
from pipeline.evaluate.episodes import explosive_episodes
from pipeline.evaluate.home import home_record
from pipeline.evaluate.scoreboard import scoreboard
from pipeline.models import MAY_READ, Model, read_models
from pipeline.plan import RAW_REACH_DAYS
from pipeline.quality.identities import Identity, read_identities
from pipeline.signals import SIGNALS
from pipeline.signals.composite import risk_events, risk_levels
from pipeline.warehouse import open_warehouse

MODELS = {model.table: model for model in read_models()}
FOLDER = Path(__file__).resolve().parents[2] / "dbt_like_models"
FILES = sorted(path for path in FOLDER.glob("*/*.sql") if path.parent.name != "checks")
IDENTITIES = read_identities()

UNITS = (
    "usd",
    "base",
    "contracts",
    "ratio",
    "apr",
    "apy",
    "hours",
    "days",
    "price",
    "seconds",
    "bytes",
    "amount",
)
# A number without a unit at the end of its name -> what it is.
UNITLESS = {
    "formula_version": "a number of order",
    "attempt": "a number of order",
    "score": "a sum of levels",
    "value": "the signal's own measure, named in its reason",
    "threshold": "in the unit of value",
    "effective_n": "a count of equal members",
    "theil_t": "nats",
    "theil_venue": "nats",
    "theil_asset": "nats",
    "theil_mutual": "nats",
    "distance_sigmas": "daily standard deviations",
    **dict.fromkeys(("auroc", "auroc_low", "auroc_high", "auprc"), "an area in [0, 1]"),
    **dict.fromkeys(("auroc_gain", "auroc_gain_low", "auroc_gain_high"), "a difference of areas"),
    **dict.fromkeys(("events", "events_warned", "variants_tried"), "a count"),
    "false_alarms_a_year": "a count a year",
    **dict.fromkeys(("gsadf", "gsadf_critical"), "a test statistic"),
    "episode": "a number of order",
    "series_tested": "a count",
    **dict.fromkeys(("max_leverage", "max_leverage_before", "max_leverage_after"), "multiples of margin"),
    "tier": "a number of order",
    **dict.fromkeys(("steps_before", "steps_after", "orders"), "a count"),
    **dict.fromkeys(
        ("venues", "markets", "assets", "members", "accounts", "markets_expected", "markets_seen"), "a count"
    ),
    **dict.fromkeys(("rows", "calls"), "a count"),
}
NUMERIC = re.compile(r"^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U\w+INT|FLOAT|DOUBLE|DECIMAL)")


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    """Table -> column -> type, of every model made from an empty lake."""
    home = tmp_path_factory.mktemp("empty")
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        load_seeds(connection)
        write_dictionary(connection, list(MODELS.values()))
        # signals are read between the marts that feed them and the marts that show them
        for model in sorted(MODELS.values(), key=_reads_signals):
            if _reads_signals(model):
                _signal_tables(connection)
            chosen = {"from_day": FIRST_DAY} if "$from_day" in model.select else {}
            connection.execute(f"create table {model.table} as {model.select}", chosen)
        yield {
            table: {row[0]: row[1] for row in connection.execute(f"describe {table}").fetchall()}
            for table in MODELS
        }


def _reads_signals(model: Model) -> bool:
    return any(table.startswith("signals.") for table in model.reads)


def _signal_tables(connection: duckdb.DuckDBPyConnection) -> None:
    inputs = connection.execute("select * from marts.signal_inputs_daily").df()
    readings = pd.concat([signal.read(inputs).assign(formula_version=1) for signal in SIGNALS.values()])
    for name, frame in (
        ("readings", readings),
        ("risk_levels", risk_levels(readings)),
        ("risk_events", risk_events(readings)),
        ("scoreboard", scoreboard(home_record(connection), readings, risk_levels(readings))),
        ("explosive_episodes", explosive_episodes(inputs)),
        ("anomalies", anomalies(recorded(connection))),
    ):
        connection.register("made", frame)
        connection.execute(f"create table if not exists signals.{name} as select * from made")
        connection.unregister("made")


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.table)
def test_a_model_reads_only_layers_before_it(model: Model) -> None:
    gate = () if model.checks.rows_if is None else (model.checks.rows_if,)
    layers = {table.split(".")[0] for table in (*model.reads, *gate)}
    assert layers <= MAY_READ[model.schema]


def test_no_layer_may_read_one_after_it() -> None:
    order = ["raw", "seeds", "staging", "intermediate", "marts"]
    for layer, readable in MAY_READ.items():
        behind = set(order[order.index(layer) + 1 :])
        assert not readable & behind
        if layer != "marts":
            assert "signals" not in readable


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.table)
def test_what_a_model_reads_is_told_from_its_words(model: Model) -> None:
    """The order of building rests on the words; the parsed SELECT is the judge of them."""
    parts = {cte.alias for cte in model.tree.find_all(exp.CTE)}
    read = {table for table in model.tree.find_all(exp.Table) if table.db or table.name not in parts}
    # a table function such as unnest() has no name
    assert {f"{table.db}.{table.name}" for table in read if table.name} == set(model.reads)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.table)
def test_a_model_looks_no_further_back_in_raw_than_a_run_shows_it(model: Model) -> None:
    """Raw shows a daily run its last days only: a model that reached behind them would find nothing there."""
    if not any(table.startswith("raw.") for table in model.reads):
        return
    reaches = re.findall(r"day >= \$from_day::date(?: - (\d+))?", model.select)
    assert reaches
    assert max(int(days or 0) for days in reaches) <= RAW_REACH_DAYS


# Small, or with few rows a day: not worth a bound.
SMALL = {"int_vintages", "int_days", "int_leverage_mixture", "int_venue_list", "int_unit_step"}
SMALL |= {"stg_market_version", "stg_fetch_log", "stg_reference"}
# A list in force may be of any day before; it is joined by that very day.
OF_ANY_DAY = {("int_grid", "stg_markets"), ("int_basis", "stg_markets")}


@pytest.mark.parametrize(
    "model", [m for m in MODELS.values() if m.materialized == "incremental"], ids=lambda model: model.table
)
def test_a_day_is_built_from_the_rows_of_its_days(model: Model) -> None:
    """Each table with rows a day has a bound that begins with the days built: a year more costs no time."""
    for select in model.tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        first = select.args.get("from_")
        tables = [part.this for part in [*([first] if first else []), *joins]]
        where = select.args.get("where")
        said = " ".join(part.sql("duckdb") for part in [*([where] if where else []), *joins]).lower()
        for table in tables:
            if not isinstance(table, exp.Table) or table.db not in ("staging", "intermediate", "marts"):
                continue
            if table.name in SMALL or (model.name, table.name) in OF_ANY_DAY:
                continue
            owner = rf"\b{table.alias_or_name}\." if len(tables) > 1 else ""
            assert re.search(rf"{owner}(seen_)?day >= cast\(\$from_day", said), f"{table.name} is read whole"


def test_every_table_that_is_read_exists() -> None:
    """A misspelt table would otherwise show only when it is built."""
    known = set(MODELS) | {f"seeds.{path.stem}" for path in (FOLDER / "seeds").glob("*.csv")}
    for model in MODELS.values():
        for table in model.reads:
            assert table in known or table.split(".")[0] in {"raw", "signals", "internal"}, (
                model.name,
                table,
            )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_model_file_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("/*\n")
    header = yaml.safe_load(text[2 : text.index("*/")])
    assert header["title"].strip()
    assert header["grain"]
    assert isinstance(header["checks"], dict)
    assert "columns" in header
    assert header.get("materialized", "incremental") in ("incremental", "full")


def test_the_folder_of_checks_is_found() -> None:
    assert {identity.name for identity in IDENTITIES} == {path.stem for path in FOLDER.glob("checks/*.sql")}
    assert IDENTITIES


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_a_check_reads_only_tables_that_are_built_before_it(identity: Identity) -> None:
    tree = sqlglot.parse_one(identity.select, read="duckdb")
    read = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}
    assert read
    assert read <= set(MODELS)


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_a_check_warns_before_it_stops(identity: Identity) -> None:
    assert identity.warn_fraction >= 0
    assert identity.error_fraction is None or identity.error_fraction > identity.warn_fraction


def test_a_file_name_is_a_table_name_once() -> None:
    names = [path.stem for path in FILES]
    assert len(names) == len(set(names)) == len(MODELS)


def test_every_mart_tells_the_version_of_its_formulas(types: dict[str, dict[str, str]]) -> None:
    lacking = [
        table for table in types if table.startswith("marts.") and "formula_version" not in types[table]
    ]
    assert lacking == []


def test_every_number_of_a_mart_carries_its_unit(types: dict[str, dict[str, str]]) -> None:
    nameless = [
        f"{table}.{column}"
        for table, columns in types.items()
        if table.startswith("marts.")
        for column, kind in columns.items()
        if NUMERIC.match(kind) and column.rsplit("_", 1)[-1] not in UNITS and column not in UNITLESS
    ]
    assert nameless == []


def test_nothing_is_called_a_time_or_a_day_that_is_none(types: dict[str, dict[str, str]]) -> None:
    for table, columns in types.items():
        for column, kind in columns.items():
            if column.endswith("_at") or column in ("at", "as_of"):
                assert kind == "TIMESTAMP WITH TIME ZONE", (table, column, kind)
            if column == "day":
                assert kind == "DATE", (table, column, kind)


def test_one_name_has_one_unit_suffix_meaning() -> None:
    """A column described twice with another unit would be two numbers under one name."""
    said: dict[str, set[bool]] = {}
    for model in MODELS.values():
        for column, meaning in model.columns.items():
            if column.endswith("_usd"):
                said.setdefault(column, set()).add("dollar" in meaning.lower() or "USD" in meaning)
    assert [column for column, tells in said.items() if tells != {True}] == []
