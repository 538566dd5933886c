"""Asks all venues for one instant or a range of days, in one event loop. A venue's failure is data.

Live, there is one instant: now. Under a replay the virtual clock moves day by day, and at each day's
instant every venue is asked what it would have answered then. What to ask is the venue file's business,
how to ask is the asker's, and where rows go is the lake's.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context

from pipeline.clock import Clock, end_of
from pipeline.errors import NeedsKey, PayloadUnreadable, VenueBlocked, VenueProblem
from pipeline.lake import Lake
from pipeline.records import Dataset, FetchLogRow, RawRow, Status
from pipeline.settings import Settings, key_variable
from pipeline.venues.asker import Asker, Tally, seconds_since, without_secrets
from pipeline.venues.base import KeyOnly, Reports, Unsupported, Venue

# The daily run asks ten minutes after midnight: late enough for the settlement of 00:00 to be listed.
AFTER_MIDNIGHT = timedelta(minutes=10)
# Histories that answer many days at once are asked at the ends of weeks when many days are walked through.
HISTORY_STRIDE_DAYS = 7
# Answers waiting to be written: enough to keep both sides busy, few enough to hold in memory.
WRITES_AHEAD = 8


@dataclass(frozen=True)
class Moment:
    """One instant of asking: the day whose end it is near, and the days that histories should cover.

    missed_days are those whose level no earlier moment could take: histories stand in for them. is_walk:
    the moment is one of many that a replay walks through.
    """

    day: date
    history_days: tuple[date, ...]
    missed_days: tuple[date, ...] = ()
    is_walk: bool = False


def live_moment(days: Sequence[date]) -> list[Moment]:
    """All that can be asked now about some past days: the last one's level, and every day's history."""
    return [Moment(days[-1], tuple(days), tuple(days))]


def replay_moments(days: Sequence[date]) -> list[Moment]:
    """One instant a day. Weeks end on fixed dates, so a range cut in two asks for the same histories."""
    moments, waiting = [], list[date]()
    for day in days:
        waiting.append(day)
        is_due = day.toordinal() % HISTORY_STRIDE_DAYS == 0 or day == days[-1]
        moments.append(Moment(day, tuple(waiting) if is_due else (), is_walk=len(days) > HISTORY_STRIDE_DAYS))
        if is_due:
            waiting = []
    return moments


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
    on_day: Callable[[date, Sequence[Outcome]], None] | None = None,
) -> list[Outcome]:
    """Ask every venue at every moment and write what they answered; never raises for a venue's trouble.

    move_to sets the replay's clock before each moment; without it the clock is left alone. A venue and day
    already answered in the lake's log are not asked again, so a range that was cut off goes on.
    """
    askers = {name: Asker(venue, settings, clock, run_id) for name, venue in venues.items()}
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
            settled = set() if move_to is None else lake.answered(moment.day)
            todo = [
                asker
                for name, asker in askers.items()
                if any((name, dataset.value) not in settled for dataset in asker.venue.reports)
            ]
            answers = await asyncio.gather(*(_ask_venue(asker, moment, settings) for asker in todo))
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
        await asyncio.gather(*(asker.close() for asker in askers.values()))
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


async def _ask_venue(asker: Asker, moment: Moment, settings: Settings) -> _Answer:
    statuses: dict[Dataset, Status] = {}
    rows: dict[Dataset, Sequence[RawRow]] = {}
    log: list[FetchLogRow] = []
    await asker.at(moment.history_days)
    listing = await _market_list(asker, settings)
    for dataset, report in asker.venue.reports.items():
        asking = _asking(asker, dataset, report, moment)
        if asking.is_deferred:
            continue
        for attempt in range(1, settings.attempts + 1):
            asker.tally = Tally()
            start = time.perf_counter()
            status, problem = await _ask_dataset(asker, dataset, report, asking, listing)
            if status in (Status.ANSWERED, Status.PARTIAL):
                rows[dataset] = asker.tally.rows
            log += _log_rows(asker, dataset, asking, attempt, status, problem, seconds_since(start))
            statuses[dataset] = status
            if status is not Status.FAILED or listing is not None:
                break
            asker.forget_failures()
    stored = sum(len(part) for part in rows.values())
    return _Answer(Outcome(asker.venue.name, moment.day, stored, statuses), rows, log)


async def _market_list(asker: Asker, settings: Settings) -> VenueProblem | None:
    problem: VenueProblem | None = None
    for _ in range(settings.attempts):
        try:
            await asker.load_markets()
        except VenueProblem as trouble:
            problem = trouble
        else:
            return None
    return problem


@dataclass(frozen=True)
class _Asking:
    """Which methods of a venue answer a dataset at a moment, and the days whose level they give."""

    methods: tuple[str, ...]
    days: tuple[date, ...]
    is_deferred: bool = False


async def _ask_dataset(
    asker: Asker, dataset: Dataset, report: object, asking: _Asking, listing: VenueProblem | None
) -> tuple[Status, VenueProblem | None]:
    if isinstance(report, Unsupported):
        return Status.UNSUPPORTED, VenueProblem(report.reason)
    if isinstance(report, KeyOnly):
        return Status.NEEDS_KEY, NeedsKey(report.reason)
    assert isinstance(report, Reports)  # noqa: S101 the three declarations there are
    if report.needs_key and not asker.has_key:
        return Status.NEEDS_KEY, NeedsKey(f"set {key_variable(asker.venue.name)} to a read-only key")
    if listing is not None:
        return _status_of(listing), listing
    if not asking.methods:
        reason = f"the day's end is over {report.tolerance_hours:g} h away and no history reaches it"
        return Status.TOO_LATE, VenueProblem(reason)
    try:
        for method in asking.methods:
            await getattr(asker.venue, method)(asker)
    except VenueProblem as problem:
        return _status_of(problem), problem
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as trouble:
        unread = PayloadUnreadable(
            f"unexpected shape: {type(trouble).__name__}: {without_secrets(str(trouble))}"
        )
        return Status.FAILED, unread
    if not asker.tally.rows:
        return Status.FAILED, asker.tally.first_problem or PayloadUnreadable("the answer holds no row")
    if asker.tally.bad:
        return Status.PARTIAL, asker.tally.first_problem
    return Status.ANSWERED, None


def _asking(asker: Asker, dataset: Dataset, report: object, moment: Moment) -> _Asking:
    """Which calls are right now: a snapshot near the day's end, a history for what lies further back.

    A history of settlements is asked whenever its week is over. A level that costs one call a symbol is read
    from history, too, when a replay walks through many days: one call a symbol and week, not a day.
    """
    if not isinstance(report, Reports):
        return _Asking((), (moment.day,))
    now = asker.clock.now()
    # a market list is dated by its fetch and always worth having
    is_near = dataset is Dataset.MARKETS or (
        abs(now - end_of(moment.day)) <= timedelta(hours=report.tolerance_hours)
    )
    reach = timedelta(days=report.history_days or 0)
    replaces_snapshot = moment.is_walk and report.how == "per_symbol" and report.history_days is not None
    if replaces_snapshot and not moment.history_days:
        return _Asking((), (), is_deferred=True)
    if report.always_history or replaces_snapshot:
        wanted = moment.history_days
    else:
        wanted = tuple(day for day in moment.missed_days if not (is_near and day == moment.day))
    asker.days = tuple(day for day in wanted if now - end_of(day) <= reach)
    methods = [f"{dataset.value}_history"] if asker.days else []
    if is_near and not replaces_snapshot and hasattr(asker.venue, dataset.value):
        methods.append(dataset.value)
    levels = moment.history_days if replaces_snapshot else (*moment.missed_days, moment.day)
    return _Asking(tuple(methods), tuple(sorted(set(levels))))


def _status_of(problem: VenueProblem) -> Status:
    if isinstance(problem, VenueBlocked):
        return Status.BLOCKED
    return Status.NEEDS_KEY if isinstance(problem, NeedsKey) else Status.FAILED


def _log_rows(
    asker: Asker,
    dataset: Dataset,
    asking: _Asking,
    attempt: int,
    status: Status,
    problem: VenueProblem | None,
    seconds: float,
) -> list[FetchLogRow]:
    """One row for each day whose level was asked for; what the asking cost is on the last."""
    tally = asker.tally
    # a level observed at 00:00 belongs to the day that ends then
    per_day = Counter(
        ((row.observed_at or row.fetched_at) - timedelta(seconds=1)).date() for row in tally.rows
    )
    is_range = len(asking.days) > 1
    counted = sum(per_day[day] for day in asking.days[:-1])
    rows = []
    for day in asking.days:
        is_last = day == asking.days[-1]
        is_empty = is_range and not is_last and not per_day[day]
        day_status, day_problem = status, problem
        if is_empty and status in (Status.ANSWERED, Status.PARTIAL):
            day_status = Status.TOO_LATE
            day_problem = VenueProblem("the history holds no row of this day")
        rows.append(
            FetchLogRow(
                run_id=asker.run_id,
                venue=asker.venue.name,
                dataset=dataset.value,
                attempt=attempt,
                data_day=datetime(day.year, day.month, day.day, tzinfo=UTC),
                status=day_status.value,
                # a snapshot ten minutes after midnight, too, was taken for the last day
                rows=len(tally.rows) - counted if is_last else per_day[day],
                calls=tally.calls if is_last else 0,
                bytes=tally.bytes if is_last else 0,
                seconds=seconds if is_last else 0.0,
                throttled_seconds=0.0,
                error_class=type(day_problem).__name__ if day_problem is not None else None,
                message=str(day_problem) if day_problem is not None else None,
                fetched_at=asker.clock.now(),
            )
        )
    return rows
