"""Published databases with made numbers, written by SQL and not by the package, and a reader of the pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

LAST_DAY = date(2026, 3, 31)
PRODUCED_AT = datetime(2026, 4, 1, 0, 20, tzinfo=UTC)
ABOUT = {"is_made": True, "title": "Seeded scenario 7, 400 days", "ccxt_version": "4.5.90"}
HOSTILE = "=<script>alert(1)</script>"  # markup, and a formula in a spreadsheet


def make_database(path: Path, days: int = 400, odd_venue: str = "gate") -> Path:
    """A finished file, closed, ready to be opened read-only."""
    with duckdb.connect(str(path)) as connection:
        for name, value in (("last_day", LAST_DAY.isoformat()), ("days", days), ("odd_venue", odd_venue)):
            connection.execute(f"set variable {name} = $value", {"value": value})
        connection.execute((Path(__file__).parent / "published.sql").read_text())
    return path


LOADERS = {"src", "srcset", "data", "poster", "action", "formaction", "background", "cite", "ping"}


def small_database(path: Path, rows: str) -> duckdb.DuckDBPyConnection:
    """The tables, empty, with `rows` (SQL) run on top."""
    path.write_bytes(_empty())
    connection = duckdb.connect(str(path))
    connection.execute(rows)
    return connection


@cache
def _empty() -> bytes:
    """A published file whose tables have no row."""
    with TemporaryDirectory() as folder:
        path = make_database(Path(folder) / "margin_debt.duckdb", days=1)
        with duckdb.connect(str(path)) as connection:
            names = connection.execute("select table_name from duckdb_tables() where not temporary")
            for (name,) in names.fetchall():
                connection.execute(f"delete from {name}")
        return path.read_bytes()


class Reader(HTMLParser):
    """What a browser would see: attributes that load, text outside scripts, and the inlined data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.columns = ""
        self._inside = ""
        self.feed(text)
        self.text = " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._inside = "columns" if values.get("id") == "columns" else tag
        self.loads += [f"{tag} {name}={value}" for name, value in attrs if name in LOADERS]
        self.loads += [f"link {values}"] if tag == "link" else []
        if "href" in values:
            self.links.append(values["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "columns":
            self.columns += data
        elif self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.words.append(data)
