"""Runs the quality rules on what a home holds and says, rule by rule, what was kept. Asks no venue.

The rules are `pipeline/quality/suites.py`; the same ones run in every daily run, beside the tables.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from pipeline.engine import home_lock
from pipeline.errors import UsageError
from pipeline.quality.gate import Verdict, run_suite
from pipeline.quality.suites import SUITES
from pipeline.settings import Settings
from pipeline.source import recorded
from pipeline.warehouse import open_warehouse

LAST_DAYS = 7


def check_home(settings: Settings) -> Iterator[tuple[str, Verdict]]:
    """(table, verdict) of every rule on the last 7 days of each table.

    Raises UsageError when nothing was fetched or built yet, WarehouseBusy while a run is working.
    """
    recorded(settings.home)
    with home_lock(settings.home), open_warehouse(settings.warehouse, settings.raw) as connection:
        for suite in SUITES:
            last_days = f"day > (select max(day) from {suite.table}) - {LAST_DAYS}"
            statement = f"select {', '.join(suite.columns)} from {suite.table} where {last_days}"
            try:
                frame = connection.execute(statement).df()
            except duckdb.CatalogException as problem:
                message = f"{suite.table} is not built yet: run `margin-debt build` first"
                raise UsageError(message) from problem
            if not frame.empty:
                yield from ((suite.table, verdict) for verdict in run_suite(suite, frame))


def sentence(table: str, verdict: Verdict) -> str:
    """One line about one rule."""
    if verdict.passed:
        return f"ok   {table} {verdict.rule.name}: {verdict.rows} rows"
    mark = "bad " if verdict.rule.is_blocking else "warn"
    broken = f"{verdict.unexpected} of {verdict.rows} rows, such as {verdict.examples}"
    return f"{mark} {table} {verdict.rule.name}: {broken}"


def exit_code(verdicts: list[Verdict]) -> int:
    """1 when a rule broke that stops a build, 3 when another did, else 0."""
    broken = [verdict for verdict in verdicts if not verdict.passed]
    if any(verdict.rule.is_blocking for verdict in broken):
        return 1
    return 3 if broken else 0
