"""Counts requests against the venues' rate limits, for benches and fault tests. Off unless asked for.

Windows are real seconds: a limit protects a machine, and machines do not live in virtual time. What the
limits are and how a venue words a refusal belongs in `wire/`.
"""

from __future__ import annotations

import time
from collections import deque

from pipeline.replay.wire.base import Wire

BAN_AFTER_EXCESS = 100  # requests sent in spite of refusals until the venue bans the address
BAN_SECONDS = 120.0


class RateLimits:
    """Sliding windows by venue and part of path."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, str], deque[float]] = {}
        self._excess: dict[str, int] = {}
        self._banned_until: dict[str, float] = {}

    def refuses(self, wire: Wire, path: str) -> tuple[int, float] | None:
        """(status, seconds to wait) when this request is one too many, else None."""
        now = time.monotonic()
        banned_until = self._banned_until.get(wire.name, 0.0)
        if now < banned_until:
            return 418, banned_until - now
        part = max((p for p in wire.limits if p in path), key=len)
        most, seconds = wire.limits[part]
        sent = self._sent.setdefault((wire.name, part), deque())
        while sent and now - sent[0] >= seconds:
            sent.popleft()
        if len(sent) < most:
            sent.append(now)
            self._excess[wire.name] = 0
            return None
        self._excess[wire.name] = self._excess.get(wire.name, 0) + 1
        if self._excess[wire.name] > BAN_AFTER_EXCESS:
            self._banned_until[wire.name] = now + BAN_SECONDS
            return 418, BAN_SECONDS
        return 429, seconds - (now - sent[0])
