"""Asks all venues for one instant or a range of days, in one event loop. A venue's failure is data.

Live, there is one instant: now. Under a replay the virtual clock moves day by day, and at each day's
instant every venue is asked what it would have answered then. What to ask when is `moments.py`, how to ask is
the asker's business, and where rows go is the lake's.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from multiprocessing import get_context

from pipeline.attempt import lacking, status_of
from pipeline.clock import DAY, Clock, end_of
from pipeline.errors import NeedsKey, PayloadUnreadable, VenueProblem
from pipeline.fetch_log import Attempt, log_rows
from pipeline.lake import Lake
from pipeline.moments import AFTER_MIDNIGHT, Asking, Moment, to_ask
from pipeline.records import EVENTS, Dataset, FetchLogRow, RawRow, Status
from pipeline.settings import Settings
from pipeline.venues.asker import Asker
from pipeline.venues.base import KeyOnly, Reports, Unsupported, Venue
from pipeline.venues.holds import Holds
from pipeline.venues.listing import MarketLists
from pipeline.venues.problems import UNEXPECTED, unreadable

# Answers waiting to be written: enough to keep both sides busy, few enough to hold in memory.
WRITES_AHEAD = 8


@dataclass(frozen=True)
class Outcome:
    """What one venue did at one moment."""

    venue: str
    day: date
    rows: int
    statuses: Mapping[Dataset, Status]


async def fetch(
    venues: Mapping[str, Venue],
    moments: Sequence[Moment],
    *,
    settings: Settings,
    clock: Clock,
    lake: Lake,
    run_id: str,
    move_to: Callable[[datetime], None] | None = None,
    held: Collection[tuple[str, str]] | None = None,
    on_day: Callable[[date, Sequence[Outcome]], None] | None = None,
) -> list[Outcome]:
    """Ask every venue at every moment and write what they answered; never raises for a venue's trouble.

    move_to sets the replay's clock before each moment; without it the clock is left alone, and the market
    lists of the day serve every run. What the lake's log calls answered is not asked again, so a range that
    was cut off goes on, and a second run of a day asks only for what the first did not get. held: the venues
    and datasets that the replayed history knows anything of, None where it is not known; no other is asked.
    """
    holds = Holds(settings.holds, clock)
    lists = MarketLists(settings.market_lists, clock) if move_to is None else None
    askers = [Asker(venue, settings, clock, run_id, holds, lists) for venue in venues.values()]
    outcomes: list[Outcome] = []
    # One worker writes while the loop goes on asking; its queue keeps the log behind the rows. Writing
    # takes as long as asking, so a long walk has it done by another process.
    writer: Executor = (
        ProcessPoolExecutor(1, get_context("spawn"), gc.set_threshold, (100_000, 50, 50))
        if len(moments) > WRITES_AHEAD
        else ThreadPoolExecutor(1, "lake")
    )
    written: deque[Future[None]] = deque()
    try:
        for moment in moments:
            if move_to is not None:
                move_to(end_of(moment.day) + AFTER_MIDNIGHT)
            settled = {day: lake.answered(day) for day in {moment.day, *moment.missed_days}}
            todo = [(asker, to_ask(asker.venue, clock.now(), moment, settled, held)) for asker in askers]
            answers = await asyncio.gather(
                *(_ask_venue(asker, moment, plan, settings, lake) for asker, plan in todo if plan)
            )
            written.append(writer.submit(_write, lake, answers))
            while len(written) > WRITES_AHEAD:
                written.popleft().result()
            done = [answer.outcome for answer in answers]
            outcomes += done
            if on_day is not None:
                on_day(moment.day, done)
        for last in written:
            last.result()
    finally:
        writer.shutdown()
        await asyncio.gather(*(asker.close() for asker in askers))
    return outcomes


@dataclass(frozen=True)
class _Answer:
    outcome: Outcome
    rows: Mapping[Dataset, Sequence[RawRow]]
    log: Sequence[FetchLogRow]


def _write(lake: Lake, answers: Sequence[_Answer]) -> None:
    for answer in answers:
        for dataset, rows in answer.rows.items():
            lake.write(dataset, rows)
    # the log comes last: what it calls answered is in the lake
    lake.log(row for answer in answers for row in answer.log)


async def _ask_venue(
    asker: Asker, moment: Moment, plan: Mapping[Dataset, Asking], settings: Settings, lake: Lake
) -> _Answer:
    """All datasets at once: what one of them waits for, another may use of the venue's limits."""
    await asker.at(moment.history_days)
    is_asked = any(asking.calls for asking in plan.values())
    listing = await _market_list(asker, settings) if is_asked else None
    done = await asyncio.gather(
        *(_attempts(asker, dataset, asking, listing, settings, lake) for dataset, asking in plan.items())
    )
    statuses = {dataset: one.status for dataset, one in zip(plan, done, strict=True)}
    rows = {dataset: one.rows for dataset, one in zip(plan, done, strict=True)}
    log = [row for one in done for row in one.log]
    stored = sum(len(part) for part in rows.values())
    return _Answer(Outcome(asker.venue.name, moment.day, stored, statuses), rows, log)


