"""Venues that are down, slow, or talk nonsense: never a zero, never the others' trouble, always named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import dagster as dg
import pytest
from fault_cases import (
    CASES,
    CLOSED,
    EXCLUDED,
    LOST,
    NEW_NAME,
    OFF_CLOCK,
    OLD_NAME,
    RENAMED,
    SHRUNK,
    WALKS,
    WHOLE,
    Case,
)
from homes import DAYS, VENUES, Row, ask, copied, coverage, page_words, run_days, venue_rows
from soak_results import write_result

from pipeline.engine import Ending, dagster_home
from pipeline.gaps import gaps
from pipeline.replay.faults import KINDS, Fault
from pipeline.replay.process import ReplayServer
from pipeline.runtime import Runtime

BAD_DAY = DAYS[3]
PATIENCE_SECONDS = 3.0
DOWN = {
    "binance": Fault("binance", "status", status=500),
    "okx": Fault("okx", "timeout"),
    "hyperliquid": Fault("hyperliquid", "wrong_content_type"),
}
STANDING = "bitfinex"


@pytest.fixture(scope="module")
def troubled(
    tmp_path_factory: pytest.TempPathFactory, early: Path, world: Path, exchange: ReplayServer
) -> tuple[Path, Ending]:
    """A home whose day after three good ones met three venues in trouble at once."""
    home = copied(early, tmp_path_factory.mktemp("troubled") / "home")
    faults = {BAD_DAY: list(DOWN.values())}
    ending, _ = run_days(home, world, exchange, [BAD_DAY], faults, timeout_seconds=PATIENCE_SECONDS)
    return home, ending


def test_three_venues_down_is_done_with_gaps(troubled: tuple[Path, Ending]) -> None:
    _, ending = troubled
    assert ending.succeeded
    assert ending.exit_code == 3
    for venue in DOWN:
        assert f"{venue} open_interest failed" in ending.gaps
    assert not [gap for gap in ending.gaps if gap.startswith(STANDING)]


def test_the_venue_left_standing_is_whole_and_unchanged(
    troubled: tuple[Path, Ending], finished: Path
) -> None:
    home, _ = troubled
    rows = venue_rows(home, STANDING, BAD_DAY)
    assert rows
    assert {row["status"] for row in rows} == {"seen"}
    assert rows == venue_rows(finished, STANDING, BAD_DAY)


@pytest.mark.parametrize("venue", VENUES)
def test_days_before_the_trouble_are_unchanged(
    troubled: tuple[Path, Ending], finished: Path, venue: str
) -> None:
    for day in DAYS[:3]:
        rows = venue_rows(troubled[0], venue, day)
        assert rows
        assert rows == venue_rows(finished, venue, day)


@pytest.mark.parametrize("venue", DOWN)
def test_a_venue_that_is_down_is_unseen_and_never_zero(
    troubled: tuple[Path, Ending], finished: Path, venue: str
) -> None:
    home, _ = troubled
    rows = venue_rows(home, venue, BAD_DAY)
    assert len(rows) == len(venue_rows(finished, venue, BAD_DAY))
    for row in rows:
        assert row["status"] == "unseen"
        assert row["reason"]
        for column in ("open_interest_base", "open_interest_usd", "mark_price", "volume_usd"):
            assert row[column] is None, (row["market"], column)


def test_no_total_of_the_bad_day_is_zero(troubled: tuple[Path, Ending]) -> None:
    home, _ = troubled
    for table, column in (
        ("open_interest_by_venue_daily", "open_interest_usd"),
        ("open_interest_by_asset_daily", "open_interest_usd"),
        ("margin_debt_daily", "high_usd"),
        ("concentration_daily", "hhi_ratio"),
    ):
        (row,) = ask(
            home,
            f"select count(*) as rows, count_if({column} = 0) as zeros from {table} where day = $1::date",
            BAD_DAY,
        )
        assert row["rows"] > 0, table
        assert row["zeros"] == 0, table


def test_growth_over_the_bad_day_is_not_a_fall_to_nothing(troubled: tuple[Path, Ending]) -> None:
    """Three of four venues are gone: the market's own growth must be undefined, not minus most of it."""
    rows = ask(
        troubled[0],
        "select * from growth_daily where day = $1::date and usd_growth_ratio < -0.5",
        BAD_DAY,
    )
    assert rows == []


