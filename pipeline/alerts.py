"""Tells a person when a level changed: once a change, and again only on the next one.

What was told last is kept in the warehouse, so a run that is repeated is silent, and one that could not send
tries again. Levels are decided in `signals/`; every change of every scope stands in `marts.risk_events`.
Told are the market's level, each signal of the whole market, and the blindness of each venue. Readings that
have grown old are told as blindness: no news is not good news.

Addresses are apprise URLs (https://github.com/caronc/apprise) and hold passwords: none is printed, logged or
kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module

import duckdb

MARKET_LEVEL = "market level"
BLINDNESS = "blindness"
# A daily reading is made within hours of the day's end; by then the next one is overdue.
STALE_AFTER = timedelta(hours=36)
MOST_LINES = 20
ALARMS = ("elevated", "high", "critical")
BLIND = (BLINDNESS, "market", "all", "unknown")
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Standing:
    """The latest level of a signal in a scope, and the sentence behind it."""

    level: str
    reason: str


def alert(
    connection: duckdb.DuckDBPyConnection,
    addresses: Sequence[str],
    now: datetime,
    tell: Callable[[str], None],
    *,
    is_made: bool = False,
) -> int:
    """Send one message about every level that differs from what was told last; returns how many changed.

    Without an address nothing is sent or remembered. The first message of a home names what is elevated or
    more, or blind. A change counts as told once one address took it; trouble is said through `tell`, without
    the address, and never raised: a report must not wait for a chat. `is_made` marks the message as one about
    a made history.
    """
    if not addresses:
        return 0
    connection.execute(
        "create table if not exists internal.told_levels (signal varchar, scope_type varchar, scope varchar,"
        " level varchar, primary key (signal, scope_type, scope))"
    )
    told: dict[Key, str] = {
        (row[0], row[1], row[2]): row[3]
        for row in connection.execute(
            "select signal, scope_type, scope, level from internal.told_levels"
        ).fetchall()
    }
    standings = _standings(connection, now)
    changed = {
        key: standing
        for key, standing in standings.items()
        if told.get(key) != standing.level
        and (key in told or standing.level in ALARMS or (*key, standing.level) == BLIND)
    }
    if changed:
        lines = [_line(key, told.get(key), standing) for key, standing in changed.items()]
        if len(lines) > MOST_LINES:
            lines = [*lines[:MOST_LINES], f"and {len(lines) - MOST_LINES} more"]
        made = " (made history)" if is_made else ""
        level = standings[MARKET_LEVEL, "market", "all"].level if standings else "unknown"
        if not _sent(addresses, f"Margin debt: market level {level}{made}", "\n".join(lines), tell):
            return 0
    if standings:
        connection.executemany(
            "insert or replace into internal.told_levels values ($1, $2, $3, $4)",
            [[*key, standing.level] for key, standing in standings.items()],
        )
    return len(changed)


def _standings(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[Key, Standing]:
    """Latest level of all that is told, the market's first; levels that are old are unknown."""
    rows = connection.execute(
        "select $1, 'market', 'all', level, drivers || '.', as_of from signals.risk_levels"
        " qualify row_number() over (order by as_of desc) = 1",
        [MARKET_LEVEL],
    ).fetchall()
    rows += connection.execute(
        "select signal, scope_type, scope, level, reason, as_of from signals.readings"
        " where scope_type = 'market' or (signal = $1 and scope_type = 'venue')"
        " qualify row_number() over (partition by signal, scope_type, scope order by as_of desc) = 1"
        " order by scope_type, signal, scope",
        [BLINDNESS],
    ).fetchall()
    if rows and now - rows[0][5] > STALE_AFTER:
        last = f"{rows[0][5]:%Y-%m-%d %H:%M} UTC"
        reason = f"The last reading is of {last}: the daily run has brought nothing since."
        return {
            (MARKET_LEVEL, "market", "all"): Standing("unknown", reason),
            (BLINDNESS, "market", "all"): Standing("unknown", reason),
        }
    return {(row[0], row[1], row[2]): Standing(row[3], row[4]) for row in rows}


def _line(key: Key, before: str | None, standing: Standing) -> str:
    signal, scope_type, scope = key
    where = "" if scope_type == "market" else f" of {scope}"
    change = f"{before} became {standing.level}" if before else standing.level
    return f"{signal.replace('_', ' ').capitalize()}{where}: {change}. {standing.reason}"


def _sent(addresses: Sequence[str], title: str, body: str, tell: Callable[[str], None]) -> bool:
    """Whether at least one address took the message."""
    try:
        apprise = import_module("apprise")
    except ImportError:
        tell("Alerts were not sent, because apprise is not installed: pip install 'margin-debt[alerts]'")
        return False
    logging.getLogger("apprise").disabled = True  # its warnings may hold an address
    taken = 0
    for number, address in enumerate(addresses, start=1):
        messenger = apprise.Apprise()
        where = f"address {number} of {len(addresses)} in MARGIN_DEBT_NOTIFY_URLS"
        if not messenger.add(address):
            tell(f"An alert was not sent: {where} is no apprise URL")
        elif not messenger.notify(title=title, body=body):
            tell(f"An alert was not sent: {where} did not take it; the next run tries again if none did")
        else:
            taken += 1
    return taken > 0
