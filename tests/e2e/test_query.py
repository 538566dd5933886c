"""Asking the published database: while a run is working, in each format, and never writing to it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from homes import (
    DAYS,
    PROJECT,
    ask,
    command,
    copied,
    published,
)

from pipeline.ask import query
from pipeline.errors import UsageError
from pipeline.settings import Settings

LAST_FIVE = "select * from margin_debt_daily order by day desc limit 5"
QUERIES = sorted((PROJECT / "sql" / "queries").glob("*.sql"))


@dataclass
class Ran:
    """A home of three days after a run that asked two of its four venues about the fourth."""

    home: Path
    answers: list[subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def two_venues(early: Path, world: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The home is asked, by the command in processes of its own, as long as the run works."""
    home = copied(early, tmp_path_factory.mktemp("two") / "home")
    words = ["run", "--home", str(home), "--replay", str(world), "--day", DAYS[3].isoformat(), "--quiet"]
    answers = []
    with ThreadPoolExecutor(1) as waiting:
        run = waiting.submit(command, *words, "--venues", "binance,okx")
        while not run.done():
            answer = command("query", LAST_FIVE, "--format", "json", "--home", str(home))
            if not run.done():
                answers.append(answer)
            time.sleep(1)
    # the venues that were not asked are no failure
    assert run.result().returncode == 0, run.result().stderr
    return Ran(home, answers)


def test_a_query_is_answered_while_a_run_works(two_venues: Ran) -> None:
    assert two_venues.answers
    for answer in two_venues.answers:
        assert answer.returncode == 0, answer.stderr
        rows = json.loads(answer.stdout)
        assert len(rows) == 5
        assert {row["day"] for row in rows} <= {DAYS[2].isoformat(), DAYS[3].isoformat()}
    assert json.loads(two_venues.answers[0].stdout)[0]["day"] == DAYS[2].isoformat()


def test_a_run_of_two_venues_fetches_checks_and_publishes_those(two_venues: Ran) -> None:
    seen = ask(
        two_venues.home,
        "select distinct venue from market_daily where status = 'seen' and day = $1::date order by 1",
        DAYS[3],
    )
    assert [row["venue"] for row in seen] == ["binance", "okx"]
    asked = ask(
        two_venues.home, "select distinct venue from fetch_log where day = $1::date order by 1", DAYS[3]
    )
    assert [row["venue"] for row in asked] == ["binance", "okx"]


def test_csv_and_json_hold_the_same_rows(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "select day, venue, open_interest_usd from open_interest_by_venue_daily order by day, venue"
    query(Settings(finished), sql, "csv")
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    query(Settings(finished), sql, "json")
    records = json.loads(capsys.readouterr().out)
    assert len(table) == len(records) == 7 * 4  # seven days, four venues
    for line, record in zip(table, records, strict=True):
        assert line["day"] == record["day"]
        assert line["venue"] == record["venue"]
        assert float(line["open_interest_usd"]) == record["open_interest_usd"] > 0


def test_a_table_on_a_pipe_is_not_cut(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query(Settings(finished), "select title from (select repeat('x', 300) as title)", "table")
    assert "x" * 300 in capsys.readouterr().out


@pytest.mark.parametrize(
    "statement",
    ["delete from margin_debt_daily", "drop table market_daily", "create table mine as select 1 as one"],
)
def test_a_statement_that_writes_is_refused(finished: Path, statement: str) -> None:
    before = published(finished).read_bytes()
    ended = command("query", statement, "--home", str(finished))
    assert ended.returncode == 2
    assert ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    assert "read-only" in sentence
    assert published(finished).read_bytes() == before


def test_an_unknown_format_is_refused(finished: Path) -> None:
    ended = command("query", "select 1", "--format", "xml", "--home", str(finished))
    assert ended.returncode == 2
    assert ended.stderr == "margin-debt: --format xml is not known: use table, csv, json, parquet\n"


def test_there_are_questions() -> None:
    assert len(QUERIES) >= 8


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_every_question_of_the_house_runs(
    finished: Path, capsys: pytest.CaptureFixture[str], path: Path
) -> None:
    query(Settings(finished), str(path), "csv")
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header
    assert all(len(row) == len(header) for row in rows)


def test_a_parameter_of_a_file_can_be_set(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(PROJECT / "sql" / "queries" / "venue_shares.sql")
    totals = {
        row["venue"]: row["open_interest_usd"]
        for row in ask(finished, "select * from open_interest_by_venue_daily where day = $1::date", DAYS[1])
    }
    query(Settings(finished), path, "json", [f"day={DAYS[1]}"])
    shown = json.loads(capsys.readouterr().out)
    assert {row["venue"]: row["open_interest_usd"] for row in shown} == totals
    assert sum(row["share_ratio"] for row in shown) == pytest.approx(1)


def test_a_parameter_that_there_is_not_is_refused(finished: Path) -> None:
    path = str(PROJECT / "sql" / "queries" / "venue_shares.sql")
    with pytest.raises(UsageError, match=r"no parameter 'dya', did you mean day: it has day"):
        query(Settings(finished), path, "json", ["dya=2025-06-10"])


@pytest.mark.parametrize(
    "statement",
    [
        "insert into margin_debt_daily select * from margin_debt_daily",
        "copy (select 1) to 'written.csv'",
        "attach 'other.duckdb' as other",
        "set enable_external_access = true",
        "select * from read_csv('pyproject.toml')",
        "install httpfs",
    ],
)
def test_a_query_writes_nothing_and_reads_no_other_file(
    finished: Path, statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = published(finished).read_bytes()
    with pytest.raises(UsageError, match="the query failed"):
        query(Settings(finished), statement, "csv")
    assert published(finished).read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_a_published_file_that_is_none_is_named_with_the_remedy(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.serving.parent.mkdir(parents=True)
    settings.serving.write_bytes(b"not a database" * 100)
    with pytest.raises(UsageError, match="margin-debt build"):
        query(settings, "select 1", "csv")
