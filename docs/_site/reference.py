"""Makes the reference pages from what the code itself declares: Markdown, one text a page.

Commands come from the command line's own tree, tables from the headers of the models, queries from theirs,
signals and methods from their docstrings, venues from their declarations. No fact is written here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import groupby

import click
import typer
import yaml
from sqlglot import exp

from pipeline.cli import app
from pipeline.files import PACKAGE, SQL
from pipeline.look import venue_rows
from pipeline.models import Model, described_columns, read_models

_RULE = re.compile(r"=+(?: +=+)+")  # the lines of a table in a docstring


def pages() -> dict[str, str]:
    """Name of the page -> its Markdown."""
    return {
        "commands": _commands(),
        "tables": _tables(),
        "queries": _queries(),
        "signals": _signals(),
        "methods": _methods(),
        "venues": _venues(),
    }


def _commands() -> str:
    lines = ["# Commands", "", "As `margin-debt COMMAND --help` prints them.", ""]
    group = typer.main.get_command(app)
    for path, command in _leaves(group, ("margin-debt",)):
        about, _, example = (command.help or "").partition("Example:")
        lines += [f"## {' '.join(path[1:])}", "", " ".join(about.split()), ""]
        if example:
            lines += [f"Example: `{' '.join(example.split())}`", ""]
        arguments = [one.name for one in command.params if one.param_type_name == "argument"]
        lines += [f"Usage: `{' '.join([*path, '[OPTIONS]', *(name.upper() for name in arguments)])}`", ""]
        lines += ["| Option | | Default |", "|---|---|---|"]
        for one in command.params:
            name = one.name.upper() if one.name in arguments else ", ".join(one.opts)
            default = "" if one.default in (None, False, ...) or callable(one.default) else f"`{one.default}`"
            lines.append(f"| `{name}` | {_cell(getattr(one, 'help', None) or '')} | {default} |")
        lines.append("")
    return "\n".join(lines)


def _leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, one in sorted(below.items()):
        yield from _leaves(one, (*path, name))


def _tables() -> str:
    models = {model.table: model for model in read_models()}
    marts = sorted((model for model in models.values() if model.schema == "marts"), key=lambda m: m.name)
    lines = [
        "# Tables",
        "",
        f"The {len(marts)} tables of the published file; beside their first column stand",
    ]
    lines += [
        "what one row is and what the table is made of. Units are the ends of names: `_usd` US dollars,"
    ]
    lines += [
        "`_base` coins, `_ratio` a plain fraction (0.25 is a quarter), `_apr` a fraction a year, simple;"
    ]
    lines += ["`_at` a UTC instant, `day` a UTC date. NULL is unseen or undefined, never zero.", ""]
    for model in marts:
        described = described_columns(model, models)
        lines += [f"## {model.name}", "", f"{model.title}.", ""]
        lines += [f"One row a {', '.join(f'`{name}`' for name in model.grain)}. ", ""]
        lines += ["| Column | Meaning |", "|---|---|"]
        lines += [f"| `{name}` | {_cell(described[name])} |" for name in _columns(model.tree, models)]
        lines += ["", f"Made from {', '.join(f'`{name}`' for name in model.reads)}.", ""]
    lines += ["## Before them", "", "Tables of the warehouse that the published ones are made from.", ""]
    lines += ["| Table | |", "|---|---|"]
    lines += [f"| `{one.table}` | {_cell(one.title)} |" for one in models.values() if one.schema != "marts"]
    return "\n".join(lines) + "\n"


def _columns(query: exp.Expression, models: dict[str, Model]) -> list[str]:
    """Columns of a query in their order; a star stands for those of the part or model that it reads."""
    if isinstance(query, exp.SetOperation):
        return _columns(query.left, models)
    parts = {one.alias: one.this for one in query.root().find_all(exp.CTE)}
    found = []
    for one in query.selects:
        if not one.is_star:
            found.append(one.alias_or_name)
            continue
        read = query.args["from_"].this
        inner = parts[read.name] if read.name in parts else models[f"{read.db}.{read.name}"].tree
        found += _columns(inner, models)
    return found


def _queries() -> str:
    lines = ["# Questions", "", "Ready queries of `sql/queries`, one file each.", ""]
    for path in sorted((SQL / "queries").glob("*.sql")):
        _, head, select = re.split(r"/\*|\*/", path.read_text(), maxsplit=2)
        header = yaml.safe_load(head)
        lines += [f"## {path.stem}", "", f"{header['title']}.", ""]
        if header["parameters"]:
            lines += ["| Parameter | | Default |", "|---|---|---|"]
        for name, about in header["parameters"].items():
            default = "" if about["default"] is None else f"`{about['default']}`"
            lines.append(f"| `{name}` ({about['type']}) | {_cell(about['meaning'])} | {default} |")
        lines += ["", '??? note "SQL"', "", "    ```sql"]
        lines += [f"    {line}".rstrip() for line in select.strip().splitlines()] + ["    ```", ""]
    return "\n".join(lines)


def _signals() -> str:
    lines = ["# Signals", "", "What each measures, its null hypothesis, window, history and thresholds.", ""]
    for path in sorted((PACKAGE / "signals").glob("*.py")):
        tree = ast.parse(path.read_text())
        is_signal = any(
            isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "SIGNAL" for one in tree.body
        )
        if is_signal or path.stem == "composite":
            lines += [f"## {path.stem}", "", _prose(ast.get_docstring(tree) or ""), ""]
    return "\n".join(lines)


def _methods() -> str:
    lines = ["# Methods", "", "The formulas, without any reading of files: `pipeline/methods`.", ""]
    for path in sorted((PACKAGE / "methods").glob("*.py")):
        if path.stem == "__init__":
            continue
        tree = ast.parse(path.read_text())
        lines += [f"## {path.stem}", "", _prose(ast.get_docstring(tree) or ""), ""]
        for one in tree.body:
            if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
                signature = f"{one.name}({ast.unparse(one.args)})"
                lines += [f"### {one.name}", "", "```python", signature, "```", ""]
                lines += [_prose(ast.get_docstring(one) or ""), ""]
    return "\n".join(lines)


def _venues() -> str:
    lines = ["# Venues", "", "What each venue publishes, in which unit, how it is asked, how deep its own"]
    lines += [
        "history goes, and what vouches for the unit: `recorded` answers, the venue's `documented` words,"
    ]
    lines += [
        "`ccxt_source` (ccxt's code and examples alone), or `none`: collected, flagged and in no total.",
        "",
    ]
    for venue, rows in groupby(venue_rows(), key=lambda row: row["venue"]):
        lines += [
            f"## {venue}",
            "",
            "| Dataset | Unit | Asked | History | Evidence | |",
            "|---|---|---|---|---|---|",
        ]
        for row in rows:
            link = f"[documents]({row['link']}) " if row.get("link", "").startswith("http") else ""
            cells = [row["dataset"], row["access"], "", "", ""]
            if "unit" in row:
                asked = row["calls"] if row["access"] == "public" else f"{row['calls']}, with a key"
                cells = [row["dataset"], row["unit"], asked, row["history"], row["evidence"]]
            lines.append(
                f"| {' | '.join(one.replace('_', ' ') for one in cells)} | {link}{_cell(row['note'])} |"
            )
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text as it may stand in a cell of a table; what looks like markup is shown as it is."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _prose(docstring: str) -> str:
    """A docstring as Markdown: its tables become tables, its underlined heading is left out."""
    blocks = []
    for block in re.sub(r"^Notes\n-+\n", "", docstring, flags=re.MULTILINE).split("\n\n"):
        if _RULE.match(block):
            blocks.append(_table(block.splitlines()))
        elif block.startswith(">>>"):
            blocks.append(f"```python\n{block}\n```")
        else:
            blocks.append(block.replace("<", "&lt;"))
    return "\n\n".join(blocks)


def _table(lines: list[str]) -> str:
    """A table drawn with rows of = as a Markdown table; a line that begins with a space goes on."""
    starts = [match.start() for match in re.finditer(r"=+", lines[0])]
    spans = list(zip(starts, [*starts[1:], None], strict=True))
    rows: list[list[str]] = []
    for line in lines:
        if _RULE.match(line):
            continue
        cells = [_cell(line[start:end]) for start, end in spans]
        if cells[0] or not rows:
            rows.append(cells)
        else:
            rows[-1] = [f"{above} {below}".strip() for above, below in zip(rows[-1], cells, strict=True)]
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(spans), *body])
