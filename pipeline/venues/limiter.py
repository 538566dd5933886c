"""How fast a venue may be asked: one limiter a venue in this process, outside ccxt, on an absolute schedule.

Limits are data of the venue file; a venue that declares none gets what ccxt declares for it. What a venue
says after it was asked too fast is `holds.py`. Two processes on one address know nothing of each other:
one run a home is kept apart by the engine's lock, two homes on one machine are not.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# A venue counts calls as they arrive: by this share of its window, and at least so long, they may be late.
HEADROOM_RATIO, HEADROOM_SECONDS = 0.01, 0.05
# Slots that nobody took are made up for, as far as the window allows, but never more than this.
MOST_CREDIT_SECONDS = 1.0
# ccxt declares a pace and no window: it is kept over so many units.
CCXT_UNITS = 20


@dataclass(frozen=True)
class Limit:
    """`units` within `seconds`. A call takes one unit, or, if is_weighted, the cost that ccxt declares."""

    units: float
    seconds: float
    is_weighted: bool = False


class Bucket:
    """An even schedule of slots, and the calls that left: no window may hold more than `units`.

    The schedule is absolute, so that waiting never drifts and nothing polls. The window is what keeps the
    limit when a busy loop lets several calls leave late and together.
    """

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        headroom = max(HEADROOM_RATIO * limit.seconds, HEADROOM_SECONDS)
        self._window = limit.seconds + headroom
        self._spacing = self._window / limit.units
        self._free_at: float | None = None
        self._left: deque[tuple[float, float]] = deque()
        self._units_left = 0.0

    def reserve(self, cost: float, now: float) -> float:
        """Take the next slot; returns the instant from which the call may ask to leave."""
        earliest = now - min(MOST_CREDIT_SECONDS, self.limit.seconds)
        slot = now if self._free_at is None else max(self._free_at, earliest)
        self._free_at = slot + self._spacing * self._units(cost)
        return slot

    def leave(self, cost: float, now: float) -> float:
        """Let the call leave and return 0, or return the seconds after which it should ask again."""
        while self._left and self._left[0][0] <= now - self._window:
            self._units_left -= self._left.popleft()[1]
        units = self._units(cost)
        if self._left and self._units_left + units > self.limit.units + 1e-9:
            return self._left[0][0] + self._window - now
        self._left.append((now, units))
        self._units_left += units
        return 0.0

    def pause(self, until: float) -> None:
        """Give no slot before `until`."""
        self._free_at = until if self._free_at is None else max(self._free_at, until)

    def _units(self, cost: float) -> float:
        return cost if self.limit.is_weighted else 1.0


class Limiter:
    """All buckets of one venue. A call belongs to the longest part found in its `api/path`; "" is the rest.

    now is a monotonic clock in seconds. Safe to use from several threads and event loops.
    """

    def __init__(self, limits: Mapping[str, Limit], now: Callable[[], float] = time.monotonic) -> None:
        self._buckets = {part: Bucket(limit) for part, limit in limits.items()}
        self._now = now
        self._lock = threading.Lock()

    def reserve(self, path: str, cost: float) -> float:
        """Take the next slot of the path's bucket; returns the seconds to wait for it, 0 or less for none."""
        with self._lock:
            now = self._now()
            return self._bucket(path).reserve(cost, now) - now

    def leave(self, path: str, cost: float) -> float:
        """Let a call leave whose slot has come and return 0, or return the seconds until it asks again."""
        with self._lock:
            return self._bucket(path).leave(cost, self._now())

    def pause(self, seconds: float) -> None:
        """Send nothing to this venue for so long: it has said that it was asked too fast."""
        with self._lock:
            until = self._now() + seconds
            for bucket in self._buckets.values():
                bucket.pause(until)

    def _bucket(self, path: str) -> Bucket:
        return self._buckets[max((part for part in self._buckets if part in path), key=len)]


_OF_THIS_PROCESS: dict[str, Limiter] = {}


def limiter_of(venue: str, declared: Mapping[str, Limit], millisecond_cost: float) -> Limiter:
    """The one limiter of a venue in this process.

    millisecond_cost is ccxt's own pace, milliseconds for one unit of its costs: it serves a venue that
    declares no limit, and the rest of the paths where "" is not declared.
    """
    if venue not in _OF_THIS_PROCESS:
        safe = Limit(CCXT_UNITS, CCXT_UNITS * millisecond_cost / 1000, is_weighted=True)
        _OF_THIS_PROCESS[venue] = Limiter({"": safe, **declared})
    return _OF_THIS_PROCESS[venue]
