"""Histories that come page by page, from a venue that turns its pages over or repeats the first one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.clock import VirtualClock, end_of
from pipeline.fetch import ask_within
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.records import Dataset, RawRow
from pipeline.replay.faults import Fault
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.venues import VENUES
from pipeline.venues.asker import Asker, Tally
from pipeline.venues.base import Reports

DAYS = [date(2025, 6, 2) + timedelta(days=count) for count in range(28)]
# What one page holds, and where the pages come from. 25 perpetuals settle 3 times a day: 2,100 rows in all;
# 18 coins settle each hour: 672 rows a coin.
PAGES = {"binance": (1000, "/fapi/v1/fundingRate"), "hyperliquid": (500, "fundingHistory")}


def settled(server: ReplayServer, home: Path, venue: str, kind: str | None) -> Tally:
    """Four weeks of settled funding, asked while a fault is in force."""
    path = PAGES[venue][1]
    instant = end_of(DAYS[-1]) + AFTER_MIDNIGHT
    server.set_now(instant)
    server.set_faults([] if kind is None else [Fault(venue, kind, path)])

    async def asked() -> Tally:
        settings = Settings(home, redirect=server.address)
        asker = Asker(VENUES[venue], settings, VirtualClock(instant), "paging")
        report = VENUES[venue].reports[Dataset.FUNDING_RATE]
        assert isinstance(report, Reports)
        try:
            await asker.at(DAYS)
            await asker.load_markets()
            await ask_within(asker, report, "funding_rate_history", DAYS)
            return asker.tally
        finally:
            await asker.close()

    return asyncio.run(asked())


@pytest.fixture(autouse=True)
def _calm(exchange: ReplayServer) -> Iterator[None]:
    yield
    exchange.clear_faults()


def told(rows: list[RawRow]) -> list[tuple[str, str]]:
    return sorted((row.market, str(row.observed_at)) for row in rows)


@pytest.mark.parametrize("venue", PAGES)
def test_pages_in_another_order_lose_nothing(exchange: ReplayServer, tmp_path: Path, venue: str) -> None:
    usual = settled(exchange, tmp_path, venue, None)
    assert usual.bad == 0
    assert len(usual.rows) > 2 * PAGES[venue][0]
    turned = settled(exchange, tmp_path, venue, "reordered_rows")
    assert turned.bad == 0
    assert told(turned.rows) == told(usual.rows)


@pytest.mark.parametrize("venue", PAGES)
def test_a_page_that_comes_again_ends_the_walk_and_is_told(
    exchange: ReplayServer, tmp_path: Path, venue: str
) -> None:
    """What lies behind it is missing, so the answer is partial (`bad` rows) and says why.

    A row that came twice stays twice in raw; staging knows it by its key.
    """
    repeated = settled(exchange, tmp_path, venue, "repeated_page")
    assert 0 < len({*told(repeated.rows)}) < len(settled(exchange, tmp_path, venue, None).rows)
    assert repeated.bad > 0
    assert "a page repeats what came before" in str(repeated.first_problem)
