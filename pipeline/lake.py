"""The only module that writes raw Parquet. Rows go in as sent and are never rewritten.

A file is written under a temporary name and renamed, so a reader or a killed run never leaves half a file
behind; a second fetch of the same day adds a file. Reading raw is SQL's job (`sql/ddl/`), not this module's.
"""

from __future__ import annotations

import os
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime
from hashlib import sha256
from operator import attrgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.records import (
    FETCH_LOG,
    REFERENCE,
    Dataset,
    FetchLogRow,
    RawRow,
    ReferenceRow,
    Status,
    arrow_schema,
)

_SMALL = 1000
_MONTH = len("day=2026-01")
_SETTLED = frozenset(
    {Status.ANSWERED.value, Status.UNSUPPORTED.value, Status.NEEDS_KEY.value, Status.NEEDS_ADDRESSES.value}
)
_SAFE = re.compile(r"^[a-z0-9_]{1,40}$")


class Lake:
    """Raw Parquet under one folder: `<dataset>/venue=<v>/day=<d>/<name>.parquet`, zstd.

    The fetch log and the reference facts are no venue's: `fetch_log/day=<d>/`, `reference/day=<d>/`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, dataset: Dataset, rows: Sequence[RawRow]) -> int:
        """Append rows of one dataset; one file per venue and UTC day of coalesce(observed_at, fetched_at).

        Rows of a file are sorted by market and time. Returns the number of files written.
        """
        partitions: dict[tuple[str, date], list[RawRow]] = defaultdict(list)
        for row in rows:
            stamp = row.observed_at or row.fetched_at
            partitions[row.venue, stamp.date()].append(row)
        for (venue, day), part in partitions.items():
            part.sort(key=lambda row: (row.market, row.observed_at or row.fetched_at))
            _write_file(self._folder(dataset, venue, day), part)
        return len(partitions)

    def log(self, rows: Iterable[FetchLogRow]) -> None:
        """Append fetch-log rows, partitioned by the day they were for."""
        partitions: dict[date, list[FetchLogRow]] = defaultdict(list)
        for row in rows:
            partitions[row.data_day.date()].append(row)
        for day, part in partitions.items():
            _write_file(self._log_folder(day), part)

    def write_reference(self, rows: Sequence[ReferenceRow]) -> None:
        """Append the facts of one import as one file, in the partition of the earliest day they are for."""
        first = min(row.data_day for row in rows).date()
        _write_file(self.root / REFERENCE / f"day={first.isoformat()}", rows)

    def remove_leftovers(self) -> int:
        """Delete temporary files of a run that was killed while it wrote; returns how many there were."""
        leftovers = list(self.root.rglob("*.tmp"))
        for path in leftovers:
            path.unlink()
        return len(leftovers)

    def files(self) -> Iterator[str]:
        """Every finished file, relative to the root, in no order."""
        root = str(self.root)
        for folder, _, names in os.walk(root):
            for name in names:
                if name.endswith(".parquet"):
                    yield os.path.relpath(f"{folder}/{name}", root)

    def months(self, until: date = date.max) -> dict[str, str]:
        """A fingerprint of each month of each dataset and venue, such as `price/venue=okx/day=2026-01`.

        It changes when a file of one of its days, none after `until`, comes or goes: that is told by the time
        of the day's folder, so no folder of a day is opened.
        """
        latest = f"day={until.isoformat()}"
        stamps: dict[str, list[str]] = defaultdict(list)
        for place in self._places():
            with os.scandir(self.root / place) as days:
                for day in days:
                    if day.name.startswith("day=") and day.name <= latest:
                        stamp = f"{day.name} {day.stat(follow_symlinks=False).st_mtime_ns}"
                        stamps[f"{place}/{day.name[:_MONTH]}"].append(stamp)
        return {month: sha256("\n".join(sorted(of)).encode()).hexdigest() for month, of in stamps.items()}

    def files_of(self, months: Iterable[str]) -> set[str]:
        """Every finished file of some months, named as by `months`, relative to the root."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for month in months:
            place, _, start = month.rpartition("/")
            wanted[place].add(start)
        return {
            f"{place}/{day}/{file}"
            for place, starts in wanted.items()
            for day in _listed(self.root / place)
            if day[:_MONTH] in starts
            for file in _listed(self.root / place / day)
            if file.endswith(".parquet")
        }

    def files_since(self, day: date) -> dict[str, list[str]]:
        """Whole paths of the finished files from a UTC day on, in order, by dataset, log or reference."""
        first = f"day={day.isoformat()}"
        found: dict[str, list[str]] = defaultdict(list)
        for place in self._places():
            found[place.split("/", 1)[0]] += (
                str(self.root / place / name / file)
                for name in _listed(self.root / place)
                if name.startswith("day=") and name >= first
                for file in _listed(self.root / place / name)
                if file.endswith(".parquet")
            )
        return {table: sorted(paths) for table, paths in found.items()}

    def _places(self) -> Iterator[str]:
        """The folders that hold folders of days, relative to the root."""
        for table in _listed(self.root):
            if table in (FETCH_LOG, REFERENCE):
                yield table
            else:
                names = _listed(self.root / table)
                yield from (f"{table}/{name}" for name in names if name.startswith("venue="))

    def holds(self, dataset: Dataset, venue: str, day: date) -> bool:
        """Whether there are rows of a dataset in the partition of that venue and UTC day."""
        return next(self._folder(dataset, venue, day).glob("*.parquet"), None) is not None

    def days_asked(self) -> set[date]:
        """The days that the fetch log knows anything of."""
        return {partition_day(path.name) for path in (self.root / FETCH_LOG).glob("day=*")}

    def answered(self, day: date) -> set[tuple[str, str]]:
        """(venue, dataset) pairs whose fetch for `day` needs no second try."""
        done: set[tuple[str, str]] = set()
        for path in self._log_folder(day).glob("*.parquet"):
            log = pq.ParquetFile(path).read(columns=["venue", "dataset", "status"]).to_pylist()
            done |= {(row["venue"], row["dataset"]) for row in log if row["status"] in _SETTLED}
        return done

    def _log_folder(self, day: date) -> Path:
        return self.root / FETCH_LOG / f"day={day.isoformat()}"

    def _folder(self, dataset: Dataset, venue: str, day: date) -> Path:
        if not _SAFE.match(venue):
            message = f"venue name {venue!r} cannot be a folder name"
            raise ValueError(message)
        return self.root / dataset.value / f"venue={venue}" / f"day={day.isoformat()}"


