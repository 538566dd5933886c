"""What an answer without a row means: an answer for events, a failure for levels, nothing asked of a replay.

A replayed history that knows nothing of a dataset says nothing about the venue, so it is not asked at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from evidence import needs
from venue_truth import ASKED, history_tables

from pipeline.clock import VirtualClock, end_of
from pipeline.fetch import fetch
from pipeline.lake import Lake
from pipeline.moments import replay_moments
from pipeline.replay.history import History, read_history, write_history
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.venues import VENUES

pytestmark = needs("bitfinex")
SILENT = ("liquidation", "insurance_fund")


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReplayServer, History]]:
    """Bitfinex on some days of which the history has neither forced orders nor an insurance fund."""
    folder = tmp_path_factory.mktemp("silent")
    tables = {name: table[table["venue"] == "bitfinex"] for name, table in history_tables().items()}
    write_history(
        folder, {n: t for n, t in tables.items() if n not in SILENT and len(t)}, {"title": "silent"}
    )
    with ReplayServer(folder) as server:
        yield server, read_history(folder)


def logged(server: ReplayServer, home: Path, held: frozenset[tuple[str, str]] | None) -> dict[str, Any]:
    """Fetch rows of a week by dataset: (day, status, message)."""
    settings, clock = Settings(home=home, redirect=server.address), VirtualClock(end_of(ASKED[0]))
    lake = Lake(settings.raw)

    def move_to(instant: Any) -> None:
        server.set_now(instant)
        clock.set(instant)

    venues, moments = {"bitfinex": VENUES["bitfinex"]}, replay_moments(ASKED[:9])
    assert moments[1].is_walk
    asking = fetch(
        venues,
        moments,
        settings=settings,
        clock=clock,
        lake=lake,
        run_id="silent",
        move_to=move_to,
        held=held,
    )
    asyncio.run(asking)
    said: dict[str, Any] = {}
    for path in sorted((home / "raw" / "fetch_log").rglob("*.parquet")):
        for row in pq.ParquetFile(path).read().to_pylist():
            said.setdefault(row["dataset"], set()).add(
                (row["data_day"].date(), row["status"], row["message"])
            )
    assert len(said["open_interest"]) == len(ASKED[:9])
    return said


def test_no_event_is_an_answer_and_no_level_is_a_failure(
    silent: tuple[ReplayServer, History], tmp_path: Path
) -> None:
    said = logged(silent[0], tmp_path, None)
    assert said["liquidation"] == {(day, "answered", None) for day in ASKED[:9]}
    missing = "no status row holds the insurance fund"
    assert said["insurance_fund"] == {(day, "failed", missing) for day in ASKED[:9]}
    assert not (tmp_path / "raw" / "liquidation").exists()


def test_what_a_replayed_history_does_not_hold_is_not_asked(
    silent: tuple[ReplayServer, History], tmp_path: Path
) -> None:
    server, history = silent
    before = server.stats()["bitfinex"].get("/v2/liquidations/hist", 0)
    said = logged(server, tmp_path, history.held())
    for dataset in SILENT:
        reason = "the replayed history holds none"
        assert said[dataset] == {(day, "unsupported", reason) for day in ASKED[:9]}
    assert server.stats()["bitfinex"].get("/v2/liquidations/hist", 0) == before
    assert {status for _, status, _ in said["margin_loan"]} == {"answered"}
