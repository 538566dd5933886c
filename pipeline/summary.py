"""How a command ended, in a few lines for a person or as JSON for a program. It computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import duckdb

from pipeline.console import Console
from pipeline.engine import Ending
from pipeline.settings import Settings
from pipeline.warehouse import open_published

NOT_PUBLISHED = "Nothing was published: readers keep the last good tables."
PUBLISHED = "The tables were published and the report was not: `margin-debt report` writes it."
LEVEL_SQL = "select as_of, level, drivers from risk_level_daily order by as_of desc limit 1"
DEBT_SQL = """
select day, sum(low_usd::decimal(38, 2))::double, sum(high_usd::decimal(38, 2))::double
from margin_debt_daily group by day order by day desc limit 1
"""
# as the report's headline: the highest reading, of equals the one that is nearest to its threshold
REASON_SQL = """
select reason from signal_readings where scope_type = 'market' and as_of = $1
order by
  case level when 'critical' then 0 when 'high' then 1 when 'elevated' then 2 when $2 then 3 else 4 end,
  coalesce(case when threshold > 0 and isfinite(value / threshold) then value / threshold end, 0) desc, signal
limit 1
"""


def finish(settings: Settings, ending: Ending, console: Console, depth: Sequence[str] = ()) -> int:
    """Print how a run ended; returns its exit code. depth: lines that a backfill adds."""
    facts = summary(settings) if ending.succeeded else {}
    if console.is_json:
        told = {"exit_code": ending.exit_code, **facts, "gaps": ending.gaps, "problems": ending.problems}
        console.result_json({**told, "depth": list(depth)} if depth else told)
        return ending.exit_code
    for problem in ending.problems:
        console.trouble(f"failed: {problem}")
    if not ending.succeeded:
        console.trouble(PUBLISHED if ending.is_published else NOT_PUBLISHED)
        return ending.exit_code
    for line in [*lines(facts), *(f"gap:      {gap}" for gap in ending.gaps), *depth]:
        console.result(line)
    return ending.exit_code


def summary(settings: Settings) -> dict[str, Any]:
    """The last level, its reason, the bounds of debt, and where to look; what is unknown is None."""
    connection = open_published(settings.serving)
    try:
        as_of, level, drivers = _row(connection, LEVEL_SQL, 3)
        day, low_usd, high_usd = _row(connection, DEBT_SQL, 3)
        (reason,) = _row(connection, REASON_SQL, 1, as_of, level)
    finally:
        connection.close()
    return {
        "level": level,
        "as_of": as_of,
        "drivers": drivers,
        "reason": reason,
        "day": day,
        "debt_low_usd": low_usd,
        "debt_high_usd": high_usd,
        "report": str(settings.reports / f"{day}.html") if day else None,
        "database": str(settings.serving),
    }


def lines(facts: dict[str, Any]) -> list[str]:
    """The same for a person."""
    told = []
    as_of: datetime | None = facts["as_of"]
    day: date | None = facts["day"]
    if as_of is not None:
        told.append(f"level:    {facts['level']} as of {as_of:%Y-%m-%d %H:%M} UTC ({facts['drivers']})")
    if facts["reason"] is not None:
        told.append(f"reason:   {facts['reason']}")
    low_usd, high_usd = facts["debt_low_usd"], facts["debt_high_usd"]
    if low_usd is not None and high_usd is not None:
        told.append(f"debt:     between {low_usd / 1e9:.1f} and {high_usd / 1e9:.1f} bn USD on {day}")
    if day is not None:
        told.append(f"report:   {facts['report']}")
    told.append(f"database: {facts['database']}")
    return told


def _row(connection: duckdb.DuckDBPyConnection, sql: str, size: int, *values: object) -> tuple[Any, ...]:
    return connection.execute(sql, list(values)).fetchone() or (None,) * size
