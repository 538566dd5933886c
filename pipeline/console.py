"""What a person sees while a run works: a bar in a terminal, plain lines in a pipe, nothing if quiet.

Progress goes to standard error, results to standard output, so a program can read the latter.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from types import TracebackType
from typing import Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.fetch import Outcome
from pipeline.records import Status

_LINES = 10  # progress lines of a long fetch in a pipe


class Console:
    """Progress of one run. `on_days` starts it, `on_day` moves it, `tell` prints a stage."""

    def __init__(self, is_quiet: bool = False) -> None:
        self.is_quiet = is_quiet
        self._err = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        self._progress: Progress | None = None
        self._days = 0
        self._done = 0

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
            self._err.print(text)

    def trouble(self, text: str) -> None:
        """A line that even a quiet run shows, on standard error."""
        self._stop()
        self._err.print(text)

    def on_days(self, days: int) -> None:
        """A fetch of so many days begins."""
        self._days, self._done = days, 0
        if self.is_quiet or not self._err.is_terminal or days < _LINES:
            return
        self._progress = Progress(
            TextColumn("fetching"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("days, {task.description}"),
            TimeRemainingColumn(),
            console=self._err,
        )
        self._progress.start()
        self._task = self._progress.add_task("", total=days)

    def on_day(self, day: date, outcomes: Sequence[Outcome]) -> None:
        """One day was asked; trouble is named at once."""
        self._done += 1
        trouble = [
            f"{outcome.venue} {dataset.value} {status.value}"
            for outcome in outcomes
            for dataset, status in outcome.statuses.items()
            if status in (Status.FAILED, Status.BLOCKED)
        ]
        if self.is_quiet:
            return
        if self._progress is not None:
            self._progress.update(self._task, advance=1, description=day.isoformat())
        elif self._done == self._days or self._done % max(1, self._days // _LINES) == 0:
            self._err.print(f"  {day}: {self._done} of {self._days} days fetched")
        if trouble:
            self._err.print(f"  {day}: {', '.join(trouble)}")
        if self._done == self._days:
            self._stop()
            self._err.print("Building and checking tables, reading signals, writing the report")

    def result(self, text: str) -> None:
        """A line of the result, on standard output."""
        print(text, file=sys.stdout)  # noqa: T201 this is the one place that prints results

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
