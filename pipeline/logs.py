"""The progress of a run as JSON lines on standard error, for machines that read logs. Off unless asked for.

One object a line: `at` (UTC), `level`, `run_id`, `event` and what belongs to it. What libraries log, Dagster
included, comes as lines of the same form. The words for a person in a terminal are `console.py`.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import date

from pipeline.clock import SystemClock
from pipeline.console import Console
from pipeline.fetch import Outcome
from pipeline.keys import without_keys
from pipeline.settings import Settings


class JsonConsole(Console):
    """Says as JSON lines what `Console` says in words; results still go to standard output."""

    def __init__(self, is_quiet: bool = False) -> None:
        super().__init__(is_quiet)
        logging.basicConfig(level=logging.WARNING, handlers=[_Lines(self)], force=True)

    def tell(self, text: str) -> None:
        """A stage begins."""
        self._say("info", "stage", message=text)

    def trouble(self, text: str) -> None:
        """Something went wrong."""
        self._say("error", "trouble", message=text)

    def on_days(self, days: int) -> None:
        """A fetch of so many days begins."""
        self._say("info", "fetch", days=days)

    def on_day(self, day: date, outcomes: Sequence[Outcome]) -> None:
        """One line a venue and day."""
        for one in outcomes:
            statuses = {dataset.value: status.value for dataset, status in one.statuses.items()}
            self._say(
                "info", "fetched", day=day.isoformat(), venue=one.venue, rows=one.rows, statuses=statuses
            )

    def on_tables(self, tables: int) -> None:
        """The build of so many tables begins."""
        self._say("info", "build", tables=tables)

    def on_table(self, name: str) -> None:
        """A table is built."""
        self._say("info", "built", table=name)

    def _say(self, level: str, event: str, **values: object) -> None:
        if self.is_quiet and level == "info":
            return
        print_line(level, self.run_id, event, values)


class _Lines(logging.Handler):
    """What any library logs as a warning or worse."""

    def __init__(self, console: JsonConsole) -> None:
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        values = {"logger": record.name, "message": record.getMessage()}
        print_line(record.levelname.lower(), self.console.run_id, "log", values)


def print_line(level: str, run_id: str | None, event: str, values: Mapping[str, object]) -> None:
    """One JSON object on standard error, without any key of this process."""
    at = SystemClock().now().isoformat(timespec="milliseconds")
    line = {"at": at, "level": level, "run_id": run_id, "event": event, **values}
    sys.stderr.write(without_keys(json.dumps(line, ensure_ascii=False)) + "\n")


def problem_line(text: str) -> bool:
    """Say what ended a command as a JSON line, if lines were asked for; returns whether they were."""
    lines = [handler for handler in logging.getLogger().handlers if isinstance(handler, _Lines)]
    for handler in lines:
        print_line("error", handler.console.run_id, "ended", {"message": text})
    return bool(lines)


def console_for(settings: Settings, is_quiet: bool = False) -> Console:
    """The console that the settings ask for."""
    return JsonConsole(is_quiet) if settings.log_format == "json" else Console(is_quiet)
