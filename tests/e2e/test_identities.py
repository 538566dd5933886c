"""Each accounting identity holds of a finished run; a mart broken in one place breaks it, and it alone.

The marts are those of a real run over the embedded exchange. Each case of `broken_marts.yml` changes one
table; every identity is asked, and the change is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from homes import copied

from pipeline.quality.identities import Outcome, check_identities, read_identities
from pipeline.settings import Settings
from pipeline.warehouse import open_warehouse

BROKEN: dict[str, list[dict[str, str]]] = yaml.safe_load(
    (Path(__file__).parent / "broken_marts.yml").read_text()
)


def _cases() -> Iterator[Any]:
    for name, cases in BROKEN.items():
        for number, case in enumerate(cases, start=1):
            yield pytest.param(name, case, id=f"{name} {number}")


@pytest.fixture(scope="module")
def warehouse(
    finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = Settings(copied(finished, tmp_path_factory.mktemp("identities") / "home"))
    with open_warehouse(home.warehouse, home.raw) as connection:
        yield connection


def outcomes(connection: duckdb.DuckDBPyConnection) -> dict[str, Outcome]:
    return {one.identity.name: one for one in check_identities(connection)}


def test_every_identity_holds_of_a_finished_run(warehouse: duckdb.DuckDBPyConnection) -> None:
    said = outcomes(warehouse)
    assert {name: one.sentence for name, one in said.items() if one.status != "passed"} == {}
    # held of nothing is not held: only a second source need not be there
    assert [name for name, one in said.items() if one.compared == 0] == ["total_against_a_second_source"]


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
    wrong = {other: (one.status, one.sentence) for other, one in said.items() if one.status != "passed"}
    assert wrong.keys() == {name}
    assert wrong[name][0] == case["ends"], wrong
    assert case["says"] in wrong[name][1]
