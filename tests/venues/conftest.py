"""The truth folder, its server, and the three ways of asking it. Nothing here is used outside this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from ccxt_said import DAY, NOW, exchange_of
from venue_truth import ALL_DAYS, ASKED, collect, modelled, write_truth

from pipeline.moments import Moment, live_moment, replay_moments
from pipeline.replay.process import ReplayServer


@dataclass(frozen=True)
class Truth:
    """The history's tables and a server that answers from them."""

    tables: dict[str, pd.DataFrame]
    server: ReplayServer


@dataclass(frozen=True)
class Asked:
    """A warehouse of what was asked, and for each day the day after whose end its history was asked."""

    name: str
    connection: duckdb.DuckDBPyConnection
    days: list[date]
    asked_at: dict[date, date]


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Truth]:
    folder = tmp_path_factory.mktemp("truth")
    tables = write_truth(folder)
    with ReplayServer(folder) as server:
        yield Truth(tables, server)


def _ways() -> dict[str, tuple[list[date], list[Moment]]]:
    return {
        # one run a day: every moment is a run of its own, so that nothing is taken from a level's history;
        # from before the first gap to after the delisting
        "daily": (ASKED[3:12], [moment for day in ASKED[3:12] for moment in replay_moments([day])]),
        "walk": (ASKED, replay_moments(ASKED)),
        "backfill": (ALL_DAYS, live_moment(ALL_DAYS)),
    }


@pytest.fixture(scope="session")
def asked_by(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Asked]]:
    """Each way is asked once: pytest makes a fixture with parameters anew whenever another one comes."""
    with ExitStack() as opened:

        @cache
        def ask(way: str) -> Asked:
            days, moments = _ways()[way]
            home: Path = tmp_path_factory.mktemp(way)
            collect(truth.server, home, moments)
            asked_at = {day: moment.day for moment in moments for day in moment.history_days}
            return Asked(way, opened.enter_context(modelled(home)), days, asked_at)

        yield ask


@pytest.fixture(scope="session", params=["daily", "walk", "backfill"])
def asked(request: pytest.FixtureRequest, asked_by: Callable[[str], Asked]) -> Asked:
    return asked_by(request.param)


@pytest.fixture(scope="session")
def ours(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Staging of the one day that the pinned ccxt's own calls are asked about, too."""
    home = tmp_path_factory.mktemp("ours")
    collect(truth.server, home, replay_moments([DAY]))
    with modelled(home, ("staging",)) as connection:
        yield connection


@pytest.fixture(scope="session")
def ccxt_of(truth: Truth) -> Callable[[str], Any]:
    """ccxt's exchange of a venue at that day, made once: no test may change it."""
    made: dict[str, Any] = {}

    def of(name: str) -> Any:
        truth.server.set_now(NOW)
        if name not in made:
            made[name] = exchange_of(truth.server, name)
        return made[name]

    return of
