"""What a venue could send to take the machine: each ends here, as an error of that venue alone.

ccxt writes out as many zeros as a venue says a price has decimals, raises ten to whatever power stands behind
an e, and unpacks whatever an answer unpacks to: one field of one market, or one small answer, fills the
memory of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from pipeline.keys import quoted

# Prices and amounts of venues have up to 18 decimals, and doubles end at ten to the 308th.
MOST_DIGITS = 400
# The largest answer of a venue is a market list of some megabytes.
MOST_MEBIBYTES = 64


def bound_exponents() -> None:
    """Refuse exponents beyond MOST_DIGITS in ccxt's decimal strings, everywhere in this process."""
    from ccxt.base.precise import Precise  # noqa: PLC0415 as in client.py: ccxt takes seconds to import

    unbounded = Precise.__init__
    if getattr(unbounded, "is_bounded", False):
        return

    def bounded(self: Any, number: Any, decimals: int | None = None) -> None:  # noqa: ANN401
        unbounded(self, number, decimals)
        if abs(self.decimals) > MOST_DIGITS:
            message = f"a number of {abs(self.decimals)} digits: {quoted(number)}"
            raise ValueError(message)

    bounded.is_bounded = True  # type: ignore[attr-defined]
    Precise.__init__ = bounded


def bounded_precision(parse_precision: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """ccxt's way from a count of decimals to the smallest step, for counts up to MOST_DIGITS."""

    def parsed(precision: str) -> str | None:
        if precision is not None and abs(int(precision)) > MOST_DIGITS:
            message = f"a number of {quoted(precision)} decimals"
            raise ValueError(message)
        return parse_precision(precision)

    return parsed


def bound_answers(exchange: Any) -> None:  # noqa: ANN401
    """Let a ccxt instance read up to MOST_MEBIBYTES of an answer; more is a ClientPayloadError of aiohttp."""
    open_session = exchange.open

    def opened(lazy: bool = False) -> None:
        open_session(lazy)
        # aiohttp takes the class where a session is made, which ccxt does
        exchange.session._response_class = _bounded_response()

    exchange.open = opened


@cache
def _bounded_response() -> type[Any]:
    import aiohttp  # noqa: PLC0415 with ccxt or not at all

    class BoundedResponse(aiohttp.ClientResponse):
        async def read(self) -> bytes:
            if self._body is None:
                body = bytearray()
                try:
                    async for part in self.content.iter_any():
                        body += part
                        if len(body) > MOST_MEBIBYTES * 1024**2:
                            message = f"the answer is larger than {MOST_MEBIBYTES} MiB"
                            raise aiohttp.ClientPayloadError(message)
                except BaseException:
                    self.close()
                    raise
                self._body = bytes(body)
            return await super().read()

    return BoundedResponse
