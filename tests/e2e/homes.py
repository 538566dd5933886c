"""Homes for the end-to-end tests: how one is filled from the embedded exchange, copied, hashed and asked.

What a home must hold after trouble is said in the tests. No expectation belongs here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from warm import run_command

from pipeline.clock import VirtualClock, end_of
from pipeline.engine import Ending, run_job
from pipeline.models import read_models
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.replay.faults import Fault
from pipeline.replay.history import read_history
from pipeline.replay.process import ReplayServer
from pipeline.runtime import Runtime
from pipeline.settings import Settings
from pipeline.source import claim, history_source
from pipeline.warehouse import table_hash

PROJECT = Path(__file__).resolve().parents[2]
DAYS = tuple(date(2025, 6, 8) + timedelta(days=count) for count in range(7))
VENUES = ("binance", "bitfinex", "hyperliquid", "okx")
COMMAND_SECONDS = 300
Row = dict[str, Any]


def run_days(
    home: Path,
    world: Path,
    server: ReplayServer,
    days: Sequence[date],
    faults: Mapping[date, list[Fault]] | None = None,
    timeout_seconds: float = 15.0,
    venues: Sequence[str] = VENUES,
) -> tuple[Ending, Runtime]:
    """Run the daily job for `days` as the command does; each day's faults are in force on that day only."""
    settings = Settings(home, redirect=server.address, timeout_seconds=timeout_seconds)
    settings.prepare()
    history = read_history(world)
    source = history_source(world, history.about)
    claim(home, source)
    clock = VirtualClock(end_of(days[-1]) + AFTER_MIDNIGHT)

    def move_to(instant: datetime) -> None:
        clock.set(instant)
        server.set_now(instant)
        server.set_faults((faults or {}).get((instant - timedelta(days=1)).date(), []))

    runtime = Runtime(settings, clock, move_to=move_to, held=history.held(), about=source.about())
    try:
        return run_job(runtime, days, venues), runtime
    finally:
        server.clear_faults()


def rebuild(home: Path) -> Ending:
    """Build from what is in the lake, asking no venue; the clock stands ten minutes after the last day."""
    clock = VirtualClock(end_of(DAYS[-1]) + AFTER_MIDNIGHT)
    runtime = Runtime(Settings(home), clock, about={"is_made": True})
    return run_job(runtime, [DAYS[-1]], [])


def copied(home: Path, target: Path) -> Path:
    """A copy of a home, except for Dagster's storage, whose settings name the old place."""
    shutil.copytree(home, target, ignore=shutil.ignore_patterns("dagster"))
    return target


def command(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`margin-debt WORDS` in a process of its own, which had everything imported."""
    return run_command(words, {**clean_environment(), **(environment or {})}, PROJECT, COMMAND_SECONDS)


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of ours or Dagster's."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("MARGIN_DEBT_", "DAGSTER_"))
    }


def backfill_words(home: Path, world: Path, days: Sequence[date]) -> list[str]:
    """The command line that fetches `days` of a history folder into a home."""
    span = ["--from", days[0].isoformat(), "--to", days[-1].isoformat()]
    return ["backfill", *span, "--replay", str(world), "--home", str(home)]


def published(home: Path) -> Path:
    """The published database of a home."""
    return home / "serving" / "margin_debt.duckdb"


def ask(home: Path, sql: str, *values: object) -> list[Row]:
    """Rows of one statement on the published database."""
    connection = duckdb.connect(str(published(home)), read_only=True)
    try:
        connection.execute("set timezone = 'UTC'")
        result = connection.execute(sql, list(values))
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    finally:
        connection.close()


def mart_hashes(home: Path) -> dict[str, str]:
    """SHA-256 of every published mart in the order of its grain.

    fetch_log is left out: it holds run ids and the time each call took.
    """
    marts = [model for model in read_models() if model.schema == "marts" and model.name != "fetch_log"]
    connection = duckdb.connect(str(published(home)), read_only=True)
    try:
        connection.execute("set timezone = 'UTC'")
        return {model.name: table_hash(connection, model.name, list(model.grain)) for model in marts}
    finally:
        connection.close()


def venue_rows(home: Path, venue: str, day: date) -> list[Row]:
    """market_daily of one venue and day, by market."""
    return ask(
        home, "select * from market_daily where venue = $1 and day = $2::date order by market", venue, day
    )


def coverage(home: Path, dataset: str, venue: str, day: date) -> Row:
    """The one row of coverage_daily for a dataset, venue and day."""
    (row,) = ask(
        home,
        "select * from coverage_daily where dataset = $1 and venue = $2 and day = $3::date",
        dataset,
        venue,
        day,
    )
    return row


def written(home: Path) -> str:
    """Everything under a home but the keys file as text: cells of every table, bytes of every other file."""
    parts = []
    for path in sorted(home.rglob("*")):
        parts.append(str(path.relative_to(home)))
        if path.suffix == ".parquet":
            parts.append(str(pq.ParquetFile(path).read().to_pylist()))
        elif path.is_file() and path.name != "keys.toml":
            parts.append(path.read_bytes().decode(errors="replace"))
    for file in (published(home), home / "warehouse.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables()"
                " where database_name = current_database()"
            ).fetchall()
            parts += [str(connection.execute(f"select * from {table}").fetchall()) for (table,) in tables]
    return "\n".join(parts)


def page_words(text: str) -> str:
    """A report without its scripts and styles, so that a name found in it is one that a reader sees."""
    for element in ("script", "style"):
        while f"<{element}" in text:
            start = text.index(f"<{element}")
            text = text[:start] + text[text.index(f"</{element}>", start) + len(element) + 3 :]
    return text
