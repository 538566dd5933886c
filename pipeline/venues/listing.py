"""The market lists of the day, as ccxt parsed them, kept in the home so that a second run does not ask again.

A list is good for the UTC day on which it was asked and for the ccxt version that parsed it. What becomes
rows of the `markets` dataset is the venue file's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.clock import Clock
from pipeline.errors import PayloadUnreadable
from pipeline.keys import without_keys
from pipeline.venues.problems import UNEXPECTED, unreadable

if TYPE_CHECKING:
    from pipeline.venues.base import Venue


class MarketLists:
    """One JSON file a venue under `folder`, each with the day and the ccxt version it is good for."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def read(self, venue: str, ccxt_version: str) -> list[Mapping[str, Any]] | None:
        """Today's list, None where it was not asked yet or cannot be read."""
        try:
            kept = orjson.loads((self._folder / f"{venue}.json").read_bytes())
            markets: list[Mapping[str, Any]] = kept["markets"]
            return markets if kept["good_for"] == self._good_for(ccxt_version) else None
        except (OSError, ValueError, KeyError, TypeError):
            # only a copy: what cannot be read is asked for
            return None

    def write(self, venue: str, ccxt_version: str, markets: Sequence[Mapping[str, Any]]) -> None:
        """Keep a list that was just asked for, in the place of yesterday's."""
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._folder / f"{venue}.tmp"
        kept = orjson.dumps({"good_for": self._good_for(ccxt_version), "markets": markets})
        temporary.write_text(without_keys(kept.decode()))
        temporary.replace(self._folder / f"{venue}.json")

    def _good_for(self, ccxt_version: str) -> list[str]:
        return [self._clock.now().date().isoformat(), ccxt_version]


def by_id(
    venue: Venue, markets: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Mapping[str, Any]], PayloadUnreadable | None]:
    """Listed markets by the venue's own id, and the last problem of one whose id cannot be read."""
    found: dict[str, Mapping[str, Any]] = {}
    problem: PayloadUnreadable | None = None
    for market in markets:
        try:
            found[venue.market_id(market)] = market
        except (PayloadUnreadable, *UNEXPECTED) as trouble:
            problem = unreadable(trouble)
    return found, problem
