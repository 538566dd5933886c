"""Writes down what a venue really answers, trimmed, for tests to hold to. No secret, no account may enter.

Requests that carry a key are left out, headers are never written, and a value of any key of the environment
in what would be written stops everything. What is asked is a probe's few calls (`pipeline/live_check.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from pipeline.clock import Clock
from pipeline.errors import UsageError
from pipeline.live_check import probe
from pipeline.settings import Settings, venue_key
from pipeline.venues import VENUES
from pipeline.venues.base import Venue
from pipeline.venues.client import Exchanged

KEPT_ELEMENTS = 3


async def record(venue: Venue, settings: Settings, clock: Clock, out: Path) -> tuple[int, int]:
    """Write one JSON file an answer under `out`/venue; returns how many were written and left out.

    Left out are answers to a key, refusals and what is no JSON. Raises UsageError when nothing answered, or
    when a key of the environment stands in an answer; then nothing is written.
    """
    heard: list[Exchanged] = []
    await probe({venue.name: venue}, settings, clock, on_answer=lambda _, answer: heard.append(answer))
    recordings = [one for answer in heard if (one := _recording(answer, settings)) is not None]
    if not recordings:
        message = f"{venue.name} gave no answer to record: `margin-debt check --live` says why"
        raise UsageError(message)
    texts = {f"{number:03d}-{_slug(one['url'])}.json": one for number, one in enumerate(recordings, 1)}
    about = {
        "venue": venue.name,
        "is_live": settings.redirect is None,
        "recorded_at": clock.now().isoformat(timespec="seconds"),
    }
    written = {name: json.dumps({**about, **one}, indent=1) + "\n" for name, one in texts.items()}
    _refuse_secrets(list(written.values()), settings)
    folder = out / venue.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        (folder / name).write_text(text)
    return len(written), len(heard) - len(written)


def _recording(answer: Exchanged, settings: Settings) -> dict[str, Any] | None:
    if answer.is_keyed or answer.status >= 400:
        return None
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    url = answer.url.replace(f"{settings.redirect}/", "https://") if settings.redirect else answer.url
    return {"method": answer.method, "url": url, "sent": answer.sent, "answer": trimmed(body)}


def trimmed(value: Any) -> Any:  # noqa: ANN401 any JSON
    """The first three elements of every list, and all keys."""
    if isinstance(value, list):
        return [trimmed(item) for item in value[:KEPT_ELEMENTS]]
    if isinstance(value, dict):
        return {key: trimmed(item) for key, item in value.items()}
    return value


def _refuse_secrets(texts: Sequence[str], settings: Settings) -> None:
    for name in VENUES:
        key = venue_key(name, settings.keys_file)
        if key is None:
            continue
        secrets = [value for value in (key.api_key, key.secret, key.password) if value]
        if any(secret in text for secret in secrets for text in texts):
            message = f"an answer holds the key of {name}: nothing was written, unset the key to record"
            raise UsageError(message)


def _slug(url: str) -> str:
    path = url.split("://", 1)[-1].split("?", 1)[0]
    return re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-")[:80]
