"""The report on paper: every picture inside, the same bytes again, and a remedy where it cannot be made."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb
import pytest
from made_reports import ABOUT, PRODUCED_AT, make_database

from pipeline.errors import UsageError
from pipeline.export.pdf import printed, write_pdf
from pipeline.export.tables import Span, extract
from pipeline.report.base import published as opened
from pipeline.report.pictures import charts_of


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database(tmp_path_factory.mktemp("month") / "margin_debt.duckdb", days=30)


def test_the_same_tables_give_the_same_pdf(month: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(month), read_only=True) as connection:
        chosen = extract(connection, ("margin_debt_daily",), Span(), ABOUT)
        for name in ("one.pdf", "two.pdf"):
            write_pdf(chosen, tmp_path / name, PRODUCED_AT)
    first = (tmp_path / "one.pdf").read_bytes()
    assert first.startswith(b"%PDF-")
    assert first.rstrip().endswith(b"%%EOF")
    assert first == (tmp_path / "two.pdf").read_bytes()


def test_every_chart_is_a_picture_inside_the_page_and_made_data_are_named(month: Path) -> None:
    with opened(month, None, PRODUCED_AT, ABOUT) as data:
        text = printed(data)
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
