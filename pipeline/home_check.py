"""Holds the quality rules and identities against a home and says, one by one, what was kept. Asks no venue.

They are `pipeline/quality/` and `dbt_like_models/checks/`; the same ones run in every daily run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import duckdb

from pipeline.build import FIRST_DAY
from pipeline.engine import home_lock
from pipeline.errors import UsageError
from pipeline.quality.gate import Verdict
from pipeline.quality.identities import Outcome, check_identities
from pipeline.quality.rules import Rule
from pipeline.quality.suites import SUITES
from pipeline.quality.tables import check_table
from pipeline.settings import Settings
from pipeline.source import recorded
from pipeline.warehouse import open_warehouse

LAST_DAYS = 7


def check_home(settings: Settings) -> Iterator[tuple[str, Verdict]]:
    """(table, verdict) of every rule on the last 7 days of each table, then of every identity on all days.

    Raises UsageError when nothing was fetched or built yet, WarehouseBusy while a run is working.
    """
    recorded(settings.home)
    with home_lock(settings.home), open_warehouse(settings.warehouse, settings.raw) as connection:
        try:
            for suite in SUITES:
                newest = connection.execute(f"select max(day) from {suite.table}").fetchone()
                if newest is None or newest[0] is None:
                    continue
                result = check_table(connection, suite, newest[0] - timedelta(days=LAST_DAYS - 1))
                if result is not None:
                    yield from ((suite.table, verdict) for verdict in result.verdicts)
            for outcome in check_identities(connection, FIRST_DAY):
                yield "identity", _as_verdict(outcome)
        except duckdb.CatalogException as problem:
            message = f"a table is not built yet ({_first_line(problem)}): run `margin-debt build` first"
            raise UsageError(message) from problem


def sentence(table: str, verdict: Verdict) -> str:
    """One line about one rule."""
    if verdict.passed:
        if not verdict.compared:
            return f"-    {table} {verdict.rule.name}: {verdict.sentence}"
        return f"ok   {table} {verdict.rule.name}: {verdict.compared} rows"
    return f"{'bad ' if verdict.rule.is_blocking else 'warn'} {table} {verdict.sentence}"


def exit_code(verdicts: list[Verdict]) -> int:
    """1 when a rule broke that stops a build, 3 when another did, else 0."""
    broken = [verdict for verdict in verdicts if not verdict.passed]
    if any(verdict.rule.is_blocking for verdict in broken):
        return 1
    return 3 if broken else 0


def _as_verdict(outcome: Outcome) -> Verdict:
    rule = Rule(outcome.identity.name, "identity", is_blocking=outcome.status == "failed")
    passed, count = outcome.status in ("passed", "not_compared"), outcome.compared
    return Verdict(rule, passed, count, count, outcome.beyond, outcome.sentence)


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0]
