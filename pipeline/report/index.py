"""The page that lists all daily reports of a folder. It reads the reports themselves, not the database."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from pipeline.report.templates import SUMMARY_NAME, fill
from pipeline.report.words import NOT_KNOWN

HEAD_BYTES = 16_384
DAILY = re.compile(r"\d{4}-\d{2}-\d{2}\.html")


class _Summary(HTMLParser):
    """Finds the summary a daily report carries in its head."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "meta" and values.get("name") == SUMMARY_NAME:
            self.found = json.loads(values.get("content") or "null")


def render_index(folder: Path) -> str:
    """HTML over every YYYY-MM-DD.html in `folder` that this project wrote, the latest first."""
    reports = []
    for path in sorted(folder.glob("*.html"), reverse=True):
        if DAILY.fullmatch(path.name) is None:
            continue
        parser = _Summary()
        with path.open(encoding="utf-8") as file:
            parser.feed(file.read(HEAD_BYTES))
        if parser.found is not None:
            # A report of an earlier version tells no debt in its head; its page does.
            reports.append((path.name, {"debt": NOT_KNOWN, **parser.found}))
    has_quality = (folder / "quality" / "index.html").exists()
    return fill("index.html", reports=reports, has_quality=has_quality)
