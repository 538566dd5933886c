"""Asks one venue, through its ccxt class, at one instant. The only module that touches ccxt.

It redirects, counts, remembers identical calls within one instant (one bulk answer can serve three
datasets) and turns ccxt's errors into ours. What an answer means is the venue file's business.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import orjson

from pipeline.clock import Clock, end_of, milliseconds
from pipeline.errors import NeedsKey, PayloadUnreadable, VenueBlocked, VenueProblem, VenueUnavailable
from pipeline.records import Dataset, RawRow, Unit
from pipeline.settings import Settings, VenueKey, venue_key
from pipeline.venues.base import Reports, Venue, direction_of

Row = TypeVar("Row", bound=RawRow)
Item = TypeVar("Item")

PARALLEL_CALLS = 8
# What an embedded exchange is shown in the place of a key: it must be asked alike, and learn nothing.
_SHOWN_TO_REPLAY = VenueKey("replay", "cmVwbGF5", "replay")
_BLOCKED = re.compile(r"\s(403|451)\s")
_SECRETS = re.compile(
    r"(?i)((?:api[-_]?key|signature|secret|token|passphrase)[\"']?\s*[=:]\s*[\"']?)[^&\s\"']+"
)


@dataclass
class Tally:
    """What one dataset's fetch did."""

    rows: list[RawRow] = field(default_factory=list)
    calls: int = 0
    bytes: int = 0
    bad: int = 0
    first_problem: VenueProblem | None = None


