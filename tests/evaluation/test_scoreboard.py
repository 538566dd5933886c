"""One score worked out by hand, the scoreboard of planted series, and what it lets itself say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.evaluate.baselines import RECORD_COLUMNS, baselines, walk_forward_threshold
from pipeline.evaluate.rule import label_days
from pipeline.evaluate.score import Candidate, score
from pipeline.evaluate.scoreboard import SCOREBOARD_COLUMNS, scoreboard, verdict

DAYS = pd.date_range("2024-01-01", periods=60)


def series(name: str, values: dict[int, float], alarms: set[int], days: pd.DatetimeIndex = DAYS) -> Candidate:
    value = pd.Series(0.0, index=days)
    for place, number in values.items():
        value.iloc[place] = number
    return Candidate(name, value, pd.Series([place in alarms for place in range(len(days))], index=days))


def test_a_score_as_by_hand() -> None:
    """Events at 20 and 45, H = 7: days 13-19 and 38-44 are before, 20-27 and 45-52 and 53-59 left out."""
    events = [DAYS[20], DAYS[45]]
    labels = label_days(DAYS, events, 7)
    unknown = float("nan")
    values = {13: 9.0, 14: 9.0, 40: 9.0, 2: 9.0, 41: unknown}
    # spells: 1-2 false; 12-14 reaches the window; 21 in the days after; 30 false; 41 unknown, so no alarm
    one = series("made", values, alarms={1, 2, 12, 13, 14, 21, 30, 41})
    found = score(one, labels, events, "R1", 7, reference=None)
    assert (found.events, found.events_warned) == (2, 1)
    assert found.median_lead_days == 7  # first alarm inside the horizon on day 13, event on day 20
    # before: 7 + 6 known days; others: 0-12 and 28-37, 23 days
    assert found.scored_days == 13 + 23
    assert found.base_ratio == pytest.approx(13 / 36)
    assert found.precision_ratio == pytest.approx(2 / 6)  # 13, 14 of 1, 2, 12, 13, 14, 30
    assert found.recall_ratio == pytest.approx(2 / 13)
    assert found.noise_to_signal_ratio == pytest.approx((4 / 23) / (2 / 13))
    assert found.usefulness_ratio == pytest.approx(0.5 - 0.5 * 11 / 13 - 0.5 * 4 / 23)
    assert found.false_alarms_a_year == pytest.approx(2 * 365.25 / 36)
    # 3 of 13 at nine and the others at zero, against 1 of 23
    pairs = 3 * (22 + 0.5 * 1) + 10 * (22 * 0.5)
    assert found.auroc == pytest.approx(pairs / (13 * 23))
    assert (found.sample_from, found.sample_to) == (DAYS[0], DAYS[44])


def test_below_five_events_there_is_no_interval_but_a_reason() -> None:
    events = [DAYS[20], DAYS[45]]
    labels = label_days(DAYS, events, 7)
    one = series("made", {13: 1.0}, alarms={13})
    found = score(one, labels, events, "R1", 7, reference=one.value)
    assert all(math.isnan(n) for n in (found.auroc_low, found.auroc_high, found.auroc_gain_low))
    assert found.reason == "2 events, fewer than 5: no interval is evidence"
    assert found.auroc_gain == 0.0


def test_a_window_over_an_earlier_event_begins_after_it() -> None:
    """Events at 10 and 31, H = 30: an alarm on day 5 warned of the first, and of the second it did not."""
    days = pd.date_range("2024-01-01", periods=100)
    events = [days[10], days[31]]
    one = series("made", {}, alarms={5}, days=days)
    found = score(one, label_days(days, events, 30), events, "R1", 30, reference=None)
    assert (found.events, found.events_warned) == (2, 1)
    assert found.median_lead_days == 5


def test_a_series_that_was_never_known_has_a_row_and_a_reason() -> None:
    one = Candidate("made", pd.Series(np.nan, index=DAYS), pd.Series(False, index=DAYS))
    found = score(one, label_days(DAYS, [DAYS[20]], 7), [DAYS[20]], "R1", 7, reference=None)
    assert (found.events, found.scored_days, found.sample_from) == (0, 0, None)
    assert math.isnan(found.auroc)
    assert found.reason == "never known on a day that can be scored"


def test_thresholds_see_no_later_day() -> None:
    value = pd.Series(
        np.random.default_rng(1).normal(size=400), index=pd.date_range("2022-01-01", periods=400)
    )
    whole = walk_forward_threshold(value)
    assert whole.first_valid_index() == value.index[149]  # 30 left out, 120 of history
    changed = value.copy()
    changed.iloc[270:] = 99.0
    assert walk_forward_threshold(changed)[:299].equals(whole[:299])  # day 299 reads up to day 269
    # 120 numbers in rising order: the 95 % quantile lies at place 0.95 x 119 = 113.05
    rising = pd.Series(np.arange(400.0), index=value.index)
    assert walk_forward_threshold(rising).iloc[149] == pytest.approx(113.05)


def planted(event_count: int, days_between: int = 60) -> tuple[pd.DataFrame, list[int]]:
    """A market that is quiet but for falls of 21 % in dollars and 11 % in price."""
    days = pd.date_range("2020-01-01", periods=300 + days_between * event_count)
    generator = np.random.default_rng(8)
    record = pd.DataFrame(0.0, index=days, columns=list(RECORD_COLUMNS))
    record["price_log_change_1d"] = generator.normal(scale=0.02, size=len(days))
    record["funding_apr"] = generator.normal(size=len(days))
    places = [260 + days_between * count for count in range(event_count)]
    record.iloc[places, 0], record.iloc[places, 1] = math.log(0.79), math.log(0.89)
    return record, places


def readings_of(record: pd.DataFrame, values: pd.Series, name: str = "seer") -> pd.DataFrame:
    level = np.where(values > 0.5, "elevated", "calm")
    as_of = (record.index + pd.Timedelta(days=1)).tz_localize("UTC")
    columns = {"as_of": as_of, "signal": name, "scope_type": "market", "scope": "all"}
    return pd.DataFrame({**columns, "value": values.to_numpy(), "level": level})


def calm_levels(record: pd.DataFrame) -> pd.DataFrame:
    as_of = (record.index + pd.Timedelta(days=1)).tz_localize("UTC")
    return pd.DataFrame({"as_of": as_of, "level": "calm", "score": 0.0})


def test_a_signal_that_knows_beats_volatility_and_is_first() -> None:
    record, places = planted(8)
    knows = pd.Series(0.0, index=record.index)
    for place in places:
        knows.iloc[place - 14 : place] = 1.0
    noise = readings_of(record, pd.Series(np.random.default_rng(2).uniform(size=len(record)), record.index))
    other = noise.assign(scope_type="asset", scope="BTC", signal="seer")
    both = pd.concat([readings_of(record, knows), noise.assign(signal="dice"), other])
    table = scoreboard(record, both, calm_levels(record))
    assert tuple(table.columns) == SCOREBOARD_COLUMNS
    # seer, dice, composite and five baselines; three rules and three horizons
    assert len(table) == 8 * 9
    assert set(table["variants_tried"]) == {72}
    rows = table[(table["event_rule"] == "R1") & (table["horizon_days"] == 14)].set_index("signal")
    assert rows.index[0] == "seer"
    seer = rows.loc["seer"]
    # a reading of 00:00 is of the day before: any shift of a day would cost area and lead
    assert (seer["events"], seer["events_warned"], seer["auroc"]) == (8, 8, 1.0)
    assert (seer["median_lead_days"], seer["false_alarms_a_year"]) == (14, 0)
    assert seer["auroc_gain_low"] > 0
    assert rows.loc["dice", "auroc_low"] < 0.5 < rows.loc["dice", "auroc_high"]
    assert (rows.loc["always_calm", "auroc"], rows.loc["always_calm", "recall_ratio"]) == (0.5, 0)
    assert math.isnan(rows.loc["volatility_30d", "auroc_gain"])
    assert rows["is_baseline"].to_dict() == {
        **dict.fromkeys(("seer", "dice", "composite"), False),
        **dict.fromkeys(("volatility_30d", "return_90d", "oi_growth_30d", "funding", "always_calm"), True),
    }
    assert verdict(table).startswith("Better than volatility: ")
    assert "seer (R1, 14 days)" in verdict(table)
    without = table[table["signal"].isin(["dice", "always_calm", "volatility_30d", "composite"])]
    assert verdict(without).startswith("Nothing beats volatility. ")


def test_few_events_let_nothing_be_said() -> None:
    record, _ = planted(4)
    table = scoreboard(record, readings_of(record, record["funding_apr"]), calm_levels(record))
    assert table["auroc_low"].isna().all()
    # coins fell by 1 - 0.79/0.89 = 11 %, which the price-free rule does not count
    reasons = table.groupby("event_rule")["reason"].unique().map(list).to_dict()
    few, none = (f"{events}, fewer than 5: no interval is evidence" for events in ("4 events", "no event"))
    assert reasons == {"R1": [few], "R2": [none], "R3": [few]}
    assert verdict(table) == "Nothing can be said against volatility: no row has 5 events or more."


def test_a_market_without_a_day_has_an_empty_board_of_the_same_shape() -> None:
    record, _ = planted(1)
    nothing = scoreboard(
        record.iloc[:0], readings_of(record, record["funding_apr"]).iloc[:0], calm_levels(record).iloc[:0]
    )
    assert len(nothing) == 0
    assert tuple(nothing.columns) == SCOREBOARD_COLUMNS


def test_baselines_as_by_hand() -> None:
    record, _ = planted(1)
    change = record["price_log_change_1d"]
    found = {one.name: one for one in baselines(record)}
    last = record.index[-1]
    thirty = change.iloc[-30:].to_numpy()
    yearly = math.sqrt(((thirty - thirty.mean()) ** 2).sum() / 29 * 365)
    assert found["volatility_30d"].value[last] == pytest.approx(yearly)
    assert found["return_90d"].value[last] == pytest.approx(change.iloc[-90:].sum())
    assert not found["always_calm"].is_alarm.any()
    # 30 of returns, 30 left out, 119 more of history: known from the 180th change
    assert found["volatility_30d"].value.first_valid_index() == record.index[29 + 149]
