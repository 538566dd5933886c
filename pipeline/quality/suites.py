"""Which rules raw and staging data must keep, as data. One place a dataset; running them is `gate.py`.

A rule on raw data warns: what a venue sent is that venue's trouble and stays in the lake. A rule on staging
data blocks where a total built on it would be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rule:
    """One expectation: its class in Great Expectations, and what it is told."""

    name: str
    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_blocking: bool = False


@dataclass(frozen=True)
class Suite:
    """The rules of one table. The frame is `select columns from table where day >= from_day`."""

    table: str
    columns: tuple[str, ...]
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """The table's own name."""
        return self.table.split(".", 1)[1]


def _not_null(column: str, *, is_blocking: bool = False) -> Rule:
    return Rule(f"{column}_is_there", "ExpectColumnValuesToNotBeNull", {"column": column}, is_blocking)


def _between(column: str, low: float | None, high: float | None, *, is_blocking: bool = False) -> Rule:
    return Rule(
        f"{column}_in_range",
        "ExpectColumnValuesToBeBetween",
        {"column": column, "min_value": low, "max_value": high},
        is_blocking,
    )


def _within(column: str, values: tuple[str, ...], *, is_blocking: bool = False) -> Rule:
    return Rule(
        f"{column}_is_known",
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": list(values)},
        is_blocking,
    )


def _unique(columns: tuple[str, ...]) -> Rule:
    return Rule(
        "key_is_unique", "ExpectCompoundColumnsToBeUnique", {"column_list": list(columns)}, is_blocking=True
    )


_VERSION_KEY = ("day", "venue", "market", "observed_at", "known_at")

SUITES: tuple[Suite, ...] = (
    Suite(
        "raw.open_interest",
        ("venue", "market", "fetched_at", "unit", "sides", "amount", "contract_size"),
        (
            _not_null("market"),
            _not_null("amount"),
            _between("amount", 0, 1e15),
            _within("unit", ("base", "contracts", "usd")),
            _between("sides", 1, 2),
        ),
    ),
    Suite(
        "raw.funding_rate",
        ("venue", "market", "fetched_at", "unit", "kind", "funding_rate", "interval_hours"),
        (
            _not_null("market"),
            _not_null("funding_rate"),
            # no venue's cap is near 10 % for one interval
            _between("funding_rate", -0.1, 0.1),
            _within("kind", ("settled", "predicted")),
        ),
    ),
    Suite(
        "staging.stg_open_interest",
        (*_VERSION_KEY, "unit", "open_interest_base_listed", "open_interest_quote", "asset", "multiplier"),
        (
            _unique(_VERSION_KEY),
            _not_null("asset", is_blocking=True),
            _not_null("open_interest_base_listed"),
            _between("open_interest_base_listed", 0, 1e16, is_blocking=True),
            # a hundred billion dollars in one market has never been seen: above it is a unit fault
            _between("open_interest_quote", 0, 1e11, is_blocking=True),
            _between("multiplier", 1e-9, 1e9, is_blocking=True),
        ),
    ),
    Suite(
        "staging.stg_funding_rate",
        ("day", "venue", "market", "kind", "settles_at", "known_at", "interval_hours", "funding_apr"),
        (
            _unique(("day", "venue", "market", "kind", "settles_at", "known_at")),
            # a rate without an interval is in no average, so its absence cannot make a total wrong
            _not_null("interval_hours"),
            _between("interval_hours", 1, 24, is_blocking=True),
            _between("funding_apr", -100, 100, is_blocking=True),
        ),
    ),
)
