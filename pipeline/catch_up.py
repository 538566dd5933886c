"""Which days the daily run asks about: the one that ended, and those that a stopped machine missed.

What can still be asked of a missed day is `fetch.py`: histories, as far as a venue's reach; snapshots are too
late. What a run has answered is not asked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pipeline.clock import DAY

# As long as the histories of open interest go at most venues; `backfill` asks for more.
MOST_DAYS = 30


def days_due(asked: Iterable[date], ended: date) -> list[date]:
    """Consecutive days up to `ended`, from the first of the last 30 that no run has asked about.

    asked: the days that the fetch log of the home knows. A new home has missed nothing, and what lies before
    its first day is no gap.
    """
    known = set(asked)
    start = min(ended, max(min(known, default=ended), ended - (MOST_DAYS - 1) * DAY))
    recent = [start + count * DAY for count in range((ended - start) // DAY + 1)]
    missed = [day for day in recent if day not in known]
    return [day for day in recent if day >= min(missed, default=ended)]
