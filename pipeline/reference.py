"""Brings facts from outside the exchanges into the lake: supplies and reserves, from a CSV file.

One file is one import; either all of its rows are good or none is kept. What a fact is worth on a day
(carried forward, with its own date printed) is SQL's: `stg_reference`, `leverage_daily`.
"""

from __future__ import annotations

import csv
import math
import secrets
from datetime import UTC, date, datetime
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.lake import Lake
from pipeline.records import ReferenceRow

COLUMNS = ("day", "kind", "asset", "amount", "unit", "source")
# What may be brought in -> the unit its amounts count.
KINDS = {
    "circulating_supply": "coins",
    "exchange_reserve": "coins",
    "stablecoin_supply": "usd",
    "open_interest": "usd",
}


def import_reference(file: Path, lake: Lake, now: datetime) -> int:
    """Check a CSV of dated facts and append it to the lake; returns how many rows it had.

    Columns: day (2026-01-31), kind (circulating_supply and exchange_reserve in coins, stablecoin_supply and
    open_interest in usd), asset (`all` for the whole market), amount, unit, source. `now` stands as the
    instant from which the facts were known. Raises UsageError with the line that is wrong; nothing is written
    then.
    """
    rows = read_reference(file, now)
    lake.write_reference(rows)
    return len(rows)


def read_reference(file: Path, now: datetime) -> list[ReferenceRow]:
    """The rows of a file, checked. Raises UsageError that names the file, the line and what is wrong."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            header = tuple(reader.fieldnames or ())
            lines = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        message = f"{file} cannot be read as CSV: {why}"
        raise UsageError(message) from problem
    if missing := [name for name in COLUMNS if name not in header]:
        message = f"{file} lacks the columns {', '.join(missing)}: its header must name {', '.join(COLUMNS)}"
        raise UsageError(message)
    if not lines:
        message = f"{file} holds no row: nothing was imported"
        raise UsageError(message)
    run_id = secrets.token_hex(4)
    rows = []
    seen: dict[tuple[datetime, str, str], int] = {}
    for number, line in enumerate(lines, start=2):
        try:
            row = _row(line, now, run_id)
        except ValueError as problem:
            message = f"{file} line {number}: {problem}"
            raise UsageError(message) from problem
        first = seen.setdefault((row.data_day, row.kind, row.asset), number)
        if first != number:
            message = f"{file} line {number}: repeats {row.kind} of {row.asset} of line {first}"
            raise UsageError(message)
        rows.append(row)
    return rows


def _row(line: dict[str, str], now: datetime, run_id: str) -> ReferenceRow:
    values = {name: (line[name] or "").strip() for name in COLUMNS}
    if empty := [name for name, value in values.items() if not value]:
        message = f"{', '.join(empty)} is empty: leave the whole row out when the amount is unknown"
        raise ValueError(message)
    kind, unit = values["kind"], values["unit"]
    if kind not in KINDS:
        message = f"kind {kind} is unknown: use one of {', '.join(KINDS)}"
        raise ValueError(message)
    if unit != KINDS[kind]:
        message = f"{kind} counts {KINDS[kind]}, not {unit}"
        raise ValueError(message)
    day = date.fromisoformat(values["day"])
    if day > now.date():
        message = f"day {day} is in the future"
        raise ValueError(message)
    amount = float(values["amount"])
    if not (math.isfinite(amount) and amount > 0):
        message = f"amount {values['amount']} is not a number above zero"
        raise ValueError(message)
    return ReferenceRow(
        data_day=datetime(day.year, day.month, day.day, tzinfo=UTC),
        kind=kind,
        asset=values["asset"],
        amount=amount,
        unit=unit,
        source=values["source"],
        fetched_at=now,
        run_id=run_id,
    )