def _listed(folder: Path) -> list[str]:
    """Names in a folder, of none where there is no folder."""
    return [entry.name for entry in os.scandir(folder)] if folder.is_dir() else []


def _write_file(folder: Path, rows: Sequence[RawRow | FetchLogRow | ReferenceRow]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stamp = rows[0].fetched_at.strftime("%Y%m%dT%H%M%S")
    name = f"{stamp}-{rows[0].run_id}-{secrets.token_hex(4)}.parquet"
    temporary = folder / f"{name}.tmp"
    # a dictionary page a column costs more than it saves in a small file
    is_large = len(rows) > _SMALL
    pq.write_table(
        _table(rows), temporary, compression="zstd", use_dictionary=is_large, write_statistics=is_large
    )
    temporary.rename(folder / name)


def _table(rows: Sequence[RawRow | FetchLogRow | ReferenceRow]) -> pa.Table:
    row_type: type = type(rows[0])
    schema = arrow_schema(row_type)
    names = [field.name for field in fields(rows[0])]
    get = attrgetter(*names)
    columns = zip(*(get(row) for row in rows), strict=True)
    arrays = [
        pa.array(column, type=schema.field(name).type) for name, column in zip(names, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def partition_day(relative_path: str) -> date:
    """The UTC day a raw file belongs to, from its path."""
    return datetime.strptime(relative_path.split("day=", 1)[1][:10], "%Y-%m-%d").date()  # noqa: DTZ007
