"""What a run lacks although it was there within the week before: the reasons of exit code 3.

What a venue never gave, or gives only to a key, is no gap. How a run ended otherwise is `engine.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from pipeline.records import Dataset, Status
from pipeline.runtime import Runtime

_DAYS_BEFORE = 7
# Shares of the day, and the largest of the week before: of the open interest expected, and of the markets.
# What is known to be closed is not expected, so that delistings lower neither.
_COVERED = f"""
select
    c.venue, c.status, c.markets_seen, c.markets_expected, c.seen_ratio,
    c.markets_seen / nullif(c.markets_expected, 0), max(b.seen_ratio),
    max(b.markets_seen / nullif(b.markets_expected, 0))
from marts.coverage_daily as c
left join marts.coverage_daily as b
    on b.dataset = c.dataset and b.venue = c.venue and b.day between c.day - {_DAYS_BEFORE} and c.day - 1
where c.dataset = 'open_interest' and c.day = $1::date
group by all
order by c.venue
"""


def gaps(runtime: Runtime, last_day: date) -> list[str]:
    """A sentence for each gap of the last day; the warehouse is open.

    Datasets that failed but answered within 7 days before; a venue of which nothing, or far less than then,
    counts; and the whole market under the floor.
    """
    failed = {
        (outcome.venue, dataset, status)
        for outcome in runtime.outcomes
        if outcome.day == last_day
        for dataset, status in outcome.statuses.items()
        if status in (Status.FAILED, Status.BLOCKED)
    }
    told = [
        f"{venue} {dataset.value} {status.value}"
        for venue, dataset, status in sorted(failed)
        if _answered_lately(runtime, venue, dataset, last_day)
    ]
    try:
        covered = runtime.connection.execute(_COVERED, [last_day]).fetchall()
    except Exception:  # noqa: BLE001 a warehouse that was never built has no coverage to fall short of
        return told
    return [*told, *_short(covered, runtime.settings.coverage_floor_ratio)]


def _short(covered: list[tuple[Any, ...]], floor: float) -> Iterator[str]:
    market: float | None = None
    has_market = False
    for venue, status, seen, expected, usd_ratio, markets_ratio, usd_before, markets_before in covered:
        if venue == "all":
            has_market, market = True, usd_ratio
        elif status not in (Status.ANSWERED, Status.PARTIAL) or seen is None or not markets_before:
            continue
        elif seen == 0:
            # rows of another time, or all of them excluded: in effect nothing came
            yield f"{venue} open_interest {status}, and none of it counts"
        elif usd_ratio < floor * usd_before or markets_ratio < floor * markets_before:
            yield (
                f"{venue} open_interest {status}, and {seen} of {expected} markets with"
                f" {usd_ratio:.0%} of its dollars counted, where it was {markets_before:.0%} with"
                f" {usd_before:.0%} within {_DAYS_BEFORE} days before: compare its market list with its own"
                " page; market_daily holds the reasons"
            )
    if has_market and (market or 0) < floor:
        yield f"open interest coverage {market or 0:.0%} is under the floor of {floor:.0%}"


def _answered_lately(runtime: Runtime, venue: str, dataset: Dataset, day: date) -> bool:
    return any(
        (venue, dataset.value) in runtime.lake.answered(day - timedelta(days=back))
        for back in range(1, _DAYS_BEFORE + 1)
    )
