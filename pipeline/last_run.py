"""How the last run of a home ended, kept as `last_run.json` for whoever looks after the machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from pipeline.files import put
from pipeline.settings import Settings


@dataclass(frozen=True)
class LastRun:
    """How a run over some days ended. seconds: wall time; problems and gaps: one sentence each."""

    run_id: str
    first_day: date
    last_day: date
    ended_at: datetime
    seconds: float
    exit_code: int
    problems: Sequence[str]
    gaps: Sequence[str]


def keep_last_run(settings: Settings, run: LastRun) -> None:
    """Put it in the place of the one before."""
    put(settings.last_run, json.dumps(asdict(run), default=str, indent=1) + "\n")


def read_last_run(settings: Settings) -> LastRun | None:
    """The last run of a home, None where there was none."""
    try:
        values = json.loads(settings.last_run.read_text())
    except FileNotFoundError:
        return None
    days = {name: date.fromisoformat(values[name]) for name in ("first_day", "last_day")}
    return LastRun(**{**values, **days, "ended_at": datetime.fromisoformat(values["ended_at"])})
