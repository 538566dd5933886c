"""Levels between two daily runs: what each venue says now, added to raw and to nothing else.

No day is called asked by it, so the daily run asks as always, and its answer ten minutes after midnight is
nearer to the day's end than any snapshot: daily levels stay what they are. A snapshot within the tolerance of
a day's end stands in where the daily run got nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pipeline.clock import Clock
from pipeline.errors import VenueProblem
from pipeline.fetch import ask_within
from pipeline.lake import Lake
from pipeline.records import Dataset
from pipeline.settings import Settings
from pipeline.venues.asker import Asker
from pipeline.venues.base import Reports, Venue
from pipeline.venues.holds import Holds
from pipeline.venues.listing import MarketLists
from pipeline.venues.problems import UNEXPECTED, told, unreadable

# What moves within a day and is a level; the rest is asked once a day.
DATASETS = (Dataset.OPEN_INTEREST, Dataset.PRICE)


async def snapshot(
    venues: Mapping[str, Venue], settings: Settings, clock: Clock, lake: Lake, run_id: str
) -> dict[str, str]:
    """Ask every venue for its levels now; returns what came of each: rows stored, or why there are none."""
    holds, lists = Holds(settings.holds, clock), MarketLists(settings.market_lists, clock)
    said = await asyncio.gather(
        *(_one(Asker(venue, settings, clock, run_id, holds, lists), lake) for venue in venues.values())
    )
    return dict(zip(venues, said, strict=True))


async def _one(asker: Asker, lake: Lake) -> str:
    said = []
    try:
        await asker.at([])
        await asker.load_markets()
        for dataset in DATASETS:
            report = asker.venue.reports.get(dataset)
            if isinstance(report, Reports) and hasattr(asker.venue, dataset.value):
                said.append(await _ask(asker, dataset, report, lake))
    except VenueProblem as problem:
        said.append(told(problem))
    finally:
        await asker.close()
    return "; ".join(said) or "it publishes no level of now"


async def _ask(asker: Asker, dataset: Dataset, report: Reports, lake: Lake) -> str:
    asker.take_turn()
    try:
        await ask_within(asker, report, dataset.value, [])
    except VenueProblem as problem:
        return f"no {dataset.value}: {told(problem)}"
    except UNEXPECTED as problem:
        return f"no {dataset.value}: {told(unreadable(problem))}"
    lake.write(dataset, asker.tally.rows)
    return f"{len(asker.tally.rows)} rows of {dataset.value}"
