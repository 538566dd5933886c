"""What counts as an event, which days stand before one, and from how many events on an interval is shown.

The rule was written before any signal was scored on a recorded market; `tests/evaluation/RULE.md` says the
same in words and counts what was tried. Changing a number here makes every earlier score void. Scores are
computed in `score.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

CHANGE_DAYS = 3  # an event is a fall over so many days
APART_DAYS = 21  # a fall nearer to the last event belongs to it
AFTER_DAYS = 7  # with the event's own day these are neither before an event nor ordinary
HORIZONS_DAYS = (7, 14, 30)
LEAST_EVENTS_FOR_INTERVAL = 5

# Weight of a missed event against a false alarm in the two usefulness figures: equal for Alessi and Detken,
# and Sarlin's 0.8 because events are rare.
ALESSI_DETKEN_WEIGHT = 0.5
SARLIN_WEIGHT = 0.8


@dataclass(frozen=True)
class EventRule:
    """Open interest and price must both have fallen, each by at least its share, over CHANGE_DAYS days.

    With `is_price_free` the open interest is divided by the price first, so that what falls is coins.
    """

    name: str
    open_interest_fall_ratio: float
    price_fall_ratio: float
    is_price_free: bool = False

    def event_days(self, usd_log_change: pd.Series, price_log_change: pd.Series) -> list[pd.Timestamp]:
        """The first day that meets the rule, then each next one at least APART_DAYS days after the last.

        Both series hold natural log changes over CHANGE_DAYS days, indexed by UTC date in rising order. A
        fall of 15 % is a log change of ln(0.85) or less. A day without both changes is never an event.
        """
        fall = usd_log_change - price_log_change if self.is_price_free else usd_log_change
        meets = (fall <= math.log1p(-self.open_interest_fall_ratio)) & (
            price_log_change <= math.log1p(-self.price_fall_ratio)
        )
        events: list[pd.Timestamp] = []
        for day in pd.DatetimeIndex(meets.index[meets.to_numpy(dtype=bool)]):
            if not events or (day - events[-1]).days >= APART_DAYS:
                events.append(day)
        return events


RULES = (
    EventRule("R1", open_interest_fall_ratio=0.15, price_fall_ratio=0.07),
    EventRule("R2", open_interest_fall_ratio=0.15, price_fall_ratio=0.07, is_price_free=True),
    EventRule("R3", open_interest_fall_ratio=0.20, price_fall_ratio=0.10),
)


def label_days(days: pd.DatetimeIndex, events: Sequence[pd.Timestamp], horizon_days: int) -> pd.Series[float]:
    """1 on the `horizon_days` days before an event, 0 on ordinary days, NaN on days that are not scored.

    `days` is a calendar without holes. Not scored: each event's day and the AFTER_DAYS days after it, also
    where they stand before the next event; and the last `horizon_days` days, whose future is not known yet.
    """
    labels = np.zeros(len(days))
    places = [(event - days[0]).days for event in events]
    for place in places:
        labels[max(0, place - horizon_days) : place] = 1.0
    for place in places:
        labels[place : place + AFTER_DAYS + 1] = np.nan
    labels[max(0, len(days) - horizon_days) :] = np.nan
    return pd.Series(labels, index=days)
