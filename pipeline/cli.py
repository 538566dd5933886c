"""The commands. Thin: each reads its options and calls the module that owns the work."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_look import look
from pipeline.cli_options import AsJson, Home, LogFormat, Quiet, Replay, Select, Venues, day_of, settings_of
from pipeline.console import Console
from pipeline.errors import MarginDebtError, UsageError
from pipeline.logs import console_for, problem_line
from pipeline.settings import Settings

app = typer.Typer(
    name="margin-debt",
    help="How much borrowed money stands behind crypto markets, and when it has become a risk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Example: margin-debt demo, then margin-debt query 'select * from margin_debt_daily limit 5'",
)
app.add_typer(look)
MAKE, KEEP = "Make the numbers", "Keep it in order"


def _console(settings: Settings, is_quiet: bool, is_json: bool) -> Console:
    console = console_for(settings, is_quiet)
    console.is_json = is_json
    return console


@app.command(rich_help_panel=MAKE)
def demo(
    home: Home = None,
    family: Annotated[
        str,
        typer.Option(
            help="Which made world: build_up_and_crash, quiet, price_only_rally or crash_without_build_up."
        ),
    ] = "build_up_and_crash",
    seed: Annotated[int, typer.Option(min=0, help="Which of its variants.")] = 7,
    days: Annotated[
        int, typer.Option(max=2000, help="How many days: 301 or more, in the quiet world 30.")
    ] = 400,
    quiet: Quiet = False,
    is_json: AsJson = False,
    logs: LogFormat = None,
) -> None:
    """Do the whole job on the embedded exchange: 400 made days from four venues to a report.

    Example: margin-debt demo --family quiet --seed 3
    """
    from pipeline.commands import demo as run_demo  # noqa: PLC0415

    base = settings_of(home, logs)
    settings = base if home is not None else replace(base, home=base.home / "demo")
    raise typer.Exit(run_demo(settings, family, seed, days, _console(settings, quiet, is_json)))


@app.command(rich_help_panel=MAKE)
def run(
    home: Home = None,
    day: Annotated[str | None, typer.Option(help="A UTC day that has ended. Default: yesterday.")] = None,
    venues: Venues = None,
    replay: Replay = None,
    full: Annotated[bool, typer.Option("--full", help="Build every day anew.")] = False,
    quiet: Quiet = False,
    is_json: AsJson = False,
    logs: LogFormat = None,
) -> None:
    """Fetch one day from the venues, build the tables, read the signals, write the report.

    Without --day it is yesterday, and the days before it that a stopped machine missed.

    Example: margin-debt run --venues binance,okx
    """
    from pipeline.commands import run_range  # noqa: PLC0415

    chosen = day_of(day, "--day")
    settings = settings_of(home, logs)
    console = _console(settings, quiet, is_json)
    raise typer.Exit(run_range(settings, chosen, chosen, venues, replay, console, is_full=full))


@app.command("snapshot", rich_help_panel=MAKE)
def take_snapshot(home: Home = None, venues: Venues = None, logs: LogFormat = None) -> None:
    """Add open interest and prices of now to raw, between two daily runs; daily levels stay what they are.

    Example: margin-debt snapshot --venues binance,okx
    """
    from pipeline.commands import take_snapshot as take  # noqa: PLC0415

    settings = settings_of(home, logs)
    raise typer.Exit(take(settings, venues, console_for(settings)))


@app.command(rich_help_panel=MAKE)
def backfill(
    first: Annotated[str, typer.Option("--from", help="First UTC day.")],
    last: Annotated[str | None, typer.Option("--to", help="Last UTC day. Default: yesterday.")] = None,
    home: Home = None,
    venues: Venues = None,
    replay: Replay = None,
    quiet: Quiet = False,
    is_json: AsJson = False,
    logs: LogFormat = None,
) -> None:
    """Fetch a range of past days, each venue as deep as its own history goes.

    Example: margin-debt backfill --from 2026-10-01 --to 2026-10-31
    """
    from pipeline.commands import run_range  # noqa: PLC0415

    settings = settings_of(home, logs)
    start, end = day_of(first, "--from"), day_of(last, "--to")
    console = _console(settings, quiet, is_json)
    raise typer.Exit(run_range(settings, start, end, venues, replay, console, tells_depth=True))


@app.command(rich_help_panel=MAKE)
def build(
    home: Home = None,
    full: Annotated[bool, typer.Option("--full", help="Build every day anew.")] = False,
    select: Select = None,
    quiet: Quiet = False,
    is_json: AsJson = False,
    logs: LogFormat = None,
) -> None:
    """Build the tables, signals and the report from what was fetched, without asking any venue.

    With --select only the tables named, with what they read (+name) or what reads them (name+).

    Example: margin-debt build --select +margin_debt_daily
    """
    from pipeline.commands import build_only  # noqa: PLC0415

    settings = settings_of(home, logs)
    console = _console(settings, quiet, is_json)
    raise typer.Exit(build_only(settings, console, select or (), is_full=full))


@app.command(rich_help_panel=KEEP)
def replay(
    folder: Annotated[Path, typer.Argument(help="A history folder.")],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    limits: Annotated[bool, typer.Option("--limits", help="Enforce the venues' rate limits.")] = False,
) -> None:
    """Serve a history folder as the venues would, for commands run with MARGIN_DEBT_REDIRECT.

    Example: margin-debt replay .margin-debt/demo/history
    """
    import asyncio  # noqa: PLC0415

    from pipeline.replay.server import serve  # noqa: PLC0415

    asyncio.run(serve(folder, port, limits))


imports = typer.Typer(help="Bring facts from outside the exchanges into the lake.", no_args_is_help=True)
app.add_typer(imports, name="import", rich_help_panel=MAKE)


@imports.command("reference")
def import_reference(
    file: Annotated[Path, typer.Argument(help="CSV with day, kind, asset, amount, unit, source.")],
    home: Home = None,
) -> None:
    """Circulating supplies and exchange reserves (coins), and stablecoin supply (usd), each with its date.

    Example: margin-debt import reference supplies.csv, then margin-debt build
    """
    from pipeline.commands import import_reference as run_import  # noqa: PLC0415

    typer.echo(run_import(settings_of(home), file))


@app.command(rich_help_panel=KEEP)
def check(
    home: Home = None,
    live: Annotated[bool, typer.Option("--live", help="Ask each venue instead, for under a minute.")] = False,
    venues: Venues = None,
    is_json: AsJson = False,
) -> None:
    """Hold the quality rules against the rows of the home, or ask each venue for a little of everything.

    Example: margin-debt check --live --venues binance,okx
    """
    settings = settings_of(home)
    console = _console(settings, is_quiet=False, is_json=is_json)
    if live:
        from pipeline.commands import check_live  # noqa: PLC0415

        raise typer.Exit(check_live(settings, venues, console))
    from pipeline.commands import check_rows  # noqa: PLC0415

    raise typer.Exit(check_rows(settings, console))


@app.command(rich_help_panel=KEEP)
def record(
    venue: Annotated[str, typer.Argument(help="Which venue.")],
    out: Annotated[Path, typer.Option("--out", help="Where its folder of JSON files goes.")],
    home: Home = None,
) -> None:
    """Write trimmed answers of a venue as material for tests, without keys and account data.

    Example: margin-debt record binance --out recordings
    """
    from pipeline.commands import record_venue  # noqa: PLC0415

    typer.echo(record_venue(settings_of(home), venue, out))


@app.command("compact", rich_help_panel=KEEP)
def compact_raw(
    home: Home = None,
    before: Annotated[
        str | None, typer.Option(help="Merge UTC days earlier than this. Default: yesterday.")
    ] = None,
) -> None:
    """Merge the many raw files of days that are over into one a dataset, venue and day; tables stay equal.

    Example: margin-debt compact --before 2026-10-01
    """
    from pipeline.clock import SystemClock, last_complete_day  # noqa: PLC0415
    from pipeline.compact import compact  # noqa: PLC0415

    limit = day_of(before, "--before") or last_complete_day(SystemClock())
    typer.echo(compact(settings_of(home), limit).sentence)


@app.command("doctor", rich_help_panel=KEEP)
def doctor(
    home: Home = None,
    is_json: AsJson = False,
) -> None:
    """Check disk, clock, names, keys, versions, holds and the last run, and say what to do.

    Exit code 1 if a line says FAIL.

    Example: margin-debt doctor --json
    """
    from pipeline.doctor import examine  # noqa: PLC0415

    raise typer.Exit(examine(settings_of(home), is_json=is_json))


def main() -> None:
    """Run a command; errors that a person can act on become one sentence and an exit code."""
    # A fetch makes millions of short-lived rows without cycles: looking for some cost a fifth of its time.
    gc.set_threshold(100_000, 50, 50)
    try:
        app(standalone_mode=True)
    except UsageError as problem:
        _say(problem, 2)
    except MarginDebtError as problem:
        _say(problem, 1)
    except BrokenPipeError:
        # the reader of our pipe left; Python would complain once more while closing it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _say(problem: Exception, code: int) -> None:
    if not problem_line(str(problem)):
        typer.echo(f"margin-debt: {problem}", err=True)
    sys.exit(code)
