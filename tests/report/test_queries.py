"""Every question in sql/queries runs on the published tables, and those with arithmetic answer by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from made_reports import small_database

QUERIES = Path(__file__).parents[2] / "sql" / "queries"
HEADER = re.compile(r"/\*(.*?)\*/(.*)", re.DOTALL)


def ask(connection: duckdb.DuckDBPyConnection, name: str, **given: Any) -> list[dict[str, Any]]:
    """The rows of one question, with the defaults its header declares."""
    found = HEADER.match((QUERIES / f"{name}.sql").read_text())
    assert found is not None
    declared = yaml.safe_load(found[1])["parameters"]
    values = {parameter: about["default"] for parameter, about in declared.items()} | given
    cursor = connection.execute(found[2], values)
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize("path", sorted(QUERIES.glob("*.sql")), ids=lambda path: path.stem)
def test_a_question_says_what_it_asks_and_uses_what_it_declares(path: Path) -> None:
    found = HEADER.match(path.read_text())
    assert found is not None
    header = yaml.safe_load(found[1])
    assert header["title"]
    assert set(re.findall(r"\$(\w+)::\w+", found[2])) == set(header["parameters"])
    assert all(about["meaning"] and "default" in about for about in header["parameters"].values())


@pytest.mark.parametrize(
    "name",
    [
        "largest_falls_usd",
        "margin_debt_bounds",
        "venue_shares",
        "most_crowded_assets",
        "not_seen",
        "borrow_cost",
    ],
)
def test_a_question_is_answered_by_the_published_file(name: str, reader: duckdb.DuckDBPyConnection) -> None:
    assert ask(reader, name)


def test_a_fall_in_dollars_leaves_out_a_venue_that_fell_silent(tmp_path: Path) -> None:
    rows = """
    insert into open_interest_by_venue_daily (day, venue, open_interest_usd) values
      ('2026-03-01', 'okx', 100), ('2026-03-01', 'gate', 900),
      ('2026-03-04', 'okx', 80), ('2026-03-04', 'gate', null)
    """
    with small_database(tmp_path / "a.duckdb", rows) as connection:
        (fall,) = ask(connection, "largest_falls_usd", days=3)
    assert (fall["before_usd"], fall["after_usd"], fall["venues"]) == (100, 80, 1)
    assert fall["change_ratio"] == pytest.approx(-0.2)  # 80 / 100 - 1


def test_a_price_free_fall_counts_coins_at_the_earlier_prices(tmp_path: Path) -> None:
    # BTC: 10 coins of 100 become 8 coins of 50. ETH: 5 coins of 20, then closed. SOL: unseen later, left out.
    rows = """
    insert into market_daily (day, venue, market, open_interest_base, open_interest_usd, status) values
      ('2026-03-01', 'okx', 'BTC', 10, 1000, 'seen'), ('2026-03-04', 'okx', 'BTC', 8, 400, 'seen'),
      ('2026-03-01', 'okx', 'ETH', 5, 100, 'seen'), ('2026-03-04', 'okx', 'ETH', null, null, 'closed'),
      ('2026-03-01', 'okx', 'SOL', 7, 700, 'seen'), ('2026-03-04', 'okx', 'SOL', null, null, 'unseen')
    """
    with small_database(tmp_path / "b.duckdb", rows) as connection:
        (fall,) = ask(connection, "largest_falls_price_free", days=3)
    assert fall["before_usd"] == 1100
    assert fall["after_at_earlier_prices_usd"] == 800  # 8 coins at 100, and no ETH
    assert fall["change_ratio"] == pytest.approx(800 / 1100 - 1)


def test_borrow_cost_takes_the_median_over_venues(tmp_path: Path) -> None:
    rows = """
    insert into borrow_daily (day, venue, currency, kind, borrow_apr) values
      ('2026-03-31', 'okx', 'USDT', 'cross', 0.05), ('2026-03-31', 'binance', 'USDT', 'cross', 0.07),
      ('2026-03-31', 'gate', 'USDT', 'cross', 0.30), ('2026-03-30', 'gate', 'USDT', 'cross', 0.99)
    """
    with small_database(tmp_path / "c.duckdb", rows) as connection:
        (usdt,) = ask(connection, "borrow_cost")
    assert (usdt["lowest_apr"], usdt["median_apr"], usdt["highest_apr"], usdt["venues"]) == (
        0.05,
        0.07,
        0.3,
        3,
    )
    assert usdt["used_usd"] is None


def test_growth_by_asset_puts_undefined_growth_last(tmp_path: Path) -> None:
    rows = """
    insert into growth_daily (day, scope_type, scope, horizon_days, quantity_growth_ratio) values
      ('2026-03-31', 'asset', 'BTC', 30, null), ('2026-03-31', 'asset', 'ETH', 30, -0.1),
      ('2026-03-31', 'asset', 'SOL', 30, 0.4), ('2026-03-31', 'asset', 'SOL', 7, 9)
    """
    with small_database(tmp_path / "d.duckdb", rows) as connection:
        assert [row["asset"] for row in ask(connection, "growth_by_asset")] == ["SOL", "ETH", "BTC"]
