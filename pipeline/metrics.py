"""`metrics.prom`: what a monitor wants to know of a home, in Prometheus' text format.

It is about the machine: did the run end well, how old is what readers see, what came from where. The market's
numbers are in the published database, which is where these are read from; a home that has published nothing
has only what is known of the run itself. A ratio or an age that is not known has no line: it is not zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field

import duckdb

from pipeline.errors import UsageError
from pipeline.files import put
from pipeline.last_run import LastRun
from pipeline.settings import Settings
from pipeline.warehouse import open_published

LEVELS = {"unknown": -1, "calm": 0, "elevated": 1, "high": 2, "critical": 3}


@dataclass
class Gauge:
    """One metric: its name after `margin_debt_`, what it means, and a value for each set of labels."""

    name: str
    meaning: str
    values: list[tuple[dict[str, str], float]] = field(default_factory=list)

    def lines(self) -> Iterable[str]:
        """As text; a gauge without values is not mentioned."""
        if not self.values:
            return
        name = f"margin_debt_{self.name}"
        yield f"# HELP {name} {self.meaning}"
        yield f"# TYPE {name} gauge"
        for labels, value in self.values:
            inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            yield f"{name}{{{inner}}} {value!r}" if inner else f"{name} {value!r}"


def write_metrics(settings: Settings, run: LastRun) -> None:
    """Put the metrics of a run that has just ended in the place of those before."""
    gauges = _of_run(run)
    # nothing is published yet, or by a version of ours whose tables were others
    with suppress(UsageError, duckdb.Error), closing(open_published(settings.serving)) as connection:
        gauges += [*_of_published(connection, run), *_of_fetch(connection, run)]
    put(settings.metrics, "".join(f"{line}\n" for gauge in gauges for line in gauge.lines()))


def _of_run(run: LastRun) -> list[Gauge]:
    ended = run.ended_at.timestamp()
    return [
        Gauge("last_run_end_timestamp_seconds", "when the last run ended, Unix time", [({}, ended)]),
        Gauge("last_run_duration_seconds", "how long it took", [({}, run.seconds)]),
        Gauge("last_run_exit_code", "0 done, 1 failed, 3 done with gaps", [({}, run.exit_code)]),
    ]


def _of_published(connection: duckdb.DuckDBPyConnection, run: LastRun) -> list[Gauge]:
    seen = connection.execute(
        "select epoch((max(day) + 1)::timestamp) from coverage_daily"
        " where dataset = 'open_interest' and venue = 'all' and seen_usd > 0"
    ).fetchone()
    newest = seen[0] if seen is not None else None
    covered = connection.execute(
        "select venue, seen_ratio from coverage_daily where dataset = 'open_interest'"
        " and day = (select max(day) from coverage_daily where dataset = 'open_interest')"
        " and seen_ratio is not null order by venue"
    ).fetchall()
    level = connection.execute("select level from risk_level_daily order by as_of desc limit 1").fetchone()
    return [
        Gauge(
            "data_end_timestamp_seconds",
            "end of the last published day with open interest, Unix time: time() less this is its age",
            [] if newest is None else [({}, newest)],
        ),
        Gauge(
            "freshness_seconds",
            "age of the end of that day when the last run ended",
            [] if newest is None else [({}, run.ended_at.timestamp() - newest)],
        ),
        Gauge(
            "coverage_ratio",
            "share of the expected open interest seen on the last day",
            [({"venue": venue}, ratio) for venue, ratio in covered],
        ),
        Gauge(
            "risk_level",
            "the market's level: " + ", ".join(f"{number} {name}" for name, number in LEVELS.items()),
            [] if level is None else [({}, LEVELS[level[0]])],
        ),
    ]


def _of_fetch(connection: duckdb.DuckDBPyConnection, run: LastRun) -> list[Gauge]:
    fetched = connection.execute(
        "select venue, dataset, sum(rows)::double, sum(calls)::double, sum(seconds), sum(throttled_seconds)"
        " from fetch_log where run_id = $1 and calls > 0 group by venue, dataset order by venue, dataset",
        [run.run_id],
    ).fetchall()
    columns = {
        "fetched_rows": "rows that the last run stored",
        "fetch_calls": "requests that it made",
        "fetch_seconds": "time that it took",
        "fetch_throttled_seconds": "of which it waited for the venue's limits",
    }
    gauges = [Gauge(name, meaning) for name, meaning in columns.items()]
    for venue, dataset, *values in fetched:
        for gauge, value in zip(gauges, values, strict=True):
            gauge.values.append(({"venue": venue, "dataset": dataset}, value))
    return gauges


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
