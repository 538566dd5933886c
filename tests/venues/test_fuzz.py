"""Every venue file under mutations of its own valid answers: declared trouble, or a number that was sent.

An answer is changed in one place and read again by the real ccxt class and the venue file. What may come out
is the unchanged number, the changed one in its declared unit, nothing, or a VenueProblem; never another
exception, a default, a zero, another row's number, or a walk without end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from ccxt_said import DAY, NOW
from evidence import UNDER_TEST
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import KINDS, body_of, identity, mutated, silent_numbers
from soak_results import write_result
from tape import EndlessWalk, Tape, answer_of, recorded

from pipeline.errors import VenueProblem
from pipeline.lake import _table
from pipeline.settings import key_variable
from pipeline.venues.base import Reports

if TYPE_CHECKING:
    from conftest import Truth

CASES, SOAK_CASES = 100, 12_500  # a venue
SEEDS = st.integers(0, 2**32)
LISTING = "market list"
# What reads a market list: its own rows, and the contract sizes of amounts.
AFTER_A_LISTING = ("markets", "open_interest")
COUNTED = ("cases", "declared_errors", "answered", "findings")


@dataclass(frozen=True)
class Change:
    """Which of a method's answers is changed, and how."""

    which: int
    kind: str
    seed: int


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One event loop for all venues: ccxt's instances stay with theirs."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture(scope="module")
def tapes(
    truth: Truth, loop: asyncio.AbstractEventLoop, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Tape]:
    """What every venue answers on one day, asked with a key where a dataset needs one."""
    home = tmp_path_factory.mktemp("fuzz")
    truth.server.set_now(NOW)
    made = {}
    for name, venue in UNDER_TEST.items():
        with pytest.MonkeyPatch.context() as environment:
            if any(isinstance(r, Reports) and r.needs_key for r in venue.reports.values()):
                for part in ("", "_SECRET", "_PASSWORD"):
                    environment.setenv(f"{key_variable(name).removesuffix('_KEY')}{part or '_KEY'}", "a")
            made[name] = loop.run_until_complete(recorded(venue, truth.server, home, [DAY]))
    return made


def read_changed(tape: Tape, loop: asyncio.AbstractEventLoop, target: str, change: Change) -> list[str]:
    """What was wrong with how the venue file read one changed answer; what came of it is counted."""
    asked = tape.listing if target == LISTING else tape.takes[target][0]
    question = asked[change.which % len(asked)]
    answer, mutation = mutated(answer_of(tape, question), change.kind, change.seed)
    methods = [one for one in AFTER_A_LISTING if one in tape.takes] if target == LISTING else [target]
    count = tape.counts[target]
    count["cases"] += 1
    found: list[str] = []
    try:
        with tape.answering(question, body_of(answer)):
            if target == LISTING:
                loop.run_until_complete(tape.asker.load_markets())
            for method in methods:
                rows, problem = loop.run_until_complete(tape.play(method))
                count["declared_errors" if problem is not None else "answered"] += 1
                known = {identity(row): row for row in tape.takes[method][1]}
                found += [f"{method}: {one}" for row in rows for one in silent_numbers(row, known, mutation)]
                if rows:
                    _table(rows)
    except VenueProblem:
        count["declared_errors"] += 1
    except (Exception, EndlessWalk) as trouble:  # noqa: BLE001 whatever else comes out is the finding
        found.append(f"{type(trouble).__name__}: {str(trouble)[:200]}: {mutation}")
    count["findings"] += bool(found)
    return [f"{tape.venue.name} {target} {one}" for one in found]


def fuzz(tape: Tape, loop: asyncio.AbstractEventLoop, cases: int) -> None:
    """Let hypothesis draw that many changes of a venue's answers; the first bad ones fail, made small."""
    targets = [LISTING, *(method for method, (asked, _) in tape.takes.items() if asked)]

    @settings(max_examples=cases, derandomize=True, deadline=None, database=None)
    @given(st.sampled_from(targets), st.builds(Change, st.integers(0, 99), st.sampled_from(KINDS), SEEDS))
    def changed_answers_are_read(target: str, change: Change) -> None:
        assert read_changed(tape, loop, target, change) == []

    changed_answers_are_read()


@pytest.mark.parametrize("name", UNDER_TEST)
def test_changed_answers(tapes: dict[str, Tape], loop: asyncio.AbstractEventLoop, name: str) -> None:
    fuzz(tapes[name], loop, CASES)


@pytest.mark.soak
@pytest.mark.parametrize("name", UNDER_TEST)
def test_many_changed_answers(tapes: dict[str, Tape], loop: asyncio.AbstractEventLoop, name: str) -> None:
    tape = tapes[name]
    tape.counts.clear()
    try:
        fuzz(tape, loop, SOAK_CASES)
    finally:
        totals = {kind: sum(count[kind] for count in tape.counts.values()) for kind in COUNTED}
        row = {"venue": name, "answers_changed": len(tape.counts), "kinds_of_change": len(KINDS)}
        write_result("fuzz", {**row, **totals})
