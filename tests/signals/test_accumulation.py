"""Accumulation on series whose levels can be worked out by hand; also the rules every signal shares.

Market floors: elevated 10 %, high 20 %, critical 40 %; a level is left below three quarters of its entry
threshold (7.5 %, 15 %, 30 %); three days running. Calm days swing between -2 % and +2 %, so that the floors
bind until a step is 30 days old.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipeline.errors import ContractBroken
from pipeline.signals.accumulation import SIGNAL
from pipeline.signals.base import READING_COLUMNS
from pipeline.signals.composite import risk_events

Maker = Callable[..., pd.DataFrame]

# Growth is known from day 0 here; a reading needs 120 days that are at least 30 days old: day 119 + 30.
FIRST_KNOWN = 149
GROWTH = "quantity_growth_30d_ratio"


def calm(days: int) -> list[float]:
    return [0.02 if day % 2 else -0.02 for day in range(days)]


def levels(make_inputs: Maker, growth: list[float]) -> list[str]:
    return SIGNAL.read(make_inputs(**{GROWTH: growth}))["level"].tolist()


def test_columns_and_instant(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(**{GROWTH: calm(3)}))
    assert tuple(readings.columns) == READING_COLUMNS
    # 1 January 2024 has ended at 00:00 UTC of the 2nd.
    assert readings["as_of"].iloc[0] == pd.Timestamp("2024-01-02 00:00", tz="UTC")
    assert len(readings) == 3


def test_a_step_fires_once_and_ends_once(make_inputs: Maker) -> None:
    growth = calm(200) + [0.25] * 40 + calm(30)
    readings = SIGNAL.read(make_inputs(**{GROWTH: growth}))
    events = risk_events(readings)
    changes = list(zip(events["from_level"], events["to_level"], strict=True))
    assert changes == [("unknown", "calm"), ("calm", "high"), ("high", "calm")]
    # The third day running above 20 % is day 202, the third below 7.5 % day 242.
    assert readings["level"].tolist().index("high") == 202
    assert readings["level"].iloc[241] == "high"
    assert readings["level"].iloc[242] == "calm"


def test_the_sentence_can_be_checked(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(**{GROWTH: [*calm(200), 0.25, 0.25, 0.25]}))
    pending, high = readings.iloc[201], readings.iloc[202]
    assert pending["level"] == "calm"
    assert pending["reason"] == (
        "Price-free growth of open interest over 30 days is +25.0 %, above +20.0 % (high) "
        "but on fewer than 3 days running."
    )
    assert high["reason"] == (
        "Price-free growth of open interest over 30 days is +25.0 %, above +20.0 % (high)."
    )
    assert high["threshold"] == pytest.approx(0.20)
    # 203 days are there, the latest 30 do not count: days 0..172.
    assert high["history_days"] == 173
    assert high["threshold_source"] == (
        "fixed, declared floor; walk-forward 99 % quantile of 173 days is +2.0 %"
    )


def test_two_days_are_not_enough(make_inputs: Maker) -> None:
    found = levels(make_inputs, [*calm(200), 0.9, 0.9, *calm(20)])
    assert set(found[FIRST_KNOWN:]) == {"calm"}


def test_flat_stays_calm(make_inputs: Maker) -> None:
    assert set(levels(make_inputs, [0.0] * 400)[FIRST_KNOWN:]) == {"calm"}


def test_short_history_is_unknown_and_says_how_short(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(**{GROWTH: calm(FIRST_KNOWN) + calm(1)}))
    assert set(readings["level"].iloc[:FIRST_KNOWN]) == {"unknown"}
    last = readings.iloc[FIRST_KNOWN - 1]
    assert last["history_days"] == 119
    assert np.isnan(last["threshold"])
    assert "only 119 days of its own past are known and 120 are needed" in last["reason"]
    assert readings["level"].iloc[FIRST_KNOWN] == "calm"
    assert readings["history_days"].iloc[FIRST_KNOWN] == 120


def test_quantile_above_the_floor_is_the_threshold(make_inputs: Maker) -> None:
    # Days 0..150 hold 0.000, 0.001 ... 0.150 in a scrambled order; as of day 180 exactly these count.
    # The 95 % quantile of 151 equally spaced values is 0.95 x 0.150 = 0.1425, above the floor of 10 %.
    history = [0.001 * (place * 37 % 151) for place in range(151)]
    reading = SIGNAL.read(make_inputs(**{GROWTH: history + [0.0] * 30})).iloc[180]
    assert reading["threshold"] == pytest.approx(0.1425)
    assert reading["threshold_source"] == "walk-forward 95 % quantile of 151 days"


def test_history_is_two_years_at_most(make_inputs: Maker) -> None:
    # A wild first year is forgotten: as of day 1,100 days 370..1,070 count, which are calm.
    readings = SIGNAL.read(make_inputs(**{GROWTH: [0.5] * 370 + calm(731)}))
    last = readings.iloc[1_100]
    assert last["history_days"] == 701
    assert last["threshold"] == pytest.approx(0.10)
    assert readings["threshold"].iloc[1_000] == pytest.approx(0.5)


def test_missing_today_is_unknown(make_inputs: Maker) -> None:
    readings = SIGNAL.read(make_inputs(**{GROWTH: [*calm(200), np.nan, np.inf, 0.0]}))
    assert readings["level"].iloc[200:].tolist() == ["unknown", "unknown", "calm"]
    assert "is missing; the last one is 2 day(s) old" in readings["reason"].iloc[201]


def test_a_level_is_left_only_below_its_exit(make_inputs: Maker) -> None:
    found = levels(make_inputs, calm(200) + [0.25] * 5 + [0.16] * 10 + [0.149] * 5)
    assert found[202:215] == ["high"] * 13  # 16 % is under the entry of 20 % but not under 15 %
    assert found[215:220] == ["high", "high", "elevated", "elevated", "elevated"]


@pytest.mark.parametrize(("hole", "expected"), [(6, "high"), (7, "elevated")])
def test_a_level_survives_a_short_hole_only(make_inputs: Maker, hole: int, expected: str) -> None:
    # 16 % keeps "high" when the last value is at most 7 days old; later it is read afresh: above 10 %.
    found = levels(make_inputs, calm(200) + [0.25] * 5 + [np.nan] * hole + [0.16])
    assert set(found[205 : 205 + hole]) == {"unknown"}
    assert found[-1] == expected


def test_absent_row_is_unknown_while_others_answer(make_inputs: Maker) -> None:
    market = make_inputs(**{GROWTH: calm(210)}).drop(index=200)
    asset = make_inputs("asset", "BTC", **{GROWTH: calm(210)}).drop(index=205)
    readings = SIGNAL.read(pd.concat([market, asset])).set_index(["scope_type", "as_of"])
    assert readings.loc[("market", pd.Timestamp("2024-07-20", tz="UTC")), "level"] == "unknown"  # day 200
    assert readings.loc[("asset", pd.Timestamp("2024-07-25", tz="UTC")), "level"] == "unknown"  # day 205
    assert (readings["level"].groupby("scope_type").count() == 210).all()


def test_a_day_nobody_has_gets_no_reading_and_counts_in_time(make_inputs: Maker) -> None:
    inputs = make_inputs(**{GROWTH: calm(200) + [0.25] * 5 + [0.0] * 10 + [0.16]})
    readings = SIGNAL.read(inputs.drop(index=range(205, 215)))
    assert len(readings) == 206
    assert readings["level"].iloc[-1] == "elevated"  # eleven days later there is no level to defend


def test_a_scope_that_is_gone_stops_after_a_month(make_inputs: Maker) -> None:
    market = make_inputs(**{GROWTH: calm(300)})
    asset = make_inputs("asset", "LUNA", **{GROWTH: calm(200)})
    readings = SIGNAL.read(pd.concat([market, asset])).query("scope == 'LUNA'")
    assert len(readings) == 230  # days 0..199, and 30 unknown ones
    assert set(readings["level"].iloc[200:]) == {"unknown"}


def test_half_seen_is_unknown_and_enters_no_history(make_inputs: Maker) -> None:
    seen = [1.0] * 200 + [0.49, 0.7]
    readings = SIGNAL.read(make_inputs(**{GROWTH: calm(202)}, seen_ratio=seen))
    assert readings["level"].iloc[200] == "unknown"
    assert "only 49 % of the expected open interest was seen" in readings["reason"].iloc[200]
    assert readings["level"].iloc[201] == "calm"
    assert readings["reason"].iloc[201].endswith("only 70 % of the expected open interest was seen.")
    blind_start = [0.3] * 50 + [1.0] * 150
    readings = SIGNAL.read(make_inputs(**{GROWTH: calm(200)}, seen_ratio=blind_start))
    assert readings["history_days"].iloc[199] == 120  # days 50..169


def test_one_asset_needs_twice_the_growth(make_inputs: Maker) -> None:
    growth = calm(200) + [0.15] * 5
    both = pd.concat([make_inputs(**{GROWTH: growth}), make_inputs("asset", "BTC", **{GROWTH: growth})])
    last = SIGNAL.read(both).groupby("scope_type")["level"].last()
    assert last.to_dict() == {"market": "elevated", "asset": "calm"}


def test_nothing_in_nothing_out() -> None:
    columns = ["day", "scope_type", "scope", GROWTH, "seen_ratio"]
    readings = SIGNAL.read(pd.DataFrame(columns=columns))
    assert tuple(readings.columns) == READING_COLUMNS
    assert readings.empty


def test_a_frame_from_the_database_is_read_as_it_comes() -> None:
    inputs = duckdb.sql("""
        select d::date as day, 'market' as scope_type, 'all' as scope,
            case when d = date '2024-06-08' then null else 0.01 end as quantity_growth_30d_ratio,
            null::double as seen_ratio
        from range(date '2024-01-01', date '2024-06-10', interval 1 day) t(d)
    """).df()
    readings = SIGNAL.read(inputs)
    assert readings["level"].iloc[-3:].tolist() == ["calm", "unknown", "calm"]
    kept = duckdb.sql(
        "select max(as_of) as latest, typeof(any_value(as_of)) as type from readings"
    ).fetchone()
    assert kept is not None
    assert kept[0] == datetime(2024, 6, 10, tzinfo=UTC)
    assert kept[1] == "TIMESTAMP WITH TIME ZONE"


def test_broken_inputs_are_named(make_inputs: Maker) -> None:
    inputs = make_inputs(**{GROWTH: calm(3)})
    with pytest.raises(ContractBroken, match="needs the column\\(s\\) seen_ratio"):
        SIGNAL.read(inputs.drop(columns="seen_ratio"))
    with pytest.raises(ContractBroken, match="twice"):
        SIGNAL.read(pd.concat([inputs, inputs.tail(1)]))
