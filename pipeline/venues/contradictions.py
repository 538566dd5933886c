"""One thing said twice with different numbers: nobody can tell which is right, so neither counts.

Rows that repeat each other are no contradiction; staging keeps one of them. Forced orders are events, of
which several fall on one instant. What is wrong with a row alone is in `plausible.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields

from pipeline.errors import PayloadUnreadable
from pipeline.records import ROW_TYPES, LiquidationRow, RawRow

_OURS = frozenset(
    {"payload", "run_id", "ccxt_version", "fetched_at", "tolerance_hours", "publication_lag_hours"}
)
# Beside words and instants: which step of a table a row is.
_PLACES = frozenset({"tier"})


def without_contradictions(rows: Sequence[RawRow]) -> tuple[list[RawRow], list[PayloadUnreadable]]:
    """The rows in their order without those that contradict another, and a problem for each such subject.

    A subject is what the words and the time of a row name, asked of one endpoint.
    """
    places: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if not isinstance(row, LiquidationRow):
            places[type(row), row.market, row.observed_at, row.endpoint].append(place)
    left_out: set[int] = set()
    problems = []
    for alike in places.values():
        if len(alike) == 1:
            continue
        subjects: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        for place in alike:
            subjects[_read(rows[place], _SUBJECT)].append(place)
        for subject in subjects.values():
            if len({_read(rows[place], _SAID) for place in subject}) > 1:
                left_out.update(subject)
                row = rows[subject[0]]
                problems.append(
                    PayloadUnreadable(
                        f"{row.market} is answered {len(subject)} times, with different numbers"
                    )
                )
    return [row for place, row in enumerate(rows) if place not in left_out], problems


def _read(row: RawRow, columns: dict[type[RawRow], list[str]]) -> tuple[object, ...]:
    return tuple(getattr(row, column) for column in columns[type(row)])


def _columns(row_type: type[RawRow], *, are_numbers: bool) -> list[str]:
    return [
        field.name
        for field in fields(row_type)
        if field.name not in _OURS
        and (str(field.type).startswith(("float", "int")) and field.name not in _PLACES) is are_numbers
    ]


_SUBJECT = {row_type: _columns(row_type, are_numbers=False) for row_type in ROW_TYPES.values()}
_SAID = {row_type: _columns(row_type, are_numbers=True) for row_type in ROW_TYPES.values()}
