"""Reads a workbook as a spreadsheet does: ZIP and XML, without the library that wrote it. No assertion here.

Values and looks only: what a cell holds, the pattern that shows its number, notes, charts and their ranges.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree as ET

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
BUILT_IN = {"0": "General", "1": "0"}  # number formats that a file need not spell out
DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 serial days have no zone


@dataclass(frozen=True)
class Cell:
    """What one cell holds: text, a number or a truth value; `pattern` is how its number is shown."""

    value: str | float | bool
    pattern: str
    is_bold: bool
    is_filled: bool
    has_formula: bool

    @property
    def instant(self) -> datetime:
        """The day or the instant that a serial number stands for."""
        return DAY_ZERO + timedelta(days=float(self.value))


class Workbook:
    """One file. Cells are addressed as in `A1`; an empty cell is not there."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}

    def _xml(self, part: str) -> ET.Element:
        return ET.fromstring(self.parts[part])  # noqa: S314 our own file

    @cached_property
    def sheets(self) -> dict[str, str]:
        """Name of each sheet, in order, and the part it is in."""
        targets = {one.get("Id"): one.get("Target") for one in self._xml("xl/_rels/workbook.xml.rels")}
        return {
            str(sheet.get("name")): f"xl/{targets[sheet.get(LINK)]}"
            for sheet in self._xml("xl/workbook.xml").iter(f"{MAIN}sheet")
        }

    @cached_property
    def _styles(self) -> list[tuple[str, bool, bool]]:
        root = self._xml("xl/styles.xml")
        patterns = {
            str(one.get("numFmtId")): str(one.get("formatCode")) for one in root.iter(f"{MAIN}numFmt")
        }
        bold = [font.find(f"{MAIN}b") is not None for font in root.iter(f"{MAIN}font")]
        filled = [fill.find(f"{MAIN}patternFill") for fill in root.iter(f"{MAIN}fill")]
        formats = root.find(f"{MAIN}cellXfs")
        assert formats is not None
        return [
            (
                {**BUILT_IN, **patterns}[str(one.get("numFmtId"))],
                bold[int(one.get("fontId", 0))],
                (shown := filled[int(one.get("fillId", 0))]) is not None
                and shown.get("patternType") == "solid",
            )
            for one in formats
        ]

    def cells(self, sheet: str) -> dict[str, Cell]:
        """Every cell of a sheet that holds something."""
        found = {}
        for one in self._xml(self.sheets[sheet]).iter(f"{MAIN}c"):
            inline, number = one.find(f"{MAIN}is"), one.find(f"{MAIN}v")
            if inline is None and number is None:
                continue
            value: str | float | bool
            if inline is not None:
                value = "".join(inline.itertext())
            elif number is not None:
                value = number.text == "1" if one.get("t") == "b" else float(number.text or "nan")
            look = self._styles[int(one.get("s", 0))]
            found[str(one.get("r"))] = Cell(value, *look, one.find(f"{MAIN}f") is not None)
        return found

    def table(self, sheet: str) -> tuple[list[str], list[list[Cell | None]]]:
        """The head of a sheet and its rows; None is an empty cell."""
        cells = self.cells(sheet)
        rows: dict[int, dict[int, Cell]] = {}
        for address, cell in cells.items():
            letters, row = re.fullmatch(r"([A-Z]+)(\d+)", address).groups()  # type: ignore[union-attr]
            column = 0
            for letter in letters:
                column = 26 * column + ord(letter) - 64
            rows.setdefault(int(row), {})[column - 1] = cell
        head = rows.pop(1)
        width = len(head)
        return [str(head[at].value) for at in range(width)], [
            [rows[row].get(at) for at in range(width)] for row in sorted(rows)
        ]

    def notes(self, sheet: str) -> dict[str, str]:
        """The note on each cell that has one."""
        part = self.sheets[sheet].rsplit("/", 1)
        links = self._xml(f"{part[0]}/_rels/{part[1]}.rels")
        target = next(str(one.get("Target")) for one in links if str(one.get("Type")).endswith("/comments"))
        return {
            str(one.get("ref")): "".join(one.itertext())
            for one in self._xml(f"xl/{target.removeprefix('../')}").iter(f"{MAIN}comment")
        }

    def view(self, sheet: str) -> tuple[str, str]:
        """The first cell that scrolls, and the range that has a filter."""
        root = self._xml(self.sheets[sheet])
        pane, kept = root.find(f".//{MAIN}pane"), root.find(f"{MAIN}autoFilter")
        assert pane is not None
        assert kept is not None
        return str(pane.get("topLeftCell")), str(kept.get("ref"))

    def charts(self) -> list[tuple[str, list[tuple[str, str, str]]]]:
        """Title of each chart, and the name, days and values of each of its lines."""
        found = []
        for name in sorted(part for part in self.parts if part.startswith("xl/charts/chart")):
            root = self._xml(name)
            title = root.find(f".//{CHART}title")
            assert title is not None
            lines = [
                tuple(
                    str(line.findtext(f"{CHART}{part}"))
                    for part in (f"tx/{CHART}v", f"cat//{CHART}f", f"val/{CHART}numRef/{CHART}f")
                )
                for line in root.iter(f"{CHART}ser")
            ]
            found.append(("".join(one.text or "" for one in title.iter(f"{DRAWING}t")), lines))
        return found  # type: ignore[return-value]
