"""Cascades and deficits: SQL and `pipeline/methods` say the same on made numbers, in every bound."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from made_book import DEMANDED, HIGH, LAST, LOW, MODELS, PRICE, VOLUME, shares

from pipeline.build import FIRST_DAY, build_model
from pipeline.methods.cascade import (
    book_deficit_ratio,
    final_move_ratio,
    gain_ratio,
    square_root_impact_ratio,
    waterfall,
)
from pipeline.methods.cushion import Mixture, called_ratio, ewma_sigma_ratio


def test_where_a_cascade_ends(made: duckdb.DuckDBPyConnection, mixture: Mixture) -> None:
    """The ladder of each step of half a percent, and the end on it, by the estimates and by both bounds."""
    steps = np.arange(121) / 200
    sigma = ewma_sigma_ratio(np.diff(np.log(PRICE), prepend=np.log(PRICE[0]))[1:])

    def called(rule: str, maintenance: float, moves: np.ndarray) -> np.ndarray:
        found = [
            called_ratio(PRICE, shares()[rule], PRICE[-1], move, mixture, maintenance, DEMANDED)
            for move in moves
        ]
        return 1000 * np.array(found)

    rows = made.execute(
        "select shock_ratio, first_called_usd, final_move_low_ratio, final_move_ratio, final_move_high_ratio,"
        " forced_usd, gain_ratio from marts.cascade_daily where day = $1 order by shock_ratio",
        [LAST],
    ).fetchall()
    assert [row[0] for row in rows] == [-0.2, -0.1, -0.05, 0.05, 0.1, 0.2]
    ladders = {}
    for sign in (-1, 1):
        # a tenth of a millionth further, so that a call at a step is not lost to the last digit
        moves = sign * (steps + 1e-7)
        still = np.array([sign * 1e-12])
        estimate = called("pro_rata", HIGH, moves) - called("pro_rata", HIGH, still)
        low = [called(rule, LOW, moves) - called(rule, LOW, still) for rule in shares()]
        high = [called(rule, HIGH, moves) for rule in shares()]
        ladders[sign] = (np.min([estimate, *low], axis=0), estimate, np.max(high, axis=0))
    for shock, first_called, *ends, forced, gain in rows:
        first, sign = abs(shock), int(np.sign(shock))
        impacts = [
            square_root_impact_ratio(usd, VOLUME, sigma, coefficient)
            for usd, coefficient in zip(ladders[sign], (0.5, 1.0, 1.5), strict=True)
        ]
        wanted = [sign * final_move_ratio(first, steps, impact) for impact in impacts]
        assert ends == pytest.approx(wanted, rel=1e-7)
        assert abs(ends[0]) <= abs(ends[1]) <= abs(ends[2])
        estimate, place = ladders[sign][1], round(200 * first)
        assert first_called == pytest.approx(estimate[place], rel=1e-6)
        assert forced == pytest.approx(estimate[np.searchsorted(steps, abs(ends[1]))], rel=1e-6)
        assert gain == pytest.approx(gain_ratio(impacts[1][place], impacts[1][place + 2], 0.01), abs=1e-6)


def test_deficits_of_a_gap(made: duckdb.DuckDBPyConnection, mixture: Mixture) -> None:
    made.execute("delete from staging.stg_insurance_fund")
    made.execute(
        "insert into staging.stg_insurance_fund (day, venue, fund, currency, observed_at, known_at,"
        " distance_hours, unit, balance) values ($1, 'okx', 'total', 'USD', $1, $1, 0, 'usd', 40)",
        [LAST],
    )
    build_model(made, MODELS["deficit_daily"], FIRST_DAY)
    rows = made.execute(
        "select shock_ratio, deficit_low_usd, deficit_usd, deficit_high_usd, deficit_if_new_usd,"
        " fund_used_usd, uncovered_usd from marts.deficit_daily where day = $1 order by shock_ratio",
        [LAST],
    ).fetchall()
    assert len(rows) == 6
    for shock, low, estimate, high, new, used, uncovered in rows:

        def owed(share: np.ndarray, maintenance: float, called: str, gap: float = shock) -> float:
            return 1000 * book_deficit_ratio(
                PRICE, share, PRICE[-1], gap, mixture, maintenance, DEMANDED,
                called="topped_up" if called == "topped_up" else "left_out",
            )  # fmt: skip

        standing = {rule: owed(share, HIGH, "left_out") for rule, share in shares().items()}
        assert estimate == pytest.approx(standing["pro_rata"], abs=1e-6)
        assert low == pytest.approx(min(standing.values()), abs=1e-6)
        most = max(owed(share, LOW, "topped_up") for share in shares().values())
        assert high == pytest.approx(max(most, estimate), abs=1e-6)
        assert low <= estimate <= high
        fresh = 1000 * float(mixture.share @ np.maximum(0, abs(shock) - mixture.posted(DEMANDED)))
        assert new == pytest.approx(fresh, abs=1e-6)
        paid = waterfall(estimate, 40, float("inf"))
        assert (used, uncovered) == pytest.approx((paid.fund_used_usd, paid.deleveraged_usd), abs=1e-6)
