"""How venues are treated: at their pace, never while they told us to stay away, never twice for the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from homes import DAYS, command

from pipeline.clock import VirtualClock, end_of
from pipeline.fetch import Outcome, fetch
from pipeline.lake import Lake
from pipeline.moments import AFTER_MIDNIGHT, live_moment
from pipeline.records import Dataset, Status
from pipeline.replay.faults import Fault
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.venues import VENUES, asker
from pipeline.venues.base import Venue

DAY = DAYS[3]
LISTS = {"binance": "exchangeInfo", "okx": "instruments"}
Ask = Callable[..., Outcome]


class Home:
    """A home that asks the embedded exchange as a live run would, at an instant of the test's choice."""

    def __init__(self, folder: Path, server: ReplayServer) -> None:
        self.server = server
        self.settings = Settings(folder, redirect=server.address, timeout_seconds=5.0)
        self.clock = VirtualClock(end_of(DAY) + AFTER_MIDNIGHT)
        server.set_now(self.clock.now())

    def later(self, length: timedelta) -> None:
        """Let time pass."""
        self.clock.set(self.clock.now() + length)
        self.server.set_now(self.clock.now())

    def ask(self, venue: Venue, days: tuple[date, ...] = (DAY,), is_paced: bool = False) -> list[Outcome]:
        """One run of one venue about some days."""
        settings = Settings(
            self.settings.home, self.settings.redirect, self.settings.timeout_seconds, paces_replay=is_paced
        )
        return asyncio.run(
            fetch(
                {venue.name: venue},
                live_moment(days),
                settings=settings,
                clock=self.clock,
                lake=Lake(settings.raw),
                run_id="manners",
            )
        )

    def requests(self, venue: str, part: str = "") -> int:
        """How many requests the exchange has had of a venue, of all or of paths with a part."""
        return sum(n for path, n in self.server.stats().get(venue, {}).items() if part in path)

    def log(self) -> list[dict[str, Any]]:
        """Every row of the fetch log."""
        import pyarrow.parquet as pq

        files = sorted((self.settings.raw / "fetch_log").rglob("*.parquet"))
        return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def only(name: str, *datasets: Dataset) -> Venue:
    """A venue that is asked for some datasets only."""
    of = type(VENUES[name])
    made: Venue = type(of.__name__, (of,), {"reports": {one: of.reports[one] for one in datasets}})()
    return made


@pytest.fixture
def home(tmp_path: Path, exchange: ReplayServer) -> Iterator[Home]:
    yield Home(tmp_path / "home", exchange)
    exchange.clear_faults()


def test_a_run_keeps_to_the_limits_that_the_exchange_enforces(tmp_path: Path, world: Path) -> None:
    """OKX counts 20 calls in 2 s, and less for some: nobody is refused, and the log says the wait."""
    with ReplayServer(world, has_limits=True) as server:
        home = Home(tmp_path / "home", server)
        (outcome,) = home.ask(only("okx", Dataset.MARKETS, Dataset.PRICE), is_paced=True)
    assert set(outcome.statuses.values()) == {Status.ANSWERED}
    assert sum(row["throttled_seconds"] for row in home.log()) > 0
    assert all(row["throttled_seconds"] <= row["seconds"] + 0.1 for row in home.log())
    assert not home.settings.holds.exists()


def test_nothing_is_waited_for_on_a_replay_unless_asked(home: Home) -> None:
    home.ask(only("okx", Dataset.MARKETS, Dataset.PRICE))
    assert {row["throttled_seconds"] for row in home.log()} == {0.0}


def test_a_banned_venue_is_not_asked_until_the_ban_ends(home: Home) -> None:
    venue = only("binance", Dataset.MARKETS, Dataset.PRICE)
    home.server.set_faults([Fault("binance", "status", status=418, seconds=300)])
    (outcome,) = home.ask(venue)
    assert set(outcome.statuses.values()) == {Status.FAILED}
    home.server.clear_faults()
    before = home.requests("binance")
    (outcome,) = home.ask(venue)
    assert set(outcome.statuses.values()) == {Status.FAILED}
    assert home.requests("binance") == before
    until = f"{home.clock.now() + timedelta(seconds=300):%Y-%m-%d %H:%M:%S} UTC"
    assert (
        f"binance is not asked before {until}: it was asked too fast (HTTP 418" in home.log()[-1]["message"]
    )
    home.later(timedelta(seconds=301))
    (outcome,) = home.ask(venue)
    assert set(outcome.statuses.values()) == {Status.ANSWERED}


@pytest.mark.parametrize("status", [403, 451])
def test_a_venue_that_refuses_this_machine_is_left_alone_and_the_doctor_says_so(
    home: Home, status: int
) -> None:
    venue = only("binance", Dataset.MARKETS)
    home.server.set_faults([Fault("binance", "status", status=status)])
    (outcome,) = home.ask(venue)
    assert outcome.statuses[Dataset.MARKETS] is Status.BLOCKED
    before = home.requests("binance")
    (outcome,) = home.ask(venue)
    assert outcome.statuses[Dataset.MARKETS] is Status.BLOCKED
    assert home.requests("binance") == before
    message = home.log()[-1]["message"]
    assert f"HTTP {status} from binance" in message
    assert ("web page" if status == 403 else "network or region") in message
    if status == 451:
        said = command(
            "doctor",
            "--home",
            str(home.settings.home),
            environment={"MARGIN_DEBT_REDIRECT": home.server.address},
        ).stdout
        assert "venues on hold: binance is not asked before" in said


