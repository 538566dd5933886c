"""Where the SQL, the models and the seeds are, and how a small file is replaced.

In a checkout `pipeline/sql` and `pipeline/dbt_like_models` are links to the folders beside the package; in a
wheel they are those folders themselves. So one path holds for both.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
SQL = PACKAGE / "sql"
MODELS = PACKAGE / "dbt_like_models"


def put(path: Path, text: str) -> None:
    """Write a text file in one step: a reader sees the old one or the new one, never half of one."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(text)
    temporary.replace(path)
