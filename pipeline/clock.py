"""The one source of "now". No other module may ask the operating system for the time of day.

Live, `SystemClock` is the machine's UTC time. Under replay, `VirtualClock` stands at the instant the
embedded exchange was set to, and moves only when it is told to. Durations (how long a call took) are
not time of day and use `time.perf_counter` where they are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

DAY = timedelta(days=1)


class Clock(Protocol):
    """Tells the instant that counts as now."""

    def now(self) -> datetime:
        """The current instant, timezone-aware, UTC."""
        ...


class SystemClock:
    """The machine's own clock, in UTC."""

    def now(self) -> datetime:
        """The current instant, timezone-aware, UTC."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until it is set."""

    def __init__(self, instant: datetime) -> None:
        self.set(instant)

    def set(self, instant: datetime) -> None:
        """Move to `instant`, which must carry a timezone."""
        if instant.tzinfo is None:
            message = f"a virtual instant needs a timezone: {instant.isoformat()}"
            raise ValueError(message)
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        """The instant last set, UTC."""
        return self._instant


def milliseconds(instant: datetime) -> int:
    """Unix time of `instant` in whole milliseconds, as ccxt counts it."""
    return round(instant.timestamp() * 1000)


def from_milliseconds(value: float) -> datetime:
    """The UTC instant of a Unix time in milliseconds."""
    return datetime.fromtimestamp(value / 1000, tz=UTC)


def end_of(day: date) -> datetime:
    """The instant a UTC day ends: 00:00 of the next one. Levels are read nearest to it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY


def span_milliseconds(days: Sequence[date]) -> tuple[int, int]:
    """First and last instant of consecutive UTC days, oldest first, in Unix milliseconds."""
    return milliseconds(end_of(days[0]) - timedelta(days=1)), milliseconds(end_of(days[-1]))


def last_complete_day(clock: Clock) -> date:
    """The latest UTC day that has ended."""
    return clock.now().date() - DAY
