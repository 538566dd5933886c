"""The commands that only look: they read what is published or declared, and ask no venue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_options import AsJson, Home, Quiet, Select, day_of, settings_of
from pipeline.clock import SystemClock
from pipeline.console import Console

look = typer.Typer()
LOOK = "Look at the numbers"

Table = Annotated[list[str] | None, typer.Argument(metavar="TABLE", help="Published tables; none: all.")]


@look.command(rich_help_panel=LOOK)
def report(
    home: Home = None,
    day: Annotated[str | None, typer.Option(help="A published day. Default: the last.")] = None,
) -> None:
    """Write the report of a published day and print its path.

    Example: margin-debt report --day 2026-01-31
    """
    from pipeline.report.base import write_report  # noqa: PLC0415
    from pipeline.source import recorded  # noqa: PLC0415

    settings = settings_of(home)
    about = recorded(settings.home).about()
    path = write_report(settings.serving, day_of(day, "--day"), settings.reports, SystemClock().now(), about)
    typer.echo(path)


@look.command(rich_help_panel=LOOK)
def export(
    out: Annotated[Path, typer.Option("--out", help="The file, or the folder of csv, parquet and dbt.")],
    form: Annotated[str, typer.Option("--format", help="csv, parquet, xlsx, html, json, pdf or dbt")],
    table: Table = None,
    home: Home = None,
    first: Annotated[str | None, typer.Option("--from", help="First UTC day. Default: all.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last UTC day. Default: all.")] = None,
    select: Select = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write published tables, signals included, into files: the same home gives the same bytes.

    csv and parquet are a folder with a file a table, or one file for one table.

    xlsx and json are one file for all of them; html and pdf are the report of the last day asked for.

    dbt is a folder with the models as a dbt project, and no rows.

    Example: margin-debt export --format xlsx --out debt.xlsx margin_debt_daily signal_readings
    """
    from pipeline.export.command import Request  # noqa: PLC0415
    from pipeline.export.command import export as write  # noqa: PLC0415
    from pipeline.export.tables import Span  # noqa: PLC0415

    settings = settings_of(home)
    tables = list(table or [])
    if select:
        from pipeline.assets.selection import select_marts  # noqa: PLC0415 Dagster takes a second to import

        tables += select_marts(select)
    span = Span(day_of(first, "--from"), day_of(last, "--to"))
    with Console(quiet) as console:
        write(settings, Request(form, out, tables, span, force), console)
        console.result(str(out))


@look.command(rich_help_panel=LOOK)
def query(
    sql: Annotated[str, typer.Argument(help="A SELECT, the path of a .sql file, or a name: see queries.")],
    home: Home = None,
    form: Annotated[
        str | None, typer.Option("--format", help="table, csv, json or parquet. Default: table")
    ] = None,
    given: Annotated[list[str] | None, typer.Option("--set", help="A parameter: day=2026-01-31")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write a .csv, .json or .parquet file.")] = None,
) -> None:
    """Ask the published database. It is read-only, and readable while a build is running.

    Example: margin-debt query "select * from margin_debt_daily order by day desc limit 5"

    Example: margin-debt query venue_shares --set day=2026-01-31
    """
    from pipeline.ask import query as run_query  # noqa: PLC0415

    run_query(settings_of(home), sql, form, given or (), out)


@look.command(rich_help_panel=LOOK)
def position(
    venue: Annotated[str, typer.Argument(help="A venue, such as okx.")],
    market: Annotated[str, typer.Argument(help="The venue's own name of a market.")],
    side: Annotated[str, typer.Option(help="long or short")] = "long",
    leverage: Annotated[float, typer.Option(help="Notional over the margin posted.")] = 10.0,
    notional: Annotated[float, typer.Option(help="Its worth at the entry price, USD.")] = 25_000.0,
    entry: Annotated[float | None, typer.Option(help="Entry price. Default: the mark of the day.")] = None,
    days: Annotated[float, typer.Option(help="Days within which a call is looked for.")] = 7.0,
    probability: Annotated[
        float, typer.Option("--call-probability", help="The chance of a call to keep to.")
    ] = 0.05,
    maintenance: Annotated[
        float | None, typer.Option(help="Rate to keep, a fraction, in place of the collected table.")
    ] = None,
    taker_fee: Annotated[
        float | None, typer.Option(help="Fee of closing, a fraction. Default: as the rule counts it.")
    ] = None,
    home: Home = None,
    form: Annotated[str, typer.Option("--format", help="table or json")] = "table",
) -> None:
    """What a new isolated position posts, where its venue closes it, and how probable that is.

    Read from the published tables of the last day: nothing is asked of a venue or traded. Turned round, it
    says the largest leverage, or the margin more, that keeps a call under the probability.

    Example: margin-debt position okx BTC-USDT-SWAP --side short --leverage 20 --maintenance 0.004
    """
    from pipeline.position import Question, show_position  # noqa: PLC0415

    question = Question(
        venue, market, side, leverage, notional, days, probability, entry, maintenance, taker_fee
    )
    show_position(settings_of(home), question, form)


@look.command(rich_help_panel=LOOK)
def queries(
    name: Annotated[str | None, typer.Argument(help="One of them: its parameters and its SQL.")] = None,
    is_json: AsJson = False,
) -> None:
    """List the questions that come along, with their parameters; `query NAME` asks one.

    Example: margin-debt queries venue_shares
    """
    from pipeline.look import list_questions  # noqa: PLC0415

    list_questions(name, is_json=is_json)


@look.command(rich_help_panel=LOOK)
def dictionary(
    table: Annotated[str | None, typer.Argument(help="A published table: what its columns mean.")] = None,
    home: Home = None,
    is_json: AsJson = False,
) -> None:
    """List the published tables, or say what each column of one counts and means.

    Example: margin-debt dictionary margin_debt_daily
    """
    from pipeline.look import list_dictionary  # noqa: PLC0415

    list_dictionary(settings_of(home), table, is_json=is_json)


@look.command(rich_help_panel=LOOK)
def evaluate(
    home: Home = None,
    form: Annotated[str, typer.Option("--format", help="table, csv or json")] = "table",
    is_json: AsJson = False,
) -> None:
    """Score every signal and baseline against what happened in this home's history, and publish it.

    Example: margin-debt evaluate --format csv
    """
    from pipeline.evaluate.command import evaluate as run_evaluation  # noqa: PLC0415

    run_evaluation(settings_of(home), "json" if is_json else form)


@look.command(rich_help_panel=LOOK)
def venues(
    name: Annotated[str | None, typer.Argument(help="One venue.")] = None,
    form: Annotated[str, typer.Option("--format", help="table or json")] = "table",
    is_json: AsJson = False,
) -> None:
    """What each venue reports, in which unit, with or without a key, and on what evidence.

    Example: margin-debt venues binance
    """
    from pipeline.look import list_venues  # noqa: PLC0415

    list_venues("json" if is_json else form, name)
