"""What must hold of the models for any market: units, a venue that falls silent, a row that is split."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from empty_tables import build_empty, raw_tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.build import FIRST_DAY, build_model
from pipeline.models import read_models
from pipeline.warehouse import open_warehouse

MODELS = {model.name: model for model in read_models()}
NOW, THEN = date(2026, 3, 31), date(2026, 3, 1)
VENUES = ("okx", "binance", "gate", "bybit")
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
USD = st.floats(1e3, 1e10)
BOOK = st.lists(st.tuples(USD, USD), min_size=4, max_size=4)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("properties")
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        build_empty(connection)
        raw_tables(connection)
        yield connection


def fill(connection: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> None:
    """int_market_day of both days: (day, venue, market, asset, usd or None where unseen), a dollar a coin."""
    connection.execute("delete from intermediate.int_market_day")
    connection.executemany(
        "insert into intermediate.int_market_day (vintage, day, venue, market, asset, status, seen_usd,"
        " open_interest_usd, open_interest_base, price_usd) select 'latest', $1, $2, $3, $4,"
        " case when $5::double is null then 'unseen' else 'seen' end, $5, $5, $5, 1",
        rows,
    )


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    (row,) = connection.execute(sql).fetchall()
    return tuple(row)


def growth_and_coverage(connection: duckdb.DuckDBPyConnection) -> tuple[float | None, float]:
    for name in ("int_growth", "int_coverage"):
        build_model(connection, MODELS[name], FIRST_DAY)
    (growth,) = one(
        connection,
        "select quantity_growth_ratio from intermediate.int_growth"
        " where scope_type = 'market' and horizon_days = 30",
    )
    (seen,) = one(
        connection,
        f"select seen_ratio from intermediate.int_coverage where venue = 'all' and day = date '{NOW}'",
    )
    return growth, seen


@FEW
@given(BOOK, st.integers(0, 3))
def test_a_venue_that_falls_silent_moves_coverage_and_not_the_growth_of_the_others(
    warehouse: duckdb.DuckDBPyConnection, book: list[tuple[float, float]], silent: int
) -> None:
    before = [(THEN, venue, "A", "BTC", usd) for venue, (usd, _) in zip(VENUES, book, strict=True)]
    now = [
        (NOW, venue, "A", "BTC", None if place == silent else usd)
        for place, (venue, (_, usd)) in enumerate(zip(VENUES, book, strict=True))
    ]
    fill(warehouse, before + now)
    growth, seen = growth_and_coverage(warehouse)
    kept = [pair for place, pair in enumerate(book) if place != silent]
    base = sum(usd for usd, _ in kept)
    assert seen < 1
    if base < 0.6 * sum(usd for usd, _ in book):
        assert growth is None
    else:
        assert growth == pytest.approx(sum(usd for _, usd in kept) / base - 1, rel=1e-6, abs=1e-9)


@FEW
@given(BOOK, st.floats(0.05, 0.95))
def test_a_row_that_is_split_leaves_totals_and_moves_the_hhi_as_algebra_says(
    warehouse: duckdb.DuckDBPyConnection, book: list[tuple[float, float]], part: float
) -> None:
    def hhi_and_total(rows: list[tuple[Any, ...]]) -> tuple[float, float]:
        fill(warehouse, rows)
        build_model(warehouse, MODELS["int_concentration"], FIRST_DAY)
        (hhi,) = one(
            warehouse,
            "select hhi_ratio from intermediate.int_concentration"
            " where measure = 'open_interest' and dimension = 'venue'",
        )
        (total,) = one(warehouse, "select exact_sum(seen_usd) from intermediate.int_market_day")
        return hhi, total

    amounts = [usd for usd, _ in book]
    whole = [(NOW, venue, "A", "BTC", usd) for venue, usd in zip(VENUES, amounts, strict=True)]
    first, second = amounts[0] * part, amounts[0] * (1 - part)
    # the same venue with two markets: nothing moves; two venues: 2ab less
    markets = [(NOW, VENUES[0], "A", "BTC", first), (NOW, VENUES[0], "B", "BTC", second), *whole[1:]]
    venues = [(NOW, VENUES[0], "A", "BTC", first), (NOW, "new", "A", "BTC", second), *whole[1:]]
    hhi, total = hhi_and_total(whole)
    assert hhi_and_total(markets) == pytest.approx((hhi, total))
    moved = 2 * first * second / sum(amounts) ** 2
    assert hhi_and_total(venues) == pytest.approx((hhi - moved, total), rel=1e-9, abs=1e-9)


@FEW
@given(st.lists(st.tuples(USD, st.floats(0, 1)), min_size=1, max_size=6))
def test_low_is_below_the_estimate_and_the_estimate_below_high_whatever_a_venue_asks(
    warehouse: duckdb.DuckDBPyConnection, book: list[tuple[float, float]]
) -> None:
    """Of a venue with account evidence and of one without; small coins are asked a sixth and more."""
    warehouse.execute("delete from intermediate.int_margin_rate")
    fill(
        warehouse, [(NOW, v, f"A{n}", f"A{n}", 1.0) for n in range(len(book)) for v in ("hyperliquid", "okx")]
    )
    warehouse.executemany(
        "insert into intermediate.int_margin_rate (vintage, day, venue, asset, notional_usd,"
        " maintenance_low_ratio, maintenance_high_ratio, tabled_ratio, tier_source)"
        " values ('latest', $1, $2, $3, $4, $5, $5, 1, 'made')",
        [
            (NOW, venue, f"A{n}", usd, rate)
            for n, (usd, rate) in enumerate(book)
            for venue in ("hyperliquid", "okx")
        ],
    )
    build_model(warehouse, MODELS["int_margin_debt"], FIRST_DAY)
    rows = warehouse.execute(
        "select venue, asset, low_usd, estimate_usd, high_usd from intermediate.int_margin_debt"
    ).fetchall()
    assert len(rows) == 2 * len(book)
    for venue, asset, low, estimate, high in rows:
        usd, rate = book[int(asset[1:])]
        assert high == pytest.approx(usd * (1 - rate), rel=1e-9, abs=1e-6)
        assert (estimate is None) == (venue == "okx")
        assert 0 <= low <= (high if estimate is None else estimate) <= high


@FEW
@given(st.lists(st.one_of(st.none(), st.just(0.0), USD), min_size=4, max_size=4))
def test_zero_counts_and_missing_does_not(
    warehouse: duckdb.DuckDBPyConnection, amounts: list[float | None]
) -> None:
    """A venue with nothing open is seen, holds no share and falls to zero; an unseen one is in no sum."""
    fill(
        warehouse,
        [(THEN, venue, "A", "BTC", 1e6) for venue in VENUES]
        + [(NOW, venue, "A", "BTC", usd) for venue, usd in zip(VENUES, amounts, strict=True)],
    )
    known = [usd for usd in amounts if usd is not None]
    growth, _ = growth_and_coverage(warehouse)
    markets = one(
        warehouse,
        "select markets_expected, markets_seen, seen_usd from intermediate.int_coverage"
        f" where venue = 'all' and day = date '{NOW}'",
    )
    assert markets[:2] == (4, len(known))
    assert markets[2] == (pytest.approx(sum(known), rel=1e-9) if known else None) or markets[2] == 0
    # under six tenths matched there is no growth to tell; a zero is a fall and not a gap
    wanted = sum(known) / (1e6 * len(known)) - 1 if len(known) > 2 else None
    assert growth == (None if wanted is None else pytest.approx(wanted, rel=1e-6, abs=1e-9))
    build_model(warehouse, MODELS["int_concentration"], FIRST_DAY)
    members = warehouse.execute(
        "select members from intermediate.int_concentration where measure = 'open_interest'"
        " and dimension = 'venue' and day = $1",
        [NOW],
    ).fetchall()
    holders = sum(1 for usd in known if usd > 0)
    assert members == ([(holders,)] if holders else [])


@FEW
@given(st.floats(1e-3, 1e6), st.floats(1e-6, 1e5), st.sampled_from([0.001, 0.01, 1.0, 100.0, 1000.0]))
def test_the_unit_a_venue_sends_leaves_the_dollars_unchanged(
    warehouse: duckdb.DuckDBPyConnection, coins: float, price: float, size: float
) -> None:
    end = NOW + timedelta(days=1)
    sent = {
        "base": (coins, None, 1),
        "contracts": (coins / size, size, 1),
        "usd": (coins * price, None, 1),
        "two_sided": (2 * coins / size, size, 2),
    }
    warehouse.execute("delete from raw.open_interest")
    warehouse.execute("delete from staging.stg_price")
    warehouse.execute("delete from staging.stg_market_version")
    for market, (amount, contract_size, sides) in sent.items():
        warehouse.execute(
            "insert into staging.stg_market_version (day, venue, market, direction, asset, multiplier)"
            " values ($1, 'okx', $2, 'linear', 'BTC', 1)",
            [NOW, market],
        )
        warehouse.execute(
            "insert into staging.stg_price (day, venue, market, observed_at, known_at, distance_hours,"
            " mark_price) values ($1, 'okx', $2, $3, $3, 0, $4)",
            [NOW, market, end, price],
        )
        warehouse.execute(
            "insert into raw.open_interest (venue, market, observed_at, fetched_at, unit, evidence, sides,"
            " amount, contract_size, tolerance_hours, is_backfilled, publication_lag_hours, day)"
            " values ('okx', $1, $2, $2, $3, 'documented', $4, $5, $6, 2, false, 0, $7)",
            [market, end, "contracts" if sides == 2 else market, sides, amount, contract_size, end],
        )
    build_model(warehouse, MODELS["stg_open_interest"], FIRST_DAY)
    rows = warehouse.execute(
        "select market, open_interest_quote, open_interest_base_listed from staging.stg_open_interest"
        " where day = $1",
        [NOW],
    ).fetchall()
    assert {market for market, _, _ in rows} == set(sent)
    for market, usd, base in rows:
        assert (usd, base) == pytest.approx((coins * price, coins), rel=1e-12), market
