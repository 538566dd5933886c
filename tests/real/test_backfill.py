"""Recorded open interest through the whole job: what is published equals what was recorded.

The recorded files are read a second time by `source.py`. The levels of the signals are written down as they
came out; nothing here asks them to be right.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import ARTEFACT, FULL, ON_FULL, SHORT, Backfill, Converted, Span
from recorded import SHARED, needs_shared
from soak.small_world import walk_through
from source import Cells, Source, read_positions, read_source

from pipeline.replay.process import ReplayServer

pytestmark = [needs_shared, pytest.mark.real]

QUERIES = Path(__file__).resolve().parents[2] / "sql" / "queries"
FALL_DAYS, FALLS = 3, 12
# Coins in one unit of the listed base; every other symbol of the file counts single coins.
THOUSANDS = ("1000SHIBUSDT", "1000XECUSDT")
Fall = tuple[date, float]
# Counted by hand: 6 of April, 31 of May, 30 of June; 363 of 2022 and 334 of 2023.
DAYS = {SHORT: 67, FULL: 697}
# Months with the largest falls in dollars: those of Terra, of Celsius, of FTX, and of 17 August 2023.
MONTHS = {
    SHORT: {(2022, 5), (2022, 6)},
    FULL: {(2022, 5), (2022, 6), (2022, 11), (2023, 8)},
}


def test_every_recorded_market_day_is_seen_and_no_other(
    published: duckdb.DuckDBPyConnection, source: Source, span: Span
) -> None:
    # 69 linear and 3 inverse perpetuals a day: 4,824 in the ten weeks, 50,184 in all
    assert len(source.coins) + len(source.coin_m_usd) == DAYS[span] * 72
    rows = published.execute("select day, market, status from market_daily").fetchall()
    assert {(day, market) for day, market, _ in rows} == source.coins.keys() | source.coin_m_usd.keys()
    assert len(rows) == DAYS[span] * 72
    assert {status for _, _, status in rows} == {"seen"}


def test_coins_equal_the_source_to_the_last_digit(
    published: duckdb.DuckDBPyConnection, source: Source, span: Span
) -> None:
    rows = published.execute(
        "select day, market, open_interest_base from market_daily where direction = 'linear'"
    ).fetchall()
    assert len(rows) == DAYS[span] * 69
    different = [
        (day, market, coins)
        for day, market, coins in rows
        if coins != source.coins[day, market] * (1000 if market in THOUSANDS else 1)
    ]
    assert different == []


def test_inverse_contracts_equal_the_dollars_of_the_source(
    published: duckdb.DuckDBPyConnection, source: Source
) -> None:
    rows = published.execute(
        "select day, market, open_interest_usd from market_daily where direction = 'inverse'"
    ).fetchall()
    assert {(day, market): usd for day, market, usd in rows} == source.coin_m_usd


@pytest.mark.parametrize("span", [ON_FULL], indirect=True)
def test_margin_positions_bound_the_loans_and_estimate_nothing(
    published: duckdb.DuckDBPyConnection, source: Source
) -> None:
    positions = read_positions(SHARED / "data")
    days = bounded_by_positions(published, source.closes, positions)
    assert days == [day for day in sorted(positions) if day <= FULL.last]


def test_the_first_margin_positions_bound_the_loans(converted: Converted, tmp_path: Path) -> None:
    """Recorded from 2023-02-23 on, which is after the ten weeks: two days of the job's steps alone."""
    days = [date(2023, 2, 22), date(2023, 2, 23)]
    home = tmp_path / "home"
    with ReplayServer(converted.folder) as exchange:
        walk_through(home, converted.folder, exchange, days, ("binance", "bitfinex"))
    closes = read_source(SHARED / "data", days[0], days[-1]).closes
    with duckdb.connect(str(home / "serving" / "margin_debt.duckdb"), read_only=True) as connection:
        assert bounded_by_positions(connection, closes, read_positions(SHARED / "data")) == days


def bounded_by_positions(
    published: duckdb.DuckDBPyConnection, closes: Cells, positions: dict[date, float]
) -> list[date]:
    """The days with a bound of margin loans, each held to what was recorded."""
    rows = published.execute(
        "select day, low_usd, estimate_usd, high_usd from margin_debt_daily"
        " where class = 'margin_loan' and venue = 'bitfinex' and asset = 'BTC' order by day"
    ).fetchall()
    # The first are of 2023-02-23, within a day of the end of the 22nd.
    assert rows[0][0] == date(2023, 2, 22)
    for day, low, estimate, high in rows:
        assert (low, estimate) == (0, None)
        assert high == pytest.approx(positions[day] * closes[day, "BTCUSDT"], rel=1e-9)
    return [row[0] for row in rows]


