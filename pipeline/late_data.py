"""Whether raw files or seeds of days that were already built have changed since: late answers, corrections.

The build leaves a fingerprint of what it has read; this compares it with what is there. The days after the
last one built are left out: the next daily run reads them, and hourly snapshots add to them all day.
"""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

from pipeline.files import MODELS, put
from pipeline.lake import Lake
from pipeline.settings import Settings


def mark_built(settings: Settings) -> None:
    """Remember that a whole build has read everything that is there."""
    asked = Lake(settings.raw).days_asked()
    if not asked:
        return
    last_day = max(asked)
    values = {"last_day": last_day.isoformat(), "fingerprint": _fingerprint(settings, last_day)}
    put(settings.built, json.dumps(values) + "\n")


def late_data(settings: Settings) -> str | None:
    """The fingerprint of what should be built anew, None where nothing changed or nothing was built yet."""
    try:
        built = json.loads(settings.built.read_text())
    except FileNotFoundError:
        return None
    found = _fingerprint(settings, date.fromisoformat(built["last_day"]))
    return None if found == built["fingerprint"] else found


def _fingerprint(settings: Settings, last_day: date) -> str:
    digest = sha256()
    for month, stamp in sorted(Lake(settings.raw).months(until=last_day).items()):
        digest.update(f"{month} {stamp}".encode())
    for seed in sorted((MODELS / "seeds").glob("*.csv")):
        digest.update(seed.read_bytes())
    return digest.hexdigest()
