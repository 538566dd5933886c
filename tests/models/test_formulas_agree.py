"""Where SQL and `pipeline/methods` compute the same thing, both say the same on made numbers."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import numpy as np
import pytest
from made_book import (
    DAYS,
    DEMANDED,
    GROWTH,
    HIGH,
    LAST,
    LOW,
    MODELS,
    PRICE,
    TABLES,
    shares,
)  # fmt: skip
from scipy.stats import norm

from pipeline.build import FIRST_DAY, build_model
from pipeline.methods.basis import constant_maturity_apr
from pipeline.methods.concentration import gini, hhi, theil_split, top_share
from pipeline.methods.cushion import (
    Mixture,
    book_distance_ratio,
    call_probability_ratio,
    called_ratio,
    dynamic_margin_ratio,
    ewma_sigma_ratio,
)
from pipeline.methods.forced_orders import orders_behind
from pipeline.methods.tiers import lognormal_maintenance_ratio, maintenance_margin, tier_table
from pipeline.methods.vintages import entry_shares


@pytest.mark.parametrize("rule", ["pro_rata", "fifo", "lifo"])
def test_entry_vintages(made: duckdb.DuckDBPyConnection, rule: str) -> None:
    said = made.execute(
        f"select {rule}_share_ratio from intermediate.int_entry_vintage where day = $1 order by entry_day",
        [LAST],
    ).fetchall()
    assert np.ravel(said) == pytest.approx(shares()[rule], abs=1e-9)


def test_distances_of_the_standing_book(made: duckdb.DuckDBPyConnection, mixture: Mixture) -> None:
    row = made.execute(
        "select distance_long_ratio, distance_long_low_ratio, distance_long_high_ratio, distance_short_ratio,"
        " daily_sigma_ratio, distance_sigmas, call_probability_7d_ratio, dynamic_margin_ratio,"
        " compression_30d_ratio, initial_rate_ratio from marts.cushion_daily"
        " where day = $1 and scope_type = 'asset' and book = 'vintage'",
        [LAST],
    ).fetchone()
    assert row is not None

    def distances(maintenance: float, *, is_long: bool) -> dict[str, float]:
        return {
            rule: book_distance_ratio(
                PRICE, share, PRICE[-1], mixture, maintenance, DEMANDED, is_long=is_long
            )
            for rule, share in shares().items()
        }

    at_high, at_low = distances(HIGH, is_long=True), distances(LOW, is_long=True)
    sigma = ewma_sigma_ratio(np.diff(np.log(PRICE), prepend=np.log(PRICE[0]))[1:])
    long = at_high["pro_rata"]
    level = np.cumprod(1 + GROWTH)[:-30]
    before = book_distance_ratio(
        PRICE[:-30], entry_shares(level, "pro_rata"), PRICE[-31], mixture, HIGH, DEMANDED, is_long=True
    )
    wanted = [
        long,
        min(at_high.values()),
        max(at_low.values()),
        distances(HIGH, is_long=False)["pro_rata"],
        sigma,
        long / sigma,
        float(call_probability_ratio(long, sigma, 7)),
        float(dynamic_margin_ratio(sigma, LOW)),
        1 - long / before,
        mixture.initial_ratio(DEMANDED),
    ]
    assert row == pytest.approx(wanted, rel=1e-8)


def test_the_ladder(made: duckdb.DuckDBPyConnection, mixture: Mixture) -> None:
    rows = made.execute(
        "select shock_ratio, called_low_usd, called_usd, called_high_usd from marts.call_ladder_daily"
        " where day = $1 order by shock_ratio",
        [LAST],
    ).fetchall()
    assert [row[0] for row in rows] == [-0.2, -0.1, -0.05, 0.05, 0.1, 0.2]
    for shock, low, estimate, high in rows:
        nothing = -1e-12 if shock < 0 else 1e-12

        def called(share: np.ndarray, move: float, maintenance: float) -> float:
            return called_ratio(PRICE, share, PRICE[-1], move, mixture, maintenance, DEMANDED)

        def newly(
            share: np.ndarray, maintenance: float, move: float = shock, still: float = nothing
        ) -> float:
            return called(share, move, maintenance) - called(share, still, maintenance)

        wanted = newly(shares()["pro_rata"], HIGH)
        assert estimate == pytest.approx(1000 * wanted, abs=1e-6)
        assert high == pytest.approx(1000 * max(called(s, shock, HIGH) for s in shares().values()), abs=1e-6)
        least = min(wanted, *(newly(s, LOW) for s in shares().values()))
        assert low == pytest.approx(1000 * least, abs=1e-6)
        assert low <= estimate <= high


def test_every_day_keeps_its_bounds_in_order(made: duckdb.DuckDBPyConnection) -> None:
    broken = made.execute(
        "select count(*), count(*) filter (distance_long_low_ratio > distance_long_ratio"
        " or distance_long_ratio > distance_long_high_ratio"
        " or distance_short_low_ratio > distance_short_ratio"
        " or distance_short_ratio > distance_short_high_ratio"
        " or maintenance_rate_low_ratio > maintenance_rate_high_ratio) from marts.cushion_daily"
    ).fetchone()
    assert broken is not None
    assert broken[0] >= 4 * DAYS
    assert broken[1] == 0
    wrong = made.execute(
        "select count(*) from marts.call_ladder_daily where not (called_low_usd <= called_usd and"
        " called_usd <= called_high_usd)"
    ).fetchone()
    assert wrong == (0,)


def test_building_the_last_days_again_changes_nothing(made: duckdb.DuckDBPyConnection) -> None:
    def content() -> list[object]:
        return [
            made.execute(f"select * from {MODELS[name].table} order by all").fetchall() for name in TABLES
        ]

    whole = content()
    for name in TABLES:
        build_model(made, MODELS[name], LAST - timedelta(days=3))
    assert content() == whole


def test_maintenance_of_a_position_between_the_steps(made: duckdb.DuckDBPyConnection) -> None:
    floors, rates = [0, 50e3, 250e3, 1e6], [0.004, 0.005, 0.01, 0.025]
    made.execute("delete from staging.stg_leverage_tier")
    for place, (floor, rate) in enumerate(zip(floors, rates, strict=True), start=1):
        made.execute(
            "insert into staging.stg_leverage_tier (day, venue, market, tier, observed_at, known_at,"
            " distance_hours, unit, notional_floor, notional_floor_quote, maintenance_margin_rate_ratio)"
            " values ($1, 'gate', 'A', $2, '2026-01-01', '2026-01-01', 0, 'quote', $3, $3, $4)",
            [LAST, place, floor, rate],
        )
    build_model(made, MODELS["int_tier_step"], FIRST_DAY)
    for size in (30e3, 200e3, 3e6):
        row = made.execute(
            "select maintenance_ratio * $1::double - deduction_quote from intermediate.int_tier_step"
            " where floor_quote <= $1::double order by step desc limit 1",
            [size],
        ).fetchone()
        assert row is not None
        assert row[0] == pytest.approx(float(maintenance_margin(tier_table(floors, rates), size)), rel=1e-12)
    made.execute("delete from intermediate.int_grid")
    made.execute(
        "insert into intermediate.int_grid (day, venue, market, asset, direction, quote, is_closed)"
        " values ($1, 'gate', 'A', 'BTC', 'linear', 'USDT', false)",
        [LAST],
    )
    for name in ("int_tier_table", "margin_tiers"):
        build_model(made, MODELS[name], FIRST_DAY)
    table = tier_table(floors, rates)
    for column, wanted in (
        ("floor_usd", table.floors),
        ("maintenance_ratio", table.rates),
        ("deduction_usd", table.deductions),
    ):
        said = made.execute(f"select {column} from marts.margin_tiers order by tier").fetchall()
        assert np.ravel(said) == pytest.approx(wanted), column


SIZES = (5e3, 4e5, 3e6, 9e8, 4e12)  # open interest of the markets below, US dollars


def test_maintenance_of_lognormal_sizes(made: duckdb.DuckDBPyConnection) -> None:
    """Markets of five sizes under one table: equal to the closed form, and between both bounds."""
    floors, rates = [0, 50e3, 250e3, 1e6, 10e6, 100e6], [0.004, 0.005, 0.01, 0.025, 0.05, 0.125]
    made.execute("delete from staging.stg_leverage_tier")
    made.execute("delete from intermediate.int_market_day where day = $1", [LAST])
    for place, usd in enumerate(SIZES):
        made.execute(
            "insert into intermediate.int_market_day (vintage, day, venue, market, asset, status, seen_usd)"
            " values ('latest', $1, 'gate', $2, 'BTC', 'seen', $3)",
            [LAST, f"M{place}", usd],
        )
        made.executemany(
            "insert into staging.stg_leverage_tier (day, venue, market, tier, observed_at, known_at,"
            " distance_hours, unit, notional_floor, notional_floor_quote, maintenance_margin_rate_ratio)"
            " values ($1, 'gate', $2, $3, '2026-01-01', '2026-01-01', 0, 'quote', $4, $4, $5)",
            [
                [LAST, f"M{place}", tier, floor, rate]
                for tier, (floor, rate) in enumerate(zip(floors, rates, strict=True), start=1)
            ],
        )
    for name in ("int_tier_step", "int_tier_table", "int_margin_by_size"):
        build_model(made, MODELS[name], FIRST_DAY)
    (sizes,) = made.execute(
        "select median_usd::double, sigma_log::double, largest_market_share_ratio::double"
        " from seeds.position_sizes"
    ).fetchall()
    median, sigma, share = sizes
    table = tier_table(floors, rates)
    said = made.execute(
        "select notional_usd, first_tier_ratio, lognormal_ratio, largest_ratio"
        " from intermediate.int_margin_by_size order by notional_usd"
    ).fetchall()
    assert [row[0] for row in said] == list(SIZES)
    for usd, first, between, most in said:
        largest = usd * share
        assert first == rates[0]
        assert between == pytest.approx(
            lognormal_maintenance_ratio(table, median, sigma, largest), rel=1e-9
        ), usd
        assert most == pytest.approx(float(maintenance_margin(table, largest)) / largest, rel=1e-12), usd
        assert first <= between * (1 + 1e-12)
        assert between <= most * (1 + 1e-12)
    # the smallest market lies in the first tier whole; in the largest hardly any is above the largest size
    assert said[0][1:] == pytest.approx((0.004, 0.004, 0.004), rel=1e-12)
    assert said[-1][2] == pytest.approx(lognormal_maintenance_ratio(table, median, sigma), rel=1e-5)


def test_the_normal_distribution_to_eight_digits(made: duckdb.DuckDBPyConnection) -> None:
    for z in (-40.0, -9.5, -7.1, -7.0, -3.3, -0.4, 0.0, 0.4, 2.0, 6.9, 8.0):
        row = made.execute("select normal_below($1::double)", [z]).fetchone()
        assert row is not None
        assert row[0] == pytest.approx(norm.cdf(z), rel=1e-8, abs=1e-300)
    assert made.execute("select first_passage(2.0, 1)").fetchone() == (pytest.approx(0.0455, abs=5e-5),)
    # an unknown distance is no certain call
    assert made.execute("select first_passage(null::double, 7)").fetchone() == (None,)


def test_constant_maturity(made: duckdb.DuckDBPyConnection) -> None:
    futures = {12.5: 100.6, 47.0: 101.9, 131.0: 105.2}
    made.execute("delete from intermediate.int_basis")
    for tenor, price in futures.items():
        made.execute(
            "insert into intermediate.int_basis (day, asset, expires_at, tenor_days, forward_log, markets)"
            " values ($1, 'BTC', $2, $3, ln($4::double / 100), 1)",
            [LAST, LAST + timedelta(days=int(tenor)), tenor, price],
        )
    build_model(made, MODELS["basis_daily"], FIRST_DAY)
    said = made.execute("select tenor_days, basis_apr from marts.basis_daily order by tenor_days").fetchall()
    assert [tenor for tenor, _ in said] == [30, 60, 90]
    for tenor, apr in said:
        wanted = constant_maturity_apr(list(futures.values()), 100, list(futures), tenor)
        assert apr == pytest.approx(wanted, rel=1e-10)


def test_what_a_feed_hides(made: duckdb.DuckDBPyConnection) -> None:
    for shown in (1, 900, 2276, 3599, 3600):
        row = made.execute("select orders_behind_ratio($1::integer)", [shown]).fetchone()
        assert row is not None
        assert row[0] * min(shown, 3599) == pytest.approx(orders_behind(3600, shown), rel=1e-12)


def test_concentration(made: duckdb.DuckDBPyConnection) -> None:
    grid = np.array([[60.0, 30.0, 0.0], [20.0, 15.0, 5.0]])
    made.execute("delete from intermediate.int_market_day")
    for venue, row in zip("xy", grid, strict=True):
        for asset, usd in zip("abc", row, strict=True):
            made.execute(
                "insert into intermediate.int_market_day"
                " (vintage, day, venue, market, asset, status, seen_usd)"
                " values ('latest', $1, $2, $3, $3, 'seen', $4)",
                [LAST, venue, asset, usd],
            )
    build_model(made, MODELS["int_concentration"], FIRST_DAY)
    said = made.execute(
        "select dimension, hhi_ratio, top1_ratio, gini_ratio, theil_t, theil_venue, theil_asset, theil_mutual"
        " from intermediate.int_concentration where measure = 'open_interest' order by dimension"
    ).fetchall()
    asset, cell, venue = said
    for row, amounts in ((asset, grid.sum(axis=0)), (venue, grid.sum(axis=1))):
        assert row[1:4] == pytest.approx((hhi(amounts), top_share(amounts, 1), gini(amounts)), abs=1e-9)
    split = theil_split(grid)
    assert cell[4:] == pytest.approx(
        (split.total, split.between_venues, split.between_assets, split.mutual_information), abs=1e-9
    )
