"""Where the recorded series and the seeds are, how one of them is read, and the mark of tests that need them.

Nothing is computed here.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

SEEDS = Path(__file__).resolve().parents[2] / "dbt_like_models" / "seeds"
SHARED = Path(os.environ.get("MARGIN_DEBT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
STRUCTURE = SHARED / "data" / "structure"
needs_shared = pytest.mark.skipif(
    not (SHARED / "data").is_dir(), reason=f"the recorded series are not at {SHARED / 'data'}"
)


def seed(name: str) -> list[dict[str, str]]:
    """Rows of a seed file, every cell text."""
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def recorded(name: str) -> Any:
    """What a packed JSON file of the recorded structure of markets holds."""
    with gzip.open(STRUCTURE / name) as file:
        return json.load(file)
