"""The signals there are, and that each says what it does."""

from __future__ import annotations

import importlib

import pytest

from pipeline.signals import SIGNALS
from pipeline.signals.base import SCOPE_TYPES


def test_signals_are_found_in_order_of_name() -> None:
    assert list(SIGNALS) == [
        "accumulation",
        "blindness",
        "borrow_stress",
        "comovement",
        "concentration_shift",
        "credit_gap",
        "crowding",
        "cushion_compression",
        "explosive_leverage",
        "liquidation_pressure",
    ]


@pytest.mark.parametrize("name", list(SIGNALS))
def test_a_signal_declares_itself(name: str) -> None:
    signal = SIGNALS[name]
    assert signal.name == name
    assert signal.formula_version >= 1
    assert set(signal.scopes) <= set(SCOPE_TYPES)
    text = " ".join((importlib.import_module(f"pipeline.signals.{name}").__doc__ or "").split())
    for part in ("Measured:", "H0:", "istory", "hreshold", "before any made scenario was scored"):
        assert part in text, f"the docstring of {name} does not say: {part}"