@dataclass(frozen=True)
class _Attempted:
    status: Status
    rows: Sequence[RawRow]
    log: Sequence[FetchLogRow]


async def _attempts(
    asker: Asker,
    dataset: Dataset,
    asking: Asking,
    listing: VenueProblem | None,
    settings: Settings,
    lake: Lake,
) -> _Attempted:
    log: list[FetchLogRow] = []
    for number in range(1, settings.attempts + 1):
        asker.take_turn()
        start, before = time.perf_counter(), asker.client.throttled_seconds
        status, problem = await _ask_dataset(asker, dataset, asking, listing, lake)
        seconds = round(time.perf_counter() - start, 6)
        throttled = round(asker.client.throttled_seconds - before, 6)
        log += log_rows(asker, dataset, asking.days, Attempt(number, status, problem, seconds, throttled))
        if status is not Status.FAILED or listing is not None or number == settings.attempts:
            break
        await asker.pause_before_retry()
        asker.forget_failures()
    is_kept = status in (Status.ANSWERED, Status.PARTIAL)
    return _Attempted(status, asker.tally.rows if is_kept else (), log)


async def _market_list(asker: Asker, settings: Settings) -> VenueProblem | None:
    problem: VenueProblem | None = None
    for number in range(settings.attempts):
        if number:
            await asker.pause_before_retry()
        try:
            await asker.load_markets()
        except VenueProblem as trouble:
            problem = trouble
        else:
            return None
    return problem


async def _ask_dataset(
    asker: Asker, dataset: Dataset, asking: Asking, listing: VenueProblem | None, lake: Lake
) -> tuple[Status, VenueProblem | None]:
    report = asker.venue.reports[dataset]
    if isinstance(report, Unsupported):
        return Status.UNSUPPORTED, VenueProblem(report.reason)
    if isinstance(report, KeyOnly):
        return Status.NEEDS_KEY, NeedsKey(report.reason)
    if asking.is_unheld:
        return Status.UNSUPPORTED, VenueProblem("the replayed history holds none")
    missing = lacking(asker, report)
    if missing is not None:
        return status_of(missing), missing
    if listing is not None:
        return status_of(listing), listing
    if not asking.calls:
        reason = f"the day's end is over {report.tolerance_hours:g} h away and no history reaches it"
        return Status.TOO_LATE, VenueProblem(reason)
    if (
        dataset is Dataset.MARKETS
        and asker.is_list_kept
        and lake.holds(dataset, asker.venue.name, asker.clock.now().date())
    ):
        # the list of this UTC day was stored by the run that asked for it
        return Status.ANSWERED, None
    try:
        for method, days in asking.calls:
            await ask_within(asker, report, method, days)
    except VenueProblem as problem:
        return status_of(problem), problem
    except UNEXPECTED as trouble:
        return Status.FAILED, unreadable(trouble)
    tally = asker.tally
    if tally.outside and tally.first_problem is None:
        reason = f"{tally.outside} rows lie outside the days that were asked for and were left out"
        tally.first_problem = PayloadUnreadable(reason)
    if not tally.rows and (tally.first_problem or dataset not in EVENTS):
        return Status.FAILED, tally.first_problem or PayloadUnreadable("the answer holds no row")
    return (Status.PARTIAL if tally.bad or tally.outside else Status.ANSWERED), tally.first_problem


async def ask_within(asker: Asker, report: Reports, method: str, days: Sequence[date]) -> None:
    """One method of a venue file; times of a history must lie near the days it is asked for.

    A day's history may begin with what was there when the day began.
    """
    window = None
    if method.endswith("_history"):
        slack = timedelta(hours=report.tolerance_hours)
        window = (end_of(days[0]) - DAY - slack, end_of(days[-1]) + slack)
    asker.start_attempt(days, window)
    await getattr(asker.venue, method)(asker)
    asker.leave_out_contradictions()
    if method == Dataset.MARKETS.value:
        asker.count_unlisted()
