"""What the history folder holds is what staging says, for every venue, market and day, over real HTTP."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from compare import differences
from evidence import EVIDENCE, UNDER_TEST
from venue_truth import ASKED, DELISTED_AT, GAP, GONE, LATE, MULTIPLIER, NEW_AT, at, build_layers, records

from pipeline.models import read_models
from pipeline.records import Dataset
from pipeline.venues.base import Evidence, KeyOnly, Reports, Unsupported
from pipeline.warehouse import table_hash

if TYPE_CHECKING:
    from conftest import Asked, Truth


def test_staging_equals_the_truth(truth: Truth, asked: Asked) -> None:
    found = differences(
        asked.connection,
        truth.tables,
        asked.days,
        asked.asked_at,
        is_walk=asked.name == "walk",
        is_backfill=asked.name == "backfill",
    )
    assert not found, "\n".join(found[:40])


@pytest.mark.parametrize("dataset", [one for one in Dataset if one is not Dataset.MARKETS])
def test_the_comparison_is_not_empty(asked: Asked, dataset: Dataset) -> None:
    """Staging holds every venue that declares a dataset, and no other."""
    rows = asked.connection.execute(f"select distinct venue from staging.stg_{dataset.value}").fetchall()
    declared = {
        name
        for name, venue in UNDER_TEST.items()
        if isinstance(report := venue.reports[dataset], Reports) and not report.needs_key
    }
    assert {name for (name,) in rows} == declared


# a backfill has neither a price nor a market list of earlier days
@pytest.mark.parametrize("asked", ["daily", "walk"], indirect=True, scope="session")
def test_market_days_are_the_truth_or_unseen(truth: Truth, asked: Asked) -> None:
    """A number of int_market_day is the truth in coins; what is not seen is NULL, closed is zero."""
    said = {
        (venue, market, day): (status, coins)
        for venue, market, day, status, coins in asked.connection.execute(
            "select venue, market, day, status, open_interest_base from intermediate.int_market_day"
            " where vintage = 'latest'"
        ).fetchall()
    }
    true = {
        (row.venue, row.market, (row.observed_at - timedelta(seconds=1)).date()): row.open_interest_base
        * MULTIPLIER.get((row.venue, row.market), 1)
        for row in records(truth.tables["open_interest"])
        if _publishes(row.venue)
    }
    for key, (status, coins) in said.items():
        if status == "excluded":
            assert _lacks_evidence(key[0]), key
        elif status == "seen":
            assert coins == pytest.approx(true[key], rel=1e-9), key
        elif status == "closed":
            assert coins == 0, key
            assert key not in true, key
        else:
            assert (status, coins) == ("unseen", None), key
            # nothing is unseen but the gaps and, in a walk, what a market list did not know any more
            assert key not in true, key
    for day in asked.days:
        seen = {(venue, market) for venue, market, on in true if on == day and not _lacks_evidence(venue)}
        assert {key[:2] for key, (status, _) in said.items() if key[2] == day and status == "seen"} == seen


def _publishes(venue: str) -> bool:
    """Whether the venue says anything about open interest; its markets are unseen where it does not."""
    return isinstance(UNDER_TEST[venue].reports[Dataset.OPEN_INTEREST], Reports)


def _word(venue: str) -> str:
    """The status of a market of the venue on an ordinary day."""
    if not _publishes(venue):
        return "unseen"
    return "excluded" if _lacks_evidence(venue) else "seen"


def _lacks_evidence(venue: str) -> bool:
    declared = UNDER_TEST[venue].reports[Dataset.OPEN_INTEREST]
    return not isinstance(declared, Reports) or declared.evidence is Evidence.NONE


@pytest.mark.parametrize("asked", ["daily", "walk"], indirect=True, scope="session")
def test_listing_delisting_and_gaps_have_their_words(asked: Asked) -> None:
    def status(venue: str, market: str, day: date) -> str | None:
        row = asked.connection.execute(
            "select status from intermediate.int_market_day"
            " where vintage = 'latest' and venue = $1 and market = $2 and day = $3",
            [venue, market, day],
        ).fetchone()
        return None if row is None else str(row[0])

    new, gone = NEW_AT.date(), DELISTED_AT.date()
    before = timedelta(days=1)
    for key in LATE:
        assert [status(*key, new - before), status(*key, new)] == [None, _word(key[0])], key
    for key in GONE:
        words = [status(*key, gone - before), status(*key, gone)]
        assert words == [_word(key[0]), "closed"], key
    for key, n in GAP.items():
        gap = at(n).date() - before
        words = [status(*key, gap - before), status(*key, gap), status(*key, gap + before)]
        assert words == [_word(key[0]), "unseen", _word(key[0])], key
    assert {name for name, _ in [*LATE, *GONE, *GAP]} == set(EVIDENCE)  # each venue has one of them at least


@dataclass(frozen=True)
class Counts:
    """Raw rows of each (dataset, venue), and what its log says: (status, rows) of every status in it."""

    rows: dict[tuple[str, str], int]
    logged: dict[tuple[str, str], list[tuple[str, int]]]


@pytest.fixture(scope="session")
def counts(asked: Asked) -> Counts:
    rows = {
        (dataset.value, venue): count
        for dataset in Dataset
        for venue, count in asked.connection.execute(
            f"select venue, count(*) from raw.{dataset.value} group by venue"
        ).fetchall()
    }
    logged = defaultdict[tuple[str, str], list[tuple[str, int]]](list)
    for dataset, venue, status, count in asked.connection.execute(
        "select dataset, venue, status, sum(rows)::bigint from staging.stg_fetch_log"
        " where status != 'too_late' or $1 group by all",
        [asked.name != "backfill"],
    ).fetchall():
        logged[dataset, venue].append((status, count))
    return Counts(rows, logged)


@pytest.mark.parametrize("name", UNDER_TEST)
@pytest.mark.parametrize("dataset", Dataset)
def test_every_declaration_is_kept(counts: Counts, name: str, dataset: Dataset) -> None:
    """What a venue reports has rows; what it does not is logged by its own word and has none."""
    rows = counts.rows.get((dataset.value, name), 0)
    logged = counts.logged[dataset.value, name]
    declared = UNDER_TEST[name].reports[dataset]
    if isinstance(declared, Reports) and not declared.needs_key:
        assert logged == [("answered", rows)]
        assert rows > 0
        return
    word = {Unsupported: "unsupported", KeyOnly: "needs_key", Reports: "needs_key"}[type(declared)]
    assert rows == 0
    assert logged == [(word, 0)]


@pytest.mark.parametrize(
    ("asked", "from_day"),
    [("walk", ASKED[3]), ("backfill", ASKED[3]), ("daily", ASKED[10])],
    indirect=["asked"],
    scope="session",
)
def test_an_incremental_build_equals_the_full_one(asked: Asked, from_day: date) -> None:
    """From the middle of the history, and from either side of the change of the funding interval."""

    def hashes() -> dict[str, str]:
        return {
            model.table: table_hash(asked.connection, model.table, list(model.grain))
            for model in read_models()
            if model.schema in ("staging", "intermediate")
        }

    full = hashes()
    build_layers(asked.connection, ("staging", "intermediate"), from_day)
    assert hashes() == full
