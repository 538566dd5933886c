"""What `margin-debt export` does: choose, write beside the target, put in place. No format is known here
beyond its name; how rows look in a file is the other modules' business.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.console import Console
from pipeline.errors import UsageError
from pipeline.export.tables import Extract, Span, extract
from pipeline.export.text import column_facts, write_csv, write_json, write_parquet
from pipeline.settings import Settings
from pipeline.source import recorded
from pipeline.warehouse import open_published

FOLDER_FORMATS = ("csv", "parquet")  # one file a table
REPORT_FORMATS = ("html", "pdf")  # the report of a day
PROJECT = "dbt"  # the models themselves, no rows
FORMATS = (*FOLDER_FORMATS, "xlsx", "html", "json", "pdf", PROJECT)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What was asked for: published tables by name (none: all) and days, into `out`."""

    form: str
    out: Path
    tables: Sequence[str] = ()
    span: Span = field(default_factory=Span)
    is_forced: bool = False


def export(settings: Settings, request: Request, console: Console) -> list[Path]:
    """Write the files and return their paths; an export that fails leaves what was there before.

    The same published tables give the same bytes. csv and parquet are a folder with a file a table, or one
    file when `out` ends in `.csv` or `.parquet` and one table is asked for; the others are one file.
    Raises UsageError for what cannot be exported, and when `out` exists and is_forced is not set.
    """
    if request.form not in FORMATS:
        message = f"--format {request.form} is not known: use {', '.join(FORMATS)}"
        raise UsageError(message)
    is_folder = request.form in FOLDER_FORMATS and request.out.suffix != f".{request.form}"
    _may_write(request, is_folder or request.form == PROJECT)
    if request.form == PROJECT:
        return _write_project(request)
    if request.form in REPORT_FORMATS and request.tables:
        message = f"--format {request.form} is the report of a day: leave the tables out, or write xlsx"
        raise UsageError(message)
    connection = open_published(settings.serving)
    try:
        chosen = extract(connection, request.tables, request.span, recorded(settings.home).about())
        if not is_folder and request.form in FOLDER_FORMATS and len(chosen.tables) != 1:
            message = (
                f"{len(chosen.tables)} tables do not fit into the one file {request.out}: "
                f"name one table, or a folder without the ending .{request.form}"
            )
            raise UsageError(message)
        console.on_tables(len(chosen.tables))
        return _write_beside(settings, request, chosen, console.on_table, is_folder=is_folder)
    except OSError as problem:
        message = f"cannot write {request.out} ({problem.strerror}): name another path with --out"
        raise UsageError(message) from problem
    finally:
        connection.close()


def _write_project(request: Request) -> list[Path]:
    """The dbt project, into a folder beside the target, then file by file in its place."""
    from pipeline.export.dbt import write_project  # noqa: PLC0415 only here

    if request.tables or request.span != Span():
        message = "--format dbt is the models, all of them: leave tables and days out"
        raise UsageError(message)
    try:
        request.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=request.out.parent) as beside:
            write_project(Path(beside))
            return [_moved(file, request.out / file.relative_to(beside)) for file in _files(Path(beside))]
    except OSError as problem:
        message = f"cannot write {request.out} ({problem.strerror}): name another path with --out"
        raise UsageError(message) from problem


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _moved(file: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return file.replace(target)


def _write_beside(
    settings: Settings, request: Request, chosen: Extract, on_table: Tell, *, is_folder: bool
) -> list[Path]:
    """All of it into a folder beside the target, then in its place."""
    out = request.out
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=out.parent) as beside:
        part = Path(beside) / out.name
        if not is_folder:
            _write(settings, request.form, chosen, part, on_table)
            return [part.replace(out)]
        part.mkdir()
        for table in chosen.tables:
            file = part / f"{table.name}.{request.form}"
            _write(settings, request.form, replace(chosen, tables=(table,)), file, on_table)
        out.mkdir(exist_ok=True)  # other files in it stay
        return [file.replace(out / file.name) for file in sorted(part.iterdir())]


def _write(settings: Settings, form: str, chosen: Extract, path: Path, on_table: Tell) -> None:
    if form == "csv":
        with path.open("wb") as file:
            write_csv(chosen.batches(chosen.tables[0]), file)
        on_table(chosen.tables[0].name)
    elif form == "parquet":
        (table,) = chosen.tables
        write_parquet(chosen.batches(table), path, column_facts(table))
        on_table(table.name)
    elif form == "json":
        with path.open("wb") as file:
            write_json(chosen, file, on_table)
    elif form == "xlsx":
        from pipeline.export.workbook import write_workbook  # noqa: PLC0415 only here

        write_workbook(chosen, path, on_table)
    else:
        # when the numbers were published, not when they were copied: the same home gives the same bytes
        produced_at = datetime.fromtimestamp(settings.serving.stat().st_mtime, UTC)
        if form == "pdf":
            from pipeline.export.pdf import write_pdf as write  # noqa: PLC0415 charts take a second to import
        else:
            from pipeline.export.pages import write_page as write  # noqa: PLC0415
        write(chosen, path, produced_at)


def _may_write(request: Request, is_folder: bool) -> None:
    out = request.out
    if out.is_dir() and not is_folder:
        one = out / f"margin_debt.{request.form}"
        message = f"{out} is a folder and {request.form} is one file: name the file, such as {one}"
        raise UsageError(message)
    if out.exists() and not out.is_dir() and is_folder:
        message = f"{out} is a file and {request.form} is a folder of files: name a folder"
        raise UsageError(message)
    is_taken = any(out.iterdir()) if out.is_dir() else out.exists()
    if is_taken and not request.is_forced:
        message = f"{out} exists: name another path, or replace it with --force"
        raise UsageError(message)
