"""What a venue answered once, over real HTTP and through its real ccxt class, to be answered again changed.

The tape stands where ccxt's own `fetch` does: everything of ccxt after the transport runs, its reading of
errors and of market lists included.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from venue_truth import addresses

from pipeline.clock import VirtualClock, end_of
from pipeline.errors import VenueProblem
from pipeline.fetch import ask_within
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.records import Dataset, RawRow
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.venues.asker import Asker
from pipeline.venues.base import Reports, Venue
from pipeline.venues.client import Exchanged
from pipeline.venues.problems import UNEXPECTED, unreadable

MOST_CALLS = 400  # of one dataset of a handful of markets: more is a walk without end
Asked = tuple[str, str]  # address and body


class EndlessWalk(AssertionError):
    """A parser kept asking for pages."""


@dataclass
class Tape:
    """One venue's answers. takes: for each method of the venue file, what it asked and the rows it made."""

    venue: Venue
    days: Sequence[date]
    asker: Asker
    bodies: dict[Asked, str] = field(default_factory=dict)
    takes: dict[str, tuple[list[Asked], list[RawRow]]] = field(default_factory=dict)
    listing: list[Asked] = field(default_factory=list)
    changed: dict[Asked, str] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    calls: int = 0

    @contextmanager
    def answering(self, asked: Asked, body: str) -> Iterator[None]:
        """Answer one question otherwise for a while; what a changed market list did is undone."""
        listed = self.asker._by_id
        self.changed = {asked: body}
        self.calls = 0
        try:
            yield
        finally:
            self.asker._by_id = listed
            self.changed = {}

    async def play(self, method: str) -> tuple[list[RawRow], VenueProblem | None]:
        """The rows and the trouble of one method, asked anew of the tape as fetching would ask it."""
        dataset = dataset_of(method)
        report = self.venue.reports[dataset]
        assert isinstance(report, Reports)
        self.calls = 0
        await self.asker.at(self.days)
        self.asker.take_turn()
        try:
            await ask_within(self.asker, report, method, self.days)
        except VenueProblem as problem:
            return [], problem
        except UNEXPECTED as trouble:
            return [], unreadable(trouble)
        return list(self.asker.tally.rows), self.asker.tally.first_problem

    async def fetch(self, url: str, method: str = "GET", headers: object = None, body: object = None) -> Any:
        """Stands in for ccxt's transport: the recorded text, or the changed one, read as ccxt reads it."""
        self.calls += 1
        if self.calls > MOST_CALLS:
            message = f"{self.venue.name} asks for ever: {url}"
            raise EndlessWalk(message)
        asked = (url, _text(body))
        text = self.changed.get(asked) or self.bodies.get(asked)
        if text is None:
            # another page of something: the venue repeats itself, as a broken cursor does
            nearest = max(self.bodies, key=lambda one: _likeness(one, asked))
            text = self.changed.get(nearest) or self.bodies[nearest]
        exchange = self.asker.client.exchange
        parsed = exchange.parse_json(text) if exchange.is_json_encoded_object(text) else None
        exchange.last_http_response = text
        exchange.handle_errors(200, "OK", url, method, {}, text, parsed, headers or {}, body)
        return text if parsed is None else parsed


def dataset_of(method: str) -> Dataset:
    """The dataset that a method of a venue file answers."""
    return Dataset(method.removesuffix("_history"))


def methods_of(venue: Venue) -> list[str]:
    """Every method of a venue file that a dataset declared for it is asked with."""
    reported = [dataset.value for dataset, report in venue.reports.items() if isinstance(report, Reports)]
    return [m for name in reported for m in (name, f"{name}_history") if hasattr(venue, m)]


async def recorded(venue: Venue, server: ReplayServer, home: Path, days: Sequence[date]) -> Tape:
    """Ask a venue everything it declares about some days, and keep what it answered."""
    clock = VirtualClock(end_of(days[-1]) + AFTER_MIDNIGHT)
    settings = Settings(home=home, redirect=server.address, addresses=addresses())
    tape = Tape(venue, days, Asker(venue, settings, clock, "fuzz"))
    seen: list[Asked] = []

    def keep(answer: Exchanged) -> None:
        assert answer.status == 200, answer
        asked = (answer.url, answer.sent or "")
        tape.bodies[asked] = answer.body
        seen.append(asked)

    tape.asker.client.on_answer = keep
    await tape.asker.load_markets()
    tape.listing = list(seen)
    for method in methods_of(venue):
        seen.clear()
        rows, problem = await tape.play(method)
        assert problem is None, (venue.name, method, problem)
        tape.takes[method] = (list(seen), rows)
    tape.asker.client.on_answer = None
    await tape.asker.close()
    tape.asker.client.exchange.fetch = tape.fetch
    return tape


def answer_of(tape: Tape, asked: Asked) -> Any:
    """The parsed answer to one question."""
    return json.loads(tape.bodies[asked])


def _likeness(one: Asked, other: Asked) -> tuple[bool, int]:
    """Whether two questions go to the same path, and how many parameters they share."""
    (url, body), (other_url, other_body) = one, other
    here, there = urlsplit(url), urlsplit(other_url)
    shared = set(f"{here.query}&{body}".split("&")) & set(f"{there.query}&{other_body}".split("&"))
    return (here.netloc, here.path) == (there.netloc, there.path), len(shared)


def _text(body: object) -> str:
    return body.decode() if isinstance(body, bytes) else str(body or "")
