"""Every question of `sql/queries/` is understood by the real marts, and the new ones answer by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipeline.build import FIRST_DAY, build_model, load_seeds
from pipeline.models import read_models
from pipeline.warehouse import open_warehouse

QUERIES = sorted((Path(__file__).parents[2] / "sql" / "queries").glob("*.sql"))
HEADER = re.compile(r"/\*(.*?)\*/(.*)", re.DOTALL)
# Tables that other steps than the models fill: signals, evaluation, the dictionary.
MADE_ELSEWHERE = ("signals.", "internal.")


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """All marts with their real columns, in the order the published file has them: by plain name."""
    home = tmp_path_factory.mktemp("marts")
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        load_seeds(connection)
        for model in read_models():
            if not any(read.startswith(MADE_ELSEWHERE) for read in model.reads):
                build_model(connection, model, FIRST_DAY)
        connection.execute("use marts")
        yield connection


def ask(marts: duckdb.DuckDBPyConnection, path: Path, **given: Any) -> list[dict[str, Any]]:
    found = HEADER.match(path.read_text())
    assert found is not None
    declared = yaml.safe_load(found[1])["parameters"]
    values = {name: about["default"] for name, about in declared.items()} | given
    cursor = marts.execute(found[2], values)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def named(name: str) -> Path:
    (path,) = [path for path in QUERIES if path.stem == name]
    return path


def test_there_are_at_least_fifteen() -> None:
    assert len(QUERIES) >= 15


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_question_is_understood_by_the_real_tables(marts: duckdb.DuckDBPyConnection, path: Path) -> None:
    assert isinstance(ask(marts, path), list)


def test_the_ladder_of_the_market_adds_its_assets(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into call_ladder_daily"
        " (day, asset, shock_ratio, called_low_usd, called_usd, called_high_usd, is_counterfactual) values"
        " ('2026-03-01', 'BTC', -0.1, 1, 2, 3, true), ('2026-03-01', 'ETH', -0.1, 10, 20, 30, false),"
        " ('2026-02-28', 'ETH', -0.1, 99, 99, 99, false)"
    )
    (step,) = ask(marts, named("call_ladder"))
    assert (step["called_low_usd"], step["called_usd"], step["called_high_usd"]) == (11, 22, 33)
    assert (step["assets"], step["is_counterfactual"]) == (2, True)


def test_whom_a_close_hits_names_the_hardest_hit_first(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into contagion_pairs_daily (day, venue, hit_venue, hit_own_money_usd, distress_ratio) values"
        " ('2026-03-01', 'binance', 'okx', 50, 0.1), ('2026-03-01', 'binance', 'gate', 5, 0.3),"
        " ('2026-03-01', 'okx', 'gate', 5, 0.9), ('2026-02-01', 'binance', 'okx', 50, 0.8)"
    )
    said = ask(marts, named("whom_a_close_hits"))
    assert [(row["hit_venue"], row["distress_ratio"]) for row in said] == [("gate", 0.3), ("okx", 0.1)]
    (other,) = ask(marts, named("whom_a_close_hits"), venue="okx", day="2026-03-01")
    assert (other["hit_venue"], other["distress_ratio"]) == ("gate", 0.9)


def test_forced_orders_have_no_upper_bound_where_one_day_has_none(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into liquidations_daily (day, venue, asset, long_usd, short_usd, low_usd, estimate_usd,"
        " high_usd, is_censored) values ('2026-03-01', 'okx', 'BTC', 1, 2, 3, 4, 50, true),"
        " ('2026-03-02', 'okx', 'BTC', 1, 2, 3, 4, null, true),"
        " ('2026-02-01', 'okx', 'BTC', 9, 9, 9, 9, 9, true)"
    )
    (okx,) = ask(marts, named("forced_orders"))
    assert (okx["long_usd"], okx["short_usd"], okx["estimate_usd"], okx["high_usd"]) == (2, 4, 8, None)


def test_what_is_not_seen_stands_beside_the_debt_and_in_none_of_it(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, high_usd, not_seen_usd,"
        " high_basis) values ('2026-03-01', 'derivative', 'okx', 'BTC', 'notional_less_margin', 1, 10, null,"
        " 'tier'), ('2026-03-01', 'derivative', 'okx', 'ETH', 'notional_less_margin', 2, 20, null, 'tier'),"
        " ('2026-03-01', 'defi', 'money_markets', 'all', 'not_seen', null, null, 500, 'not seen: a report')"
    )
    unseen, seen = ask(marts, named("debt_of_the_known_market"))
    assert (seen["class"], seen["low_usd"], seen["high_usd"], seen["not_seen_usd"]) == (
        "derivative", 3, 30, None
    )  # fmt: skip
    assert (unseen["class"], unseen["high_usd"], unseen["not_seen_usd"]) == ("defi", None, 500)
    assert unseen["basis"] == "not seen: a report"


def test_margin_that_swings_is_measured_over_the_span(marts: duckdb.DuckDBPyConnection) -> None:
    for day, margin in (("2026-01-01", 0.02), ("2026-01-31", 0.10), ("2026-03-02", 0.05)):
        marts.execute(
            "insert into cushion_daily (day, scope_type, scope, book, dynamic_margin_ratio)"
            " values ($1, 'asset', 'BTC', 'new_position', $2)",
            [day, margin],
        )
    (btc,) = ask(marts, named("procyclical_margin"))
    assert btc["peak_to_trough_ratio"] == pytest.approx(5)  # 0.10 over 0.02
    assert btc["largest_rise_ratio"] == pytest.approx(0.08)  # in the first thirty days


def test_what_others_published_stands_beside_what_we_do_not_cover(marts: duckdb.DuckDBPyConnection) -> None:
    rows = ask(marts, named("published_elsewhere"), measure="open_interest")
    # L04: 187.79, 220.37, 235.9 and 145.1 bn; two sources differ by 7 % from one day to the next
    assert [row["published_usd"] / 1e9 for row in rows] == [187.79, 220.37, 235.9, 145.1]
    assert {row["our_usd"] for row in rows} == {None}
    loans = ask(marts, named("published_elsewhere"), measure="loans")
    # L01: 36.5, 39.07 and 53.13 = 17.78 + 26.47 + 8.88
    assert [row["published_usd"] / 1e9 for row in loans] == [36.5, 39.07, 53.13]
    assert loans[2]["published_usd"] / 1e9 == pytest.approx(17.78 + 26.47 + 8.88)
    forced = ask(marts, named("published_elsewhere"), measure="liquidations")
    # L03: 19.13 or 19.16 bn in 24 hours
    assert [row["published_usd"] / 1e9 for row in forced] == [19.13, 19.16]
    fall = ask(marts, named("published_elsewhere"), measure="bitcoin_open_interest")
    # L05: a fall of 21.6 %
    assert fall[1]["published_usd"] / fall[0]["published_usd"] - 1 == pytest.approx(-0.216, abs=5e-4)
    (volume,) = ask(marts, named("published_elsewhere"), measure="volume")
    # L06: 85.7 tn at the printed mean are 324 days
    assert 85.7e12 / volume["published_usd"] == pytest.approx(324, abs=1)


def test_the_distance_to_instability_is_what_the_gain_leaves(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into cascade_daily (day, asset, shock_ratio, first_called_usd, gain_ratio, is_unstable)"
        " values ('2026-03-01', 'BTC', -0.1, 5, 0.25, false), ('2026-03-01', 'ETH', -0.1, 9, null, null),"
        " ('2026-03-01', 'BTC', -0.05, 1, 0.5, false), ('2026-02-28', 'BTC', -0.1, 7, 0.1, false)"
    )
    eth, btc = ask(marts, named("cascades"))
    assert (eth["asset"], eth["to_instability_ratio"]) == ("ETH", None)
    assert (btc["asset"], btc["to_instability_ratio"]) == ("BTC", 0.75)


def test_a_venue_without_a_fund_has_no_uncovered_part(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into deficit_daily (day, venue, shock_ratio, deficit_usd, insurance_fund_usd, uncovered_usd)"
        " values ('2026-03-01', 'okx', -0.2, 30, 20, 10), ('2026-03-01', 'gate', -0.2, 50, null, null),"
        " ('2026-03-01', 'okx', -0.1, 9, 20, 0)"
    )
    found = [(row["venue"], row["uncovered_usd"]) for row in ask(marts, named("deficits"))]
    assert found == [("gate", None), ("okx", 10)]
