"""The README's table of venues, made from their own declarations. `make readme` writes it into the file.

One row a venue; the whole of it, with units and links, is a page of the site. No test lives here;
`test_readme.py` compares.
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
    """Counts, and a Markdown table with a row a venue. Lists of markets are left out, they have no unit."""
    rows = [row for row in venue_rows() if row["dataset"] != "markets"]
    lines = [_counts(rows), ""]
    lines += ["| Venue | Open interest: unit, own history, evidence | Without a key, too | With a key |"]
    lines += ["|---|---|---|---|"]
    for venue, grouped in groupby(rows, key=lambda row: row["venue"]):
        of_venue = list(grouped)
        (level,) = (row for row in of_venue if row["dataset"] == "open_interest")
        first = level["access"]
        if level["access"] == "public":
            first = f"{level['unit']}, {level['history']}, {level['evidence']}"
        public, keyed = (
            ", ".join(
                row["dataset"].replace("_", " ")
                for row in of_venue
                if row["access"] == access and row["dataset"] != "open_interest"
            )
            for access in ("public", "needs a key")
        )
        lines.append(f"| {venue} | {first} | {public} | {keyed} |")
    checks = ", ".join(f"{venue} {day}" for venue, day in LAST_LIVE_CHECK.items())
    lines += ["", f"Last checked live: {checks or 'none of them'}."]
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
    return before + BEGIN + venue_table() + END + after


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
