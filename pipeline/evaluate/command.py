"""What `margin-debt evaluate` does: score the home's history anew, publish the table, print it.

The daily job computes the same table; scores are `scoreboard.py`, which tables they read is `home.py`.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import duckdb
import pandas as pd

from pipeline.assets.signals import store
from pipeline.build import FIRST_DAY, build_model, publish_marts
from pipeline.engine import home_lock
from pipeline.errors import UsageError
from pipeline.evaluate.home import home_scoreboard
from pipeline.evaluate.rule import CHANGE_DAYS, RULES
from pipeline.evaluate.scoreboard import verdict
from pipeline.models import read_models
from pipeline.settings import Settings
from pipeline.source import recorded
from pipeline.warehouse import open_published, open_warehouse

FORMATS = ("table", "csv", "json")


def evaluate(settings: Settings, form: str) -> None:
    """Score, publish, and print as `form`: a table of 80 columns, or every column as csv or json.

    Raises UsageError for an unknown format, and where nothing was built yet or an older version built it.
    """
    if form not in FORMATS:
        message = f"--format {form} is not known: use {', '.join(FORMATS)}"
        raise UsageError(message)
    open_published(settings.serving).close()  # says what to do when there is nothing
    with home_lock(settings.home):
        published = _publish(settings)
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(published.columns)
        writer.writerows(_rows(published))
    elif form == "json":
        records = [dict(zip(published.columns, row, strict=True)) for row in _rows(published)]
        sys.stdout.write(json.dumps(records, default=str, indent=1, allow_nan=False) + "\n")
    else:
        is_made = bool(recorded(settings.home).about().get("is_made"))
        sys.stdout.write("\n".join(_lines(published, is_made)) + "\n")


def _publish(settings: Settings) -> pd.DataFrame:
    models = read_models()
    (model,) = (model for model in models if model.table == "marts.scoreboard")
    with open_warehouse(settings.warehouse, settings.raw) as connection:
        try:
            store(connection, "signals.scoreboard", home_scoreboard(connection))
            build_model(connection, model, FIRST_DAY)
            publish_marts(connection, models, settings.serving)
        except duckdb.CatalogException as problem:
            message = f"the tables of {settings.home} are of an older version: run `margin-debt build` first"
            raise UsageError(message) from problem
        order = "event_rule, horizon_days, auroc desc nulls last, signal"
        return connection.execute(f"select * from {model.table} order by {order}").df()


def _rows(table: pd.DataFrame) -> Iterator[list[object]]:
    """Cells as Python's own, undefined ones None, dates as 2026-01-31."""
    for row in table.astype(object).itertuples(index=False):
        yield [None if pd.isna(cell) else _plain(cell) for cell in row]


def _plain(cell: object) -> object:
    return cell.date().isoformat() if isinstance(cell, pd.Timestamp) else cell


def _lines(table: pd.DataFrame, is_made: bool) -> Iterator[str]:
    if table.empty:
        yield "There is no history to score yet: two days of open interest are needed."
        return
    if is_made:
        yield "This history is made, not recorded: it shows the method and is no track record."
        yield ""
    heading = f"{'':24}{'events':>6}{'AUROC':>7}  {'95 % interval':15}{'prec.':>6}{'recall':>7}"
    heading += f"{'lead':>6}{'false':>7}"
    rules = {rule.name: rule for rule in RULES}
    for (name, horizon_days), rows in table.groupby(["event_rule", "horizon_days"], sort=True):
        rule = rules[str(name)]
        what = "open interest over price" if rule.is_price_free else "open interest in USD"
        falls = f"-{rule.open_interest_fall_ratio:.0%} and price -{rule.price_fall_ratio:.0%}"
        yield f"{name}, {horizon_days} days before: {what} {falls} in {CHANGE_DAYS} days"
        yield heading
        for row in rows.to_dict("records"):
            yield _line(row)
        yield ""
    yield "* baseline. prec. and recall: shares of days at the alarm; lead: median days"
    yield "from alarm to event; false: false alarms a year; -: undefined."
    scored = table.dropna(subset=["sample_from", "sample_to"])
    span = "no day could be scored"
    if len(scored):
        span = f"{scored['sample_from'].min():%Y-%m-%d} to {scored['sample_to'].max():%Y-%m-%d}"
    yield f"{len(table)} rows (series, rules, horizons) were tried; {span}."
    yield verdict(table)


def _line(row: Mapping[Hashable, Any]) -> str:
    signal = f"{row['signal']}{' *' if row['is_baseline'] else ''}"
    interval = "none"
    if not math.isnan(row["auroc_low"]):
        interval = f"{row['auroc_low']:.3f} to {row['auroc_high']:.3f}"
    return (
        f"{signal:24}{row['events']:6d}{_number(row['auroc'], 3):>7}  {interval:15}"
        f"{_number(row['precision_ratio'], 2):>6}{_number(row['recall_ratio'], 2):>7}"
        f"{_number(row['median_lead_days'], 0):>6}{_number(row['false_alarms_a_year'], 1):>7}"
    )


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
