"""Rows as CSV, JSON and Parquet. Which rows is not decided here; spreadsheets are `workbook.py`.

CSV: UTF-8, a comma, `\\n`, quotes only where they are needed; NULL is empty and an empty text is `""`; days
are 2026-01-31, instants 2026-01-31T00:00:00Z. A text that a spreadsheet would run as a formula gets an
apostrophe in front; numbers, negative ones too, stay numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.export.tables import Extract, Table

_RUNS_AS_FORMULA = r"^([=+\-@\t\r])"
_NEEDS_QUOTES = r'[",\r\n]|^$'
_JSON = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
JSON_VERSION = 1


def write_csv(batches: pa.RecordBatchReader, file: BinaryIO) -> None:
    """The header and all rows."""
    header = pa.array(batches.schema.names, pa.string())
    file.write(",".join(_quoted(_defused(header)).to_pylist()).encode() + b"\n")
    for batch in batches:
        if batch.num_rows:
            cells = [_cells(column) for column in batch.columns]
            lines = pc.binary_join_element_wise(*cells, ",")
            file.write("\n".join(lines.to_pylist()).encode() + b"\n")


def _cells(column: pa.Array) -> pa.Array:
    """A column as the text of its CSV cells, NULL as nothing."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = _quoted(_defused(column))
    elif pa.types.is_timestamp(kind):
        text = pc.replace_substring(pc.cast(column, pa.string()), " ", "T")
        text = pc.replace_substring_regex(text, r"\.0+(Z?)$", r"\1")
    elif pa.types.is_nested(kind) or pa.types.is_interval(kind) or pa.types.is_binary(kind):
        written = [None if one is None else str(one) for one in column.to_pylist()]
        text = _quoted(_defused(pa.array(written, pa.string())))
    else:
        text = pc.cast(column, pa.string())
    return pc.fill_null(text, "")


def _defused(text: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(text, _RUNS_AS_FORMULA, r"'\1")


def _quoted(text: pa.Array) -> pa.Array:
    marks = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(text, _NEEDS_QUOTES), marks, text)


def write_parquet(
    batches: pa.RecordBatchReader, where: Path | BinaryIO, facts: dict[str, dict[str, str]] | None = None
) -> None:
    """zstd Parquet without a time of writing; `facts` of a column (unit, meaning) become field metadata."""
    fields = [one.with_metadata((facts or {}).get(one.name)) for one in batches.schema]
    schema = pa.schema(fields)
    with pq.ParquetWriter(where, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch.cast(schema), row_group_size=122_880)


def column_facts(table: Table) -> dict[str, dict[str, str]]:
    """Unit and meaning of each column, for a file's metadata."""
    return {
        one.name: {"meaning": one.meaning} | ({"unit": one.unit} if one.unit else {}) for one in table.columns
    }


def write_json(extract: Extract, file: BinaryIO, on_table: Callable[[str], None] = lambda _: None) -> None:
    """One document: facts, then each table with its columns (name, type, unit, meaning) and rows as arrays.

    `pandas.DataFrame(table["rows"], columns=[one["name"] for one in table["columns"]])` reads a table.
    Written as it is read: no table has to fit into memory.
    """
    head = {
        "version": JSON_VERSION,
        "first_day": extract.first_day,
        "last_day": extract.last_day,
        "about": extract.about,
    }
    file.write(orjson.dumps(head, option=_JSON)[:-1] + b',"tables":{')
    for position, table in enumerate(extract.tables):
        described = {
            "title": table.title,
            "grain": table.grain,
            "columns": [
                {"name": one.name, "type": one.kind, "unit": one.unit, "meaning": one.meaning}
                for one in table.columns
            ],
        }
        file.write(b",\n" if position else b"\n")
        file.write(orjson.dumps(table.name) + b":" + orjson.dumps(described, option=_JSON)[:-1])
        file.write(b',"rows":[')
        for at, row in enumerate(_rows(extract.batches(table))):
            file.write((b",\n" if at else b"\n") + orjson.dumps(row, option=_JSON, default=plain))
        file.write(b"]}")
        on_table(table.name)
    file.write(b"}}\n")


def write_records(columns: list[str], rows: Iterable[Iterable[Any]], file: BinaryIO) -> None:
    """A JSON list of objects, one a line: what a query answers."""
    separator = b"[\n"
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        file.write(separator + orjson.dumps(record, option=_JSON, default=plain))
        separator = b",\n"
    file.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def plain(cell: object) -> object:
    """A cell that JSON has no word for: whole decimals are integers, others doubles, the rest text."""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return cell.isoformat() if isinstance(cell, date | datetime) else str(cell)


def _rows(batches: pa.RecordBatchReader) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
