"""What a venue file declares, and the two calls it may make. No venue's name may appear here.

A venue file says what each number *is*: its unit by direction, what its timestamp marks, how far from the
end of a day it still counts, whether one call answers for all markets, how deep its history is, and on
what evidence all that rests. What a number is *worth* is decided in staging. Talking to the network is
`pipeline/venues/asker.py`.
"""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pipeline.clock import from_milliseconds
from pipeline.errors import PayloadUnreadable
from pipeline.keys import quoted
from pipeline.records import Dataset, Direction, MarketRow, Stamp, Unit
from pipeline.venues.limiter import Limit
from pipeline.venues.plausible import named

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.venues.asker import Asker

# No market, coin or rate that exists comes near it; a number above is a fault of the sender.
LARGEST_PLAUSIBLE = 1e18


class Evidence(StrEnum):
    """What a declared unit rests on, strongest first."""

    RECORDED = "recorded"  # an answer was recorded and value/amount gives a plausible price
    DOCUMENTED = "documented"  # the venue's own documentation says so
    CCXT_SOURCE = "ccxt_source"  # only ccxt's code or comments say so
    NONE = "none"  # nothing says so: collected and flagged, and in no total until something does


@dataclass(frozen=True, kw_only=True)
class Reports:
    """What one dataset of a venue means.

    unit: by direction where it differs. tolerance_hours: distance from the end of a day within which an
    observation is that day's level. history_days: depth of the venue's own history call, None if it has
    none. always_history: the history is a series of its own (settlements, liquidations), not a substitute
    for a snapshot. needs_key: it is asked only when the environment holds a read-only key of the venue.
    needs_addresses: it is asked about each account that the settings list, and not at all without one.
    """

    unit: Unit | Mapping[Direction, Unit]
    stamp: Stamp
    tolerance_hours: float
    how: Literal["bulk", "per_symbol", "per_currency", "per_address"]
    evidence: Evidence
    link: str
    sides: Literal[1, 2] = 1
    history_days: int | None = None
    always_history: bool = False
    publication_lag_hours: float = 0.0
    needs_key: bool = False
    needs_addresses: bool = False
    note: str = ""

    def unit_for(self, direction: Direction | None) -> Unit:
        """The declared unit; raises PayloadUnreadable where none is declared, never guesses."""
        if isinstance(self.unit, Unit):
            return self.unit
        if direction is None or direction not in self.unit:
            message = f"no unit is declared for direction {direction}"
            raise PayloadUnreadable(message)
        return self.unit[direction]


@dataclass(frozen=True)
class Unsupported:
    """The venue does not publish this dataset, or nothing public about it is right."""

    reason: str


@dataclass(frozen=True)
class KeyOnly:
    """The venue answers this only to an account."""

    reason: str


Declaration = Reports | Unsupported | KeyOnly


