"""Who is left of whom, by hand, and what must hold for any series of open interest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.methods.vintages import Rule, entry_shares

RULES: tuple[Rule, ...] = ("pro_rata", "fifo", "lifo")
SERIES = st.lists(st.floats(0, 1e9), min_size=1, max_size=30).filter(lambda values: values[-1] > 1)


@pytest.mark.parametrize(
    ("rule", "shares"),
    [
        ("pro_rata", [0.75, 0.15, 0, 0.1]),  # 100 and 20, each cut by a quarter; then 10
        ("fifo", [0.7, 0.2, 0, 0.1]),  # the 30 that left were of the first hundred
        ("lifo", [0.9, 0, 0, 0.1]),  # the 20, then 10 of the hundred
    ],
)
def test_thirty_leave_of_a_hundred_and_twenty(rule: Rule, shares: list[float]) -> None:
    assert entry_shares([100, 120, 90, 100], rule) == pytest.approx(shares, abs=1e-12)


def test_everybody_leaves_and_others_come() -> None:
    for rule in RULES:
        assert entry_shares([50, 0, 10], rule) == pytest.approx([0, 0, 1])
        assert np.isnan(entry_shares([50, 0], rule)).all()


def test_a_missing_day_is_refused_and_never_taken_for_zero() -> None:
    with pytest.raises(ValueError, match="known and not negative"):
        entry_shares([1, float("nan"), 2], "fifo")


@given(SERIES)
def test_shares_add_up_and_the_rules_bound_the_age(series: list[float]) -> None:
    age = np.arange(len(series))[::-1]
    mean_age = {}
    for rule in RULES:
        shares = entry_shares(series, rule)
        assert shares.sum() == pytest.approx(1, abs=1e-6)
        assert np.all(shares >= -1e-9)
        mean_age[rule] = float(shares @ age)
    assert mean_age["fifo"] <= mean_age["pro_rata"] + 1e-5
    assert mean_age["pro_rata"] <= mean_age["lifo"] + 1e-5


@given(SERIES, st.floats(1e-3, 1e3))
def test_the_unit_of_open_interest_does_not_matter(series: list[float], factor: float) -> None:
    for rule in RULES:
        scaled = entry_shares(np.array(series) * factor, rule)
        assert scaled == pytest.approx(entry_shares(series, rule), abs=1e-6)
