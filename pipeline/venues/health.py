"""What `doctor` asks of venues: the time, what a key may do, and under which names they are reached.

Read-only keys are all this project needs. A venue that is not named in `_RIGHTS` cannot be asked for them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.clock import Clock, milliseconds
from pipeline.errors import VenueProblem
from pipeline.settings import Settings
from pipeline.venues.asker import Asker
from pipeline.venues.base import Venue
from pipeline.venues.problems import UNEXPECTED, told

SECONDS = 8.0  # for all questions to one venue

# Venue -> the call that tells its time, and where in the answer it is, in milliseconds.
_TIME: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "binance": ("publicGetTime", lambda answer: answer["serverTime"]),
    "bybit": ("publicGetV5MarketTime", lambda answer: answer["time"]),
    "okx": ("publicGetPublicTime", lambda answer: answer["data"][0]["ts"]),
}
_BINANCE_HARMLESS = frozenset({"ipRestrict", "enableReading", "enableFixReadOnly"})


def _binance(answer: Any) -> list[str]:  # noqa: ANN401 a venue's own words
    """Flags, https://developers.binance.com/docs/wallet/account/api-key-permission."""
    if "enableReading" not in answer:
        raise KeyError("enableReading")
    return [name for name, value in answer.items() if value is True and name not in _BINANCE_HARMLESS]


def _bybit(answer: Any) -> list[str]:  # noqa: ANN401
    """readOnly is 1 or 0, https://bybit-exchange.github.io/docs/v5/user/apikey-info."""
    result = answer["result"]
    return [] if result["readOnly"] == 1 else [name for name, can in result["permissions"].items() if can]


def _kucoin(answer: Any) -> list[str]:  # noqa: ANN401
    """Words, General reads: https://www.kucoin.com/docs-new/rest/account-info/account-funding/get-apikey-info"""
    return [word for word in answer["data"]["permission"].split(",") if word.strip() != "General"]


def _okx(answer: Any) -> list[str]:  # noqa: ANN401
    """Words, https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration."""
    return [word for word in answer["data"][0]["perm"].split(",") if word.strip() != "read_only"]


# Venue -> the call that tells a key's rights, and those of them that are more than reading.
_RIGHTS: Mapping[str, tuple[str, Callable[[Any], list[str]]]] = {
    "binance": ("sapiGetAccountApiRestrictions", _binance),
    "bybit": ("privateGetV5UserQueryApi", _bybit),
    "kucoinfutures": ("privateGetUserApiKey", _kucoin),
    "okx": ("privateGetAccountConfig", _okx),
}


@dataclass(frozen=True)
class Health:
    """What one venue said. None: it was not asked, or has no call for it.

    ahead_seconds: its clock less ours; rights: what the key may do beside reading; problem: why it did not
    answer; host: a name that it is reached under.
    """

    host: str
    has_key: bool
    ahead_seconds: float | None = None
    rights: Sequence[str] | None = None
    problem: str | None = None


async def ask_health(venues: Mapping[str, Venue], settings: Settings, clock: Clock) -> dict[str, Health]:
    """Ask all venues at once; raises nothing for a venue's trouble."""
    found = await asyncio.gather(
        *(_one(Asker(venue, settings, clock, "doctor"), clock) for venue in venues.values())
    )
    return dict(zip(venues, found, strict=True))


async def _one(asker: Asker, clock: Clock) -> Health:
    name = asker.venue.name
    ahead, rights, problem = None, None, None
    try:
        async with asyncio.timeout(SECONDS):
            if name in _TIME:
                ahead = await _ahead(asker, clock)
            if name in _RIGHTS and asker.has_key:
                method, read = _RIGHTS[name]
                rights = read(await asker.call(method))
    except TimeoutError:
        problem = f"no answer within {SECONDS:g} s"
    except VenueProblem as trouble:
        problem = told(trouble)
    except UNEXPECTED as trouble:
        problem = f"an answer of unknown form ({type(trouble).__name__})"
    finally:
        await asker.close()
    return Health(asker.client.host, asker.has_key, ahead, rights, problem)


async def _ahead(asker: Asker, clock: Clock) -> float:
    method, read = _TIME[asker.venue.name]
    sent = time.perf_counter()
    said = float(str(read(await asker.call(method))))
    halfway = (time.perf_counter() - sent) / 2
    return (said - milliseconds(clock.now())) / 1000 + halfway
