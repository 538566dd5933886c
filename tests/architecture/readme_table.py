"""The README's table of venues, made from their own declarations. `make readme` writes it into the file.

No test lives here; `test_readme.py` compares.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path

from pipeline.look import venue_rows
from pipeline.venues.base import Evidence

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- venues: begin -->\n", "<!-- venues: end -->\n"
# Venue -> day its answers were last compared with what is declared, live. A venue that is not here: never.
LAST_LIVE_CHECK: dict[str, str] = {}


def venue_table() -> str:
    """Counts, and a Markdown table: a row a venue and dataset, and one for what a venue does not publish.

    Lists of markets are left out, they have no unit.
    """
    rows = [row for row in venue_rows() if row["dataset"] != "markets"]
    lines = [_counts(rows), ""]
    lines += ["| Venue | Dataset | Unit | Asked | History | Evidence |", "|---|---|---|---|---|---|"]
    for venue, of_venue in groupby(rows, key=lambda row: row["venue"]):
        silent = []
        for row in of_venue:
            if row["access"] == "not published":
                silent.append(row["dataset"])
                continue
            cells = (row["access"], "", "", "")
            if row["access"] == "public":
                cells = (row["unit"], row["calls"].replace("_", " "), row["history"], row["evidence"])
            lines.append(f"| {' | '.join((venue, row['dataset'], *cells))} |")
        if silent:
            lines.append(f"| {venue} | {', '.join(silent)} | not published |  |  |  |")
    checks = {row["venue"]: LAST_LIVE_CHECK.get(row["venue"], "never") for row in rows}
    lines += ["", f"Last checked live: {', '.join(f'{venue} {day}' for venue, day in checks.items())}."]
    return "\n".join(lines) + "\n"


def _counts(rows: list[dict[str, str]]) -> str:
    venues = len({row["venue"] for row in rows})
    access = Counter(row["access"] for row in rows)
    evidence = Counter(row["evidence"] for row in rows if row["access"] == "public")
    by_evidence = ", ".join(f"{evidence[name]} {name}" for name in Evidence if evidence[name])
    return (
        f"{venues} venues; datasets answered without a key: {access['public']} ({by_evidence}), with one:"
        f" {access['needs a key']}, not published: {access['not published']}."
    )


def with_table(text: str) -> str:
    """The README's text with the table in its place; ValueError when the marks are gone."""
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}{venue_table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