class Asker:
    """One venue's ccxt instance. Use `at(...)` before each instant and `close()` at the end.

    `days` are the UTC days that history calls should cover, oldest first.
    """

    def __init__(self, venue: Venue, settings: Settings, clock: Clock, run_id: str) -> None:
        # ccxt takes 3 to 4 seconds to import and is needed only where something is fetched.
        import ccxt  # noqa: PLC0415
        import ccxt.async_support as ccxt_async  # noqa: PLC0415

        self.venue = venue
        self.clock = clock
        self.run_id = run_id
        self.ccxt_version: str = ccxt.__version__
        self._errors = ccxt
        self.exchange: Any = getattr(ccxt_async, venue.ccxt_id)(
            {
                "enableRateLimit": settings.redirect is None,
                "timeout": round(settings.timeout_seconds * 1000),
                "options": dict(venue.ccxt_options),
            }
        )
        self.exchange.has["fetchCurrencies"] = False
        self.exchange.milliseconds = lambda: milliseconds(clock.now())
        if settings.redirect is not None:
            self.exchange.urls["api"] = _redirected(self.exchange.urls["api"], settings.redirect)
        key = venue_key(venue.name)
        self.has_key = key is not None
        if key is not None:
            shown = key if settings.redirect is None else _SHOWN_TO_REPLAY
            self.exchange.apiKey, self.exchange.secret = shown.api_key, shown.secret
            self.exchange.password = shown.password
        self._answers: dict[tuple[str, bytes], asyncio.Future[Any]] = {}
        self._slots = asyncio.Semaphore(PARALLEL_CALLS)
        self._by_id: dict[str, Mapping[str, Any]] = {}
        self._declared: dict[tuple[Dataset, str], dict[str, Any]] = {}
        self.days: Sequence[date] = ()
        self.tally = Tally()

    @property
    def is_backfill(self) -> bool:
        """Whether the days asked about reach further back than the one that has just ended."""
        return bool(self.days) and self.clock.now() - end_of(self.days[0]) > timedelta(hours=12)

    async def at(self, days: Sequence[date]) -> None:
        """Forget the answers of the last instant and name the days that history calls cover."""
        self._answers.clear()
        self._declared.clear()
        self.days = days
        self.tally = Tally()

    def forget_failures(self) -> None:
        """Let the next attempt ask anew what failed, and keep what was answered."""
        for key, answer in list(self._answers.items()):
            if answer.done() and (answer.cancelled() or answer.exception() is not None):
                del self._answers[key]

    async def load_markets(self) -> None:
        """Fetch the venue's market list anew, as ccxt parses it. Raises a VenueProblem.

        Kept by the venue's id: ccxt's own index by symbol silently drops one of two with the same symbol.
        """
        try:
            markets = await self.exchange.fetch_markets()
        except Exception as problem:
            raise self._translated(problem) from problem
        if not markets:
            answer = without_secrets(str(self.exchange.last_http_response or ""), 60)
            message = f"the market list is empty: the last answer begins {answer!r}"
            raise PayloadUnreadable(message)
        self._by_id = {self.venue.market_id(market): market for market in markets}

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
            self.tally.calls += 1
            try:
                answer = await getattr(self.exchange, method)(params)
            except Exception as problem:
                raise self._translated(problem) from problem
        if not isinstance(answer, dict | list):
            message = f"{method} did not answer JSON but {type(answer).__name__}: {str(answer)[:60]!r}"
            raise PayloadUnreadable(message)
        return answer

    async def each(self, items: Iterable[Item], ask_one: Callable[[Item], Awaitable[None]]) -> None:
        """Run `ask_one` for every item; one item's trouble is counted and does not stop the others.

        If every item fails, the first problem is raised.
        """
        wanted = list(items)
        results = await asyncio.gather(*(ask_one(item) for item in wanted), return_exceptions=True)
        problems = [result for result in results if isinstance(result, BaseException)]
        for problem in problems:
            if not isinstance(problem, VenueProblem):
                raise problem
            self._count(problem)
        if wanted and len(problems) == len(wanted):
            raise problems[0]

    def market(self, market_id: str) -> Mapping[str, Any]:
        """ccxt's market for the venue's own id; raises PayloadUnreadable for one that is not listed."""
        try:
            return self._by_id[market_id]
        except KeyError:
            message = f"market {market_id[:60]!r} is not in the venue's market list"
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
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as problem:
            self._count(PayloadUnreadable(f"unexpected shape: {type(problem).__name__}: {problem}"))

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
            declared = self._declared[dataset, market] = self._declaration(dataset, market, listed)
        return row_type(
            venue=self.venue.name,
            market=market,
            observed_at=observed_at,
            fetched_at=self.clock.now(),
            endpoint=endpoint,
            ccxt_version=self.ccxt_version,
            run_id=self.run_id,
            is_backfilled=is_backfilled,
            payload=orjson.dumps(payload).decode(),
            **declared,
            **values,
        )

    def _declaration(self, dataset: Dataset, market: str, listed: Mapping[str, Any] | None) -> dict[str, Any]:
        """What the venue file and the market list say about a row; the same for all rows of one moment."""
        report = self.venue.reports[dataset]
        if not isinstance(report, Reports):
            message = f"{dataset} is not declared for {self.venue.name}"
            raise PayloadUnreadable(message)
        known = listed if listed is not None else self._by_id.get(market)
        unit = report.unit_for(direction_of(known) if known is not None else None)
        contract_size = known.get("contractSize") if known is not None else None
        if unit is Unit.CONTRACTS and not contract_size:
            message = f"no contract size is listed for {market[:60]!r}"
            raise PayloadUnreadable(message)
        return {
            "symbol": known["symbol"] if known is not None else None,
            "unit": unit.value,
            "evidence": report.evidence.value,
            "stamp": report.stamp.value,
            "tolerance_hours": report.tolerance_hours,
            "sides": report.sides,
            "contract_size": contract_size,
            "publication_lag_hours": report.publication_lag_hours,
        }

    def keep(self, row: RawRow) -> None:
        """Hand a finished row over."""
        self.tally.rows.append(row)
        self.tally.bytes += len(row.payload)

    def _count(self, problem: VenueProblem) -> None:
        self.tally.bad += 1
        if self.tally.first_problem is None:
            self.tally.first_problem = problem

    def _translated(self, problem: Exception) -> VenueProblem:
        text = without_secrets(str(problem))
        if _BLOCKED.search(text):
            return VenueBlocked(text)
        if isinstance(problem, self._errors.AuthenticationError):
            return NeedsKey(text)
        if isinstance(problem, self._errors.BaseError | OSError | asyncio.TimeoutError):
            # ccxt's class says what went wrong; of a time-out its text only says what was asked
            return VenueUnavailable(f"{type(problem).__name__}: {text}")
        return PayloadUnreadable(f"{type(problem).__name__}: {text}")

    async def close(self) -> None:
        """Close ccxt's HTTP session."""
        with suppress(Exception):
            await self.exchange.close()


def without_secrets(text: str, longest: int = 240) -> str:
    """One line without key material, at most `longest` characters."""
    return _SECRETS.sub(r"\1***", " ".join(text.split()))[:longest]


def seconds_since(start: float) -> float:
    """Elapsed time of a `time.perf_counter()` start, for the log."""
    return round(time.perf_counter() - start, 6)


def _redirected(urls: object, address: str) -> object:
    if isinstance(urls, str):
        return urls.replace("https://", f"{address}/")
    if isinstance(urls, dict):
        return {key: _redirected(value, address) for key, value in urls.items()}
    return urls
