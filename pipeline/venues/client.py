"""One venue's ccxt class: made, redirected, given its key, kept to the venue's pace, and its errors read.

What is asked, and what an answer means, is not known here. What a venue says to a machine that asks too fast
or from the wrong place is honoured here: a short wait is waited for, a long one becomes a hold of the home.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from pipeline.clock import Clock, milliseconds
from pipeline.keys import VenueKey
from pipeline.settings import Settings, venue_key
from pipeline.venues.base import Venue
from pipeline.venues.ccxt_bounds import bound_answers, bound_exponents, bounded_precision
from pipeline.venues.holds import Hold, Holds
from pipeline.venues.limiter import limiter_of
from pipeline.venues.problems import BLOCKED, TOO_FAST, Refusal, blocked, translated, without_secrets

# A wait up to this is waited for; a longer one ends the venue's part of the run.
PATIENCE_SECONDS = 15.0
# Where a venue does not say how long: first this and twice as much each time, then a hold. 418 is a ban.
FIRST_PAUSE_SECONDS = 1.0
HOLD_SECONDS = {429: 60.0, 418: 600.0}
# Long enough not to knock at a closed door all day, short enough to end before the next daily run.
BLOCKED_HOURS = 12.0
MOST_PAUSES = 3
# What an embedded exchange is shown in the place of a key: it must be asked alike, and learn nothing.
_SHOWN_TO_REPLAY = VenueKey("replay", "cmVwbGF5", "replay")


@dataclass(frozen=True)
class Exchanged:
    """One request and its answer, for a recorder. is_keyed: it carried the key of an account."""

    url: str
    method: str
    sent: str | None
    status: int
    body: str
    is_keyed: bool


@dataclass
class _Seen:
    """The first refusal among the answers to one call; several requests may belong to it."""

    refusal: Refusal | None = None


_SEEN: ContextVar[_Seen] = ContextVar("_SEEN")


def jitter() -> float:
    """A factor around 1, so that several callers do not come back at the same instant."""
    return random.uniform(0.8, 1.4)  # noqa: S311 spreads load, hides nothing


class VenueClient:
    """Asks one venue. throttled_seconds: how long calls stood in line for the venue's limits, in wall time.

    on_answer is told of every answer, refusals included.
    """

    def __init__(self, venue: Venue, settings: Settings, clock: Clock, holds: Holds) -> None:
        # ccxt takes 3 to 4 seconds to import and is needed only where something is fetched
        import ccxt  # noqa: PLC0415
        import ccxt.async_support as ccxt_async  # noqa: PLC0415

        bound_exponents()
        self.ccxt_version: str = ccxt.__version__
        self.on_answer: Callable[[Exchanged], None] | None = None
        self.throttled_seconds = 0.0
        self._venue, self._settings, self._clock, self._holds = venue, settings, clock, holds
        self._errors = ccxt
        self._class = getattr(ccxt_async, venue.ccxt_id)
        self._key = venue_key(venue.name, settings.keys_file)
        self.has_key = self._key is not None
        self._has_answered = False
        self._waiting = 0
        self._waiting_since = 0.0
        self.exchange = self._made()
        self._limiter = limiter_of(venue.name, venue.limits, self.exchange.rateLimit)

    async def ask(self, method: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """The answer of one implicit ccxt call. Raises a VenueProblem."""
        return await self._answered(lambda: getattr(self.exchange, method)(dict(params)))

    async def list_markets(self) -> list[Mapping[str, Any]]:
        """The venue's markets as ccxt parses them. Raises a VenueProblem.

        Parsing thousands of markets takes the best part of a second. Live that is done in a thread of its
        own, by a ccxt instance and an event loop of its own, so that no other venue waits.
        """
        listed = self._listed_beside if self._settings.is_paced else self.exchange.fetch_markets
        markets: list[Mapping[str, Any]] = await self._answered(listed)
        return markets

    @property
    def host(self) -> str:
        """The first name under which ccxt reaches the venue."""
        first: Any = self._class().urls["api"]
        while isinstance(first, dict):
            first = next(iter(first.values()))
        return urlsplit(first.replace("{hostname}", str(self.exchange.hostname))).hostname or ""

    @property
    def last_answer(self) -> str:
        """How the last answer begins, without secrets."""
        return without_secrets(str(self.exchange.last_http_response or ""), 60)

    async def close(self) -> None:
        """Close ccxt's HTTP session."""
        with suppress(Exception):
            await self.exchange.close()

    async def _listed_beside(self) -> list[Mapping[str, Any]]:
        async def listed() -> list[Mapping[str, Any]]:
            exchange = self._made()
            try:
                markets: list[Mapping[str, Any]] = await exchange.fetch_markets()
                return markets
            finally:
                await exchange.close()

        context = copy_context()
        thread = ThreadPoolExecutor(1, f"markets of {self._venue.name}")
        try:
            run = asyncio.get_running_loop().run_in_executor
            return await run(thread, context.run, lambda: asyncio.run(listed()))
        finally:
            thread.shutdown(wait=False)

    async def _answered(self, send: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
        pauses = 0
        while True:
            held = self._holds.of(self._venue.name)
            if held is not None:
                raise held.problem(self._venue.name)
            seen = _Seen()
            _SEEN.set(seen)
            try:
                answer = await send()
            except Exception as problem:
                if not self._may_ask_again(problem, seen.refusal, pauses):
                    raise translated(problem, self._errors, self._venue.name, seen.refusal) from problem
                pauses += 1
            else:
                self._has_answered = True
                return answer

    def _may_ask_again(self, problem: Exception, refusal: Refusal | None, pauses: int) -> bool:
        """Pause or hold the venue as it asked; whether the pause is short enough to wait for."""
        status = refusal.status if refusal is not None else 0
        if refusal is not None and status in BLOCKED:
            # one closed path says little about a venue that answered others
            if not self._has_answered:
                self._hold(timedelta(hours=BLOCKED_HOURS), str(blocked(self._venue.name, refusal)), True)
            return False
        if status not in TOO_FAST and not isinstance(problem, self._errors.RateLimitExceeded):
            return False
        now = self._clock.now()
        said = refusal.wait_until(now) if refusal is not None else None
        length = said - now if said is not None else timedelta(seconds=HOLD_SECONDS.get(status, 60.0))
        pause = length.total_seconds() if said is not None else FIRST_PAUSE_SECONDS * 2**pauses * jitter()
        is_patient = self._settings.is_paced and pauses < MOST_PAUSES and pause <= PATIENCE_SECONDS
        if is_patient and status != 418:
            self._limiter.pause(pause)
            return True
        body = without_secrets(refusal.body if refusal is not None else str(problem), 120)
        self._hold(length, f"it was asked too fast (HTTP {status or 200}: {body})", False)
        return False

    def _hold(self, length: timedelta, reason: str, is_blocked: bool) -> None:
        self._holds.put(self._venue.name, Hold(self._clock.now() + length, reason, is_blocked))

    async def _turn(self, place: tuple[str, float]) -> None:
        """Stand in line for the limits of `place`, the path and cost of a call."""
        seconds = self._limiter.reserve(*place)
        while seconds > 0 or (seconds := self._limiter.leave(*place)) > 0:
            await self._wait(seconds)
            seconds = 0.0

    async def _wait(self, seconds: float) -> None:
        if self._waiting == 0:
            self._waiting_since = time.perf_counter()
        self._waiting += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self.throttled_seconds += time.perf_counter() - self._waiting_since

    def _made(self) -> Any:  # noqa: ANN401
        settings = self._settings
        exchange = self._class(
            {
                "enableRateLimit": settings.is_paced,
                "timeout": round(settings.timeout_seconds * 1000),
                "options": dict(self._venue.ccxt_options),
                # a proxy of the environment is for the way out, not for an exchange on this machine
                "aiohttp_trust_env": settings.redirect is None,
            }
        )
        exchange.ssl_context = _ssl_context(exchange.cafile)
        exchange.has["fetchCurrencies"] = False
        bound_answers(exchange)
        exchange.parse_precision = bounded_precision(exchange.parse_precision)
        exchange.milliseconds = lambda: milliseconds(self._clock.now())
        if settings.redirect is not None:
            exchange.urls["api"] = _redirected(exchange.urls["api"], settings.redirect)
        if self._key is not None:
            shown = self._key if settings.redirect is None else _SHOWN_TO_REPLAY
            exchange.apiKey, exchange.secret, exchange.password = shown.api_key, shown.secret, shown.password
        # ccxt asks for a call's cost and hands it to its throttle: ours stands in the place of its own
        cost_of = exchange.calculate_rate_limiter_cost

        def place_of(api: Any, method: str, path: str, params: Any, config: Any) -> tuple[str, float]:  # noqa: ANN401
            name = api if isinstance(api, str) else "/".join(api)
            return f"{name}/{path}", float(cost_of(api, method, path, params, config))

        exchange.calculate_rate_limiter_cost = place_of
        exchange.throttle = self._turn
        exchange.on_rest_response = self._noticed
        return exchange

    def _noticed(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: str,
        request_headers: Mapping[str, str],
        request_body: str | bytes | None,
    ) -> str:
        """ccxt calls this with every answer before it reads it; returns the body that it should read."""
        del reason
        if code >= 400:
            seen = _SEEN.get()
            seen.refusal = seen.refusal or Refusal(code, {k.lower(): v for k, v in headers.items()}, body)
        if self.on_answer is not None:
            sent = request_body.decode() if isinstance(request_body, bytes) else request_body
            is_keyed = self._key is not None and self.exchange.apiKey in f"{url} {request_headers} {sent}"
            self.on_answer(Exchanged(url, method, sent, code, body, is_keyed))
        return body.strip()


@cache
def _ssl_context(cafile: str) -> ssl.SSLContext:
    """The same trust for all venues: reading the certificates takes ccxt 20 ms an instance."""
    return ssl.create_default_context(cafile=cafile)


def _redirected(urls: object, address: str) -> object:
    if isinstance(urls, str):
        return urls.replace("https://", f"{address}/")
    if isinstance(urls, dict):
        return {key: _redirected(value, address) for key, value in urls.items()}
    return urls
