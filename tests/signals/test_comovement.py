"""Comovement: assets that move as one against assets that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.signals.comovement import SIGNAL, absorption_ratios

Maker = Callable[..., pd.DataFrame]


def prices(changes: np.ndarray) -> np.ndarray:
    return 100.0 * np.exp(np.cumsum(changes, axis=0))


def test_twins_are_absorbed_whole_whatever_their_size() -> None:
    common = np.random.default_rng(1).normal(0, 0.03, (80, 1))
    found = absorption_ratios(prices(common * np.arange(1, 11)), np.ones((80, 10)))
    assert np.isnan(found[:60]).all()
    assert found[60:] == pytest.approx(1.0)


def test_five_unrelated_assets_share_a_fifth_each() -> None:
    # Five cosines of whole frequencies over 60 days are orthogonal; equal weights need a long half-life, so
    # the share is a little above one fifth.
    day = np.arange(121)[:, None]
    waves = np.cos(2 * np.pi * day * np.array([7, 11, 13, 17, 19]) / 60)
    found = absorption_ratios(prices(waves / 50), np.ones((121, 5)))
    assert 0.2 <= found[-1] < 0.3


def test_only_the_twenty_largest_are_followed() -> None:
    draw = np.random.default_rng(2)
    changes = np.hstack(
        [np.repeat(draw.normal(0, 0.03, (70, 1)), 20, axis=1), draw.normal(0, 0.03, (70, 30))]
    )
    size = np.hstack([np.full((70, 20), 2.0), np.ones((70, 30))])
    assert absorption_ratios(prices(changes), size)[-1] == pytest.approx(1.0)


def test_four_assets_are_too_few() -> None:
    changes = np.random.default_rng(3).normal(0, 0.03, (70, 4))
    assert np.isnan(absorption_ratios(prices(changes), np.ones((70, 4)))).all()


def test_a_market_that_turns_into_one_bet_is_a_level(make_inputs: Maker) -> None:
    days, turn = 500, 460
    draw = np.random.default_rng(4)
    changes = draw.normal(0, 0.03, (days, 10))
    changes[turn:] = draw.normal(0, 0.03, (days - turn, 1)) + draw.normal(0, 0.003, (days - turn, 10))
    walks = prices(changes)
    assets = [make_inputs("asset", f"A{column}", price_usd=walks[:, column]) for column in range(10)]
    readings = SIGNAL.read(pd.concat([make_inputs(seen_ratio=[1.0] * days), *assets]))
    # 60 days (the first price has no change) and then 365 ratios: day 60 + 364
    assert set(readings["level"].iloc[:424]) == {"unknown"}
    assert readings["level"].iloc[424] != "unknown"
    assert readings["level"].iloc[turn + 25] == "critical"
    assert readings["threshold"].iloc[turn + 25] == 3.0
    assert readings["threshold_source"].iloc[turn + 25] == "1 is the authors' alarm, 2 and 3 are declared"
