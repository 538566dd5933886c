"""The report of a day as one file. What the report says is `pipeline/report/`; nothing is added here."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from pipeline.export.tables import Extract
from pipeline.report.base import write_report


def write_page(chosen: Extract, path: Path, produced_at: datetime) -> None:
    """The page of the last day that was chosen, as `margin-debt report` makes it."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        page = write_report(chosen.connection, chosen.last_day, Path(folder), produced_at, chosen.about)
        page.replace(path)