def falls(published: duckdb.DuckDBPyConnection, query: str) -> list[Fall]:
    """All falls by the query that analysts use, as (last day, change ratio), largest first."""
    text = (QUERIES / query).read_text()
    cursor = published.execute(text, {"days": FALL_DAYS, "rows": 10_000})
    names = [column[0] for column in cursor.description or []]
    return [(row[names.index("day")], row[names.index("change_ratio")]) for row in cursor.fetchall()]


def apart(found: list[Fall]) -> list[Fall]:
    """The largest falls of which no two share a day's change."""
    chosen: list[Fall] = []
    for day, ratio in found:
        if all(abs(day - other) >= timedelta(days=FALL_DAYS) for other, _ in chosen):
            chosen.append((day, ratio))
    return chosen[:FALLS]


def test_nothing_is_excluded_for_its_unit_and_no_series_hides_anything(
    published: duckdb.DuckDBPyConnection,
) -> None:
    """Nothing is known to be wrong with these 72 series: what is flagged here would be a false alarm."""
    assert published.execute("select kind, market, sentence from anomalies").fetchall() == []
    excluded = "select market, day, reason from market_daily where status = 'excluded'"
    assert published.execute(excluded).fetchall() == []


def test_dollar_falls_are_those_of_the_source(
    published: duckdb.DuckDBPyConnection, source: Source, span: Span
) -> None:
    found = falls(published, "largest_falls_usd.sql")
    for day, ratio in found[:FALLS]:
        before, after = (sum(source.usd(d).values()) for d in (day - timedelta(days=FALL_DAYS), day))
        assert ratio == pytest.approx(after / before - 1, rel=1e-9)
    leading = {(day.year, day.month) for day, _ in apart(found)[: len(MONTHS[span])]}
    assert leading == MONTHS[span]


def test_price_free_falls_are_those_of_the_source(
    published: duckdb.DuckDBPyConnection, source: Source
) -> None:
    for day, ratio in falls(published, "largest_falls_price_free.sql")[:FALLS]:
        earlier = day - timedelta(days=FALL_DAYS)
        before, now = source.usd(earlier), source.usd(day)
        # today's coins at the earlier price, for each market
        revalued = sum(now[m] / source.close(day, m) * source.close(earlier, m) for m in before)
        assert ratio == pytest.approx(revalued / sum(before.values()) - 1, rel=1e-9)


def test_the_falls_are_found_and_the_levels_before_them_written_down(
    published: duckdb.DuckDBPyConnection, backfill: Backfill
) -> None:
    in_usd, price_free = (
        apart(falls(published, f"largest_falls_{name}.sql")) for name in ("usd", "price_free")
    )
    assert len(in_usd) == len(price_free) == FALLS
    cost = f"Wall time {backfill.wall_seconds:.0f} s, CPU {backfill.cpu_seconds:.0f} s"
    if backfill.peak_memory_bytes is not None:
        cost += f", peak memory {backfill.peak_memory_bytes / 1e6:.0f} MB over its processes"
    lines = [f"{cost}."]
    for title, found in (("US dollars", in_usd), ("coins at the earlier prices", price_free)):
        lines += ["", f"Largest {FALL_DAYS}-day falls of open interest in {title}:", ""]
        lines += [
            "| last day | log change | change | level before | drivers | growth 30 d | funding a year"
            " | highest of 30 days before |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [_row(published, day, ratio) for day, ratio in found]
    ARTEFACT.parent.mkdir(parents=True, exist_ok=True)
    ARTEFACT.write_text("\n".join(lines) + "\n")


def _row(published: duckdb.DuckDBPyConnection, day: date, ratio: float) -> str:
    """One fall, and what was known before its first day: at the end of the day that it is counted from."""
    known_on = day - timedelta(days=FALL_DAYS - 1)  # as_of is 00:00 of the day after
    levels = published.execute(
        "select as_of::date, level, drivers from risk_level_daily"
        " where as_of::date between $1::date - 29 and $1::date order by as_of",
        [known_on],
    ).fetchall()
    assert levels
    assert levels[-1][0] == known_on
    values = dict(
        published.execute(
            "select signal, value from signal_readings"
            " where scope_type = 'market' and as_of::date = $1::date",
            [known_on],
        ).fetchall()
    )
    order = ("unknown", "calm", "elevated", "high", "critical")
    highest = max((level for _, level, _ in levels), key=order.index)
    growth, funding = (_percent(values[name]) for name in ("accumulation", "crowding"))
    _, level, drivers = levels[-1]
    return (
        f"| {day} | {math.log1p(ratio):.3f} | {ratio:.1%} | {level} | {drivers} | {growth} | {funding}"
        f" | {highest} ({len(levels)} days) |"
    )


def _percent(value: float | None) -> str:
    return "unknown" if value is None or math.isnan(value) else f"{value:.1%}"
