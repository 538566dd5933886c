"""What one run carries from step to step: settings, clock, lake, the open warehouse, and who to tell.

A run is one process (the executor is in-process), so its steps share one of these. It holds no logic of
fetching, building or reporting.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

import duckdb

from pipeline.build import FIRST_DAY
from pipeline.clock import Clock, SystemClock, VirtualClock
from pipeline.fetch import Outcome
from pipeline.lake import Lake
from pipeline.plan import Plan, make_plan
from pipeline.replay.process import remote_held, remote_now
from pipeline.settings import Settings
from pipeline.warehouse import bind_raw, open_warehouse

# Raw files of a build so small that DuckDB has nothing to share out: a week of four venues, or less.
FEW_FILES = 200


@dataclass
class Runtime:
    """Made by a command (or by Dagster for its own runs), closed when the run is over.

    move_to sets the replay's clock; None means that time is not ours to move. held: (venue, dataset) pairs
    that a replayed history knows anything of. is_partial: only some tables are built, and the next whole
    build starts where this one did. about describes the data for the report: `is_made` and a title.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    run_id: str = field(default_factory=lambda: secrets.token_hex(6))
    is_full: bool = False
    is_partial: bool = False
    move_to: Callable[[datetime], None] | None = None
    held: Collection[tuple[str, str]] | None = None
    about: dict[str, object] = field(default_factory=lambda: {"is_made": False})
    report_day: date | None = None
    tell: Callable[[str], None] = lambda _: None
    on_days: Callable[[int], None] = lambda _: None
    on_day: Callable[[date, Sequence[Outcome]], None] = lambda _day, _outcomes: None
    on_tables: Callable[[int], None] = lambda _: None
    on_table: Callable[[str], None] = lambda _: None
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open = ExitStack()

    @cached_property
    def lake(self) -> Lake:
        """Raw Parquet of this home."""
        return Lake(self.settings.raw)

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The writer's connection, opened after fetching and held until the run ends."""
        return self._open.enter_context(open_warehouse(self.settings.warehouse, None))

    @cached_property
    def plan(self) -> Plan:
        """From which day models are rebuilt, decided once a run; from then on raw shows what it reads."""
        plan = make_plan(self.connection, self.lake, full=self.is_full)
        if len(plan.new) <= FEW_FILES:
            # as fast, at a fifth less processor time
            self.connection.execute("set threads = 1")
        files = self.lake.files_since(plan.raw_from) if plan.from_day > FIRST_DAY else None
        bind_raw(self.connection, self.settings.raw, files)
        return plan

    def close(self) -> None:
        """Give the warehouse back."""
        self._open.close()
        for name in ("connection", "plan"):
            self.__dict__.pop(name, None)


def live_runtime(settings: Settings) -> Runtime:
    """A runtime that asks the venues now; under a redirect, now is the embedded exchange's instant."""
    if settings.redirect is None:
        return Runtime(settings)
    clock = VirtualClock(remote_now(settings.redirect))
    return Runtime(settings, clock, held=remote_held(settings.redirect), about={"is_made": True})
