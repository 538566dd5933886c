"""Where long counts leave what they saw, for the tables that `make soak` prints: JSON lines, one a case."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path


def write_result(name: str, row: Mapping[str, object]) -> None:
    """Append a row to NAME.jsonl in the folder of MARGIN_DEBT_SOAK_RESULTS; nothing where that is not set."""
    folder = os.environ.get("MARGIN_DEBT_SOAK_RESULTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with (Path(folder) / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, default=str) + "\n")
