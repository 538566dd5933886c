"""What the commands do: choose days, clock and source, run the job, and print how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from threading import Thread

from pipeline.catch_up import days_due
from pipeline.clock import DAY, SystemClock, VirtualClock, end_of, last_complete_day
from pipeline.console import Console
from pipeline.engine import home_lock, run_job
from pipeline.errors import UsageError
from pipeline.lake import Lake
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.reference import import_reference as read_into_lake
from pipeline.replay.history import History, read_history
from pipeline.replay.process import ReplayServer
from pipeline.replay.scenario import check_family, write_scenario
from pipeline.runtime import Runtime, live_runtime
from pipeline.settings import Settings
from pipeline.source import Source, claim, history_source, recorded, source_of
from pipeline.summary import finish
from pipeline.venues import choose
from pipeline.warehouse import open_published


def demo(settings: Settings, family: str, seed: int, days: int, console: Console) -> int:
    """The whole job on a seeded scenario; returns the exit code."""
    settings.prepare()
    history = settings.home / "history"
    check_family(family, days)
    console.tell(f"Making a seeded world of {days} days ({family}, seed {seed}) for four venues")
    write_scenario(history, family, seed, days)
    return run_range(settings, None, None, None, history, console, whole_history=True)


def run_range(
    settings: Settings,
    first: date | None,
    last: date | None,
    venues: str | None,
    replay: Path | None,
    console: Console,
    *,
    is_full: bool = False,
    whole_history: bool = False,
    tells_depth: bool = False,
) -> int:
    """Run the job for first..last; returns the exit code.

    The default is the last day that ended and, live, what a stopped machine missed before it. With a history
    folder the embedded exchange is started, and its clock walks through the days. tells_depth adds how far
    back each venue's answers go.
    """
    chosen = choose(venues)
    settings.prepare()
    with ExitStack() as stack:
        runtime, source, history = _prepare(settings, replay, last, stack)
        bounds = history.days() if history is not None else None
        if whole_history and bounds is not None:
            first, last = bounds
        if history is not None and venues is None:
            # a venue the folder knows nothing of was not there to be asked: its silence is no failure
            listed = set(history.tables["markets"]["venue"])
            chosen = {name: venue for name, venue in chosen.items() if name in listed}
        days = _days(first, last, bounds, runtime)
        claim(settings.home, source)
        runtime.is_full = is_full
        runtime.about = source.about()
        stack.enter_context(console)
        runtime.tell, runtime.on_days, runtime.on_day = console.tell, console.on_days, console.on_day
        runtime.on_tables, runtime.on_table = console.on_tables, console.on_table
        console.run_id = runtime.run_id
        names = f"{len(chosen)} venues" if len(chosen) > 1 else next(iter(chosen))
        span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
        console.tell(f"Asking {names} about {span} ({source.title})")
        ending = run_job(runtime, days, list(chosen))
    is_told = tells_depth and ending.succeeded
    return finish(
        settings, ending, console, depth(settings, days[0], days[-1], list(chosen)) if is_told else ()
    )


def depth(settings: Settings, first: date, last: date, venues: Sequence[str]) -> list[str]:
    """How far back each venue and dataset reaches within first..last, from the published fetch log."""
    connection = open_published(settings.serving)
    try:
        rows = connection.execute(
            "select venue, dataset, min(day) filter (rows > 0), count(distinct day) filter (rows > 0)"
            " from fetch_log where day between $1::date and $2::date and list_contains($3, venue)"
            " group by venue, dataset"
            " having count_if(status not in ('unsupported', 'needs_key', 'needs_addresses')) > 0"
            " order by venue, dataset",
            [first, last, list(venues)],
        ).fetchall()
    finally:
        connection.close()
    days = (last - first) // DAY + 1
    return [
        f"depth:    {venue} {dataset} back to {oldest}, {count} of {days} days"
        if count
        else f"depth:    {venue} {dataset} answered none of {days} days"
        for venue, dataset, oldest, count in rows
    ]


def check_live(settings: Settings, venues: str | None, console: Console) -> int:
    """Probe the venues and print a line a dataset; returns the exit code."""
    from pipeline.live_check import exit_code, probe  # noqa: PLC0415 ccxt is needed only here

    chosen = choose(venues)
    settings.prepare()
    probes = asyncio.run(probe(chosen, settings, live_runtime(settings).clock))
    if console.is_json:
        console.result_json([one.__dict__ for one in probes])
    else:
        for one in probes:
            console.result(f"{one.venue:<16} {one.dataset.value:<17} {one.status.value}: {one.said}")
    return exit_code(probes)


def check_rows(settings: Settings, console: Console) -> int:
    """Hold the quality rules against the home and print a line a rule; returns the exit code.

    In JSON, `passed` is null where no row held what the rule compares.
    """
    from pipeline.home_check import check_home, exit_code, sentence  # noqa: PLC0415 as slow as its library

    verdicts, told = [], []
    for table, verdict in check_home(settings):
        passed = None if verdict.passed and not verdict.compared else verdict.passed
        rule = {"rule": verdict.rule.name, "passed": passed, "rows": verdict.rows}
        told.append({"table": table, **rule, "compared": verdict.compared, "unexpected": verdict.unexpected})
        if not console.is_json:
            console.result(sentence(table, verdict))
        verdicts.append(verdict)
    if console.is_json:
        console.result_json(told)
    return exit_code(verdicts)


def record_venue(settings: Settings, name: str, out: Path) -> str:
    """Record one venue's answers under `out`; returns what to tell."""
    from pipeline.record import record  # noqa: PLC0415 ccxt is needed only here

    (venue,) = choose(name).values()
    settings.prepare()
    written, left = asyncio.run(record(venue, settings, live_runtime(settings).clock, out))
    return f"{written} answers of {venue.name} are in {out / venue.name}; {left} were left out"


