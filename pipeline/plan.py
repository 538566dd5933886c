"""From which day a build begins, and which raw files it will have read.

What came since the last whole build is told by comparing the lake with what that one remembered. How a table
is built is `pipeline/build.py`; what a raw file holds is `pipeline/lake.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from pipeline.build import FIRST_DAY, load_seeds
from pipeline.lake import Lake, partition_day
from pipeline.models import Model, read_models
from pipeline.records import Dataset

# How far behind the first day it builds a run may look in raw: what a venue last delivered, a rate before.
RAW_REACH_DAYS = 21


@dataclass(frozen=True)
class Plan:
    """From which day each incremental model is rebuilt, and what of raw this build will have read.

    months: fingerprint of each month (`Lake.months`) that is not as the last whole build left it, None where
    it is gone; new and gone: raw files since then. is_whole: these are all there are, what was known is void.
    """

    from_day: date
    new: frozenset[str]
    gone: frozenset[str]
    months: Mapping[str, str | None]
    is_whole: bool

    @property
    def raw_from(self) -> date:
        """The first day of raw that the build and its checks look at."""
        return self.from_day - timedelta(days=RAW_REACH_DAYS) if self.from_day > FIRST_DAY else FIRST_DAY


def make_plan(connection: duckdb.DuckDBPyConnection, lake: Lake, *, full: bool = False) -> Plan:
    """Compare the raw files and the model texts with those of the last whole build.

    An observation can be the level of its own day or of the one before, so building starts one day before
    the earliest new file. New seeds, changed models, vanished files or a venue's first market list mean a
    full build. Seeds are loaded here. Only the files of months that changed are looked at.
    """
    seeds_changed = load_seeds(connection)
    _state_tables(connection)
    found = lake.months()
    known = dict(connection.execute("select month, fingerprint from internal.read_months").fetchall())
    texts = dict(connection.execute("select name, fingerprint from internal.built_models").fetchall())
    if seeds_changed:
        # until a whole build is through: one that fails, or builds some tables only, does not use it up
        connection.execute("delete from internal.built_models")
    changed = {month: found.get(month) for month in {*found, *known} if found.get(month) != known.get(month)}
    there = lake.files_of(changed)
    rows = connection.execute(
        "select path from internal.read_files where list_contains($1::varchar[], month)", [list(changed)]
    ).fetchall()
    read = {path for (path,) in rows}
    new, gone = frozenset(there - read), frozenset(read - there)
    if (
        full
        or seeds_changed
        or not known
        or gone
        or any(texts.get(model.name) != model.fingerprint for model in read_models())
        or _first_lists(new, known)
    ):
        return Plan(FIRST_DAY, frozenset(lake.files_of(found)), frozenset(), found, is_whole=True)
    # nothing came: build the last day again, which is cheap and proves the contracts once more
    earliest = min(partition_day(path) for path in new) if new else _last_day(lake, known)
    return Plan(earliest - timedelta(days=1), new, gone, changed, is_whole=False)


def commit_plan(connection: duckdb.DuckDBPyConnection, plan: Plan, models: Sequence[Model]) -> None:
    """Remember what a whole, successful build has read."""
    connection.execute("begin")
    if plan.is_whole:
        connection.execute("delete from internal.read_files")
        connection.execute("delete from internal.read_months")
    remember_files(connection, plan.new, plan.gone)
    months = list(plan.months)
    connection.execute("delete from internal.read_months where list_contains($1::varchar[], month)", [months])
    connection.execute(
        "insert into internal.read_months by name select unnest($1::varchar[]) as month,"
        " unnest($2::varchar[]) as fingerprint",
        [months, list(plan.months.values())],
    )
    connection.execute("delete from internal.read_months where fingerprint is null")
    connection.execute("delete from internal.built_models")
    connection.executemany(
        "insert into internal.built_models values ($1, $2)", [[m.name, m.fingerprint] for m in models]
    )
    connection.execute("commit")


def remember_files(connection: duckdb.DuckDBPyConnection, new: Iterable[str], gone: Iterable[str]) -> None:
    """Change which raw files count as read. Raises duckdb.CatalogException where nothing was built yet."""
    connection.execute(
        "delete from internal.read_files where path in (select unnest($1::varchar[]))", [sorted(gone)]
    )
    connection.execute(
        "insert into internal.read_files by name select unnest($1::varchar[]) as path,"
        " regexp_extract(path, '^.*/day=[0-9]{4}-[0-9]{2}') as month",
        [sorted(new)],
    )


def _state_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table if not exists internal.read_files (month varchar, path varchar)")
    connection.execute("create table if not exists internal.read_months (month varchar, fingerprint varchar)")
    connection.execute("create table if not exists internal.built_models (name varchar, fingerprint varchar)")


def _first_lists(new: Iterable[str], known: Iterable[str]) -> bool:
    """Whether a venue's first market list is among the new files: it tells about earlier days too."""

    def venues(paths: Iterable[str]) -> set[str]:
        return {path.split("/")[1] for path in paths if path.startswith(f"{Dataset.MARKETS.value}/")}

    return bool(venues(new) - venues(known))


def _last_day(lake: Lake, months: Iterable[str]) -> date:
    """The last day that has a raw file: a month can be left with empty folders."""
    of_month: dict[str, list[str]] = defaultdict(list)
    for month in months:
        of_month[month[-len("2026-01") :]].append(month)
    for last in sorted(of_month, reverse=True):
        if files := lake.files_of(of_month[last]):
            return max(partition_day(path) for path in files)
    return FIRST_DAY + timedelta(days=1)
