"""Which fall of a venue's coverage is a gap. The shares are typed; whole runs are test_faults.py."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest

from pipeline.gaps import gaps
from pipeline.lake import Lake
from pipeline.runtime import Runtime
from pipeline.settings import Settings

DAY = date(2025, 6, 10)
Seen = tuple[int, int, float]  # markets seen, markets expected, share of the dollars
WHOLE: Seen = (30, 30, 1.0)


def told(tmp_path: Path, today: Seen, before: list[Seen], status: str = "answered") -> list[str]:
    """The gaps of a day of one venue, the day after `before`; the market beside it is whole."""
    with duckdb.connect() as connection:
        connection.execute(
            "create schema marts; create table marts.coverage_daily"
            " (day date, dataset varchar, venue varchar, status varchar,"
            " markets_expected bigint, markets_seen bigint, seen_ratio double)"
        )
        days = [DAY - timedelta(days=back) for back in range(len(before), -1, -1)]
        for day, (seen, expected, ratio) in zip(days, [*before, today], strict=True):
            word = status if day == DAY else "answered"
            connection.execute(
                "insert into marts.coverage_daily values ($1, 'open_interest', 'okx', $2, $3, $4, $5),"
                " ($1, 'open_interest', 'all', 'answered', 900, 900, 1.0)",
                [day, word, expected, seen, ratio],
            )
        settings = Settings(tmp_path)
        runtime: Any = SimpleNamespace(
            connection=connection, outcomes=[], settings=settings, lake=Lake(settings.raw)
        )
        return gaps(cast("Runtime", runtime), DAY)


@pytest.mark.parametrize(
    ("today", "before"),
    [
        (WHOLE, [WHOLE]),
        ((16, 30, 0.51), [WHOLE]),  # a hole, not most of it
        ((26, 26, 1.0), [WHOLE]),  # four markets were delisted: they are expected no more
        ((10, 30, 0.3), []),  # nothing to fall from
        ((10, 30, 0.3), [WHOLE, *[(11, 30, 0.35)] * 7]),  # whole eight days ago: a week later this is usual
        ((10, 30, 0.3), [(15, 30, 0.5)]),  # under half of the market, not half of what it was
    ],
)
def test_no_gap(tmp_path: Path, today: Seen, before: list[Seen]) -> None:
    assert told(tmp_path, today, before) == []


@pytest.mark.parametrize(
    ("today", "before", "counted"),
    [
        (
            (20, 30, 0.49),
            [WHOLE],
            "20 of 30 markets with 49% of its dollars counted, where it was 100% with 100%",
        ),
        # the small ones are most of a list
        (
            (14, 30, 0.9),
            [WHOLE],
            "14 of 30 markets with 90% of its dollars counted, where it was 100% with 100%",
        ),
        (
            (6, 30, 0.24),
            [(15, 30, 0.5)],
            "6 of 30 markets with 24% of its dollars counted, where it was 50% with 50%",
        ),
        ((10, 30, 0.3), [WHOLE, *[(11, 30, 0.35)] * 6], "where it was 100% with 100% within 7 days before"),
    ],
)
def test_a_venue_that_shows_less_than_half_of_what_it_did(
    tmp_path: Path, today: Seen, before: list[Seen], counted: str
) -> None:
    (sentence,) = told(tmp_path, today, before)
    assert sentence.startswith("okx open_interest answered, and ")
    assert counted in sentence
    assert "compare its market list with its own page" in sentence


def test_a_venue_that_was_not_asked_is_told_by_its_status(tmp_path: Path) -> None:
    assert told(tmp_path, (0, 30, 0.0), [WHOLE], status="not_asked") == []
