"""The README's table of venues, made from their own declarations. `make readme` writes it into the file.

No test lives here; `test_readme.py` compares.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.look import venue_rows

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- venues: begin -->\n", "<!-- venues: end -->\n"
# Venue -> day its answers were last compared with what is declared, live. A venue that is not here: never.
LAST_LIVE_CHECK: dict[str, str] = {}


def venue_table() -> str:
    """A Markdown table, one row a venue and dataset; lists of markets are left out, they have no unit."""
    lines = ["| Venue | Dataset | Unit | Asked | History | Evidence |", "|---|---|---|---|---|---|"]
    rows = venue_rows()
    for row in rows:
        if row["dataset"] == "markets":
            continue
        if row["access"] == "public":
            cells = (row["unit"], row["calls"].replace("_", " "), row["history"], row["evidence"])
        else:
            cells = (row["access"], "", "", "")
        lines.append(f"| {' | '.join((row['venue'], row['dataset'], *cells))} |")
    checks = {row["venue"]: LAST_LIVE_CHECK.get(row["venue"], "never") for row in rows}
    lines += ["", f"Last checked live: {', '.join(f'{venue} {day}' for venue, day in checks.items())}."]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The README's text with the table in its place; ValueError when the marks are gone."""
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}{venue_table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
