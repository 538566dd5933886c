"""The commands. Thin: each reads its options and calls the module that owns the work."""

from __future__ import annotations

import gc
import os
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipeline.clock import SystemClock
from pipeline.console import Console
from pipeline.errors import MarginDebtError, UsageError
from pipeline.settings import Settings

app = typer.Typer(
    name="margin-debt",
    help="How much borrowed money stands behind crypto markets, and when it has become a risk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Example: margin-debt demo, then margin-debt query 'select * from margin_debt_daily limit 5'",
)

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where everything is kept. Default: $MARGIN_DEBT_HOME, else ./.margin-debt"),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Only the result, no progress.")]
Replay = Annotated[
    Path | None, typer.Option("--replay", help="A history folder to read instead of the live venues.")
]
Venues = Annotated[str | None, typer.Option("--venues", help="Some venues only: binance,okx")]


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        message = f"{option} {text} is not a day: write it as 2026-01-31"
        raise UsageError(message) from problem


@app.command()
def demo(
    home: Home = None,
    family: Annotated[str, typer.Option(help="Which made world.")] = "build_up_and_crash",
    seed: Annotated[int, typer.Option(min=0, help="Which of its variants.")] = 7,
    days: Annotated[int, typer.Option(min=30, max=2000, help="How many days.")] = 400,
    quiet: Quiet = False,
) -> None:
    """Do the whole job on the embedded exchange: 400 made days from four venues to a report.

    Example: margin-debt demo --family quiet --seed 3
    """
    from pipeline.commands import demo as run_demo  # noqa: PLC0415

    base = Settings.from_environment(home)
    settings = base if home is not None else Settings.from_environment(base.home / "demo")
    raise typer.Exit(run_demo(settings, family, seed, days, Console(quiet)))


@app.command()
def run(
    home: Home = None,
    day: Annotated[str | None, typer.Option(help="A UTC day that has ended. Default: yesterday.")] = None,
    venues: Venues = None,
    replay: Replay = None,
    full: Annotated[bool, typer.Option("--full", help="Build every day anew.")] = False,
    quiet: Quiet = False,
) -> None:
    """Fetch one day from the venues, build the tables, read the signals, write the report.

    Example: margin-debt run --venues binance,okx
    """
    from pipeline.commands import run_range  # noqa: PLC0415

    chosen = _day(day, "--day")
    settings = Settings.from_environment(home)
    code = run_range(settings, chosen, chosen, venues, replay, Console(quiet), is_full=full)
    raise typer.Exit(code)


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="First UTC day.")],
    last: Annotated[str | None, typer.Option("--to", help="Last UTC day. Default: yesterday.")] = None,
    home: Home = None,
    venues: Venues = None,
    replay: Replay = None,
    quiet: Quiet = False,
) -> None:
    """Fetch a range of past days, each venue as deep as its own history goes.

    Example: margin-debt backfill --from 2026-10-01 --to 2026-10-31
    """
    from pipeline.commands import run_range  # noqa: PLC0415

    settings = Settings.from_environment(home)
    start, end = _day(first, "--from"), _day(last, "--to")
    raise typer.Exit(run_range(settings, start, end, venues, replay, Console(quiet), tells_depth=True))


@app.command()
def build(
    home: Home = None,
    full: Annotated[bool, typer.Option("--full", help="Build every day anew.")] = False,
    quiet: Quiet = False,
) -> None:
    """Build the tables, signals and the report from what was fetched, without asking any venue.

    Example: margin-debt build --full
    """
    from pipeline.commands import build_only  # noqa: PLC0415

    raise typer.Exit(build_only(Settings.from_environment(home), Console(quiet), is_full=full))


@app.command()
def report(
    home: Home = None,
    day: Annotated[str | None, typer.Option(help="A published day. Default: the last.")] = None,
) -> None:
    """Write the report of a published day and print its path.

    Example: margin-debt report --day 2026-01-31
    """
    from pipeline.report.base import write_report  # noqa: PLC0415
    from pipeline.source import recorded  # noqa: PLC0415

    settings = Settings.from_environment(home)
    chosen = _day(day, "--day")
    about = recorded(settings.home).about()
    path = write_report(settings.serving, chosen, settings.reports, SystemClock().now(), about)
    typer.echo(path)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="A SELECT, or the path of a .sql file.")],
    home: Home = None,
    form: Annotated[str, typer.Option("--format", help="table, csv or json")] = "table",
    given: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the file: day=2026-01-31")
    ] = None,
) -> None:
    """Ask the published database. It is read-only, and readable while a build is running.

    Example: margin-debt query "select * from margin_debt_daily order by day desc limit 5"
    """
    from pipeline.look import query as run_query  # noqa: PLC0415

    run_query(Settings.from_environment(home), sql, form, given or ())


@app.command()
def evaluate(
    home: Home = None,
    form: Annotated[str, typer.Option("--format", help="table, csv or json")] = "table",
) -> None:
    """Score every signal and baseline against what happened in this home's history, and publish it.

    Example: margin-debt evaluate --format csv
    """
    from pipeline.evaluate.command import evaluate as run_evaluation  # noqa: PLC0415

    run_evaluation(Settings.from_environment(home), form)


@app.command()
def venues(
    form: Annotated[str, typer.Option("--format", help="table or json")] = "table",
) -> None:
    """What each venue reports, in which unit, with or without a key, and on what evidence."""
    from pipeline.look import list_venues  # noqa: PLC0415

    list_venues(form)


@app.command()
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
app.add_typer(imports, name="import")


@imports.command("reference")
def import_reference(
    file: Annotated[Path, typer.Argument(help="CSV with day, kind, asset, amount, unit, source.")],
    home: Home = None,
) -> None:
    """Circulating supplies and exchange reserves (coins), and stablecoin supply (usd), each with its date.

    Example: margin-debt import reference supplies.csv, then margin-debt build
    """
    from pipeline.commands import import_reference as run_import  # noqa: PLC0415

    typer.echo(run_import(Settings.from_environment(home), file))


@app.command()
def check(
    home: Home = None,
    live: Annotated[bool, typer.Option("--live", help="Ask each venue instead, for under a minute.")] = False,
    venues: Venues = None,
) -> None:
    """Hold the quality rules against the rows of the home, or ask each venue for a little of everything.

    Example: margin-debt check --live --venues binance,okx
    """
    settings = Settings.from_environment(home)
    if live:
        from pipeline.commands import check_live  # noqa: PLC0415

        raise typer.Exit(check_live(settings, venues, Console()))
    from pipeline.commands import check_rows  # noqa: PLC0415

    raise typer.Exit(check_rows(settings, Console()))


@app.command()
def record(
    venue: Annotated[str, typer.Argument(help="Which venue.")],
    out: Annotated[Path, typer.Option("--out", help="Where its folder of JSON files goes.")],
    home: Home = None,
) -> None:
    """Write trimmed answers of a venue as material for tests, without keys and account data.

    Example: margin-debt record binance --out recordings
    """
    from pipeline.commands import record_venue  # noqa: PLC0415

    typer.echo(record_venue(Settings.from_environment(home), venue, out))


@app.command("doctor")
def doctor(home: Home = None) -> None:
    """Check this machine and the home folder, and say what to do about what is wrong."""
    from pipeline.look import examine  # noqa: PLC0415

    raise typer.Exit(examine(Settings.from_environment(home)))


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
    typer.echo(f"margin-debt: {problem}", err=True)
    sys.exit(code)
