"""Each accounting identity holds of a finished run; a mart broken in one place breaks it, and it alone.

The marts are those of a real run over the embedded exchange. Each case of `broken_marts.yml` changes one
table; every identity is asked, and the change is taken back. Then what a failure does, and freshness.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from dagster import AssetCheckResult
from homes import DAYS, ask, copied, published, rebuild
from soak import small_world

from pipeline.assets.report import is_fresh
from pipeline.build import FIRST_DAY
from pipeline.clock import VirtualClock, end_of
from pipeline.engine import dagster_home
from pipeline.lake import Lake
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.quality.identities import Outcome, check_identities, read_identities
from pipeline.records import Dataset, LeverageTierRow, RawRow
from pipeline.reference import import_reference
from pipeline.settings import Settings
from pipeline.warehouse import open_warehouse

BROKEN: dict[str, list[dict[str, str]]] = yaml.safe_load(
    (Path(__file__).parent / "broken_marts.yml").read_text()
)


def _cases() -> Iterator[Any]:
    for name, cases in BROKEN.items():
        for number, case in enumerate(cases, start=1):
            yield pytest.param(name, case, id=f"{name} {number}")


def margin_table(raw: Path) -> Iterator[LeverageTierRow]:
    """Two steps of OKX's largest market, as sent with the first day's open interest."""
    (file,) = (raw / "open_interest" / "venue=okx" / f"day={DAYS[0] + timedelta(days=1)}").glob("*")
    (sent,) = (row for row in pq.ParquetFile(file).read().to_pylist() if row["market"] == "BTC-USDT-SWAP")
    shared = {field.name: sent.get(field.name, "okx") for field in fields(RawRow)}
    for tier, floor, cap, maintenance in ((1, 0.0, 1e6, 0.01), (2, 1e6, None, 0.025)):
        yield LeverageTierRow(
            **{**shared, "unit": "quote"},
            tier=tier, notional_floor=floor, notional_cap=cap, initial_margin_rate=2 * maintenance,
            maintenance_margin_rate=maintenance, max_leverage=0.5 / maintenance,
        )  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(
    finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = Settings(copied(finished, tmp_path_factory.mktemp("identities") / "home"))
    # the made world has no margin tables, and nothing is held of none
    assert Lake(home.raw).write(Dataset.LEVERAGE_TIER, margin_table(home.raw))
    small_world.rebuild(home.home, DAYS[-1])
    with open_warehouse(home.warehouse, home.raw) as connection:
        yield connection


def outcomes(connection: duckdb.DuckDBPyConnection) -> dict[str, Outcome]:
    return {one.identity.name: one for one in check_identities(connection, FIRST_DAY)}


def test_a_day_that_is_built_is_held_to_every_identity(warehouse: duckdb.DuckDBPyConnection) -> None:
    """No check that compares anything falls silent when only the last two days were built."""
    last_day = warehouse.execute("select max(day) from marts.market_daily").fetchone()
    assert last_day is not None
    whole = outcomes(warehouse)
    daily = {one.identity.name: one for one in check_identities(warehouse, last_day[0] - timedelta(days=1))}
    assert {name for name, one in whole.items() if one.compared and not daily[name].compared} == set()


def test_every_identity_holds_of_a_finished_run(warehouse: duckdb.DuckDBPyConnection) -> None:
    said = outcomes(warehouse)
    # held of nothing is not held: only a second source need not be there
    lacking = {
        name: (one.status, one.compared, one.sentence) for name, one in said.items() if one.status != "passed"
    }
    assert lacking == {"total_against_a_second_source": ("not_compared", 0, "nothing to compare")}


def test_every_identity_has_a_case_that_stops() -> None:
    assert set(BROKEN) == {identity.name for identity in read_identities()}
    assert all("failed" in {case["ends"] for case in cases} for cases in BROKEN.values())


@pytest.mark.parametrize(("name", "case"), _cases())
def test_a_mart_broken_in_one_place_breaks_one_identity(
    warehouse: duckdb.DuckDBPyConnection, name: str, case: dict[str, str]
) -> None:
    warehouse.execute("begin")
    try:
        changed = warehouse.execute(case["change"]).fetchone()
        assert changed is not None
        assert changed[0] > 0, "nothing was changed"
        said = outcomes(warehouse)
    finally:
        warehouse.execute("rollback")
    wrong = {
        other: (one.status, one.sentence) for other, one in said.items() if one.status in ("warned", "failed")
    }
    assert wrong.keys() == {name}
    assert wrong[name][0] == case["ends"], wrong
    assert case["says"] in wrong[name][1]


def test_an_identity_that_fails_in_a_run_leaves_readers_what_they_had(finished: Path, tmp_path: Path) -> None:
    """A second source that says a twentieth of our total: a fault of units, ours or theirs."""
    home = copied(finished, tmp_path / "home")
    before = published(home).read_bytes()
    (ours,) = ask(
        home,
        "select sum(open_interest_usd) as usd from open_interest_by_venue_daily where day = $1::date",
        DAYS[-2],
    )
    facts = tmp_path / "facts.csv"
    facts.write_text(
        f"day,kind,asset,amount,unit,source\n{DAYS[-2]},open_interest,all,{ours['usd'] / 20:.2f},usd,vendor\n"
    )
    import_reference(facts, Lake(home / "raw"), end_of(DAYS[-1]) + AFTER_MIDNIGHT)
    ending = rebuild(home)
    assert ending.exit_code == 1
    assert any(f"all by vendor on {DAYS[-2]} by 19" in problem for problem in ending.problems), ending
    assert published(home).read_bytes() == before
    page = (home / "reports" / "quality" / "identities.html").read_text()
    assert f"1 of 1 off, furthest all by vendor on {DAYS[-2]} by 19" in page
    assert "broken" in page


def test_an_identity_that_compared_nothing_is_not_called_kept(finished: Path) -> None:
    """No second source was imported: on the page, in the event log of the run, and in `margin-debt check`."""
    page = (finished / "reports" / "quality" / "identities.html").read_text()
    row = page[page.index("Our total against a second source") :]
    cells = re.findall("<td>(.*?)</td>", row[: row.index("</tr>")])
    assert cells[1:] == ["nothing to compare", "none"]
    assert ", 0 not kept, 2 with nothing to compare; judged at" in page  # nor are there margin tables
    with dagster_home(finished / "dagster"), dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
        logged = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        results = [one.dagster_event.asset_check_evaluation_data for one in logged if one.dagster_event]
    (result,) = [one for one in results if one.check_name == "total_against_a_second_source"]
    assert (result.metadata["compared"].value, result.metadata["broken"].value) == (0, "nothing to compare")


@pytest.mark.parametrize(("hours", "passes"), [(0.2, True), (35.9, True), (36.1, False)])
def test_a_run_that_brings_nothing_new_turns_the_published_file_red(
    warehouse: duckdb.DuckDBPyConnection, hours: float, passes: bool
) -> None:
    now = VirtualClock(end_of(DAYS[-1]) + timedelta(hours=hours))
    result = _is_fresh(warehouse, now)
    assert (result.passed, result.metadata["age"].value) == (
        passes,
        f"{DAYS[-1]} ended {hours:.1f} hours ago",
    )


def test_a_home_that_never_saw_open_interest_is_not_fresh(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("begin")
    try:
        warehouse.execute("update marts.coverage_daily set seen_usd = 0 where dataset = 'open_interest'")
        result = _is_fresh(warehouse, VirtualClock(end_of(DAYS[-1])))
    finally:
        warehouse.execute("rollback")
    assert not result.passed


def _is_fresh(connection: duckdb.DuckDBPyConnection, now: VirtualClock) -> AssetCheckResult:
    runtime = SimpleNamespace(connection=connection, clock=now)
    asked = is_fresh.op.compute_fn.decorated_fn(SimpleNamespace(resources=SimpleNamespace(runtime=runtime)))
    assert isinstance(asked, AssetCheckResult)
    return asked
