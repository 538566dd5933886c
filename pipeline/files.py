"""Where the SQL, the models and the seeds are: beside the package in a checkout. Paths only."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SQL = ROOT / "sql"
MODELS = ROOT / "dbt_like_models"
