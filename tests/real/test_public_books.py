"""Recorded brackets and wallets through the project's own tables, against plain arithmetic on the files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pandas as pd
import pytest
from recorded import needs_shared, recorded
from scipy.integrate import quad
from scipy.stats import norm
from source import Source

from pipeline.build import FIRST_DAY, build_model, load_seeds
from pipeline.models import read_models
from pipeline.warehouse import open_warehouse

pytestmark = [needs_shared, pytest.mark.real]

MODELS = {model.name: model for model in read_models()}
FIVE_DAYS = [date(2022, 2, 1), date(2022, 6, 18), date(2022, 11, 9), date(2023, 3, 11), date(2023, 11, 30)]
TABLE_DAY = date(2026, 9, 1)  # of the recorded brackets
# What is assumed of the sizes of positions: the fit to the recorded wallets, see test_indicator_evidence.py.
MEDIAN_USD, SIGMA, LARGEST_RATIO = 4.7e6, 1.86, 0.01


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("books")
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        load_seeds(connection)
        for model in MODELS.values():
            if not any(read.startswith(("signals.", "internal.")) for read in model.reads):
                build_model(connection, model, FIRST_DAY)
        yield connection


@pytest.fixture(scope="module")
def brackets() -> dict[str, list[tuple[float, float, float]]]:
    """Market of the venue -> (floor in dollars, maintenance rate, the deduction that the venue prints)."""
    return {
        symbol.split(":")[0].replace("/", ""): [
            (float(s["minNotional"]), float(s["maintenanceMarginRate"]), float(s["info"]["cum"]))
            for s in steps
        ]
        for symbol, steps in recorded("binance_leverage_tiers_907.json.gz").items()
        if symbol.endswith("/USDT:USDT")
    }


def clocks(day: date) -> dict[str, datetime]:
    """Observed and known at the end of a day."""
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return {"observed_at": end, "known_at": end}


def put(
    connection: duckdb.DuckDBPyConnection, table: str, always: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    """Append rows to a table; `always` are the columns that all of them share."""
    frame = pd.DataFrame([{**always, **row} for row in rows])
    connection.register("rows", frame)
    columns = ", ".join(frame.columns)
    connection.execute(f"insert into {table} ({columns}) select {columns} from rows")
    connection.unregister("rows")


def asked(steps: list[tuple[float, float, float]], size: float) -> float:
    """Maintenance over notional of one position: the last step whose floor it reaches."""
    _, rate, deduction = max(step for step in steps if step[0] <= size)
    return rate - deduction / size


def by_lognormal(steps: list[tuple[float, float, float]], largest: float) -> float:
    """The same, expected over sizes: integrated numerically, step by step."""
    cut = math.log(largest / MEDIAN_USD) / SIGMA
    bounds = [math.log(floor / MEDIAN_USD) / SIGMA for floor, _, _ in steps if 0 < floor < largest]
    edges = [min(-12.0, cut - 12), *bounds, cut]
    whole = 0.0
    for low, high in pairwise(edges):
        whole += quad(
            lambda z: asked(steps, MEDIAN_USD * math.exp(SIGMA * z)) * norm.pdf(z), low, high, epsabs=1e-14
        )[0]
    return whole / float(norm.cdf(cut))


@pytest.mark.parametrize("day", FIVE_DAYS)
def test_what_the_brackets_of_2026_ask_of_the_book_of_a_day(
    warehouse: duckdb.DuckDBPyConnection,
    both_years: Source,
    brackets: dict[str, list[tuple[float, float, float]]],
    day: date,
) -> None:
    """The book of a day beside the tables of 2026: what they ask of it, by three assumptions on sizes."""
    book = {market: usd for market, usd in both_years.usd(day).items() if market in brackets and usd > 0}
    assert len(book) > 40
    for table in ("staging.stg_leverage_tier", "intermediate.int_market_day"):
        warehouse.execute(f"delete from {table}")
    put(
        warehouse,
        "intermediate.int_market_day",
        {"vintage": "latest", "day": TABLE_DAY, "venue": "binance", "status": "seen"},
        [{"market": market, "asset": market, "seen_usd": usd} for market, usd in book.items()],
    )
    put(
        warehouse,
        "staging.stg_leverage_tier",
        {"day": TABLE_DAY, "venue": "binance", "unit": "quote", "distance_hours": 0.0, **clocks(TABLE_DAY)},
        [
            {
                "market": market,
                "tier": tier,
                "notional_floor": floor,
                "notional_floor_quote": floor,
                "maintenance_margin_rate_ratio": rate,
            }
            for market in book
            for tier, (floor, rate, _) in enumerate(brackets[market], start=1)
        ],
    )
    for name in ("int_tier_step", "int_tier_table", "int_margin_rate", "int_margin_by_size"):
        build_model(warehouse, MODELS[name], FIRST_DAY)
    said = warehouse.execute(
        "select sum(notional_usd * maintenance_low_ratio) / sum(notional_usd),"
        " sum(notional_usd * maintenance_high_ratio) / sum(notional_usd), min(tabled_ratio),"
        " min(tiers_as_of)::varchar, max(tier_source)"
        " from intermediate.int_margin_rate where vintage = 'latest'"
    ).fetchone()
    total = sum(book.values())
    first = sum(usd * brackets[market][0][1] for market, usd in book.items()) / total
    # the cushion's own upper rate: positions of the median size, none over a hundredth of the market
    typical = sum(
        usd * max(brackets[m][0][1], asked(brackets[m], min(MEDIAN_USD, usd * LARGEST_RATIO)))
        for m, usd in book.items()
    )
    assert said is not None
    assert said[:2] == pytest.approx((first, typical / total), rel=1e-6)
    assert said[2:] == (1, "2026-09-01", "the venue's own margin table")
    by_size = {
        market: rates
        for market, *rates in warehouse.execute(
            "select market, first_tier_ratio, lognormal_ratio, largest_ratio"
            " from intermediate.int_margin_by_size"
        ).fetchall()
    }
    assert by_size.keys() == book.keys()
    for market in [*sorted(book, key=lambda name: -book[name])[:5], min(book, key=lambda name: book[name])]:
        steps, largest = brackets[market], book[market] * LARGEST_RATIO
        wanted = (steps[0][1], by_lognormal(steps, largest), asked(steps, largest))
        assert by_size[market] == pytest.approx(wanted, rel=1e-6), market


def test_both_statistics_of_leverage_of_the_recorded_wallets(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A quarter is borrowed by their money together, half one by one, nine tenths at the leverage set."""
    lists = recorded("hyperliquid_wallets_2026-02-22.json.gz")["whaleTracker"]
    wallets = list({one["address"]: one for name in ("daily", "weekly") for one in lists[name]}.values())
    day = date(2026, 2, 22)
    rows: list[dict[str, Any]] = []
    for wallet in wallets:
        who = {"address": wallet["address"]}
        rows.append(
            {**who, "market": "USDC", "position_side": "account", "equity_usd": wallet["accountValue"]}
        )
        rows += [
            {
                **who,
                "market": position["coin"],
                "position_side": position["direction"].lower(),
                "notional_usd": position["positionValue"],
                "set_leverage": position["leverage"],
            }
            for position in wallet["positions"]
        ]
    always = {"day": day, "venue": "hyperliquid", "distance_hours": 0.0, **clocks(day)}
    put(warehouse, "staging.stg_wallet_position", always, rows)
    for name in ("int_wallet_day", "participants_daily", "concentration_daily"):
        build_model(warehouse, MODELS[name], FIRST_DAY)
    said = warehouse.execute(
        "select accounts, covered_usd, long_share_ratio, equity_debt_ratio, account_debt_ratio,"
        " set_debt_ratio, hhi_ratio from marts.participants_daily"
        " where population = 'listed_wallets' and day = $1",
        [day],
    ).fetchone()
    holders = [wallet for wallet in wallets if wallet["positions"]]
    notional = {one["address"]: sum(p["positionValue"] for p in one["positions"]) for one in holders}
    total = sum(notional.values())
    long = sum(p["positionValue"] for one in holders for p in one["positions"] if p["direction"] == "Long")
    posted = sum(p["positionValue"] / p["leverage"] for one in holders for p in one["positions"])
    owed = {one["address"]: max(0.0, notional[one["address"]] - one["accountValue"]) for one in holders}
    wanted = (
        len(wallets), total, long / total,
        1 - sum(one["accountValue"] for one in holders) / total,
        sum(owed.values()) / total,
        1 - posted / total,
        sum((usd / total) ** 2 for usd in notional.values()),
    )  # fmt: skip
    assert said == pytest.approx(wanted, rel=1e-9)
    # as the first reading of the file put it down
    assert said is not None
    assert said[3:6] == pytest.approx((0.25, 0.49, 0.90), abs=0.005)
    (row,) = warehouse.execute(
        "select hhi_ratio, top1_ratio, members from marts.concentration_daily"
        " where measure = 'debt' and dimension = 'participant' and day = $1",
        [day],
    ).fetchall()
    debts = [usd for usd in owed.values() if usd > 0]
    shares = [usd / sum(debts) for usd in debts]
    assert row == pytest.approx((sum(s * s for s in shares), max(shares), len(debts)), rel=1e-9)