class Venue(ABC):
    """One exchange. A subclass declares `reports` and has one method for each dataset it reports.

    `async def <dataset>(self, ask) -> None` takes the level now; `async def <dataset>_history(self, ask)`
    takes what the venue says about earlier instants. Both hand rows to `ask.keep(...)`.

    limits: the venue's published limits of one address, by part of ccxt's `api/path` ("fapiData/"); the
    longest part that fits counts, "" is for the rest. Where nothing is declared, ccxt's own pace is kept.
    """

    name: ClassVar[str]
    ccxt_id: ClassVar[str]
    title: ClassVar[str]
    ccxt_options: ClassVar[Mapping[str, Any]] = {}
    limits: ClassVar[Mapping[str, Limit]] = {}
    reports: ClassVar[Mapping[Dataset, Declaration]]

    async def markets(self, ask: Asker) -> None:
        """Every contract market ccxt lists, as MarketRow. Override only for what ccxt gets wrong."""
        intervals = await self.funding_intervals(ask)
        for market in ask.listed:
            if not (market.get("swap") or market.get("future")) or market.get("option"):
                continue
            with ask.row_guard():
                ask.keep(self._market_row(ask, market, intervals.get(self.market_id(market))))

    def market_id(self, market: Mapping[str, Any]) -> str:
        """The id the venue itself uses in its answers."""
        return named(market["id"], "id of a listed market")

    async def funding_intervals(self, ask: Asker) -> Mapping[str, float]:
        """Hours between settlements by market id, as far as the venue names them now."""
        del ask
        return {}

    def max_leverage(self, market: Mapping[str, Any]) -> float | None:
        """The largest leverage offered, None where the venue names none."""
        return optional_number(_deep(market, "limits", "leverage", "max"))

    def _market_row(self, ask: Asker, market: Mapping[str, Any], interval_hours: float | None) -> MarketRow:
        return ask.row(
            MarketRow,
            Dataset.MARKETS,
            market=self.market_id(market),
            observed_at=None,
            endpoint="fetchMarkets",
            payload=market["info"],
            listed=market,
            base=market["base"],
            quote=market["quote"],
            settle=market.get("settle"),
            kind=market["type"],
            direction=direction_of(market),
            is_active=market.get("active") is not False,
            funding_interval_hours=interval_hours,
            listed_at=_instant(market.get("created")),
            expires_at=_instant(market.get("expiry")),
            max_leverage=self.max_leverage(market),
        )


def direction_of(market: Mapping[str, Any]) -> Direction | None:
    """How a ccxt market pays; None for spot. A contract that is neither linear nor inverse is quanto."""
    if not market.get("contract"):
        return None
    if market.get("inverse"):
        return Direction.INVERSE
    return Direction.LINEAR if market.get("linear") else Direction.QUANTO


def number(value: object, what: str) -> float:
    """A finite, non-negative amount below anything that can exist; raises PayloadUnreadable otherwise."""
    result = signed_number(value, what)
    if result < 0:
        message = f"{what} is negative: {result!r}"
        raise PayloadUnreadable(message)
    return result


def signed_number(value: object, what: str) -> float:
    """A finite number, of either sign; raises PayloadUnreadable for null, text, NaN and the absurd."""
    if value is None or isinstance(value, bool) or value == "":
        message = f"{what} is missing"
        raise PayloadUnreadable(message)
    try:
        result = float(str(value))
    except ValueError as problem:
        message = f"{what} is not a number: {quoted(value)}"
        raise PayloadUnreadable(message) from problem
    if not math.isfinite(result) or abs(result) > LARGEST_PLAUSIBLE:
        message = f"{what} is not plausible: {result!r}"
        raise PayloadUnreadable(message)
    return result


def optional_number(value: object) -> float | None:
    """The amount, or None where the venue sends nothing, text that is no number, or less than zero."""
    try:
        return number(value, "value")
    except PayloadUnreadable:
        return None


def walk_goes_on(ask: Asker, has_more: bool, reaches_further: bool) -> bool:
    """Whether a walk through pages asks for another: there is more, and the last page reached further.

    A page that did not would repeat for ever: the walk ends, and what lies behind it is counted as trouble.
    """
    with ask.row_guard():
        if has_more and not reaches_further:
            message = "a page repeats what came before: what lies behind it is missing"
            raise PayloadUnreadable(message)
    return has_more and reaches_further


def instant(value: object, what: str) -> datetime:
    """A UTC instant from milliseconds; raises PayloadUnreadable for anything outside 2009 to 2100."""
    milliseconds = number(value, what)
    if not 1.23e12 < milliseconds < 4.2e12:
        message = f"{what} is not a time in milliseconds: {quoted(value)}"
        raise PayloadUnreadable(message)
    return from_milliseconds(milliseconds)


def _instant(value: object) -> datetime | None:
    try:
        return instant(value, "time")
    except PayloadUnreadable:
        return None


def _deep(mapping: Mapping[str, Any], *path: str) -> object:
    value: Any = mapping
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
