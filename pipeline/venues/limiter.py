"""How fast a venue may be asked: one limiter a venue in this process, outside ccxt, on an absolute schedule.

Limits are data of the venue file; a venue that declares none gets what ccxt declares for it. What a venue
says after it was asked too fast is `holds.py`. Two processes on one address know nothing of each other:
one run a home is kept apart by the engine's lock, two homes on one machine are not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Calls leave evenly, but arrive with some jitter: a sliding window at the venue must not count one too many.
HEADROOM = 1.01


@dataclass(frozen=True)
class Limit:
    """`units` within `seconds`. A call takes one unit, or, if is_weighted, the cost that ccxt declares."""

    units: float
    seconds: float
    is_weighted: bool = False


class Bucket:
    """Knows the instant of its next free slot, so that waiting never drifts and nothing polls."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._spacing = HEADROOM * limit.seconds / limit.units
        self._free_at = float("-inf")

    def reserve(self, cost: float, now: float) -> float:
        """Take the next slot; returns the instant at which the call may leave, `now` or later.

        Slots that nobody took are lost: made up for, they would be one call too many in a sliding window.
        """
        at = max(self._free_at, now)
        self._free_at = at + self._spacing * (cost if self.limit.is_weighted else 1.0)
        return at

    def pause(self, until: float) -> None:
        """Give no slot before `until`."""
        self._free_at = max(self._free_at, until)


class Limiter:
    """All buckets of one venue. A call belongs to the longest part found in its `api/path`; "" is the rest.

    now is a monotonic clock in seconds. Safe to use from several threads and event loops.
    """

    def __init__(self, limits: Mapping[str, Limit], now: Callable[[], float] = time.monotonic) -> None:
        self._buckets = {part: Bucket(limit) for part, limit in limits.items()}
        self._now = now
        self._lock = threading.Lock()

    def reserve(self, path: str, cost: float) -> float:
        """Take the next slot of the path's bucket; returns the seconds to wait for it."""
        with self._lock:
            now = self._now()
            return self._bucket(path).reserve(cost, now) - now

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
        safe = Limit(1, millisecond_cost / 1000, is_weighted=True)
        _OF_THIS_PROCESS[venue] = Limiter({"": safe, **declared})
    return _OF_THIS_PROCESS[venue]
