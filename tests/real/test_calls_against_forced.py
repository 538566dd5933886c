"""What the call ladder and the cascade said before the falls that came, as RESULTS.md prints it.

Nothing here asks for a good score. Forced orders are as published, one a second and market at most: their
level is a low estimate, and the busiest coins are cut most. The figures of RESULTS.md are those of two years,
which `make soak` walks through; `make test` holds ten weeks to the sentences alone.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import ON_FULL
from recorded import needs_shared, seed
from scored_calls import falls, rank_of_amplification, score_calls
from source import Source

from pipeline.methods.cascade import square_root_impact_ratio
from pipeline.methods.cushion import Mixture, called_ratio
from pipeline.report.stress import FORCED_RATIO, RECORDED_FALLS

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def table(published: duckdb.DuckDBPyConnection, source: Source) -> pd.DataFrame:
    return falls(published, source)


@needs_shared
def test_one_share_for_every_coin_was_nearer_than_the_ladder(table: pd.DataFrame) -> None:
    """And neither it nor the amplification ranked what came: 0.3 is a tenth of the spread explained."""
    said = score_calls(table)
    assert said.falls > 400
    assert said.low_ratio < said.median_ratio < 0.5
    assert said.naive_spread < said.spread
    assert abs(said.rank) < 0.3
    known, rank = rank_of_amplification(table, -0.05)
    assert known > 200
    assert abs(rank) < 0.3


@needs_shared
@pytest.mark.parametrize("span", [ON_FULL], indirect=True)
def test_a_seventh_of_what_the_ladder_called_was_forced_and_it_did_not_know_where(
    table: pd.DataFrame,
) -> None:
    said = score_calls(table)
    assert said.falls == RECORDED_FALLS == 2250
    assert said.median_ratio == pytest.approx(FORCED_RATIO, abs=0.005)  # the report prints whole percents
    assert (said.low_ratio, said.median_ratio, said.high_ratio) == pytest.approx(
        (0.0467, 0.1496, 0.6865), abs=5e-4
    )
    assert said.rank == pytest.approx(0.105, abs=0.002)
    # one share of open interest for every asset alike is nearer to what was forced than the ladder
    assert (said.spread, said.naive_spread) == pytest.approx((1.178, 0.705), abs=0.002)


@needs_shared
@pytest.mark.parametrize("span", [ON_FULL], indirect=True)
@pytest.mark.parametrize(
    ("step", "known", "rank"), [(-0.05, 1628, -0.014), (-0.10, 469, -0.188), (-0.20, 45, -0.141)]
)
def test_the_amplification_did_not_know_how_deep_a_fall_would_be(
    table: pd.DataFrame, step: float, known: int, rank: float
) -> None:
    assert rank_of_amplification(table, step) == (known, pytest.approx(rank, abs=0.002))


def test_october_2025_against_a_new_book() -> None:
    """L03 and L04 alone: no series of those days is recorded, so neither entries nor prices are known."""
    rows = seed("leverage_mixture.csv")
    mixture = Mixture(
        np.array([float(row["leverage"]) for row in rows]),
        np.array([float(row["notional_share_ratio"]) for row in rows]),
    )
    open_interest, forced, volume = 220.37, 19.13, 264.5  # bn USD: L04, L03, and a mean day of 2025 (L06)
    # 20 times and more: 0.324 + 0.1 + 0.102; 10 times and more: 0.095 and 0.175 with them
    for fall, called in ((-0.05, 0.526), (-0.10, 0.796)):
        share = called_ratio([100], [1], 100, fall, mixture, 0.004, 0.0)
        assert share == pytest.approx(called)
    assert forced / (0.526 * open_interest) == pytest.approx(0.165, abs=5e-4)
    assert forced / (0.796 * open_interest) == pytest.approx(0.109, abs=5e-4)
    # what was forced is 7 % of a day's volume: at a volatility of 3 % the law gives it 0.8 % of the fall
    assert square_root_impact_ratio(forced, volume, 0.03, 1) == pytest.approx(0.0081, abs=5e-5)
