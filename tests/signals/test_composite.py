"""The declared rule of the market level and the list of events, on readings typed by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.signals.composite import EVENT_COLUMNS, RISK_COLUMNS, risk_events, risk_levels

SIGNALS = ("accumulation", "crowding", "concentration_shift", "blindness")
AS_OF = pd.Timestamp("2024-06-02", tz="UTC")


def readings(*levels: str, as_of: pd.Timestamp = AS_OF, scope_type: str = "market") -> pd.DataFrame:
    """Readings of one day, levels in the order of SIGNALS; 3 % of the market is not seen."""
    return pd.DataFrame(
        {
            "as_of": as_of,
            "signal": SIGNALS,
            "scope_type": scope_type,
            "scope": "all",
            "value": [0.2, 0.3, 0.01, 0.03],
            "level": levels,
            "reason": [f"{signal} is {level}." for signal, level in zip(SIGNALS, levels, strict=True)],
        }
    )


@pytest.mark.parametrize(
    ("levels", "expected", "score", "drivers"),
    [
        (("calm", "calm", "calm", "calm"), "calm", 0.0, "none"),
        # accumulation alone: its own level; 0.5 x 1/3
        (("elevated", "calm", "calm", "calm"), "elevated", 0.5 / 3, "accumulation elevated"),
        (
            ("high", "calm", "elevated", "calm"),
            "high",
            1.2 / 3,
            "accumulation high; concentration_shift elevated",
        ),
        # supported: one higher; 0.5 x 1/3 + 0.3 x 1/3
        (
            ("elevated", "elevated", "calm", "calm"),
            "high",
            0.8 / 3,
            "accumulation elevated; crowding elevated",
        ),
        (("high", "elevated", "calm", "calm"), "critical", 1.3 / 3, "accumulation high; crowding elevated"),
        (
            ("elevated", "calm", "high", "calm"),
            "high",
            0.9 / 3,
            "accumulation elevated; concentration_shift high",
        ),
        (
            ("critical", "critical", "critical", "calm"),
            "critical",
            1.0,
            "accumulation critical; crowding critical; concentration_shift critical",
        ),
        # without accumulation never above elevated
        (("calm", "elevated", "calm", "calm"), "calm", 0.1, "crowding elevated"),
        (
            ("calm", "critical", "critical", "calm"),
            "elevated",
            0.5,
            "crowding critical; concentration_shift critical",
        ),
        # an unknown shift blocks nothing: the score is over the other weights, 0.5 x 2/3 / 0.8
        (
            ("high", "calm", "unknown", "calm"),
            "high",
            1.0 / 3 / 0.8,
            "accumulation high",
        ),
        # not knowing is never calm
        (
            ("unknown", "critical", "calm", "calm"),
            "unknown",
            np.nan,
            "accumulation unknown; crowding critical",
        ),
        (("calm", "unknown", "calm", "calm"), "unknown", np.nan, "crowding unknown"),
        (("calm", "calm", "calm", "unknown"), "unknown", np.nan, "blindness unknown"),
        # blind: a calm is withdrawn at high, everything at critical, an alarm on what was seen stands
        (("calm", "calm", "calm", "elevated"), "calm", 0.0, "blindness elevated"),
        (("calm", "calm", "calm", "high"), "unknown", np.nan, "blindness high"),
        (("high", "calm", "calm", "high"), "high", 1.0 / 3, "accumulation high; blindness high"),
        (
            ("high", "high", "calm", "critical"),
            "unknown",
            np.nan,
            "accumulation high; crowding high; blindness critical",
        ),
    ],
)
def test_the_rule(levels: tuple[str, ...], expected: str, score: float, drivers: str) -> None:
    found = risk_levels(readings(*levels))
    assert tuple(found.columns) == RISK_COLUMNS
    row = found.iloc[0]
    assert row["level"] == expected
    assert row["score"] == pytest.approx(score, nan_ok=True)
    assert row["drivers"] == drivers
    assert row["blind_ratio"] == pytest.approx(0.03)


def test_only_the_market_counts_and_a_missing_signal_is_unknown() -> None:
    asset = readings("critical", "critical", "critical", "calm", scope_type="asset")
    market = readings("calm", "calm", "calm", "calm")
    found = risk_levels(pd.concat([asset, market[market["signal"] != "accumulation"]]))
    assert found["level"].tolist() == ["unknown"]


def test_events_are_the_changes_and_unknown_is_a_level() -> None:
    course = ["unknown", "calm", "calm", "high", "unknown", "high"]
    days = [
        readings(level, "calm", "calm", "calm", as_of=AS_OF + pd.Timedelta(days=day))
        for day, level in enumerate(course)
    ]
    events = risk_events(pd.concat(reversed(days)))
    assert tuple(events.columns) == EVENT_COLUMNS
    assert set(events["signal"]) == {"accumulation"}
    assert events["at"].dt.day.tolist() == [3, 5, 6, 7]
    assert events["from_level"].tolist() == ["unknown", "calm", "high", "unknown"]
    assert events["to_level"].tolist() == ["calm", "high", "unknown", "high"]
    assert events["reason"].iloc[1] == "accumulation is high."


def test_scopes_are_not_mixed_up() -> None:
    later = AS_OF + pd.Timedelta(days=1)
    both = pd.concat(
        [
            readings("calm", "calm", "calm", "calm"),
            readings("high", "calm", "calm", "calm", as_of=later, scope_type="venue"),
        ]
    )
    assert risk_events(both).empty  # each is the first reading of its scope


def with_others(base: tuple[str, ...], as_of: pd.Timestamp = AS_OF, **others: str) -> pd.DataFrame:
    """The four signals of `readings`, and further ones by name."""
    more = pd.DataFrame(
        {
            "as_of": as_of,
            "signal": list(others),
            "scope_type": "market",
            "scope": "all",
            "value": 0.1,
            "level": list(others.values()),
            "reason": "",
        }
    )
    return pd.concat([readings(*base, as_of=as_of), more], ignore_index=True)


CALM, GROWING = ("calm",) * 4, ("elevated", "calm", "calm", "calm")


@pytest.mark.parametrize(
    ("base", "others", "expected"),
    [
        # builders say elevated alone, from high on
        (CALM, {"explosive_leverage": "high"}, "elevated"),
        (CALM, {"credit_gap": "critical"}, "elevated"),
        (CALM, {"borrow_stress": "elevated"}, "calm"),
        # what says that a fall is under way is no build-up
        (CALM, {"liquidation_pressure": "critical", "cushion_compression": "critical"}, "calm"),
        (CALM, {"comovement": "critical"}, "calm"),
        # a growth is one higher when supported
        (GROWING, {"explosive_leverage": "elevated"}, "high"),
        (GROWING, {"borrow_stress": "elevated"}, "high"),
        (GROWING, {"credit_gap": "elevated", "comovement": "elevated"}, "elevated"),
        (GROWING, {"cushion_compression": "high"}, "high"),
        (GROWING, {"explosive_leverage": "critical", "comovement": "critical"}, "high"),
        # not knowing supports nothing and blocks nothing
        (GROWING, {"explosive_leverage": "unknown"}, "elevated"),
        (CALM, {"credit_gap": "unknown"}, "calm"),
    ],
)
def test_the_later_signals_in_the_rule(base: tuple[str, ...], others: dict[str, str], expected: str) -> None:
    assert risk_levels(with_others(base, **others))["level"].tolist() == [expected]


def test_a_signal_nobody_feeds_is_named_apart_from_one_that_went_silent() -> None:
    days = [
        with_others(CALM, AS_OF, comovement="high", credit_gap="unknown"),
        with_others(CALM, AS_OF + pd.Timedelta(days=1), comovement="unknown", credit_gap="unknown"),
    ]
    found = risk_levels(pd.concat(days))
    assert found["drivers"].tolist() == [
        "comovement high",
        "comovement unknown",
    ]
    assert found["without_data"].tolist() == ["credit_gap", "credit_gap"]
    # the denominator is what is known: 0.1 x 2/3 over 0.5 + 0.3 + 0.2 + 0.1, then nothing but calm
    assert found["score"].tolist() == pytest.approx([0.2 / 3 / 1.1, 0.0])
    assert found["level"].tolist() == ["calm", "calm"]
