"""What a section hands over: figures, tables, charts and sentences as plain data, no HTML.

The template turns each block into HTML and escapes every text, so a name a venue invented cannot become
markup. Series are kept as columns: the page holds one block of columns that all charts share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from pipeline.report import words

TABLE_ROWS = 30
PROSE_LETTERS = 30  # a last cell longer than this is read, not compared


@dataclass(frozen=True)
class Series:
    """One column of numbers or words; `key` is unique in its frame, ends in the unit, and is a plain word.

    `unit` (usd, ratio, number, text, or day for ISO dates) says how the page writes a value; `tone` is its
    colour in the style sheet and `dash` its line pattern, so that lines differ without colour; a filled
    one is an area.
    """

    key: str
    label: str
    values: Sequence[Any]
    unit: str = "number"
    tone: str = "accent"
    dash: tuple[int, ...] = ()
    is_filled: bool = False

    def shown(self, position: int) -> str:
        """The value at `position` as a reader sees it."""
        writers = {
            "usd": words.usd, "ratio": words.percent, "number": words.plain,
            "text": words.text, "day": words.text,
        }  # fmt: skip
        return writers[self.unit](self.values[position])


@dataclass(frozen=True)
class Chart:
    """A finding with its picture, its numbers and its unit.

    `frame` names the table of columns the series belong to (`day` for time series); `index` is its key
    column. `spec` is a Vega-Lite specification over the data set `rows`; empty, there is nothing to draw.
    """

    kind: ClassVar[str] = "chart"
    key: str
    title: str
    note: str
    frame: str
    index: Series
    series: tuple[Series, ...]
    spec: Mapping[str, Any]
    has_legend: bool = True

    @property
    def is_daily(self) -> bool:
        """Whether a row is a day, so that the page can read out one day after the other."""
        return self.frame == "day"

    @property
    def table(self) -> Table:
        """Every row; of days only the last 30, the newest first."""
        size = len(self.index.values)
        positions = range(size - 1, max(-1, size - 1 - TABLE_ROWS), -1) if self.is_daily else range(size)
        return Table(
            title=f"Numbers of: {self.title}",
            columns=(
                Column(self.index.label, is_number=False),
                *(Column(one.label, is_number=one.unit not in ("text", "day")) for one in self.series),
            ),
            rows=tuple((self.index.shown(at), *(one.shown(at) for one in self.series)) for at in positions),
        )


@dataclass(frozen=True)
class Column:
    """A table column; numbers are set to the right."""

    label: str
    is_number: bool = True


@dataclass(frozen=True)
class Table:
    """Rows of finished text. `level_column` is the position of a column that holds risk levels."""

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    is_folded: bool = False
    level_column: int | None = None

    @cached_property  # asked for every cell
    def has_prose(self) -> bool:
        """Whether rows end in sentences: on a telephone such a row is stacked, each cell under its name."""
        if self.level_column is not None or self.columns[-1].is_number:
            return False
        return any(len(row[-1]) > PROSE_LETTERS for row in self.rows)


@dataclass(frozen=True)
class Figure:
    """One number a reader carries away: value with unit, what it covers, and how it changed."""

    label: str
    value: str
    coverage: str
    changes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Figures:
    """Figures side by side."""

    kind: ClassVar[str] = "figures"
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Banner:
    """The level of the day in one sentence; `debt` is the amount that the index of all days repeats."""

    kind: ClassVar[str] = "banner"
    level: str
    sentence: str
    as_of: str
    debt: str


@dataclass(frozen=True)
class Listing:
    """Short sentences under a small heading."""

    kind: ClassVar[str] = "listing"
    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Terms and what they mean."""

    kind: ClassVar[str] = "facts"
    title: str
    pairs: tuple[tuple[str, str], ...]


Block = Banner | Chart | Facts | Figures | Listing | Table


@dataclass(frozen=True)
class SectionContent:
    """A section's one-sentence finding and its blocks, in reading order."""

    lead: str
    blocks: tuple[Block, ...]
