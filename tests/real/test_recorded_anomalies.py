"""What the tests for anomalies find in the recorded series, line by line as ANOMALIES.md prints it.

What is known of the series comes from the notes of those who recorded them, and stands here by hand.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from found_anomalies import (
    CLOSE_VOLUME,
    FUNDING_PERCENT,
    INTEREST,
    PAGE,
    Line,
    correlations,
    forced_orders_of_coins,
    found_in,
    lines,
    page,
    perpetuals,
    wide,
    without_date,
)
from recorded import needs_shared

from pipeline.methods.anomalies import level_breaks, unit_steps

pytestmark = [needs_shared, pytest.mark.real]


@pytest.fixture(scope="module")
def found() -> list[Line]:
    return list(lines())


def said(found: list[Line], trap: str, file: str) -> Line:
    (line,) = (one for one in found if trap in one.trap and file in one.file)
    return line


def test_the_page_is_what_is_found_now() -> None:
    assert without_date(page(date(2026, 1, 1))) == without_date(PAGE.read_text())


@pytest.mark.parametrize(
    ("trap", "file", "answer"),
    [
        ("one order a second", "liquidations/binance_btcusdt_daily.csv", "yes, 2021-04-28"),
        ("clock is UTC+3", "funding/venues/binance", "yes, 2 of 2"),
        ("31 missing days", "funding/venues/gate", "yes, 2020-12-01"),
        ("one day late (BTC)", "coingecko", "yes"),
        ("one day late (ETH)", "coingecko", "yes"),
        ("one day late (BNB)", "coingecko", "yes"),
        ("ETH called BTC", "ethusd", "yes"),
        ('two "all exchanges" vendors', "btc_all_exchanges", "no"),
        ("a copied stretch", "binance_usdtm_69coins", "no"),
        ("66 of the 69", "close_volume", "no"),
    ],
)
def test_a_known_trap_is_found_or_named_as_not_found(
    found: list[Line], trap: str, file: str, answer: str
) -> None:
    assert said(found, trap, file).found == answer


def test_the_size_of_what_is_found(found: list[Line]) -> None:
    # the notes: one order a second at most; the mean of the 28 days from then was a sixth of that before
    assert "are 0.17 times" in said(found, "one order a second", "liquidations").said
    assert "stand 3 h past" in said(found, "clock is UTC+3", "funding/venues/binance").said
    for coin in ("BTC", "ETH", "BNB"):
        hours = float(
            said(found, f"one day late ({coin})", "coingecko").said.split(" h behind")[0].split()[-1]
        )
        assert hours == pytest.approx(24, abs=0.5)


def test_where_the_thresholds_are_from() -> None:
    between_coins, within_a_coin = correlations()
    assert between_coins == pytest.approx(0.899, abs=0.001)
    assert within_a_coin == pytest.approx(0.995, abs=0.001)
    noise = np.log10(wide(INTEREST, "_oi").to_numpy(dtype=float))
    steps = np.diff(noise, axis=0)
    spread = 1.4826 * np.median(np.abs(steps - np.median(steps, axis=0)), axis=0)
    assert np.median(spread) == pytest.approx(0.025, abs=0.001)
    assert spread.max() == pytest.approx(0.044, abs=0.001)
    turnover = wide(CLOSE_VOLUME, "_volume") / wide(INTEREST, "_oi")
    funding = wide(FUNDING_PERCENT, "_fr").abs()
    for series, most in ((turnover, 0.93), (funding.where(funding > 0), 1.64)):
        logs = np.log10(series)
        moved = logs.rolling(28).median().shift(-28) - logs.rolling(28, min_periods=20).median()
        assert moved.abs().max().max() == pytest.approx(most, abs=0.02)


def test_what_is_seen_of_a_feed_that_is_cut() -> None:
    """On every tenth day with the days before and after: the total to a sixth, each coin to a hundredth."""
    table = forced_orders_of_coins()
    ratio = (table["low_usd"] / table["volume_usd"]).where(table["low_usd"] > 0)
    logs = np.log(ratio.to_numpy()).reshape(36, -1).T
    assert level_breaks(logs) == []

    def share(series: np.ndarray, factor: float, days: range) -> float:
        hits = 0
        for day in days:
            planted = series.copy()
            planted[day:] -= np.log(factor)
            hits += len({one.column for one in level_breaks(planted) if abs(one.first - day) <= 5})
        return hits / len(days) / series.shape[1]

    assert share(logs[:, 35:], 6, range(80, 650, 10)) == 1.0
    assert share(logs[:, 35:], 4, range(80, 650, 10)) == pytest.approx(0.88, abs=0.02)
    assert share(logs[:, :35], 100, range(80, 650, 30)) == pytest.approx(0.85, abs=0.02)
    assert share(logs[:, :35], 6, range(80, 650, 30)) == pytest.approx(0.29, abs=0.02)


def test_a_jump_of_ten_planted_on_any_day_is_found_on_nine_of_ten_and_nothing_else_is() -> None:
    """The tolerances of the job's own exclusion (0.09) and of the table (0.1), against one of 0.02."""
    interest = wide(INTEREST, "_oi").to_numpy(dtype=float)
    close = wide(CLOSE_VOLUME, "_close").to_numpy()
    assert unit_steps(interest, flat=close) == []
    steps = np.diff(np.log10(interest), axis=0)
    flat = np.abs(np.diff(np.log(close), axis=0)) < 0.1
    caught = {limit: float(((np.abs(steps) < limit) & flat).mean()) for limit in (0.02, 0.09, 0.1)}
    assert caught == pytest.approx({0.02: 0.548, 0.09: 0.905, 0.1: 0.913}, abs=0.001)
    large = (interest * close)[:-1] >= 1e6
    assert large.sum() == 48408
    assert 10 ** np.abs(steps[flat & large]).max() == pytest.approx(5.87, abs=0.01)


def test_a_copied_year_among_the_recorded_ones_is_found() -> None:
    """The second year of one perpetual is put in place of the first of another's, then behind itself."""
    table = perpetuals()
    mine = table["market"] == "ETCUSDT"
    level = table.loc[mine, "open_interest_base"].to_numpy()
    table.loc[mine, "open_interest_base"] = np.resize(level[:365], len(level))
    tiles = found_in(markets=table)
    (row,) = tiles[tiles["kind"] == "tile"].itertuples()
    assert (row.market, row.series) == ("ETCUSDT", "open_interest")
    assert "of 365 days before" in row.sentence
    assert isinstance(row.first_day, pd.Timestamp)
