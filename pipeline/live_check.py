"""Asks each venue for a little of each dataset and says what answered, in what unit and how old.

Nothing is stored but holds and the market lists of the day. Whether stored rows are right is
`pipeline/home_check.py`; what a whole day is asked for is `pipeline/fetch.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.attempt import lacking, status_of
from pipeline.clock import Clock, last_complete_day
from pipeline.errors import NeedsKey, VenueProblem
from pipeline.fetch import ask_within
from pipeline.records import Dataset, RawRow, Status
from pipeline.settings import Settings
from pipeline.venues.asker import Asker
from pipeline.venues.base import KeyOnly, Reports, Unsupported, Venue
from pipeline.venues.client import Exchanged
from pipeline.venues.holds import Holds
from pipeline.venues.listing import MarketLists
from pipeline.venues.problems import UNEXPECTED, told, unreadable

# Together under a minute, starting the command and closing connections included.
PROBE_SECONDS, CALL_SECONDS = 45.0, 10.0
SAMPLE = 3  # symbols asked for where each costs a call


@dataclass(frozen=True)
class Probe:
    """What one dataset of one venue answered. said: a unit and an age, or why there is no answer."""

    venue: str
    dataset: Dataset
    status: Status
    said: str


async def probe(
    venues: Mapping[str, Venue],
    settings: Settings,
    clock: Clock,
    on_answer: Callable[[str, Exchanged], None] | None = None,
    seconds: float = PROBE_SECONDS,
) -> list[Probe]:
    """Probe all venues at once; what did not answer within `seconds` is named as such.

    on_answer is told of every answer of a venue as it comes, for a recorder; then no kept market list is
    used. Raises nothing for a venue's trouble.
    """
    patient = replace(settings, timeout_seconds=min(CALL_SECONDS, settings.timeout_seconds))
    holds = Holds(settings.holds, clock)
    lists = MarketLists(settings.market_lists, clock) if on_answer is None else None

    async def one(venue: Venue) -> list[Probe]:
        asker = Asker(venue, patient, clock, "probe", holds, lists)
        asker.sample = SAMPLE
        if on_answer is not None:
            asker.client.on_answer = lambda exchanged: on_answer(venue.name, exchanged)
        probes: list[Probe] = []
        try:
            async with asyncio.timeout(seconds):
                await _probe_venue(asker, probes)
        except TimeoutError:
            said = {one.dataset for one in probes}
            why = f"no answer within {seconds:g} s"
            late = [dataset for dataset in venue.reports if dataset not in said]
            probes += [Probe(venue.name, dataset, Status.FAILED, why) for dataset in late]
        finally:
            await asker.close()
        return probes

    found = await asyncio.gather(*(one(venue) for venue in venues.values()))
    return [probe for part in found for probe in part]


async def _probe_venue(asker: Asker, probes: list[Probe]) -> None:
    await asker.at([last_complete_day(asker.clock)])
    listing: VenueProblem | None = None
    try:
        await asker.load_markets()
    except VenueProblem as problem:
        listing = problem
    for dataset, report in asker.venue.reports.items():
        asker.take_turn()
        try:
            said = await _probe_dataset(asker, dataset, report, listing)
            status = Status.UNSUPPORTED if isinstance(report, Unsupported) else Status.ANSWERED
        except VenueProblem as problem:
            status, said = status_of(problem), told(problem)
        except UNEXPECTED as problem:
            status, said = Status.FAILED, told(unreadable(problem))
        probes.append(Probe(asker.venue.name, dataset, status, said))


async def _probe_dataset(
    asker: Asker, dataset: Dataset, report: Reports | KeyOnly | Unsupported, listing: VenueProblem | None
) -> str:
    if isinstance(report, Unsupported):
        return report.reason
    if isinstance(report, KeyOnly):
        raise NeedsKey(report.reason)
    problem = lacking(asker, report) or listing
    if problem is not None:
        raise problem
    has_snapshot = hasattr(asker.venue, dataset.value)
    method = dataset.value if has_snapshot else f"{dataset.value}_history"
    await ask_within(asker, report, method, [last_complete_day(asker.clock)])
    tally = asker.tally
    if not tally.rows:
        raise tally.first_problem or VenueProblem("the answer holds no row")
    first = tally.first_problem
    bad = f", {tally.bad} unreadable: {told(first)}" if tally.bad and first is not None else ""
    units = ", ".join(sorted({row.unit for row in tally.rows}))
    return f"{len(tally.rows)} rows in {units}, {_age(tally.rows, asker.clock.now())}{bad}"


def _age(rows: Sequence[RawRow], now: datetime) -> str:
    stamps = [row.observed_at for row in rows if row.observed_at is not None]
    if not stamps:
        return "without a time of the venue's own"
    seconds = (now - max(stamps)).total_seconds()
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} old"
    return f"{seconds:.0f} s old"


def exit_code(probes: Sequence[Probe]) -> int:
    """0 when all that can be asked answered, 1 when nothing did, 3 for gaps."""
    statuses = {probe.status for probe in probes}
    if not statuses & {Status.FAILED, Status.BLOCKED}:
        return 0
    return 3 if Status.ANSWERED in statuses else 1
