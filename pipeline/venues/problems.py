"""Turns what went wrong on the way to a venue into our errors, each with one sentence and no secret.

ccxt's class says what kind of trouble it was, the chain of causes says why, and the refusal holds what the
venue itself answered. What follows from it (waiting, holding, asking again) is `client.py`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import ModuleType

from pipeline.clock import from_milliseconds
from pipeline.errors import NeedsKey, PayloadUnreadable, VenueBlocked, VenueProblem, VenueUnavailable
from pipeline.keys import without_keys

BLOCKED = frozenset({403, 451})
TOO_FAST = frozenset({418, 429})
# A venue that bans for longer than this says so again when it is asked again.
LONGEST_WAIT = timedelta(days=7)
# What a venue file's code raises where an answer has another shape than it declares.
UNEXPECTED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
_SECRETS = re.compile(
    r"(?i)((?:(?:api|access)[-_]?key|sign(?:ature)?|secret|token|passphrase)[\"']?\s*[=:]\s*[\"']?)[^&\s\"']+"
)
_IN_ADDRESS = re.compile(r"(://)[^/\s@]+@")
_LONGEST_TOLD = 500
_BANNED_UNTIL = re.compile(r"(?i)until\D{0,20}(\d{13})\b")


@dataclass(frozen=True)
class Refusal:
    """An HTTP answer of 400 or above: its status, its headers (names in lower case) and its body."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def is_page(self) -> bool:
        """Whether a web page came in the place of data, as gatekeepers send it."""
        return self.body.lstrip()[:1] == "<"

    def wait_until(self, now: datetime) -> datetime | None:
        """When the venue said that it may be asked again, None where it did not say so."""
        banned = _BANNED_UNTIL.search(self.body)
        if banned is not None:
            until = from_milliseconds(float(banned[1]))
        else:
            after = self.headers.get("retry-after", "").strip()
            try:
                until = now + timedelta(seconds=float(after))
            except ValueError:
                until = _http_date(after) or now - LONGEST_WAIT
            except OverflowError:
                until = now + LONGEST_WAIT
        return min(until, now + LONGEST_WAIT) if until >= now else None


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def blocked(venue: str, refusal: Refusal) -> VenueBlocked:
    """The sentence of a venue that does not serve this machine."""
    if refusal.is_page:
        why = "its gatekeeper sent a web page, as it does to robots and closed regions"
    else:
        why = "it does not serve this network or region"
    said = without_secrets(refusal.body, 120)
    return VenueBlocked(f"HTTP {refusal.status} from {venue}: {why}; try from a place it serves ({said})")


def translated(
    problem: BaseException, ccxt_errors: ModuleType, venue: str, refusal: Refusal | None
) -> VenueProblem:
    """Our error for what a ccxt call raised; `refusal` is the answer that it was raised for, if any."""
    if isinstance(problem, VenueProblem):
        return problem
    if refusal is not None and refusal.status in BLOCKED:
        return blocked(venue, refusal)
    text = without_secrets(str(problem))
    way = _trouble_on_the_way(problem)
    if way is not None:
        return VenueUnavailable(f"{way} ({text})")
    if isinstance(problem, ccxt_errors.AuthenticationError):
        return NeedsKey(text)
    if isinstance(problem, ccxt_errors.BaseError | OSError | TimeoutError):
        # ccxt's class says what went wrong; of a time-out its text only says what was asked
        return VenueUnavailable(f"{type(problem).__name__}: {text}")
    return PayloadUnreadable(f"{type(problem).__name__}: {text}")


def _trouble_on_the_way(problem: BaseException) -> str | None:
    """A sentence for trouble between this machine and the venue: name service, proxy, certificate."""
    # imported with ccxt or not at all
    import aiohttp  # noqa: PLC0415

    for cause in _causes(problem):
        if isinstance(cause, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
            return (
                f"the proxy of HTTPS_PROXY did not let the call through: {without_secrets(str(cause), 120)}"
            )
        if isinstance(cause, aiohttp.ClientPayloadError):
            return without_secrets(str(cause), 120)
        if isinstance(cause, aiohttp.ClientConnectorDNSError):
            return f"the name {cause.host} cannot be resolved: check the network and DNS of this machine"
        if isinstance(cause, socket.gaierror):
            return "the venue's name cannot be resolved: check the network and DNS of this machine"
        if isinstance(cause, aiohttp.ClientConnectorCertificateError):
            return f"the certificate of {cause.host} is not trusted: a proxy on the way may have replaced it"
    return None


def _causes(problem: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = problem
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def without_secrets(text: str, longest: int = 240) -> str:
    """One line without key material or a proxy's password, at most `longest` characters.

    The keys of this process are known and looked for by value; signatures and other people's by their names.
    """
    line = _IN_ADDRESS.sub(r"\1***@", " ".join(without_keys(text).split()))
    return _SECRETS.sub(r"\1***", line)[:longest]


def told(problem: VenueProblem) -> str:
    """A problem as it may stand in a log or on a terminal: one printable line without secrets, not endless.

    A sentence may name what a venue calls a thing, which is hostile until it is refused.
    """
    line = without_secrets(str(problem), _LONGEST_TOLD)
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in line)


def unreadable(problem: Exception) -> PayloadUnreadable:
    """The sentence for an answer of another shape than the venue file declares."""
    return PayloadUnreadable(f"unexpected shape: {type(problem).__name__}: {without_secrets(str(problem))}")
