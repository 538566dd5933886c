"""The shortcut of `families.py` gives the pipeline's own inputs and its counts add up. No score is judged."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from families import (
    COLUMNS,
    Count,
    false_alarm_table,
    hit_table,
    market_levels,
    score,
    score_family,
    signal_inputs,
)
from soak.small_world import days_from, walk_through

from pipeline.replay.history import read_history
from pipeline.replay.process import ReplayServer
from pipeline.replay.scenario import FAMILIES, Truth, write_scenario
from pipeline.settings import Settings
from pipeline.signals.base import KEY

SEEDS = (901,)
# Holds a listing, a delisting, a funding change and 18 days of 30-day growth. The market is delisted on the
# day after a week's end, when the walk has just asked for its settlements.
FIRST_DAY, DAYS = date(2025, 6, 1), 48
FOUR = ("binance", "bitfinex", "hyperliquid", "okx")


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worlds")


def test_the_shortcut_equals_what_the_job_computed(tmp_path: Path) -> None:
    """The job's own steps, day by day over HTTP, without what Dagster writes down about them."""
    world = write_scenario(tmp_path / "world", "quiet", 901, DAYS, FIRST_DAY)
    with ReplayServer(world) as exchange:
        walk_through(tmp_path / "home", world, exchange, days_from(FIRST_DAY, DAYS), FOUR)
    with duckdb.connect(str(Settings(tmp_path / "home").serving), read_only=True) as connection:
        theirs = connection.execute("select * from signal_inputs_daily").df()
    theirs = theirs.sort_values(list(KEY), ignore_index=True)[[*KEY, *COLUMNS]]
    mine = signal_inputs(read_history(world))
    # 48 days of the market, four venues and 24 assets
    assert len(mine) == DAYS * (1 + 4 + 24)
    assert mine["quantity_growth_30d_ratio"].notna().sum() > 17 * 29
    pd.testing.assert_frame_equal(mine, theirs, check_dtype=False, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_levels_and_counts_that_add_up(family: str, worlds: Path) -> None:
    scores = score_family(family, SEEDS, worlds)
    assert [one.seed for one in scores] == list(SEEDS)
    for one in scores:
        count = one.uneventful
        assert count.known > 0
        assert count.high <= count.elevated <= count.lately <= count.known
        # 30 days of growth, a month left out and 120 days of history
        assert count.unknown == 30 + 30 + 119
        assert (one.worst is None) == (family in ("quiet", "price_only_rally"))
        assert not one.lead_days or family == "build_up_and_crash"
    assert f"| {family} | {len(SEEDS)} |" in false_alarm_table({family: scores})


def test_levels_are_unknown_while_history_is_short(worlds: Path) -> None:
    world = write_scenario(worlds / "warm-up", "quiet", SEEDS[0], 200)
    levels = market_levels(signal_inputs(read_history(world)))
    assert len(levels) == 200
    assert set(levels.iloc[:179]) == {"unknown"}
    assert "unknown" not in set(levels.iloc[179:])


def test_a_world_is_scored_as_by_hand() -> None:
    truth = Truth(
        family="build_up_and_crash",
        seed=1,
        first_day=date(2026, 1, 1),
        last_day=date(2026, 1, 10),
        build_up_from=date(2026, 1, 4),
        rally_from=None,
        crash_day=date(2026, 1, 8),
    )
    as_of = pd.date_range("2026-01-02", periods=9, tz="UTC")
    # as_of      2          3           4       5       6           7       8       9       10
    named = ["unknown", "elevated", "calm", "calm", "elevated", "high", "calm", "critical", "high"]
    found = score(pd.Series(named, index=as_of), truth)
    assert found.uneventful == Count(known=2, unknown=1, elevated=1, high=0, lately=2)
    # what was read on the 8th at 00:00 was still known before the crash; the 9th came too late
    assert found.worst == "high"
    assert found.lead_days == {"elevated": 2, "high": 1}
    assert "| build_up_and_crash | 1 | 1 | 1 | 0 |" in hit_table({"build_up_and_crash": [found]})
