"""Merges the many small raw files of days that are over into one a dataset, venue and day.

Every hour's snapshot, second try and late answer adds a file; a build opens them all. The marts stay what
they are. How one partition is merged without a kill losing a row is `pipeline/merge.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from pipeline.engine import home_lock
from pipeline.lake import Lake, partition_day
from pipeline.late_data import mark_built
from pipeline.merge import Merge, merge_partition
from pipeline.plan import remember_files
from pipeline.settings import Settings
from pipeline.source import recorded
from pipeline.warehouse import open_warehouse


@dataclass(frozen=True)
class Compacted:
    """What it did to the raw files of a home."""

    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int

    @property
    def sentence(self) -> str:
        """What a person reads."""
        mib = 1024**2
        return (
            f"{self.files_before} raw files are {self.files_after} now, {self.bytes_before / mib:.1f} MiB are"
            f" {self.bytes_after / mib:.1f} MiB; no row was changed"
        )


def compact(settings: Settings, before: date) -> Compacted:
    """Merge every partition of a UTC day earlier than `before`.

    Raises UsageError where nothing was fetched yet, WarehouseBusy while a run is working, RawUnreadable for
    a file that is not whole.
    """
    recorded(settings.home)
    with home_lock(settings.home):
        lake = Lake(settings.raw)
        lake.remove_leftovers()
        files = list(lake.files())
        bytes_before = _bytes(settings, files)
        folders = {(settings.raw / path).parent for path in files if partition_day(path) < before}
        merges = [
            merge
            for folder in sorted(folders)
            if (merge := merge_partition(settings.raw, folder)) is not None
        ]
        if merges and settings.warehouse.exists():
            _tell_the_build(settings, merges)
        left = list(lake.files())
        return Compacted(len(files), len(left), bytes_before, _bytes(settings, left))


def _tell_the_build(settings: Settings, merges: Sequence[Merge]) -> None:
    """The rows were read already, under other names: without word of it the next build is a full one."""
    with open_warehouse(settings.warehouse, None) as connection:
        try:
            for merge in merges:
                read = connection.execute(
                    "select count(*) from internal.read_files where list_contains($1::varchar[], path)",
                    [list(merge.parts)],
                ).fetchone()
                # with one part unread, the merged file is new: the build starts from its day
                is_read = read == (len(merge.parts),)
                remember_files(connection, [merge.merged] if is_read else [], merge.parts)
        except duckdb.CatalogException:
            return  # nothing was built yet
    mark_built(settings)


def _bytes(settings: Settings, files: Sequence[str]) -> int:
    return sum((settings.raw / path).stat().st_size for path in files)
