"""What a person sees while a command works: a bar in a terminal, plain lines in a pipe, nothing if quiet.

Progress goes to standard error, results to standard output, so a program can read the latter.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from types import TracebackType
from typing import Self

import orjson
from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.fetch import Outcome
from pipeline.records import Status

_LINES = 10  # progress lines of a long fetch in a pipe, and the steps from which on there is a bar
_PARTS = 4  # progress lines of a build in a pipe


class Console:
    """Progress of one command, and its result.

    `on_days` and `on_tables` say how much is to be done, `on_day` and `on_table` move the bar, `tell` prints
    a stage. is_json: the result is one JSON document.
    """

    def __init__(self, is_quiet: bool = False) -> None:
        self.is_quiet = is_quiet
        self.is_json = False
        self.run_id: str | None = None
        self._err = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        self._progress: Progress | None = None
        self._total = 0
        self._done = 0
        self._tables = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def tell(self, text: str) -> None:
        """One line about what happens now."""
        if not self.is_quiet:
            self._stop()
            self._print(text)

    def trouble(self, text: str) -> None:
        """A line that even a quiet run shows, on standard error."""
        self._stop()
        self._print(text)

    def on_days(self, days: int) -> None:
        """A fetch of so many days begins."""
        self._start("days", days)

    def on_day(self, day: date, outcomes: Sequence[Outcome]) -> None:
        """One day was asked; trouble is named at once."""
        self._move(day.isoformat(), "days fetched", _LINES)
        trouble = [
            f"{outcome.venue} {dataset.value} {status.value}"
            for outcome in outcomes
            for dataset, status in outcome.statuses.items()
            if status in (Status.FAILED, Status.BLOCKED)
        ]
        if trouble and not self.is_quiet:
            self._print(f"  {day}: {', '.join(trouble)}")
        if self._done == self._total:
            self.tell("Building and checking tables, reading signals, writing the report")

    def on_tables(self, tables: int) -> None:
        """So many tables are to be built, or written, once what comes before is done."""
        self._tables = tables

    def on_table(self, name: str) -> None:
        """One table is done."""
        if self._tables:
            self._start("tables", self._tables)
            self._tables = 0
        if self._total >= _LINES:
            self._move(name, "tables done", _PARTS)
        if self._done == self._total:
            self._stop()

    def result(self, text: str) -> None:
        """A line of the result, on standard output."""
        print(text, file=sys.stdout)  # noqa: T201 this is the one place that prints results

    def result_json(self, document: object) -> None:
        """The result as one JSON document, on standard output; instants are ISO 8601 in UTC."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
        self.result(orjson.dumps(document, default=str, option=options).decode())

    def _print(self, text: str) -> None:
        self._err.print(text, markup=False)

    def _start(self, what: str, total: int) -> None:
        self._stop()
        self._total, self._done = total, 0
        if self.is_quiet or not self._err.is_terminal or total < _LINES:
            return
        self._progress = Progress(
            TextColumn(what),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}"),
            console=self._err,
            transient=True,
        )
        self._progress.start()
        self._task = self._progress.add_task("", total=total)

    def _move(self, name: str, words: str, parts: int) -> None:
        self._done += 1
        if self.is_quiet:
            return
        if self._progress is not None:
            self._progress.update(self._task, advance=1, description=name)
        elif self._done == self._total or self._done % -(-self._total // parts) == 0:
            self._print(f"  {name}: {self._done} of {self._total} {words}")

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
