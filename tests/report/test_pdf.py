"""The report on paper: every picture inside, the same bytes again, and a remedy where it cannot be made."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from made_reports import ABOUT, PRODUCED_AT, make_database

from pipeline.errors import UsageError
from pipeline.export.pdf import printed, write_pdf
from pipeline.export.tables import Span, extract
from pipeline.report.data import ReportData
from pipeline.report.pictures import charts_of


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database(tmp_path_factory.mktemp("month") / "margin_debt.duckdb", days=30)


@dataclass(frozen=True)
class Printed:
    """The same tables printed twice: the files, and the page each was made of."""

    files: list[bytes]
    pages: list[str]


@pytest.fixture(scope="module")
def twice(month: Path, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    folder, pages = tmp_path_factory.mktemp("printed"), list[str]()

    def kept(data: ReportData) -> str:
        pages.append(printed(data))
        return pages[-1]

    with pytest.MonkeyPatch.context() as patch, duckdb.connect(str(month), read_only=True) as connection:
        patch.setattr("pipeline.export.pdf.printed", kept)
        chosen = extract(connection, ("margin_debt_daily",), Span(), ABOUT)
        for name in ("one.pdf", "two.pdf"):
            write_pdf(chosen, folder / name, PRODUCED_AT)
    return Printed([(folder / name).read_bytes() for name in ("one.pdf", "two.pdf")], pages)


def test_the_same_tables_give_the_same_pdf(twice: Printed) -> None:
    first, second = twice.files
    assert first.startswith(b"%PDF-")
    assert first.rstrip().endswith(b"%%EOF")
    assert first == second


def test_every_chart_is_a_picture_inside_the_page_and_made_data_are_named(
    month: Path, twice: Printed
) -> None:
    text = twice.pages[0]
    sources = re.findall(r'<img src="([^"]+)"', text)
    assert len(sources) == len(charts_of(month, None, ABOUT)) > 10
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "Made data." in text


def test_without_the_extra_the_sentence_says_what_to_install(
    month: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with duckdb.connect(str(month), read_only=True) as connection:
        chosen = extract(connection, ("margin_debt_daily",), Span(), ABOUT)
        with pytest.raises(UsageError, match=r"pip install 'margin-debt\[pdf\]'"):
            write_pdf(chosen, tmp_path / "none.pdf", PRODUCED_AT)
    assert not list(tmp_path.iterdir())
