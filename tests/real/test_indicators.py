"""Indicators on recorded series: each number of some days worked out again here, from the source files.

Plain Python on the files as they were recorded; nothing of the pipeline computes an expectation.
"""

from __future__ import annotations

import csv
import gzip
from datetime import date

import duckdb
import pytest
from conftest import FULL, SHORT, Span
from recorded import SHARED, needs_shared
from source import Source

pytestmark = [needs_shared, pytest.mark.real]

FIVE_DAYS = [date(2022, 2, 1), date(2022, 6, 18), date(2022, 11, 9), date(2023, 3, 11), date(2023, 11, 30)]
ON_SOME_DAYS = pytest.mark.parametrize(
    ("span", "day"),
    [
        *(pytest.param(SHORT, day, id=f"ten-weeks-{day}") for day in FIVE_DAYS[1:2]),
        *(pytest.param(FULL, day, id=f"two-years-{day}", marks=pytest.mark.soak) for day in FIVE_DAYS),
    ],
    indirect=["span"],
)
# First brackets by coin as the venue showed them in September 2026; all others 0.4 %.
FIRST_BRACKET = {"SOL": 0.005, "DOGE": 0.005}
# Leverage at entry of Hyperliquid's public wallets, grouped: times -> share of notional.
SET_LEVERAGE = {
    1: 0.004, 2: 0.015, 3: 0.070, 5: 0.115, 10: 0.175, 15: 0.095, 20: 0.324, 25: 0.100, 40: 0.102
}  # fmt: skip


@pytest.fixture(scope="module")
def funding_percent() -> dict[tuple[date, str], float]:
    """(day, market) -> percent per eight hours, the last settlement of the day."""
    found = {}
    with gzip.open(SHARED / "data/funding/binance_usdtm_69coins_daily.csv.gz", "rt", newline="") as text:
        for row in csv.DictReader(text):
            for column, value in row.items():
                if column.endswith("_PERP.A_fr") and value:
                    found[date.fromisoformat(row["t"]), column.removesuffix("_PERP.A_fr")] = float(value)
    return found


def coin(market: str) -> str:
    return market.removesuffix("USD_PERP").removesuffix("USDT").removeprefix("1000")


