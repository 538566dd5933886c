"""The scorer on what others published, and the record of our signals as RECORD.md prints it.

Nothing here asks a score to be good: the tables are what came out, and must come out again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from coins import score_coins
from crises import macrohistory, score_crises
from record import Market, bitcoin, panel, panel_market, score_market
from record_tables import alarm_table, area_table, crisis_table
from recorded import SHARED, needs_shared

from pipeline.evaluate.rule import RULES
from pipeline.evaluate.scoreboard import verdict
from pipeline.methods.scoring import auroc
from pipeline.methods.scoring_bootstrap import block_counts, interval, pairs_by_day, resampled_aurocs

pytestmark = [needs_shared, pytest.mark.real]

RECORD = Path(__file__).parent / "RECORD.md"
R1, R2, R3 = RULES


@pytest.fixture(scope="module")
def btc() -> Market:
    return bitcoin()


@pytest.fixture(scope="module")
def btc_scores(btc: Market) -> pd.DataFrame:
    return score_market(btc)


@pytest.fixture(scope="module")
def panel_scores() -> pd.DataFrame:
    return score_market(panel_market(panel()))


@pytest.fixture(scope="module")
def asri() -> tuple[np.ndarray, np.ndarray]:
    """Labels and values of the published composite: 30 days before four events, their days included."""
    table = pd.read_parquet(SHARED / "methods" / "reference" / "asri_history.parquet")
    values = table.loc["2021-03-01":"2024-12-31", "asri"]
    labels = pd.Series(0, index=values.index)
    for event in ("2022-05-12", "2022-06-17", "2022-11-11", "2023-03-11"):
        labels[pd.Timestamp(event) - pd.Timedelta(days=30) : pd.Timestamp(event)] = 1
    assert (len(labels), labels.sum()) == (1402, 124)
    return labels.to_numpy(), values.to_numpy()


def test_k01_area_of_a_published_composite(asri: tuple[np.ndarray, np.ndarray]) -> None:
    assert auroc(*asri) == pytest.approx(0.8657207582412034, abs=1e-9)


@pytest.mark.parametrize(("block", "expected"), [(20, (0.7709, 0.9459)), (1, (0.8416, 0.8878))])
def test_k04_blocks_of_days_against_single_days(
    asri: tuple[np.ndarray, np.ndarray], block: int, expected: tuple[float, float]
) -> None:
    pairs = pairs_by_day(*asri, np.arange(1402))
    found = interval(resampled_aurocs(pairs, block_counts(1402, block, repetitions=2000, seed=42)))
    assert found == pytest.approx(expected, abs=0.01)


def test_events_of_btc(btc: Market) -> None:
    """About 21 and 9 were expected when the rule was given; the days are known from the news."""
    record = btc.record
    found = {
        rule.name: rule.event_days(record["usd_log_change_3d"], record["price_log_change_3d"])
        for rule in RULES
    }
    assert {name: len(events) for name, events in found.items()} == {"R1": 21, "R2": 9, "R3": 13}
    for day in ("2021-05-19", "2021-12-04", "2022-11-08"):
        assert all(pd.Timestamp(day) in events for events in found.values())


@pytest.mark.soak  # half a minute
def test_btc_comes_out_as_recorded(btc_scores: pd.DataFrame) -> None:
    """A signal that came later adds rows; those that stand may not move."""
    assert _recorded("BTC,") <= {
        *(line for rule in RULES for line in area_table(btc_scores, rule.name)),
        *alarm_table(btc_scores, "R1", 14),
    }


def test_the_panel_comes_out_as_recorded(panel_scores: pd.DataFrame) -> None:
    assert _recorded("69 perpetuals as one market") <= {
        *(line for rule in RULES for line in area_table(panel_scores, rule.name)),
        *alarm_table(panel_scores, "R1", 14),
    }


@pytest.mark.soak  # half a minute
def test_what_is_said_of_volatility_is_what_the_tables_hold(
    btc_scores: pd.DataFrame, panel_scores: pd.DataFrame
) -> None:
    text = " ".join(RECORD.read_text().split())
    recorded = set(_signals("BTC,")) & set(_signals("69 perpetuals as one market"))
    assert {"crowding", "accumulation", "volatility_30d"} <= recorded
    better = btc_scores[btc_scores["auroc_gain_low"] > 0]
    for row in better[better["signal"].isin(_signals("BTC,"))].itertuples():
        assert f"{row.signal} ({row.event_rule}, {row.horizon_days} days)" in text
    assert verdict(panel_scores[panel_scores["signal"].isin(recorded)]).startswith(
        "Nothing beats volatility."
    )
    assert "Nothing beats volatility." in text


@pytest.mark.soak  # half a minute
def test_an_area_is_the_same_by_counting_pairs(btc: Market, btc_scores: pd.DataFrame) -> None:
    """Funding before the events of R2, days written out by hand from the rule's words."""
    record = btc.record
    events = R2.event_days(record["usd_log_change_3d"], record["price_log_change_3d"])
    chosen = (btc_scores["signal"] == "funding") & (btc_scores["event_rule"] == "R2")
    row = btc_scores[chosen & (btc_scores["horizon_days"] == 7)].iloc[0]
    funding = record["funding_apr"][row["sample_from"] : row["sample_to"]].dropna()
    before, other = [], []
    for day, value in funding.items():
        distances = [(event - day).days for event in events]
        if any(-7 <= distance <= 0 for distance in distances):
            continue
        (before if any(1 <= distance <= 7 for distance in distances) else other).append(value)
    won = sum((np.array(other) < value).sum() + 0.5 * (np.array(other) == value).sum() for value in before)
    assert len(before) + len(other) == row["scored_days"]
    assert row["auroc"] == pytest.approx(won / len(before) / len(other), abs=1e-12)


def test_coins_fall_on_the_same_days() -> None:
    (found,) = score_coins(panel(), only=["oi_growth_30d"])
    assert (found.coin_events, found.event_days) == (794, 180)
    recorded = f"{found.auroc:.2f} ({found.low:.2f} to {found.high:.2f})"
    assert any(line.startswith(f"| oi_growth_30d | {recorded}") for line in _recorded("69 perpetuals, each"))


def test_credit_growth_before_crises() -> None:
    """The literature: 0.67 to 0.72 for models of this kind; ours is one five-year change without a model."""
    table = macrohistory()
    assert (table["crisisJST"].sum(), table["iso"].nunique()) == (88, 18)
    areas = {deflator: score_crises(table, deflator) for deflator in ("cpi", "gdp")}
    assert areas["cpi"].auroc == pytest.approx(0.660, abs=5e-4)
    assert areas["gdp"].auroc == pytest.approx(0.685, abs=5e-4)
    assert all(one.low > 0.5 for one in areas.values())
    # the range of the literature lies inside the interval of either
    assert all(one.low < 0.67 and one.high > 0.72 for one in areas.values())
    assert set(crisis_table()) >= _recorded("Credit growth")


def _recorded(heading: str) -> set[str]:
    """The table lines of one section of RECORD.md."""
    (section,) = (part for part in RECORD.read_text().split("\n## ") if part.startswith(heading))
    lines = {line for line in section.splitlines() if line.startswith("|")}
    assert len(lines) > 2
    return lines


def _signals(heading: str) -> list[str]:
    return [
        line[2:].split(" ")[0] for line in _recorded(heading) if not line.startswith(("|--", "| R", "| s"))
    ]
