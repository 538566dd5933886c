"""Which instants a fetch asks at, and which calls are right at each: a level now, or a history of past days.

Asking is `fetch.py`; what a dataset is on a venue is the venue file's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.clock import DAY, end_of
from pipeline.records import Dataset
from pipeline.venues.base import Reports, Venue

# The daily run asks ten minutes after midnight: late enough for the settlement of 00:00 to be listed.
AFTER_MIDNIGHT = timedelta(minutes=10)
# Histories that answer many days at once are asked at the ends of weeks when many days are walked through.
HISTORY_STRIDE_DAYS = 7


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
class Asking:
    """The calls that answer a dataset at a moment, each with its days, and the days whose level they give."""

    calls: tuple[tuple[str, tuple[date, ...]], ...]
    days: tuple[date, ...]
    is_unheld: bool = False


def to_ask(
    venue: Venue,
    now: datetime,
    moment: Moment,
    settled: Mapping[date, set[tuple[str, str]]],
    held: Collection[tuple[str, str]] | None,
) -> dict[Dataset, Asking]:
    """What there is to ask of a venue at a moment; a dataset whose days are settled is not in it."""
    found = {}
    for dataset, report in venue.reports.items():
        levels = sorted({*moment.missed_days, moment.day})
        due = [day for day in levels if (venue.name, dataset.value) not in settled[day]]
        if not due:
            continue
        is_unheld = held is not None and (venue.name, dataset.value) not in held
        asking: Asking | None = Asking((), (moment.day,), is_unheld)
        if isinstance(report, Reports) and not is_unheld:
            asking = _asking(venue, now, dataset, report, moment, due)
        if asking is not None:
            found[dataset] = asking
    return found


def _asking(
    venue: Venue, now: datetime, dataset: Dataset, report: Reports, moment: Moment, due: Sequence[date]
) -> Asking | None:
    """Which calls are right now: a snapshot near the day's end, a history for what lies further back.

    A history of settlements is asked whenever its week is over. A level that costs one call a symbol is read
    from history, too, when a replay walks through many days: one call a symbol and week, not a day. What has
    a history only waits for it, and until then there is nothing to ask.
    """
    # a market list is dated by its fetch and always worth having
    is_near = dataset is Dataset.MARKETS or (
        abs(now - end_of(moment.day)) <= timedelta(hours=report.tolerance_hours)
    )
    reach = timedelta(days=report.history_days or 0)
    replaces_snapshot = moment.is_walk and report.how == "per_symbol" and report.history_days is not None
    has_snapshot = hasattr(venue, dataset.value)
    if (replaces_snapshot or not has_snapshot) and not moment.history_days:
        return None
    if report.always_history or replaces_snapshot:
        # the days of a moment that missed none were settled by snapshots, which say nothing of a history
        wanted = [day for day in moment.history_days if day in due or not moment.missed_days]
    else:
        wanted = [day for day in due if day in moment.missed_days and not (is_near and day == moment.day)]
    windows = _unbroken(day for day in wanted if now - end_of(day) <= reach)
    calls = [(f"{dataset.value}_history", window) for window in windows]
    if is_near and not replaces_snapshot and moment.day in due and has_snapshot:
        calls.append((dataset.value, windows[-1] if windows else ()))
    is_of_history = not moment.missed_days and (replaces_snapshot or not has_snapshot)
    levels = {*moment.history_days, moment.day} if is_of_history else {*due}
    return Asking(tuple(calls), tuple(sorted(levels)))


def _unbroken(days: Iterable[date]) -> list[tuple[date, ...]]:
    """Days cut into runs without a gap, so that no day between them is asked for again."""
    runs: list[tuple[date, ...]] = []
    for day in days:
        if runs and day - runs[-1][-1] == DAY:
            runs[-1] = (*runs[-1], day)
        else:
            runs.append((day,))
    return runs