def by_coin(usd: dict[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for market, amount in usd.items():
        found[coin(market)] = found.get(coin(market), 0.0) + amount
    return found


def one(published: duckdb.DuckDBPyConnection, sql: str, day: date) -> tuple[float, ...]:
    (row,) = published.execute(sql, [day]).fetchall()
    return tuple(row)


@ON_SOME_DAYS
def test_open_interest_and_the_bounds_of_debt(
    published: duckdb.DuckDBPyConnection, source: Source, day: date
) -> None:
    usd = source.usd(day)
    (total,) = one(
        published, "select sum(open_interest_usd) from open_interest_by_asset_daily where day = $1", day
    )
    assert total == pytest.approx(sum(usd.values()), rel=1e-9)
    low, estimates, high, basis = one(
        published,
        "select sum(low_usd), count(estimate_usd), sum(high_usd), min(high_basis) from margin_debt_daily"
        " where class = 'derivative' and day = $1",
        day,
    )
    owed = sum(amount * (1 - FIRST_BRACKET.get(name, 0.004)) for name, amount in by_coin(usd).items())
    assert (low, estimates) == (0, 0)  # no account evidence of 2022 or 2023
    assert high == pytest.approx(owed, rel=1e-9)
    assert "counterfactual: of 2026-09" in str(basis)


@ON_SOME_DAYS
def test_concentration_over_assets(published: duckdb.DuckDBPyConnection, source: Source, day: date) -> None:
    coins = by_coin(source.usd(day))
    total = sum(coins.values())
    hhi, top, members = one(
        published,
        "select hhi_ratio, top1_ratio, members from concentration_daily"
        " where measure = 'open_interest' and dimension = 'asset' and day = $1",
        day,
    )
    assert hhi == pytest.approx(sum((usd / total) ** 2 for usd in coins.values()), rel=1e-9)
    assert top == pytest.approx(max(coins.values()) / total, rel=1e-9)
    assert members == len(coins)


@ON_SOME_DAYS
def test_funding_is_weighted_by_open_interest(
    published: duckdb.DuckDBPyConnection,
    source: Source,
    funding_percent: dict[tuple[date, str], float],
    day: date,
) -> None:
    # three settlements a day, percent: x 3 x 365 / 100; COIN-M has none recorded
    rated = {
        market: (usd, funding_percent[day, market] * 3 * 365 / 100)
        for market, usd in source.usd(day).items()
        if (day, market) in funding_percent
    }
    weight = sum(usd for usd, _ in rated.values())
    apr, markets = one(
        published,
        "select funding_apr, markets from funding_daily where scope_type = 'market' and day = $1",
        day,
    )
    assert markets == len(rated)
    assert apr == pytest.approx(sum(usd * rate for usd, rate in rated.values()) / weight, rel=1e-9)


@ON_SOME_DAYS
def test_the_cushion_of_a_new_position_is_labelled_with_the_brackets_of_2026(
    published: duckdb.DuckDBPyConnection, source: Source, day: date
) -> None:
    coins = by_coin(source.usd(day))
    total = sum(coins.values())
    kept = {name: FIRST_BRACKET.get(name, 0.004) for name in coins}
    posted = sum(share / times for times, share in SET_LEVERAGE.items())
    maintenance, initial, long, short, as_of, counterfactual, tabled = one(
        published,
        "select maintenance_rate_low_ratio, initial_rate_ratio, distance_long_ratio, distance_short_ratio,"
        " tiers_as_of, is_counterfactual, tabled_ratio"
        " from cushion_daily where scope_type = 'market' and book = 'new_position' and day = $1",
        day,
    )
    assert maintenance == pytest.approx(sum(coins[n] * kept[n] for n in coins) / total, rel=1e-9)
    assert initial == pytest.approx(posted, rel=1e-9)
    assert long == pytest.approx(
        sum(coins[n] * (posted - kept[n]) / (1 - kept[n]) for n in coins) / total, rel=1e-9
    )
    assert short == pytest.approx(
        sum(coins[n] * (posted - kept[n]) / (1 + kept[n]) for n in coins) / total, rel=1e-9
    )
    assert (str(as_of), counterfactual, tabled) == ("2026-09-01", True, 0)


# BTC lost more than a fifth in the eight days to 2022-06-14 and in the three to 2022-11-09's close.
FALLS = [(date(2022, 6, 6), date(2022, 6, 14)), (date(2022, 11, 5), date(2022, 11, 9))]


def test_the_standing_longs_are_thinner_after_the_falls_of_2022(
    published: duckdb.DuckDBPyConnection, source: Source, span: Span
) -> None:
    falls = [(before, after) for before, after in FALLS if after <= span.last]
    assert falls
    for before, after in falls:
        assert source.closes[after, "BTCUSDT"] < 0.8 * source.closes[before, "BTCUSDT"]
        distances = [
            one(
                published,
                "select distance_long_ratio, distance_long_low_ratio, distance_long_high_ratio"
                " from cushion_daily where scope = 'BTC' and book = 'vintage' and day = $1",
                day,
            )
            for day in (before, after)
        ]
        for thick, thin in zip(*distances, strict=True):
            assert thin < 0.7 * thick


# The subsidies of the first so many blocks: 210,000 each of 50, 25 and 12.5 coins, the rest of 6.25. 700,000
# were mined on 2021-09-11, 800,000 on 2023-07-24.
SUPPLIES = {
    SHORT: ("2021-09-11", 210_000 * (50 + 25 + 12.5) + 70_000 * 6.25),
    FULL: ("2023-07-24", 210_000 * (50 + 25 + 12.5) + 170_000 * 6.25),
}


def test_market_cap_stands_on_a_dated_supply(
    published: duckdb.DuckDBPyConnection, source: Source, span: Span
) -> None:
    day, (known_on, coins) = span.last, SUPPLIES[span]
    cap, as_of, ratio = one(
        published,
        "select market_cap_usd, market_cap_as_of, oi_to_market_cap_ratio from leverage_daily"
        " where scope = 'BTC' and day = $1",
        day,
    )
    assert cap == pytest.approx(coins * source.closes[day, "BTCUSDT"], rel=1e-9)
    assert str(as_of) == known_on
    assert ratio == pytest.approx(by_coin(source.usd(day))["BTC"] / cap, rel=1e-9)


def test_bounds_stay_in_order_on_every_recorded_day(published: duckdb.DuckDBPyConnection, span: Span) -> None:
    rows, wrong = one(
        published,
        "select count(*), count(*) filter"
        " (not (called_low_usd <= called_usd and called_usd <= called_high_usd))"
        " from call_ladder_daily where day <= $1",
        span.last,
    )
    assert rows > 143 * span.days  # 100,000 of the two years
    assert wrong == 0
    assert one(
        published,
        "select count(*) from margin_debt_daily where day <= $1 and"
        " not (low_usd <= coalesce(estimate_usd, low_usd) and coalesce(estimate_usd, low_usd) <= high_usd)",
        span.last,
    ) == (0,)
