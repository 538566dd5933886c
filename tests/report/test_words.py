"""Numbers as a reader sees them; every expected text was written by hand."""

from __future__ import annotations

import pytest

from pipeline.report import words

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (31_449_000_000.0, "31.4 bn USD"),
        (1_234_567_000_000.0, "1,234.6 bn USD"),
        (999_960_000.0, "1.0 bn USD"),  # never 1,000.0 mn
        (999_940_000.0, "999.9 mn USD"),
        (100_800_000.0, "100.8 mn USD"),  # one digit of a billion would be 0.1
        (49_000_000.0, "49.0 mn USD"),
        (49_999.0, "49,999 USD"),
        (0.0, "0 USD"),
        (-2_000_000_000.0, "-2.0 bn USD"),
        (None, "not known"),
    ],
)
def test_dollars(value: float | None, expected: str) -> None:
    assert words.usd(value).replace(NBSP, " ") == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (31.44e9, 58.02e9, "31.4 to 58.0 bn USD"),
        (0.0, 58e9, "0.0 to 58.0 bn USD"),
        (12e6, 40e6, "12.0 to 40.0 mn USD"),
        (3e9, 3e9, "3.0 bn USD"),
        (None, 58e9, "at most 58.0 bn USD, lower bound not known"),
        (31e9, None, "at least 31.0 bn USD, upper bound not known"),
        (None, None, "not known"),
    ],
)
def test_bounds_share_a_unit_and_an_open_side_is_named(
    low: float | None, high: float | None, expected: str
) -> None:
    assert words.usd_range(low, high).replace(NBSP, " ") == expected


def test_a_rate_is_a_percentage_and_a_missing_one_is_not_zero() -> None:
    assert words.percent(0.314).replace(NBSP, " ") == "31.4 %"
    assert words.percent(0.0).replace(NBSP, " ") == "0.0 %"
    assert words.percent(None) == "not known"
    assert words.signed_points(0.012).replace(NBSP, " ") == "+1.2 pp"


@pytest.mark.parametrize(
    ("change", "verb"), [(0.04, "rose to"), (-0.04, "fell to"), (0.0004, "stayed at"), (None, "stands at")]
)
def test_the_verb_follows_the_change(change: float | None, verb: str) -> None:
    assert words.moved(change) == verb


def test_a_streak_counts_back_from_today() -> None:
    assert words.streak(["calm", "high", "high"]) == 2
    assert words.streak([None, "high"]) == 1


def test_days_ago_is_none_when_the_series_is_too_short() -> None:
    assert words.ago([1.0, 2.0, 3.0], 1) == 2.0
    assert words.ago([3.0], 1) is None


def test_a_sentence_has_one_full_stop() -> None:
    assert words.sentence("accumulation high: coins grew 31.2 %.") == "Accumulation high: coins grew 31.2 %."
