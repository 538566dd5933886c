"""What no row may hold, whichever venue sent it: names that are no names, numbers that are none.

A venue file reads what its venue means; here stands what is wrong under any meaning. What is refused is
counted and named in the fetch log, and the rest of the answer is kept.
"""

from __future__ import annotations

import math
import re
from dataclasses import fields
from datetime import timedelta

from pipeline.errors import PayloadUnreadable
from pipeline.keys import quoted, without_keys
from pipeline.records import ROW_TYPES, LeverageTierRow, RawRow

LONGEST_NAME = 128
LARGEST = 1e18
LONGEST_INTERVAL_HOURS = 168.0  # a week; the longest that a venue settles funding in is a day
# A clock that is hours off is told by the quality gate, and its rows count for no day. What claims to be of
# another day is no clock's error: in a series it would stand as the newest for years.
FARTHEST_AHEAD = timedelta(days=1)
# Letters of any script are names (Binance lists Chinese ones). Control characters, lone surrogates and what
# turns or hides the text around it are not: a table, a terminal or a spreadsheet would show something else.
_NAME = re.compile(
    "[^\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
    f"{{1,{LONGEST_NAME}}}"
)
_OURS = frozenset({"payload", "endpoint", "ccxt_version", "run_id", "unit", "evidence", "stamp"})


def named(value: object, what: str) -> str:
    """A name as a venue writes it; raises PayloadUnreadable for anything that is none, our keys included."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or without_keys(value) != value:
        message = f"{what} is not a name: {quoted(value, 60)}"
        raise PayloadUnreadable(message)
    return value


def refuse_implausible(row: RawRow) -> None:
    """Raise PayloadUnreadable for a row that names nothing or counts with something that is no number."""
    names, numbers = _COLUMNS[type(row)]
    for column in names:
        value = getattr(row, column)
        if value is not None:
            named(value, f"{column} of {quoted(row.market, 60)}")
    for column in numbers:
        value = getattr(row, column)
        if value is None:
            continue
        if not math.isfinite(value) or abs(value) > LARGEST:
            message = f"{column} of {row.market} is not a number that can be: {value!r}"
            raise PayloadUnreadable(message)
        if column.endswith("interval_hours") and not 0 < value <= LONGEST_INTERVAL_HOURS:
            message = f"{column} of {row.market} is not between zero and a week: {value!r}"
            raise PayloadUnreadable(message)
    if row.observed_at is not None and row.observed_at - row.fetched_at > FARTHEST_AHEAD:
        message = f"{row.market} is said to be of {row.observed_at:%Y-%m-%d %H:%M}, which is yet to come"
        raise PayloadUnreadable(message)
    if row.contract_size is not None and row.contract_size <= 0:
        message = f"contract_size of {row.market} is not above zero: {row.contract_size!r}"
        raise PayloadUnreadable(message)
    cap = row.notional_cap if isinstance(row, LeverageTierRow) else None
    if isinstance(row, LeverageTierRow) and cap is not None and cap <= row.notional_floor:
        message = f"step {row.tier} of {row.market} ends at {cap!r}, which is not above its floor"
        raise PayloadUnreadable(message)


def _columns(row_type: type[RawRow]) -> tuple[list[str], list[str]]:
    """The columns that a venue's own names and numbers go to."""
    typed = [(field.name, str(field.type)) for field in fields(row_type) if field.name not in _OURS]
    return (
        [column for column, kind in typed if kind.startswith("str")],
        [column for column, kind in typed if kind.startswith(("float", "int"))],
    )


_COLUMNS = {row_type: _columns(row_type) for row_type in ROW_TYPES.values()}
