"""What the fetch log says of one attempt: a row for each day whose level was asked for.

Where the rows are written is the lake's business; what an attempt may end with is `pipeline/fetch.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pipeline.errors import VenueProblem
from pipeline.records import EVENTS, Dataset, FetchLogRow, Status
from pipeline.venues.asker import Asker
from pipeline.venues.problems import told


@dataclass(frozen=True)
class Attempt:
    """One attempt at one dataset; throttled_seconds of its seconds went by waiting for the venue's limits."""

    number: int
    status: Status
    problem: VenueProblem | None
    seconds: float
    throttled_seconds: float


def log_rows(asker: Asker, dataset: Dataset, days: Sequence[date], attempt: Attempt) -> list[FetchLogRow]:
    """Rows for `days`, oldest first; what the asking cost is on the last."""
    tally = asker.tally
    # a level observed at 00:00 belongs to the day that ends then
    per_day = Counter(
        ((row.observed_at or row.fetched_at) - timedelta(seconds=1)).date() for row in tally.rows
    )
    counted = sum(per_day[day] for day in days[:-1])
    rows = []
    for day in days:
        is_last = day == days[-1]
        status, problem = attempt.status, attempt.problem
        is_silent = not is_last and not per_day[day] and dataset not in EVENTS
        if is_silent and status in (Status.ANSWERED, Status.PARTIAL):
            status, problem = Status.TOO_LATE, VenueProblem("the history holds no row of this day")
        rows.append(
            FetchLogRow(
                run_id=asker.run_id,
                venue=asker.venue.name,
                dataset=dataset.value,
                attempt=attempt.number,
                data_day=datetime(day.year, day.month, day.day, tzinfo=UTC),
                status=status.value,
                # a snapshot ten minutes after midnight, too, was taken for the last day
                rows=len(tally.rows) - counted if is_last else per_day[day],
                calls=tally.calls if is_last else 0,
                bytes=tally.bytes if is_last else 0,
                seconds=attempt.seconds if is_last else 0.0,
                throttled_seconds=attempt.throttled_seconds if is_last else 0.0,
                error_class=type(problem).__name__ if problem is not None else None,
                message=told(problem) if problem is not None else None,
                fetched_at=asker.clock.now(),
            )
        )
    return rows
