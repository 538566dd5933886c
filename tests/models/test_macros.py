"""Each macro of sql/macros against arithmetic done by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.warehouse import open_warehouse


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home: Path = tmp_path_factory.mktemp("macros")
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as opened:
        yield opened


CASES = {
    # 0.01 % each 8 h: 0.0001 x 8760 / 8
    "funding_to_apr(0.0001, 8)": 0.1095,
    "funding_to_apr(0.0000125, 1)": 0.1095,
    "funding_to_apr(-0.0001, 4)": -0.219,
    "borrow_to_apr(0.0001, 'rate_per_day')": 0.0365,
    "borrow_to_apr(0.0001, 'rate_per_hour')": 0.876,
    "borrow_to_apr(0.0365, 'rate_per_year')": 0.0365,
    # the field is 0.0001 / 365
    "borrow_to_apr(0.0001 / 365, 'rate_per_day_over_365')": 0.0365,
    "snapped_hours(7.9999)": 8,
    "snapped_hours(4.02)": 4,
    "snapped_hours(1.0003)": 1,
    "snapped_hours(16)": None,
    "snapped_hours(3)": None,
    # 2 x 0.03 x sqrt(1 / 4)
    "square_root_impact(1.0, 4.0, 0.03, 2.0)": 0.03,
    "square_root_impact(2.1, null::double, 0.03, 1.0)": None,
    "safe_ratio(1.0, 4.0)": 0.25,
    "safe_ratio(1.0, 0.0)": None,
    "if_possible(1e-15, 1e-15, 1e9)": 1e-15,
    "if_possible(2e9, 1e-15, 1e9)": None,
    "if_possible(-1.0, 0, 1e9)": None,
    "if_possible(null, 0, 1)": None,
    "hours_between(timestamptz '2026-03-02 00:00:00+00', timestamptz '2026-03-01 22:30:00+00')": 1.5,
    "hours_between(timestamptz '2026-03-01 22:30:00+00', timestamptz '2026-03-02 00:00:00+00')": 1.5,
    "end_of(date '2026-02-28')::varchar": "2026-03-01 00:00:00+00",
    # an observation ten minutes after midnight stands for the day that ended and, if near enough, its own
    "candidate_days(timestamptz '2026-03-02 00:10:00+00')::varchar": "[2026-03-01, 2026-03-02]",
    "candidate_days(timestamptz '2026-03-01 23:59:59+00')::varchar": "[2026-02-28, 2026-03-01]",
    # 0.5, 0.3, 0.2: 0.25 + 0.09 + 0.04
    "(select hhi(s) from (values (0.5), (0.3), (0.2)) t(s))": 0.38,
    # equal shares of four: ln 4 + 4 x 0.25 ln 0.25 = 0; one of four holding all: ln 4
    "(select theil_of(sum(entropy_term(s)), 4) from (values (0.25), (0.25), (0.25), (0.25)) t(s))": 0,
    "(select theil_of(sum(entropy_term(s)), 4) from (values (1.0), (0), (0), (0)) t(s))": math.log(4),
    # thirds add up the same in any order
    "(select exact_sum(x) from (values (0.1), (0.2), (0.3)) t(x))": 0.6,
    "(select exact_sum(x) from (values (1e15), (0.25), (-1e15)) t(x))": 0.25,
    "(select exact_sum(x) from (values (null::double)) t(x))": None,
}


@pytest.mark.parametrize(("call", "wanted"), CASES.items(), ids=CASES.keys())
def test_a_macro(connection: duckdb.DuckDBPyConnection, call: str, wanted: float | str | None) -> None:
    row = connection.execute(f"select {call}").fetchone()
    assert row is not None
    if isinstance(wanted, int | float):
        assert float(row[0]) == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    else:
        assert row[0] == wanted


@pytest.mark.parametrize("unit", ["rate_per_interval", "percent", ""])
def test_an_unknown_rate_unit_stops_the_build(connection: duckdb.DuckDBPyConnection, unit: str) -> None:
    with pytest.raises(duckdb.Error, match="unknown rate unit"):
        connection.execute("select borrow_to_apr(0.1, $1)", [unit]).fetchone()