def take_snapshot(settings: Settings, venues: str | None, console: Console) -> int:
    """Add the levels of now to raw; returns 0 if any venue answered, else 1."""
    from pipeline.snapshots import snapshot  # noqa: PLC0415 ccxt is needed only here

    chosen = choose(venues)
    settings.prepare()
    with home_lock(settings.home):
        runtime = live_runtime(settings)
        claim(settings.home, source_of(settings))
        console.run_id = runtime.run_id
        said = asyncio.run(snapshot(chosen, settings, runtime.clock, runtime.lake, runtime.run_id))
    for venue, words in said.items():
        console.result(f"{venue:<16} {words}")
    return 0 if any(" rows of " in words for words in said.values()) else 1


def build_only(settings: Settings, console: Console, select: Sequence[str] = (), *, is_full: bool) -> int:
    """Build, read signals and report from what is in the lake; returns the exit code.

    select: only these tables, as people write it for dbt or Dagster; what was built is published.
    """
    source = recorded(settings.home)
    settings.prepare()
    runtime = Runtime(settings, is_full=is_full, about=source.about())
    console.run_id = runtime.run_id
    runtime.on_tables, runtime.on_table = console.on_tables, console.on_table
    with console:
        console.tell("Building and checking tables, reading signals, writing the report")
        ending = run_job(runtime, [last_complete_day(SystemClock())], [], select)
    return finish(settings, ending, console)


def import_reference(settings: Settings, file: Path) -> str:
    """Append a file of dated facts to the lake; returns what to tell."""
    settings.prepare()
    with home_lock(settings.home):
        rows = read_into_lake(file, Lake(settings.raw), SystemClock().now())
    return f"{rows} rows of {file} are in the lake: `margin-debt build` brings them into the tables"


def _prepare(
    settings: Settings, replay: Path | None, last: date | None, stack: ExitStack
) -> tuple[Runtime, Source, History | None]:
    """The runtime and its source: an embedded exchange for a history folder, a redirect, or live."""
    if replay is not None:
        # Dagster takes as long to import as the exchange takes to start: both at once
        Thread(target=import_module, args=("pipeline.definitions",), daemon=True).start()
        history = read_history(replay)
        source = history_source(replay, history.about)
        server = stack.enter_context(ReplayServer(replay))
        clock = VirtualClock(end_of(last or history.days()[1]) + AFTER_MIDNIGHT)

        def move_to(instant: datetime) -> None:
            clock.set(instant)
            server.set_now(instant)

        redirected = replace(settings, redirect=server.address)
        runtime = Runtime(redirected, clock, move_to=move_to, held=history.held())
        return runtime, source, history
    return live_runtime(settings), source_of(settings), None


def _days(
    first: date | None, last: date | None, bounds: tuple[date, date] | None, runtime: Runtime
) -> list[date]:
    ended = bounds[1] if bounds is not None else last_complete_day(runtime.clock)
    is_daily = first is None and last is None and runtime.move_to is None
    last = last or ended
    first = first or (days_due(runtime.lake.days_asked(), last)[0] if is_daily else last)
    if last > ended:
        where = "is after the end of the history" if bounds is not None else "has not ended yet"
        message = f"day {last} {where}: the last day to ask about is {ended}"
        raise UsageError(message)
    if first > last:
        message = f"the first day {first} is after the last day {last}: exchange --from and --to"
        raise UsageError(message)
    if bounds is not None and first < bounds[0]:
        message = f"day {first} is before the history begins: the first day to ask about is {bounds[0]}"
        raise UsageError(message)
    return [first + timedelta(days=count) for count in range((last - first) // DAY + 1)]
