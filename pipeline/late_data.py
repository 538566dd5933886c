"""Whether raw files or seeds of days that were already built have changed since: late answers, corrections.

The build leaves a fingerprint of what it has read; this compares it with what is there. The days after the
last one built are left out: the next daily run reads them, and hourly snapshots add to them all day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from hashlib import sha256

from pipeline.files import MODELS, put
from pipeline.lake import Lake, partition_day
from pipeline.records import FETCH_LOG
from pipeline.settings import Settings


def mark_built(settings: Settings, files: Iterable[str]) -> None:
    """Remember what a whole build has read. files: raw files, relative to the lake."""
    read = list(files)
    asked = [partition_day(path) for path in read if path.startswith(f"{FETCH_LOG}/")]
    if not asked:
        return
    values = {"last_day": max(asked).isoformat(), "fingerprint": _fingerprint(read, max(asked))}
    put(settings.built, json.dumps(values) + "\n")


def late_data(settings: Settings) -> str | None:
    """The fingerprint of what should be built anew, None where nothing changed or nothing was built yet."""
    try:
        built = json.loads(settings.built.read_text())
    except FileNotFoundError:
        return None
    found = _fingerprint(Lake(settings.raw).files(), date.fromisoformat(built["last_day"]))
    return None if found == built["fingerprint"] else found


def _fingerprint(files: Iterable[str], last_day: date) -> str:
    digest = sha256()
    for path in sorted(path for path in files if partition_day(path) <= last_day):
        digest.update(path.encode())
    for seed in sorted((MODELS / "seeds").glob("*.csv")):
        digest.update(seed.read_bytes())
    return digest.hexdigest()
