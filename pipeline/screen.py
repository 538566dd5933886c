"""How rows look to a person: a table that fits the screen, one record below the other where it does not.

In a pipe nothing is folded or cut, and there are no colours. Names come from venues: a control character in
one is shown, not sent to the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

MOST_ROWS = 200
LEAST_TEXT = 24  # cells that the widest column must be left with, or the rows become records
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def screen() -> Console:
    """Standard output: as wide as the terminal, or without a width in a pipe."""
    console = Console(markup=False, highlight=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(markup=False, highlight=False, emoji=False, width=100_000)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], most_rows: int = MOST_ROWS) -> None:
    """Print rows; more than `most_rows` are not shown, and that is said."""
    rows = iter(rows)
    shown = list(islice(rows, most_rows))
    is_cut = next(rows, None) is not None
    cells = [[cell_text(cell) for cell in row] for row in shown]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    console = screen()
    if not columns:
        return
    if sum(widths) + 2 * len(widths) - max(widths) + min(LEAST_TEXT, max(widths)) > console.width:
        _show_records(console, columns, cells)
    else:
        table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for at, name in enumerate(columns):
            is_text = widths[at] == max(widths)
            table.add_column(name, justify=_side([row[at] for row in shown]), no_wrap=not is_text)
        for row in cells:
            table.add_row(*row)
        console.print(table)
    if is_cut:
        console.print(f"only the first {most_rows} rows are shown: --format csv writes all")


def _show_records(console: Console, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    width = max(map(cell_len, columns))
    for at, row in enumerate(cells):
        if at:
            console.print()
        for name, cell in zip(columns, row, strict=True):
            console.print(f"{name:<{width}}  {cell}", soft_wrap=True)


def _side(cells: Sequence[object]) -> Any:  # noqa: ANN401 rich's own word for a side
    known = [cell for cell in cells if cell is not None]
    is_number = known and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known)
    return "right" if is_number else "left"


def cell_text(cell: object) -> str:
    """A cell as it is shown: NULL for nothing, long numbers shortened, control characters spelled out."""
    if cell is None:
        return "NULL"
    if isinstance(cell, float):
        return f"{cell:,.2f}" if abs(cell) >= 1000 else f"{cell:.6g}"
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", str(cell))
