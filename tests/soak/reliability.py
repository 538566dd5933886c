"""Writes RELIABILITY.md from what the long tests left: `python tests/soak/reliability.py FOLDER`.

FOLDER holds a file of JSON lines a part (tests/soak_results.py). A part that was not run says so. What the
tests expect is in the tests.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from promises import PROMISES

from pipeline.clock import SystemClock

PAGE = Path(__file__).resolve().parents[2] / "RELIABILITY.md"
# name of the file of results, heading, what was done
PARTS = (
    ("faults", "Faults of venues", "The embedded exchange misbehaves; every other venue's rows stay equal."),
    ("damage", "Damage", "What a machine does to a home."),
    (
        "kills",
        "Kills",
        "kill -9 at a random instant of a phase, a second process reading all the while. After each one the"
        " published marts are whole; after the next undisturbed run they equal those of a home never killed.",
    ),
    ("compact_kills", "Kills while merging raw files", "One kill before each rename and each removal."),
    (
        "compact",
        "Merging raw files",
        "`margin-debt compact` on 30 days; every mart stays equal.",
    ),
    ("readers", "Readers", "Half of them in Python, half through DuckDB's command line."),
    ("soak", "Day after day", "Growth a day, by least squares, after 20 days of warm-up."),
    (
        "fuzz",
        "Fuzzing",
        "Venues' answers, changed at random; a finding is anything but a declared error. A row of fewer kinds"
        " was run before the youngest kind, a number of a billion digits, was thought of.",
    ),
)
FOUND = (
    "A warehouse file that was no database stopped every run: it is put aside now and built anew from raw.",
    "A raw file cut short was told once a step, without a remedy: it is one sentence now, with what to do.",
    "A finite but absurd number of one venue (1e13 coins, a rate of 5 an hour, a price of 1e12) stopped the"
    " tables of all: it is unknown or excluded now, with the reason beside it.",
    "Binance's funding history walked on from the last row of a page: in another order it ended early, and"
    " what lay behind was missing without a word.",
    "A venue that repeated a page ended the walk of its history as if it were whole, and Backpack's never"
    " ended: the log says partial now, and why.",
    "A market whose row in the list could not be read counted as closed, with a true zero: for a week it is"
    " not seen now.",
    "A funding rate of 2 % an hour, which venues do charge, was 175 a year and stopped the tables.",
    "A venue whose clock was hours off answered rows that count for no day, and the run called itself whole:"
    " it is a gap now, exit code 3.",
    "A key that a venue repeated in a row it answered was kept in raw.",
    "Zero-width and other invisible letters reached the terminal.",
    "A newest row whose time was `true` counted as the oldest on Bitget, Gate, HTX, Bitfinex: it is refused.",
    "A text in the place of Bitfinex's margins was read letter by letter: it is refused.",
    "The largest leverage of Hyperliquid, Pacifica and HashKey was cut to a whole number by ccxt: it is read"
    " as sent.",
    "One market whose price was said to have 1e30 decimals (WhiteBIT) let ccxt write zeros until the memory"
    " of the run was full, and 1e999999999 lets it count for hours: both are errors of that venue now.",
    "An answer of a megabyte that unpacks to a gibibyte was unpacked: more than 64 MiB are not read.",
    "A long-short ratio of Bitget dated to the year 2046 stood as the newest: what claims to be of a day to"
    " come is refused.",
    "A market said twice in one answer with different numbers (Lighter) counted with one of them: it is not"
    " known now.",
    "A funding interval of 92 days (Phemex) was kept: more than a week is refused.",
    "A coin whose seen positions were all closed while another venue's came back stopped the tables of all:"
    " who left first is told by exact differences now.",
    "A market list that lost most of its markets ended with exit code 0: it is a gap now, exit code 3.",
    "A key that a venue repeated and a message cut was told in part: keys are removed before"
    " anything is cut.",
    "A key in the place of a name was kept in raw, and one in a market list in the kept list.",
    "A problem's sentence held a refused name as it was, invisible letters included: it is one"
    " printable line.",
    "An identity that compared nothing was called kept.",
)


def main(folder: Path) -> None:
    """Write the page."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    lines = [
        "# Reliability",
        "",
        "Written by `make soak`; what each figure means is in the tests named below. The runs behind Kills"
        " and Day after day call the daily job's own steps in their order, on two venues and eight"
        " markets, without Dagster's bookkeeping and the quality pages.",
        "",
        f"{SystemClock().now():%Y-%m-%d}, {os.cpu_count()} cores, {memory_gib:.0f} GiB,"
        f" Python {platform.python_version()}, DuckDB {importlib.metadata.version('duckdb')}."
        " Seconds are processor time.",
    ]
    for name, heading, meaning in PARTS:
        path = folder / f"{name}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        table = _table(rows) if rows else ["Not run for this page."]
        lines += ["", f"## {heading}", "", meaning, "", *table]
    promises = [{"promise": promise, "held by": f"`{test}`"} for promise, test in PROMISES.items()]
    lines += ["", "## Promises", "", *_table(promises)]
    lines += ["", "## Found and mended", "", *(f"- {one}" for one in FOUND)]
    PAGE.write_text("\n".join(lines) + "\n")


def _table(rows: Sequence[dict[str, object]]) -> list[str]:
    """A Markdown table of rows with equal keys."""
    names = list(rows[0])
    head = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---" * len(names) + "|"]
    return [*head, *("| " + " | ".join(_shown(row.get(name)) for name in names) + " |" for row in rows)]


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1 else f"{value:.1f}"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_shown(one)}" for name, one in value.items())
    return str(value).replace("|", "\\|")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
