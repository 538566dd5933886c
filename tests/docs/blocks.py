"""Finds the code blocks of a document, runs them as a reader would, and says what the document must show.

Three kinds are run: `console` (lines that begin with `$ `, each with its output below, where `...` stands for
any lines), `sql` on the published file (followed by a table of the answer), and `python` (followed by a
`text` block where it prints). A block that cannot run here begins with NOT_RUN and a reason of REASONS.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(".margin-debt") / "demo"
NOT_RUN = "# not run in the tests: "
REASONS = {
    "asks live venues",
    "installs packages",
    "is the whole suite or a tool of the house",
}
FORMS = ("console", "sql", "python", "text", "yaml", "ini")
SECONDS = 300
_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```\n(\n(?:\|[^\n]*\n)+)?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, text, the table right after it, and where it ends in the document."""

    form: str
    text: str
    table: str
    start: int
    end: int

    @property
    def reason(self) -> str | None:
        """Why it is not run, None if it is."""
        first = self.text.partition("\n")[0].strip()
        return first.removeprefix(NOT_RUN) if first.startswith(NOT_RUN) else None


def documents() -> list[Path]:
    """Every document of the house with blocks for a reader."""
    roots = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [*roots, *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> list[Block]:
    """The fenced blocks in their order."""
    return [
        Block(match[1], match[2], (match[3] or "").lstrip("\n"), match.start(), match.end())
        for match in _BLOCK.finditer(text)
    ]


@dataclass(frozen=True)
class Shown:
    """What a document shows at a place, and what came out."""

    start: int
    end: int
    shown: str
    came: str

    @property
    def agrees(self) -> bool:
        """Line by line; `...` stands for any lines."""
        parts = re.split(r"^\.\.\.\n", self.shown, flags=re.MULTILINE)
        pattern = "(?:[^\n]*\n)*?".join(re.escape(part) for part in parts)
        return re.fullmatch(pattern, self.came) is not None


def run(text: str, folder: Path, programs: str, known: Mapping[str, str]) -> Iterator[Shown]:
    """Run the blocks of one document in `folder` (which holds HOME), with `programs` first on PATH.

    known: commands that were run already, and what they printed.
    """
    found = [block for block in blocks(text) if block.reason is None]
    shell = [block for block in found if block.form == "console"]
    if shell:
        yield from _console(shell, text, folder, programs, known)
    namespace: dict[str, Any] = {}
    for place, block in enumerate(found):
        if block.form == "sql":
            came = answer(block.text, folder / HOME)
            at = block.end - len(block.table)
            yield Shown(at, block.end, block.table, came if block.table else f"\n{came}")
        elif block.form == "python":
            printed = _printed(block.text, namespace, folder)
            after = found[place + 1] if place + 1 < len(found) else None
            is_output = (
                after is not None and after.form == "text" and not text[block.end : after.start].strip()
            )
            if after is not None and is_output:
                at = text.index("\n", after.start) + 1
                yield Shown(at, at + len(after.text), after.text, printed)
            else:
                yield Shown(block.end, block.end, "", printed)


def answer(sql: str, home: Path) -> str:
    """The rows of one SELECT on the published file of a home, as a Markdown table."""
    with duckdb.connect(str(home / "serving" / "margin_debt.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        result = connection.execute(sql)
        names = [column[0] for column in result.description or []]
        rows = [[_cell(cell) for cell in row] for row in result.fetchall()]
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(cell: object) -> str:
    if cell is None:
        return "NULL"
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell).replace("|", "\\|")


def commands(block: Block) -> list[tuple[str, str]]:
    """The commands of a console block and the output below each; four spaces before a line: it goes on."""
    found = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        match = re.match(r"[^\n]*\n(?: {4}[^\n]*\n)*", part)
        assert match is not None
        found.append((match[0].rstrip("\n"), part[match.end() :]))
    return found


def _console(
    found: list[Block], text: str, folder: Path, programs: str, known: Mapping[str, str]
) -> Iterator[Shown]:
    """All console blocks of a document in one shell, so that an `export` holds for those below."""
    mark = "<<<after a command>>>"
    wanted = [(block, *pair) for block in found for pair in commands(block)]
    script = "".join(f"{':' if command in known else command}\necho '{mark}'\n" for _, command, _ in wanted)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARGIN_DEBT_")}
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**environment, "PATH": f"{programs}:{environment['PATH']}", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    came = [tidy(part, folder) for part in ended.stdout.split(f"{mark}\n")]
    for (block, command, shown), output in zip(wanted, came, strict=False):
        start = text.index(command + "\n", block.start) + len(command) + 1
        yield Shown(start, start + len(shown), shown, known.get(command, output))


def tidy(output: str, folder: Path) -> str:
    """Output without spaces at the ends of lines, and with the reader's folder for ours."""
    lines = output.replace(str(folder.resolve()), "~/md").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _printed(code: str, namespace: dict[str, Any], folder: Path) -> str:
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, namespace)  # noqa: S102 our own documents
    return tidy(out.getvalue(), folder)