@pytest.mark.parametrize(
    ("venue", "word"), [("binance", "Internal error"), ("okx", "Timeout"), ("hyperliquid", "<html>")]
)
def test_coverage_names_each_venue_and_why(troubled: tuple[Path, Ending], venue: str, word: str) -> None:
    home, _ = troubled
    row = coverage(home, "open_interest", venue, BAD_DAY)
    assert row["status"] == "failed"
    assert word in row["reason"]
    assert row["markets_seen"] == 0
    assert row["markets_expected"] > 0
    assert row["seen_usd"] is None
    assert row["expected_usd"] > 0
    assert coverage(home, "open_interest", STANDING, BAD_DAY)["status"] == "answered"


@pytest.mark.parametrize("venue", DOWN)
def test_the_report_names_each_venue_that_failed(troubled: tuple[Path, Ending], venue: str) -> None:
    page = page_words((troubled[0] / "reports" / f"{BAD_DAY}.html").read_text())
    start = page.index("Asked, and not fully answered")
    table = page[start : page.index("Every dataset that a venue offers", start)]
    assert venue in table
    assert STANDING not in table


@dataclass
class Walk:
    """A home that met every case of a walk on its day, after one good day."""

    home: Path
    runtime: Runtime

    def gaps(self, day: date) -> list[str]:
        """What a run for that day alone would have called gaps."""
        try:
            return gaps(self.runtime, day)
        finally:
            self.runtime.close()


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory, world: Path, exchange: ReplayServer) -> dict[int, Walk]:
    made = {}
    for walk in WALKS:
        home = tmp_path_factory.mktemp(f"walk{walk}") / "home"
        faults = {day: [case.fault for case in CASES if (case.walk, case.day) == (walk, day)] for day in DAYS}
        ending, runtime = run_days(home, world, exchange, DAYS, faults, timeout_seconds=PATIENCE_SECONDS)
        assert ending.succeeded, ending
        made[walk] = Walk(home, runtime)
    return made


@cache
def rows_of(home: Path, venue: str, day: date) -> list[Row]:
    """market_daily of a venue and day, but for the market that had another name for one day."""
    return [row for row in venue_rows(home, venue, day) if row["market"] != NEW_NAME]


def standing(walk: int, day: date) -> list[str]:
    """The venues that no fault strikes."""
    return [v for v in VENUES if v not in {c.fault.venue for c in CASES if (c.walk, c.day) == (walk, day)}]


