"""What a venue file is given: calls, listed markets, rows, and one item's trouble kept from the others.

It remembers identical calls within one instant, counts, and drops what lies outside the days that were asked
for. How the venue is reached is `client.py`; what an answer means is the venue file's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import orjson

from pipeline.clock import Clock, end_of
from pipeline.errors import PayloadUnreadable, VenueProblem, VenueUnavailable
from pipeline.keys import quoted, without_keys
from pipeline.records import Dataset, RawRow
from pipeline.settings import Settings
from pipeline.venues.base import Venue
from pipeline.venues.client import VenueClient, jitter
from pipeline.venues.contradictions import without_contradictions
from pipeline.venues.declared import declaration
from pipeline.venues.holds import Holds
from pipeline.venues.listing import MarketLists, by_id
from pipeline.venues.plausible import refuse_implausible
from pipeline.venues.problems import UNEXPECTED, unreadable, without_secrets

Row = TypeVar("Row", bound=RawRow)
Item = TypeVar("Item")

# Calls under way at once. Towards a venue they leave at its pace: enough of them for its slowest answers.
PARALLEL_CALLS, PARALLEL_PACED_CALLS = 8, 32
_RETRY_SECONDS = 1.0
# So many calls without an answer, one after the other, and the rest is not asked.
MOST_FAILURES = 40


@dataclass
class Tally:
    """What one dataset's fetch did. outside: rows dropped because they lie outside the days asked for."""

    rows: list[RawRow] = field(default_factory=list)
    calls: int = 0
    bytes: int = 0
    bad: int = 0
    outside: int = 0
    first_problem: VenueProblem | None = None


@dataclass
class _Turn:
    """What one dataset is being asked: a venue's datasets are asked at once, each in a task of its own."""

    days: Sequence[date] = ()
    window: tuple[datetime, datetime] | None = None
    tally: Tally = field(default_factory=Tally)


_TURN: ContextVar[_Turn | None] = ContextVar("_TURN", default=None)
# Rows of the item that `each` is at: they count when it is done, so that asking twice keeps none twice.
_ITEM_ROWS: ContextVar[list[RawRow] | None] = ContextVar("_ITEM_ROWS", default=None)