def test_one_closed_path_does_not_hold_a_venue_that_answers_others(home: Home) -> None:
    home.server.set_faults([Fault("okx", "status", "/public/mark-price", status=403)])
    (outcome,) = home.ask(only("okx", Dataset.MARKETS, Dataset.PRICE, Dataset.OPEN_INTEREST))
    assert outcome.statuses[Dataset.PRICE] is Status.BLOCKED
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.ANSWERED
    assert not home.settings.holds.exists()


def test_a_second_run_of_the_day_asks_for_nothing_that_is_there(home: Home) -> None:
    venue = only("okx", Dataset.MARKETS, Dataset.OPEN_INTEREST, Dataset.PRICE)
    home.ask(venue)
    requests, files = home.requests("okx"), set(home.settings.raw.rglob("*.parquet"))
    assert home.ask(venue)[:1] == []
    assert home.requests("okx") == requests
    assert set(home.settings.raw.rglob("*.parquet")) == files


@pytest.mark.parametrize("name", LISTS)
def test_the_market_list_is_asked_once_a_day(home: Home, name: str) -> None:
    """A dataset failed and is asked again: the list is not, and its rows are not stored twice."""
    venue = only(name, Dataset.MARKETS, Dataset.PRICE)
    home.server.set_faults([Fault(name, "status", part) for part in ("ticker", "mark", "premiumIndex")])
    (outcome,) = home.ask(venue)
    assert outcome.statuses[Dataset.PRICE] is Status.FAILED
    home.server.clear_faults()
    asked = home.requests(name, LISTS[name])
    (outcome,) = home.ask(venue)
    assert outcome.statuses == {Dataset.PRICE: Status.ANSWERED}
    # another day's level needs the list, too
    (outcome,) = home.ask(venue, (DAY - timedelta(days=1),))
    assert outcome.statuses[Dataset.MARKETS] is Status.ANSWERED
    assert home.requests(name, LISTS[name]) == asked
    assert len(list((home.settings.raw / "markets").rglob("*.parquet"))) == 1
    home.later(timedelta(days=1))
    home.ask(venue, (DAY + timedelta(days=1),))
    assert home.requests(name, LISTS[name]) > asked


def test_a_backfill_asks_only_for_days_that_raw_does_not_hold(home: Home) -> None:
    venue = only("binance", Dataset.MARKETS, Dataset.OPEN_INTEREST)
    home.ask(venue, DAYS[1:3])
    before = home.requests("binance", "openInterestHist")
    assert before > 0
    home.ask(venue, DAYS[1:3])
    assert home.requests("binance", "openInterestHist") == before
    home.ask(venue, DAYS[:4])
    rows = [row for row in home.log() if row["dataset"] == "open_interest" and row["rows"]]
    # each day once: the days before and after those that were there are asked for apart
    assert sorted(row["data_day"].date() for row in rows) == list(DAYS[:4])


def test_rows_outside_the_days_asked_for_are_left_out_and_said(home: Home) -> None:
    class Wide(type(VENUES["binance"])):  # type: ignore[misc]
        """Asks for more than it was told to, as a venue that ignores its parameters answers."""

        reports = only("binance", Dataset.MARKETS, Dataset.OPEN_INTEREST).reports

        async def open_interest_history(self, ask: asker.Asker) -> None:
            ask.start_attempt((ask.days[0] - timedelta(days=4), *ask.days), ask._now.window)
            await super().open_interest_history(ask)

    (outcome,) = home.ask(Wide(), (DAY - timedelta(days=1),))
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.PARTIAL
    row = next(row for row in home.log() if row["dataset"] == "open_interest")
    assert "rows lie outside the days that were asked for" in row["message"]
    kept = {path.parent.name for path in (home.settings.raw / "open_interest").rglob("*.parquet")}
    # the level at the end of a day is stamped 00:00 of the next; the one a day before opens the window
    assert kept <= {f"day={DAY}", f"day={DAY - timedelta(days=1)}"}


def test_what_a_few_symbols_could_not_get_is_asked_once_more(home: Home) -> None:
    home.server.set_faults([Fault("binance", "status", "openInterest?", status=500, count=3)])
    (outcome,) = home.ask(only("binance", Dataset.MARKETS, Dataset.OPEN_INTEREST))
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.ANSWERED


def test_a_venue_that_answers_nothing_is_given_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every symbol's call is made to a venue that does not answer the first ones."""
    monkeypatch.setattr(asker, "MOST_FAILURES", 5)
    before = home.requests("binance", "openInterest")
    home.server.set_faults([Fault("binance", "status", "openInterest", status=500)])
    (outcome,) = home.ask(only("binance", Dataset.MARKETS, Dataset.OPEN_INTEREST))
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.FAILED
    # 8 calls are under way at once, and there are two attempts
    assert home.requests("binance", "openInterest") - before <= 2 * (5 + asker.PARALLEL_CALLS)


def test_a_list_kept_by_another_ccxt_is_not_used(home: Home) -> None:
    venue = only("okx", Dataset.MARKETS, Dataset.PRICE)
    home.ask(venue)
    path = home.settings.market_lists / "okx.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "good_for": [kept["good_for"][0], "4.5.64"]}))
    asked = home.requests("okx", "instruments")
    home.ask(venue, (DAY - timedelta(days=1),))
    assert home.requests("okx", "instruments") > asked
