"""How asking for one dataset may end without an answer: what was not given, and the status of a problem.

What is asked when is `fetch.py`; what the log says of an attempt is `fetch_log.py`.
"""

from __future__ import annotations

from pipeline.errors import NeedsAddresses, NeedsKey, VenueBlocked, VenueProblem
from pipeline.records import Status
from pipeline.settings import addresses_variable, key_variable
from pipeline.venues.asker import Asker
from pipeline.venues.base import Reports


def status_of(problem: VenueProblem) -> Status:
    """How an attempt ends that ran into this problem."""
    if isinstance(problem, VenueBlocked):
        return Status.BLOCKED
    if isinstance(problem, NeedsAddresses):
        return Status.NEEDS_ADDRESSES
    return Status.NEEDS_KEY if isinstance(problem, NeedsKey) else Status.FAILED


def lacking(asker: Asker, report: Reports) -> VenueProblem | None:
    """What the operator must give before a dataset can be asked, None where nothing is missing."""
    name = asker.venue.name
    if report.needs_key and not asker.has_key:
        return NeedsKey(f"set {key_variable(name)} to a read-only key")
    if report.needs_addresses and not asker.addresses:
        return NeedsAddresses(f"no account is listed: set {addresses_variable(name)} to public addresses")
    return None
