"""Accounting identities: reads `dbt_like_models/checks/` and says which hold. No table is named here.

A check is a SELECT with the columns `day`, `scope` and `off_ratio`, a row for each thing that is compared:
how far from holding it is, as a fraction. Beyond warn_fraction people are told; beyond error_fraction nothing
is published (null: it only warns). A row without an off_ratio could not be compared and is beyond both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import duckdb
import yaml

from pipeline.errors import ContractBroken
from pipeline.files import MODELS
from pipeline.quality.rules import NOT_COMPARED

FOLDER = MODELS / "checks"
_EXAMPLES = 3
# A check may leave the last days for what comes late, and then speaks of a day before those built.
_GRACE_DAYS = 7
_Status = Literal["passed", "warned", "failed", "not_compared"]
_FACTS = ("title", "holds", "warn_fraction", "error_fraction")


@dataclass(frozen=True)
class Identity:
    """What must hold of the marts. error_fraction None: the check can only warn."""

    name: str
    title: str
    holds: str
    warn_fraction: float
    error_fraction: float | None
    select: str


@dataclass(frozen=True)
class Outcome:
    """How one check ended. compared: things looked at; beyond: those off; sentence: the furthest of them.

    A check that found nothing to compare did not pass: it says nothing of the marts.
    """

    identity: Identity
    status: _Status
    compared: int
    beyond: int
    sentence: str


def read_identity(path: Path) -> Identity:
    """Parse one file; raises ContractBroken with its name when the header is not whole."""
    opening, _, rest = path.read_text().partition("/*")
    header, ending, select = rest.partition("*/")
    facts = yaml.safe_load(header) if not opening.strip() and ending else {}
    if missing := [name for name in _FACTS if name not in facts]:
        message = f"{path.name} lacks {', '.join(missing)}: begin the file with /* title: ... */"
        raise ContractBroken(message)
    error = facts["error_fraction"]
    return Identity(
        path.stem,
        facts["title"],
        facts["holds"],
        float(facts["warn_fraction"]),
        None if error is None else float(error),
        select.strip(),
    )


@cache
def read_identities(folder: Path = FOLDER) -> tuple[Identity, ...]:
    """Every check, by name."""
    return tuple(read_identity(path) for path in sorted(folder.glob("*.sql")))


def check_identities(
    connection: duckdb.DuckDBPyConnection, since: date, identities: Sequence[Identity] | None = None
) -> Iterator[Outcome]:
    """Run each check over the days from a week before `since` on.

    Raises duckdb.CatalogException when a mart was never built.
    """
    since -= timedelta(days=_GRACE_DAYS)
    for identity in read_identities() if identities is None else identities:
        limit = identity.error_fraction
        row = connection.execute(
            f"{_compared(identity)}"
            "select count(*), count(*) filter (where not coalesce(off_ratio <= $2, false)),"
            " count(*) filter (where not coalesce(off_ratio <= $3, false)) from compared",
            [since, identity.warn_fraction, float("inf") if limit is None else limit],
        ).fetchone()
        compared, beyond_warning, beyond_error = row or (0, 0, 0)
        failed = limit is not None and beyond_error > 0
        status: _Status = "failed" if failed else "warned" if beyond_warning else "passed"
        sentence = "none"
        if not compared:
            status, sentence = "not_compared", NOT_COMPARED
        if beyond_warning:
            furthest = _furthest(connection, since, identity)
            sentence = f"{beyond_warning} of {compared} off, furthest {furthest}"
        yield Outcome(identity, status, compared, beyond_warning, sentence)


def _furthest(connection: duckdb.DuckDBPyConnection, since: date, identity: Identity) -> str:
    rows = connection.execute(
        f"{_compared(identity)}"
        "select day, scope, off_ratio from compared where not coalesce(off_ratio <= $2, false)"
        f" order by off_ratio desc nulls first, day desc, scope limit {_EXAMPLES}",
        [since, identity.warn_fraction],
    ).fetchall()
    return ", ".join(
        f"{scope} on {day} by {'an unknown share' if off is None else f'{off:.3g}'}"
        for day, scope, off in rows
    )


def _compared(identity: Identity) -> str:
    return f"with compared as (select * from ({identity.select}) where day >= $1::date) "
