"""Merges the raw Parquet files of one partition into one: rows stay as they were sent, in the same order.

A kill leaves neither loss nor repeats: what a merge will do is written down before it touches a file that
somebody reads, and whoever locks the home next finishes it. Which partitions are merged is
`pipeline/compact.py`; new rows are `pipeline/lake.py`.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import RawUnreadable
from pipeline.files import put

JOURNAL = "merging.json"


@dataclass(frozen=True)
class Merge:
    """One file that took the place of several; paths relative to the lake's root."""

    merged: str
    parts: tuple[str, ...]


def merge_partition(root: Path, folder: Path) -> Merge | None:
    """Merge the files of a partition below `root`; None where there are fewer than two.

    Raises RawUnreadable, with every file left as it was, when one cannot be read or was not written as it
    should be.
    """
    parts = sorted(folder.glob("*.parquet"))
    if len(parts) < 2:
        return None
    table = pa.concat_tables([_read(path) for path in parts])
    merged = folder / f"merged-{secrets.token_hex(6)}.parquet"
    temporary = _temporary(merged)
    pq.write_table(table, temporary, compression="zstd")
    if not _read(temporary).equals(table):
        temporary.unlink()
        message = f"the merged file of {folder} differs from its parts: nothing was changed, check the disk"
        raise RawUnreadable(message)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    merge = Merge(_relative(root, merged), tuple(_relative(root, path) for path in parts))
    put(root / JOURNAL, json.dumps(merge.__dict__) + "\n")
    finish_merge(root)
    return merge


def finish_merge(root: Path) -> None:
    """Bring a merge that is written down to its end; call it under the home's lock only."""
    journal = root / JOURNAL
    if not journal.exists():
        return
    merge = json.loads(journal.read_text())
    merged = root / merge["merged"]
    if _temporary(merged).exists():
        _temporary(merged).rename(merged)
    if merged.exists():
        for part in merge["parts"]:
            (root / part).unlink(missing_ok=True)
    journal.unlink()


def _read(path: Path) -> pa.Table:
    try:
        return pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as problem:
        message = (
            f"raw file {path} cannot be read: move it away, run `margin-debt build`, and fetch its day again"
        )
        raise RawUnreadable(message) from problem


def _temporary(merged: Path) -> Path:
    return merged.with_name(f"{merged.name}.tmp")


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
