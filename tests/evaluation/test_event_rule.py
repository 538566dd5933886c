"""Events and labels on series worked out by hand; the numbers of the rule are those that RULE.md prints."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluate.rule import HORIZONS_DAYS, RULES, EventRule, label_days

DAYS = pd.date_range("2024-01-01", periods=60)
R1, R2, R3 = RULES


def changes(**falls: float) -> pd.Series:
    """Log changes of nothing but the named falls: d10=0.15 is one of 15 % at place 10."""
    series = pd.Series(0.0, index=DAYS)
    for place, fall in falls.items():
        series.iloc[int(place[1:])] = math.log(1 - fall)
    return series


def places(events: list[pd.Timestamp]) -> list[int]:
    return [(event - DAYS[0]).days for event in events]


def test_both_must_fall_and_the_share_is_a_share() -> None:
    usd = changes(d5=0.151, d10=0.149, d40=0.30)
    price = changes(d5=0.071, d10=0.20, d40=0.069)
    # the tenth lacks open interest, the fortieth price
    assert places(R1.event_days(usd, price)) == [5]


def test_the_next_event_is_at_least_21_days_later() -> None:
    usd = changes(d5=0.2, d6=0.3, d25=0.2, d26=0.2, d46=0.2, d47=0.2)
    price = changes(d5=0.1, d6=0.1, d25=0.1, d26=0.1, d46=0.1, d47=0.1)
    # 25 is 20 days after the first, 26 is 21; then 46 is 20 after that and 47 is 21
    assert places(R1.event_days(usd, price)) == [5, 26, 47]


def test_price_free_means_coins_fell() -> None:
    # dollars -30 %, price -20 %: coins 0.7 / 0.8 = -12.5 %, no event; -40 %: 0.6 / 0.8 = -25 %, an event
    usd, price = changes(d5=0.30, d40=0.40), changes(d5=0.20, d40=0.20)
    assert places(R1.event_days(usd, price)) == [5, 40]
    assert places(R2.event_days(usd, price)) == [40]


def test_the_third_rule_asks_for_more() -> None:
    usd, price = changes(d5=0.19, d40=0.21), changes(d5=0.11, d40=0.11)
    assert places(R3.event_days(usd, price)) == [40]


def test_an_unknown_change_is_no_event() -> None:
    usd, price = changes(d5=0.2), changes(d5=0.1)
    usd.iloc[5] = np.nan
    assert R1.event_days(usd, price) == []
    assert R1.event_days(pd.Series(dtype=float), pd.Series(dtype=float)) == []


def test_labels_of_one_event() -> None:
    labels = label_days(DAYS, [DAYS[20]], 7).to_numpy()
    assert np.flatnonzero(labels == 1).tolist() == list(range(13, 20))
    # the event, seven days after it, and the last seven whose future is not known
    assert np.flatnonzero(np.isnan(labels)).tolist() == [*range(20, 28), *range(53, 60)]
    assert np.flatnonzero(labels == 0).tolist() == [*range(13), *range(28, 53)]


def test_days_after_an_event_stay_out_of_the_window_of_the_next() -> None:
    labels = label_days(DAYS, [DAYS[10], DAYS[31]], 30).to_numpy()
    # 18 to 29 stand before the second; the last thirty are not scored
    assert np.flatnonzero(labels == 1).tolist() == [*range(10), *range(18, 30)]
    assert np.flatnonzero(np.isnan(labels)).tolist() == [*range(10, 18), *range(30, 60)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_page_prints_the_numbers_of_the_code(rule: EventRule) -> None:
    text = (Path(__file__).parent / "RULE.md").read_text()
    row = re.search(rf"^\| {rule.name} \| -(\d+) % .*?\| -(\d+) %", text, re.MULTILINE)
    assert row is not None
    assert int(row[1]) / 100 == rule.open_interest_fall_ratio
    assert int(row[2]) / 100 == rule.price_fall_ratio
    assert "of 7, 14 and 30 days" in text
    assert HORIZONS_DAYS == (7, 14, 30)
