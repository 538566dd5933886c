"""How numbers and changes are written for a reader. Formatting only: nothing is computed from tables here.

A missing number is written `not known`, never 0. A space before a unit does not break.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import TypeVar

NOT_KNOWN = "not known"
SPACE = "\u00a0"
BILLION_FROM_USD = 999_950_000  # what rounds to 1,000.0 mn is 1.0 bn
FLAT_RATIO = 0.0005  # a change that rounds to 0.0 % is called unchanged

Number = float | None
Cell = TypeVar("Cell")
Writer = Callable[[Number], str]


def usd(value: Number) -> str:
    """US dollars: `31.4 bn USD`; below a billion in millions, below 50 thousand in dollars."""
    return NOT_KNOWN if value is None else f"{_scaled(value, abs(value))}{SPACE}USD"


def usd_range(low: Number, high: Number) -> str:
    """Two bounds in one unit: `31.4 to 58.0 bn USD`; an open side is named, equal bounds are one number."""
    if low is None and high is None:
        return NOT_KNOWN
    if low is None:
        return f"at most {usd(high)}, lower bound {NOT_KNOWN}"
    if high is None:
        return f"at least {usd(low)}, upper bound {NOT_KNOWN}"
    if usd(low) == usd(high):
        return usd(high)
    return f"{_scaled(low, high).split(SPACE)[0]} to {usd(high)}"


def _scaled(value: float, size: float) -> str:
    """`value` in the unit that suits an amount of `size`."""
    if size >= BILLION_FROM_USD:
        return f"{value / 1e9:,.1f}{SPACE}bn"
    if size >= 5e4:
        return f"{value / 1e6:,.1f}{SPACE}mn"
    return f"{value:,.0f}"


def percent(value: Number) -> str:
    """A fraction as a percentage: 0.314 is `31.4 %`."""
    return NOT_KNOWN if value is None else f"{100 * value:,.1f}{SPACE}%"


def plain(value: Number) -> str:
    """A number without a unit, four significant digits; a whole one from ten thousand on."""
    if value is None:
        return NOT_KNOWN
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def count(value: Number) -> str:
    """A whole number."""
    return NOT_KNOWN if value is None else f"{value:,.0f}"


def one_decimal(value: Number) -> str:
    """A number without a unit, one decimal."""
    return NOT_KNOWN if value is None else f"{value:,.1f}"


def text(value: object) -> str:
    """Any cell of a table; NULL is `not known`."""
    return NOT_KNOWN if value is None else str(value)


def signed_percent(value: Number) -> str:
    """A relative change with its sign: `+4.0 %`."""
    return NOT_KNOWN if value is None else f"{100 * value:+,.1f}{SPACE}%"


def signed_points(change: Number) -> str:
    """A difference of two fractions in percentage points: `+1.2 pp`."""
    return NOT_KNOWN if change is None else f"{100 * change:+,.1f}{SPACE}pp"


def moved(change: Number) -> str:
    """The verb for a change: `rose to`, `fell to`, `stayed at`; `stands at` when it is not known."""
    if change is None:
        return "stands at"
    if abs(change) < FLAT_RATIO:
        return "stayed at"
    return "rose to" if change > 0 else "fell to"


def went(change: float) -> str:
    """A relative change as a verb: `rose 4.0 %`, `fell 4.0 %`, `did not move`."""
    if abs(change) < FLAT_RATIO:
        return "did not move"
    return f"{'rose' if change > 0 else 'fell'} {percent(abs(change))}"


def difference(now: Number, then: Number) -> Number:
    """now - then; None when either is missing."""
    return None if now is None or then is None else now - then


def ago(values: Sequence[Cell | None], days: int) -> Cell | None:
    """The value `days` before the last one; None when the series is shorter or has a gap there."""
    return values[-1 - days] if len(values) > days else None


def streak(values: Sequence[str | None]) -> int:
    """How many of the last values are equal to the last one, itself included."""
    length = 1
    for later, earlier in pairwise(reversed(values)):
        if later != earlier:
            break
        length += 1
    return length


def utc(instant: datetime) -> str:
    """An instant, to the minute, with its zone named."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def long_day(day: date) -> str:
    """A date as a heading writes it: `23 November 2026`."""
    return f"{day.day} {day:%B %Y}"


def sentence(words: str) -> str:
    """One sentence with exactly one full stop and a capital first letter."""
    trimmed = words.strip().rstrip(".")
    return f"{trimmed[:1].upper()}{trimmed[1:]}."


def plural(number: int, noun: str) -> str:
    """`1 day`, `3 days`."""
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"
