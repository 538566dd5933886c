"""What every encoder is made of: the question, the venue's own error, its limits, and exact numbers.

What one venue sends belongs in its own module beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from pipeline.replay.world import World

Json = Any  # what orjson can write: the shapes differ by venue and endpoint


@dataclass(frozen=True)
class Request:
    """A question as it arrived: `path` without the host, `query` decoded, `body` the JSON of a POST."""

    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Json] = field(default_factory=dict)

    def integer(self, name: str) -> int | None:
        """An integer parameter of the query, None when it was not sent or is no number."""
        text = self.query.get(name, "")
        return int(text) if text.isdecimal() else None


@dataclass(frozen=True)
class Refusal:
    """How a venue words a refusal: HTTP status, body (text when the venue sends no JSON) and headers."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


class WireError(Exception):
    """The venue's own error answer to a question it cannot answer."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body


class Wire(Protocol):
    """One venue's wire format. `limits` maps a part of a path to (requests, seconds); "" is for the rest."""

    name: str
    hosts: frozenset[str]
    limits: Mapping[str, tuple[int, float]]

    def check(self, world: World) -> None:
        """Raise HistoryInvalid for truths this venue cannot say without rounding."""
        ...

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """The answer at the virtual instant; raises WireError for the venue's own errors."""
        ...

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """A refusal with `status`, to last `seconds`, in the venue's words."""
        ...


def text(number: float) -> str:
    """The shortest decimal that reads back as the same double, never with an exponent or a bare ".0"."""
    shortest = repr(float(number)).removesuffix(".0")
    return format(Decimal(shortest), "f") if "e" in shortest else shortest


def text_or_empty(number: float | None) -> str:
    """As `text`; the empty string is how venues that send strings say that there is nothing."""
    return "" if number is None else text(number)


def contracts(amount_base: float, contract_size_base: float) -> float:
    """Coins as contracts. A quotient within rounding of a short decimal is that decimal."""
    count = amount_base / contract_size_base
    short = round(count, 6)
    return short if abs(count - short) <= 1e-14 * abs(count) else count