def test_every_kind_of_fault_has_a_case() -> None:
    assert {case.fault.kind for case in CASES} == KINDS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_fault(walks: dict[int, Walk], finished: Path, case: Case) -> None:
    home, venue = walks[case.walk].home, case.fault.venue
    log = ask(
        home,
        "select status, message from fetch_log where venue = $1 and day = $2::date"
        " and dataset = 'open_interest' order by attempt desc",
        venue,
        case.day,
    )
    assert log[0]["status"] == case.status, log
    message = log[0]["message"] or ""
    if case.status in ("failed", "partial", "blocked"):
        assert message
    rows, usual = rows_of(home, venue, case.day), rows_of(finished, venue, case.day)
    assert [row["market"] for row in rows] == [row["market"] for row in usual]
    lacking = [row for row in rows if row["status"] in ("unseen", "excluded")]
    lost = {row["market"] for row in lacking}
    reasons = {row["reason"] for row in lacking}
    assert case.said in message + " ".join(reasons)
    assert reasons == set() or all(reasons)
    if case.left == RENAMED:
        assert_renamed(home, rows, usual, case.day)
        lost.add(OLD_NAME)
    closed = {row["market"] for row in rows if row["status"] == "closed"} - {OLD_NAME}
    if case.left == CLOSED:
        # a venue may delist so many on one day: that is a true zero and no hole
        assert 0 < len(closed) < len(rows) / 3
        lost |= closed
    if case.left == OFF_CLOCK:
        # the tolerance is two hours: the level still counts, and its age and a warning say what is odd
        assert {round(row["age_hours"], 6) for row in rows} == {2}
        rows, usual = ([{**row, "observed_at": 0, "age_hours": 0} for row in part] for part in (rows, usual))
        assert "not_from_the_future" in quality_warnings(home, venue)
    # never a zero that was not sent, and what is left is what an undisturbed run saw
    zeros = {row["market"] for row in rows if row["open_interest_usd"] == 0}
    assert zeros == (closed if case.left == CLOSED else {OLD_NAME} if case.left == RENAMED else set())
    assert [r for r in rows if r["market"] not in lost] == [r for r in usual if r["market"] not in lost]
    for row in lacking:
        assert row["status"] == ("excluded" if case.left == EXCLUDED else "unseen")
        if row["status"] == "unseen":
            assert row["open_interest_usd"] is None
            assert row["open_interest_base"] is None
    if case.left == LOST:
        assert len(lacking) == len(rows)
    elif case.left in (WHOLE, RENAMED, OFF_CLOCK, CLOSED):
        assert lacking == []
    else:
        assert 0 < len(lacking) < len(rows)
    seen = coverage(home, "open_interest", venue, case.day)
    assert seen["markets_expected"] == len(rows) - len(closed)
    assert seen["markets_seen"] == len(rows) - len(closed) - len(lacking)
    assert (seen["seen_ratio"] == 1) == (lacking == [])
    others = standing(case.walk, case.day)
    assert others
    for other in others:
        assert rows_of(home, other, case.day) == rows_of(finished, other, case.day)
    # a dataset that used to answer and of which nothing, or little, counts is a gap (3); a hole is not (0)
    mine = [gap for gap in walks[case.walk].gaps(case.day) if gap.startswith(f"{venue} open_interest")]
    exit_code = Ending(True, [], mine).exit_code
    assert exit_code == (3 if case.left in (LOST, SHRUNK) else 0)
    if case.left == SHRUNK:
        (said,) = mine
        assert f"{len(rows) - len(lacking)} of {len(rows)} markets with {seen['seen_ratio']:.0%}" in said
    write_result(
        "faults",
        {
            "fault": case.name,
            "venue": venue,
            "expected": f"{case.status}; {case.left}",
            "seen": f"{log[0]['status']}; {seen['markets_seen']} of {seen['markets_expected']} markets",
            "named": re.sub(r"http://127[^/]*/", "", "; ".join(sorted({message[:120], *reasons} - {""})))
            or "-",
            "coverage_ratio": seen["seen_ratio"],
            "exit_code": exit_code,
            "equal_to_undisturbed": ", ".join(others),
        },
    )


def quality_warnings(home: Path, venue: str) -> str:
    """What the check of a venue's open interest found in the one run of a home."""
    with dagster_home(home / "dagster"), dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
        logged = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        results = [one.dagster_event.asset_check_evaluation_data for one in logged if one.dagster_event]
    (result,) = [
        result
        for result in results
        if (list(result.asset_key.path), result.check_name) == (["raw", venue], "expect_open_interest")
    ]
    assert not result.passed
    return str(result.metadata["broken"].value)


def assert_renamed(home: Path, rows: list[Row], usual: list[Row], day: date) -> None:
    """A market under another name: closed under the old one, with what it held under the new one."""
    (old,) = [row for row in rows if row["market"] == OLD_NAME]
    assert (old["status"], old["open_interest_usd"]) == ("closed", 0)
    (new,) = [row for row in venue_rows(home, "okx", day) if row["market"] == NEW_NAME]
    (was,) = [row for row in usual if row["market"] == OLD_NAME]
    for column in ("asset", "status", "open_interest_base", "open_interest_usd", "mark_price"):
        assert new[column] == was[column], column
    (after,) = [row for row in venue_rows(home, "okx", DAYS[6]) if row["market"] == NEW_NAME]
    assert after["status"] == "closed"


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("day", DAYS)
def test_venues_without_a_fault_are_unchanged(
    walks: dict[int, Walk], finished: Path, walk: int, day: date
) -> None:
    for venue in standing(walk, day):
        assert rows_of(walks[walk].home, venue, day) == rows_of(finished, venue, day)
