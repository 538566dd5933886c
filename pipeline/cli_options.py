"""The options that many commands share, and how their words become values. Commands are `cli.py` and
`cli_look.py`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import UsageError
from pipeline.settings import Settings, log_format

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where everything is kept. Default: $MARGIN_DEBT_HOME, else ./.margin-debt"),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Only the result, no progress.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON, for programs.")]
LogFormat = Annotated[
    str | None,
    typer.Option("--log-format", help="text, or json: lines for machines. Default: $MARGIN_DEBT_LOG"),
]
Replay = Annotated[
    Path | None, typer.Option("--replay", help="A history folder to read instead of the live venues.")
]
Venues = Annotated[str | None, typer.Option("--venues", help="Some venues only: binance,okx")]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", help="Some tables only: name, +name, name+, staging, or as in Dagster."),
]


def day_of(text: str | None, option: str) -> date | None:
    """The day an option names; raises UsageError for what is none."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        message = f"{option} {text} is not a day: write it as 2026-01-31"
        raise UsageError(message) from problem


def settings_of(home: Path | None, logs: str | None = None) -> Settings:
    """The settings of the environment, with what the command line says instead."""
    settings = Settings.from_environment(home)
    return settings if logs is None else replace(settings, log_format=log_format(logs))
