"""Venues that told this machine to stay away, and until when; kept in the home, so that runs honour it.

Only what a venue said or a refusal implies belongs here; how fast it may be asked is `limiter.py`. A hold
ends by itself, on the clock that it was made with: virtual under a replay.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipeline.clock import Clock
from pipeline.errors import VenueBlocked, VenueProblem, VenueUnavailable
from pipeline.files import put


@dataclass(frozen=True)
class Hold:
    """A venue is not asked before `until` (UTC). is_blocked: it refuses this machine, not only its pace."""

    until: datetime
    reason: str
    is_blocked: bool

    def problem(self, venue: str) -> VenueProblem:
        """What a call to the venue ends with while the hold lasts."""
        kind = VenueBlocked if self.is_blocked else VenueUnavailable
        return kind(f"{venue} is not asked before {self.until:%Y-%m-%d %H:%M:%S} UTC: {self.reason}")


class Holds:
    """The holds of one home: `holds.json`, read once and written at each change."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._holds = _read(path)

    def of(self, venue: str) -> Hold | None:
        """The hold that lasts now, None without one."""
        hold = self._holds.get(venue)
        return hold if hold is not None and hold.until > self._clock.now() else None

    def lasting(self) -> dict[str, Hold]:
        """Every hold that lasts now, by venue."""
        return {venue: hold for venue in sorted(self._holds) if (hold := self.of(venue)) is not None}

    def put(self, venue: str, hold: Hold) -> None:
        """Keep a hold; a longer one of the same venue stays, and ended ones are forgotten."""
        known = self.of(venue)
        if known is not None and known.until >= hold.until:
            return
        self._holds = {**self.lasting(), venue: hold}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        values = {name: {**asdict(one), "until": one.until.isoformat()} for name, one in self._holds.items()}
        put(self._path, json.dumps(values, indent=2) + "\n")


def _read(path: Path) -> dict[str, Hold]:
    try:
        values = json.loads(path.read_text())
        return {
            venue: Hold(datetime.fromisoformat(one["until"]), str(one["reason"]), bool(one["is_blocked"]))
            for venue, one in values.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        # a person may have edited it: a hold that cannot be read ends, and the venue says it again
        return {}