class Asker:
    """One venue at one instant. Use `at(...)` before each instant and `close()` at the end.

    `sample` cuts `each` to so many items, for a probe.
    """

    def __init__(
        self,
        venue: Venue,
        settings: Settings,
        clock: Clock,
        run_id: str,
        holds: Holds | None = None,
        lists: MarketLists | None = None,
    ) -> None:
        self.venue = venue
        self.clock = clock
        self.run_id = run_id
        self.client = VenueClient(venue, settings, clock, holds or Holds(settings.holds, clock))
        self.ccxt_version, self.has_key = self.client.ccxt_version, self.client.has_key
        self.addresses = settings.addresses.get(venue.name, ())
        self.is_list_kept = False
        self.list_problem: PayloadUnreadable | None = None
        self._lists = lists
        self._is_paced = settings.is_paced
        self._answers: dict[tuple[str, bytes], asyncio.Future[Any]] = {}
        self._unanswered = 0
        self._slots = asyncio.Semaphore(PARALLEL_PACED_CALLS if settings.is_paced else PARALLEL_CALLS)
        self._by_id: dict[str, Mapping[str, Any]] = {}
        self._declared: dict[tuple[Dataset, str], dict[str, Any]] = {}
        self.sample: int | None = None
        self._turn = _Turn()

    def take_turn(self) -> None:
        """Give the calling task days, a window and a tally of its own."""
        _TURN.set(_Turn())

    def start_attempt(self, days: Sequence[date], window: tuple[datetime, datetime] | None) -> None:
        """What the next method of the venue file is asked for: see `days`, and `keep` for the window."""
        turn = self._now
        turn.days, turn.window = days, window

    @property
    def _now(self) -> _Turn:
        return _TURN.get() or self._turn

    @property
    def days(self) -> Sequence[date]:
        """The UTC days that history calls should cover, oldest first."""
        return self._now.days

    @property
    def tally(self) -> Tally:
        """What came of the dataset that this task is asking for."""
        return self._now.tally

    @property
    def is_backfill(self) -> bool:
        """Whether the days asked about reach further back than the one that has just ended."""
        return bool(self.days) and self.clock.now() - end_of(self.days[0]) > timedelta(hours=12)

    async def at(self, days: Sequence[date]) -> None:
        """Forget the answers of the last instant and name the days that history calls cover."""
        self._answers.clear()
        self._unanswered = 0
        self._declared.clear()
        self._turn = _Turn(days)

    def forget_failures(self) -> None:
        """Let the next attempt ask anew what failed, and keep what was answered."""
        self._unanswered = 0
        for key, answer in list(self._answers.items()):
            if answer.done() and (answer.cancelled() or answer.exception() is not None):
                del self._answers[key]

    async def load_markets(self) -> None:
        """Take the venue's market list: of today if it is kept, else anew. Raises a VenueProblem.

        Kept by the venue's id: ccxt's own index by symbol silently drops one of two with the same symbol.
        """
        name, version = self.venue.name, self.ccxt_version
        kept = self._lists.read(name, version) if self._lists is not None else None
        self.is_list_kept = kept is not None
        markets = await self.client.list_markets() if kept is None else kept
        if not markets:
            message = f"the market list is empty: the last answer begins {self.client.last_answer!r}"
            raise PayloadUnreadable(message)
        if kept is None and self._lists is not None:
            self._lists.write(name, version, markets)
        self._by_id, self.list_problem = by_id(self.venue, markets)

    def count_unlisted(self) -> None:
        """Count what could not be read of the market list."""
        if self.list_problem is not None:
            self._count(self.list_problem)

    async def pause_before_retry(self) -> None:
        """Give a venue in trouble a moment; an embedded exchange needs none."""
        if self._is_paced:
            await asyncio.sleep(_RETRY_SECONDS * jitter())

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """The parsed JSON of one implicit ccxt call; identical calls of one instant are asked once.

        Raises VenueUnavailable, VenueBlocked, NeedsKey or PayloadUnreadable.
        """
        asked = dict(params or {})
        key = (method, orjson.dumps(asked, option=orjson.OPT_SORT_KEYS))
        known = self._answers.get(key)
        if known is None:
            known = asyncio.ensure_future(self._ask(method, asked))
            self._answers[key] = known
        return await known

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:  # noqa: ANN401
        async with self._slots:
            if self._unanswered >= MOST_FAILURES:
                message = f"{self._unanswered} calls in a row were not answered: the rest was not asked"
                raise VenueUnavailable(message)
            self.tally.calls += 1
            try:
                answer = await self.client.ask(method, params)
            except VenueUnavailable:
                self._unanswered += 1
                raise
            self._unanswered = 0
        if not isinstance(answer, dict | list):
            message = f"{method} did not answer JSON but {without_secrets(str(answer), 60)!r}"
            raise PayloadUnreadable(message)
        return answer

    async def each(self, items: Iterable[Item], ask_one: Callable[[Item], Awaitable[None]]) -> None:
        """Run `ask_one` for every item; one item's trouble is counted and does not stop the others.

        What some items could not get is asked once more at the end. If every item fails, the first problem
        is raised.
        """
        wanted = list(items)[: self.sample]
        done = await asyncio.gather(*(_one(item, ask_one) for item in wanted))
        again = [place for place, (_, problem) in enumerate(done) if isinstance(problem, VenueUnavailable)]
        if again and len(again) < len(wanted):
            await self.pause_before_retry()
            self.forget_failures()
            second = await asyncio.gather(*(_one(wanted[place], ask_one) for place in again))
            for place, result in zip(again, second, strict=True):
                done[place] = result
        problems = [problem for _, problem in done if problem is not None]
        for rows, _ in done:
            self._store(rows)
        for problem in problems:
            self._count(problem)
        if wanted and len(problems) == len(wanted):
            raise problems[0]

    def market(self, market_id: str) -> Mapping[str, Any]:
        """ccxt's market for the venue's own id; raises PayloadUnreadable for one that is not listed."""
        try:
            return self._by_id[market_id]
        except KeyError:
            message = f"market {quoted(market_id, 60)} is not in the venue's market list"
            raise PayloadUnreadable(message) from None

    @property
    def listed(self) -> list[Mapping[str, Any]]:
        """Every market of the last list, in ccxt's words, ordered by the venue's id."""
        return [market for _, market in sorted(self._by_id.items())]

    def contracts(self, **wanted: object) -> list[Mapping[str, Any]]:
        """Listed swap and future markets whose ccxt fields equal `wanted`, by id."""
        return [
            market
            for market in self.listed
            if (market.get("swap") or market.get("future"))
            and market.get("active") is not False
            and all(market.get(key) == value for key, value in wanted.items())
        ]

    @contextmanager
    def row_guard(self) -> Iterator[None]:
        """A row that cannot be read is counted and left out; the rest of the answer is kept."""
        try:
            yield
        except PayloadUnreadable as problem:
            self._count(problem)
        except UNEXPECTED as problem:
            self._count(unreadable(problem))

    def row(
        self,
        row_type: type[Row],
        dataset: Dataset,
        *,
        market: str,
        observed_at: datetime | None,
        endpoint: str,
        payload: object,
        listed: Mapping[str, Any] | None = None,
        is_backfilled: bool = False,
        **values: Any,  # noqa: ANN401 - the row's own columns
    ) -> Row:
        """A raw row with the venue's declaration, both clocks and the payload filled in."""
        declared = self._declared.get((dataset, market))
        if declared is None:
            known = listed if listed is not None else self._by_id.get(market)
            declared = self._declared[dataset, market] = declaration(self.venue, dataset, market, known)
        made = row_type(
            venue=self.venue.name,
            market=market,
            observed_at=observed_at,
            fetched_at=self.clock.now(),
            endpoint=endpoint,
            ccxt_version=self.ccxt_version,
            run_id=self.run_id,
            is_backfilled=is_backfilled,
            payload=without_keys(orjson.dumps(payload).decode()),
            **declared,
            **values,
        )
        refuse_implausible(made)
        return made

    def keep(self, row: RawRow) -> None:
        """Hand a finished row over; one whose time lies outside the days asked for is dropped and counted."""
        window = self._now.window
        if window is not None and row.observed_at is not None:
            first, last = window
            if not first <= row.observed_at <= last:
                self.tally.outside += 1
                return
        rows = _ITEM_ROWS.get()
        if rows is None:
            self._store([row])
        else:
            rows.append(row)

    def leave_out_contradictions(self) -> None:
        """Drop and count what the finished method was told twice with different numbers."""
        self.tally.rows, problems = without_contradictions(self.tally.rows)
        for problem in problems:
            self._count(problem)

    def _store(self, rows: Sequence[RawRow]) -> None:
        self.tally.rows.extend(rows)
        self.tally.bytes += sum(len(row.payload) for row in rows)

    def _count(self, problem: VenueProblem) -> None:
        self.tally.bad += 1
        if self.tally.first_problem is None:
            self.tally.first_problem = problem

    async def close(self) -> None:
        """Close ccxt's HTTP session."""
        await self.client.close()


async def _one(
    item: Item, ask_one: Callable[[Item], Awaitable[None]]
) -> tuple[list[RawRow], VenueProblem | None]:
    """One item's rows and its trouble."""
    rows: list[RawRow] = []
    _ITEM_ROWS.set(rows)
    try:
        await ask_one(item)
    except VenueProblem as problem:
        return rows, problem
    except UNEXPECTED as problem:
        return rows, unreadable(problem)
    return rows, None
