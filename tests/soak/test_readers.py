"""Readers of the published file while it is published again and again: no error, and never half of two.

Every row of both tables holds the number of its publication: a reader that sees two numbers has a torn view.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest
from soak_results import write_result

from pipeline.settings import Settings
from pipeline.warehouse import open_warehouse, publish

SEEN = "select min(number), max(number), count(*) from (from first union all from second)"
ROWS = 50_000
TERMINAL = Path(sys.executable).with_name("duckdb")
PATIENCE_SECONDS = 60.0
Look = Callable[[Path], tuple[int, ...]]


def by_python(path: Path) -> tuple[int, ...]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return tuple(connection.execute(SEEN).fetchall()[0])


def by_command_line(path: Path) -> tuple[int, ...]:
    words = [str(TERMINAL), "-readonly", "-csv", "-noheader", str(path), SEEN]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    return tuple(int(value) for value in said.stdout.split(","))


def read_on(said: Connection, is_over: Event, look: Look, path: Path) -> None:
    """Look until told to stop; then say how often, which publications were seen, and what went wrong."""
    looks, numbers, problems = 0, set[int](), list[str]()
    while not is_over.is_set():
        try:
            low, high, count = look(path)
            numbers |= {low, high}
            if low != high or count != 2 * ROWS:
                problems.append(f"torn: {low} to {high}, {count} rows")
        except (duckdb.Error, subprocess.SubprocessError) as problem:
            problems.append(str(problem))
        looks += 1
    said.send((looks, numbers, problems))


@pytest.mark.parametrize(("publications", "each"), [(10, 2), pytest.param(50, 5, marks=pytest.mark.soak)])
def test_readers_see_one_publication_at_a_time(
    tmp_path: Path, warm: ForkServerContext, publications: int, each: int
) -> None:
    """each: so many readers in Python, and as many through DuckDB's own command line."""
    settings = Settings(tmp_path)
    is_over, heard = warm.Event(), list[tuple[Look, Connection]]()
    with open_warehouse(settings.warehouse, settings.raw) as connection:
        for number in range(publications):
            for table in ("first", "second"):
                connection.execute(
                    f"create or replace table marts.{table} as select {number} as number from range({ROWS})"
                )
            publish(connection, ["marts.first", "marts.second"], settings.serving)
            if number == 0:
                for look in (by_python, by_command_line) * each:
                    listen, say = warm.Pipe(duplex=False)
                    warm.Process(target=read_on, args=(say, is_over, look, settings.serving)).start()
                    heard.append((look, listen))
            # the readers go on reading old files and new ones: a publication every fifth of a second
            is_over.wait(0.2)
    is_over.set()
    counted = dict.fromkeys((by_python, by_command_line), 0)
    seen, problems = set[int](), list[str]()
    for look, listen in heard:
        looks, numbers, wrong = listen.recv()
        counted[look] += looks
        seen |= numbers
        problems += wrong
    assert problems == []
    # readers that saw one file only would prove nothing
    assert len(seen) > 2
    assert min(counted.values()) > 2
    write_result(
        "readers",
        {
            "publications": publications,
            "readers": len(heard),
            "looks_python": counted[by_python],
            "looks_command_line": counted[by_command_line],
            "publications_seen": len(seen),
            "errors": len(problems),
        },
    )
