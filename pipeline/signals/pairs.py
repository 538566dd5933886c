"""Which of two readings of a scope and day speaks for both. No measure and no level is decided here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.signals.base import RANKED, Level

# Not knowing ranks between calm and elevated: it must not read as calm, and must not hide an alarm.
PRECEDENCE = {Level.CALM: 0, Level.UNKNOWN: 1, **{level: place for place, level in enumerate(RANKED[1:], 2)}}


def urgency(readings: pd.DataFrame) -> pd.Series[float]:
    """Precedence of the level, and within it how far the value is along its threshold (squeezed under 1)."""
    along = (readings["value"] / readings["threshold"]).fillna(0.0)
    return readings["level"].map(PRECEDENCE).astype(float) + 0.5 + np.arctan(along) / np.pi * 0.99
