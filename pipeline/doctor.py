"""Looks over this machine and a home, and says of each thing whether it is well and what to do if it is not.

It asks venues for the time and for the rights of a key, nothing else; what a venue answers to a run is
`margin-debt check --live`.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import re
import shutil
import socket
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum

from pipeline.errors import MarginDebtError
from pipeline.last_run import read_last_run
from pipeline.runtime import live_runtime
from pipeline.settings import Settings, key_variable
from pipeline.venues import VENUES
from pipeline.venues.health import Health, ask_health
from pipeline.venues.holds import Holds
from pipeline.warehouse import open_published

GIB = 2**30
LITTLE_DISK_GIB, NO_DISK_GIB = 5.0, 0.5
# Binance and others refuse a signed question whose time is 5 s off; the day's end is missed by a minute.
SKEW_WARNS_SECONDS, SKEW_FAILS_SECONDS = 2.0, 60.0
OVERDUE = timedelta(hours=26)
RESOLVE_SECONDS = 5.0
_EXACT = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;]+)$")


class Grade(StrEnum):
    """OK, WARN: works, but look at it; FAIL: the daily run will not do what it should."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. remedy: what to do, empty where all is well."""

    name: str
    grade: Grade
    said: str
    remedy: str = ""

    def line(self) -> str:
        """As printed."""
        return f"{self.grade:<4} {self.name}: {self.said}" + (f": {self.remedy}" if self.remedy else "")


def examine(settings: Settings, *, is_json: bool = False) -> int:
    """Print what was found, one line or object each; returns 1 if anything is FAIL, else 0."""
    findings = list(look_over(settings))
    if is_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1) + "\n")
    else:
        sys.stdout.write("".join(f"{finding.line()}\n" for finding in findings))
    return 1 if any(finding.grade is Grade.FAIL for finding in findings) else 0


def look_over(settings: Settings) -> Iterator[Finding]:
    """Every finding; only the first where the home cannot be used, because all others need it."""
    try:
        settings.prepare()
    except MarginDebtError as problem:
        yield Finding("home", Grade.FAIL, str(problem))
        return
    yield Finding("home", Grade.OK, f"{settings.home} can be written")
    yield _disk(settings)
    yield from _versions()
    yield _published(settings)
    yield _last_run(settings)
    yield _redirect(settings)
    try:
        clock = live_runtime(settings).clock
    except MarginDebtError as problem:
        yield Finding("venues", Grade.FAIL, str(problem))
        return
    yield _holds(settings)
    health = asyncio.run(ask_health(VENUES, settings, clock))
    yield _clock(health)
    if settings.redirect is None:
        yield _names(health)
    yield from _keys(health)


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.home).free / GIB
    said = f"{free:.1f} GiB free"
    if free >= LITTLE_DISK_GIB:
        return Finding("disk", Grade.OK, said)
    grade = Grade.WARN if free >= NO_DISK_GIB else Grade.FAIL
    return Finding("disk", grade, said, "make room, or move the home with --home")


def _versions() -> Iterator[Finding]:
    """The packages that are pinned to one version, because another reads the same answer differently."""
    for wanted in importlib.metadata.requires("margin-debt") or ():
        pinned = _EXACT.match(wanted)
        if pinned is None:
            continue
        package, version = pinned.groups()
        found = importlib.metadata.version(package)
        if found == version:
            yield Finding(package, Grade.OK, f"{found}, as pinned")
        else:
            said = f"{found} is installed, {version} is part of the data"
            yield Finding(package, Grade.FAIL, said, "install with constraints.txt (`make install`)")


def _published(settings: Settings) -> Finding:
    try:
        connection = open_published(settings.serving)
    except MarginDebtError as problem:
        return Finding("published database", Grade.WARN, str(problem))
    try:
        row = connection.execute("select max(day), count(distinct day) from margin_debt_daily").fetchone()
    finally:
        connection.close()
    said = f"{row[1]} days, the last {row[0]}" if row and row[1] else "no day of debt"
    return Finding("published database", Grade.OK, said)


