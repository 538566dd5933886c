"""Where the SQL, the models and the seeds are, and how a file is replaced in one step.

In a checkout `pipeline/sql` and `pipeline/dbt_like_models` are links to the folders beside the package; in a
wheel they are those folders themselves. So one path holds for both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
SQL = PACKAGE / "sql"
MODELS = PACKAGE / "dbt_like_models"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it takes the place of `path` when the block ends well.

    A reader sees the old file or the new one, never half of one. What killed writers left goes at the next
    replacement of the same file.
    """
    for leftover in path.parent.glob(f".{path.name}.*.part"):
        if not _is_alive(leftover.suffixes[-2][1:]):
            leftover.unlink(missing_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def put(path: Path, text: str) -> None:
    """Replace a text file in one step."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