def _last_run(settings: Settings) -> Finding:
    run = read_last_run(settings)
    if run is None:
        return Finding("last run", Grade.WARN, "none yet", "start `margin-debt run`")
    said = f"exit code {run.exit_code} for {run.last_day}, ended {run.ended_at:%Y-%m-%d %H:%M} UTC"
    if run.exit_code == 1:
        why = run.problems[0] if run.problems else "without a reason"
        return Finding("last run", Grade.FAIL, f"{said}: {why}", "mend that and run `margin-debt run` again")
    if live_runtime(settings).clock.now() - run.ended_at > OVERDUE:
        remedy = "look at the timer, cron or Dagster's daemon: see docs/operations.md"
        return Finding("last run", Grade.WARN, f"{said}; the next is overdue", remedy)
    if run.gaps:
        return Finding("last run", Grade.WARN, f"{said}; gaps: {'; '.join(run.gaps[:5])}", "see fetch_log")
    return Finding("last run", Grade.OK, said)


def _redirect(settings: Settings) -> Finding:
    return Finding("redirect", Grade.OK, settings.redirect or "none: commands ask the live venues")


def _holds(settings: Settings) -> Finding:
    held = Holds(settings.holds, live_runtime(settings).clock).lasting()
    if not held:
        return Finding("venues on hold", Grade.OK, "none")
    said = "; ".join(str(hold.problem(venue)) for venue, hold in held.items())
    return Finding("venues on hold", Grade.WARN, said, f"they end by themselves; {settings.holds} holds them")


def _clock(health: Mapping[str, Health]) -> Finding:
    """The middle one of what the venues say, so that one venue's wrong clock is not taken for ours."""
    told = [one.ahead_seconds for one in health.values() if one.ahead_seconds is not None]
    if not told:
        why = next((one.problem for one in health.values() if one.problem), "no venue told the time")
        return Finding("clock", Grade.WARN, f"not compared: {why}", "let this machine reach the venues")
    behind = statistics.median(told)
    said = f"{abs(behind):.1f} s {'behind' if behind > 0 else 'ahead of'} the venues"
    if abs(behind) < SKEW_WARNS_SECONDS:
        return Finding("clock", Grade.OK, said)
    grade = Grade.WARN if abs(behind) < SKEW_FAILS_SECONDS else Grade.FAIL
    return Finding("clock", grade, said, "set it by NTP, such as `timedatectl set-ntp true`")


def _names(health: Mapping[str, Health]) -> Finding:
    """Whether the venues' names resolve; behind a proxy they need not, and then a venue told the time."""
    lost = asyncio.run(_unresolved(one.host for one in health.values()))
    if not lost:
        return Finding("DNS", Grade.OK, f"{len(health)} venues' names resolve")
    is_reached = any(one.ahead_seconds is not None for one in health.values())
    grade = Grade.FAIL if len(lost) == len(health) and not is_reached else Grade.WARN
    some = ", ".join(lost[:3]) + (" ..." if len(lost) > 3 else "")
    said = f"{len(lost)} of {len(health)} venues' names do not resolve ({some})"
    return Finding("DNS", grade, said, "see /etc/resolv.conf and the network, or set HTTPS_PROXY")


async def _unresolved(hosts: Iterable[str]) -> list[str]:
    async def is_lost(host: str) -> bool:
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except OSError:  # a time-out is one, too
            return True
        return False

    names = list(hosts)
    lost = await asyncio.gather(*(is_lost(host) for host in names))
    return [host for host, is_gone in zip(names, lost, strict=True) if is_gone]


def _keys(health: Mapping[str, Health]) -> Iterator[Finding]:
    """One line for each venue with a key."""
    keyed = {venue: one for venue, one in health.items() if one.has_key}
    if not keyed:
        yield Finding("keys", Grade.OK, "none: what needs one is marked needs_key")
    for venue, one in keyed.items():
        name = f"key of {venue}"
        if one.rights:
            said = f"it can do more than read ({', '.join(one.rights)})"
            remedy = f"make a read-only one and put it into {key_variable(venue)} or the keys file"
            yield Finding(name, Grade.WARN, said, remedy)
        elif one.rights is not None:
            yield Finding(name, Grade.OK, "it can only read")
        elif one.problem is not None:
            yield Finding(name, Grade.WARN, f"its rights were not told: {one.problem}")
        else:
            said = "the venue has no call that tells its rights"
            yield Finding(name, Grade.WARN, said, "see on its web page that it can only read")
