"""The pages of the quality suites: what they say, and that what a venue sends cannot act in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from pipeline.quality.docs import write_page
from pipeline.quality.gate import validate
from pipeline.quality.rules import Suite, between, within
from pipeline.quality.tables import TableResult

NOW = datetime(2026, 3, 2, 0, 20, tzinfo=UTC)
HOSTILE = '<script>alert("$PARAMETER")</script>\u202e' + "x" * 10_000


class Elements(HTMLParser):
    """Every element and address of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]


def judged(name: str, kinds: list[str], prices: list[float | None]) -> TableResult:
    rules = (within("kind", "swap"), between("price", 0, 10, is_blocking=True))
    suite = Suite(f"staging.{name}", {"kind": "varchar", "price": "double"}, ("kind",), rules)
    found = validate(name, pd.DataFrame({"kind": kinds, "price": prices}), rules)
    return TableResult(suite, (found,), {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("pages")
    write_page(target, judged("odd", ["swap", HOSTILE], [5.0, 77.0]), NOW)
    write_page(target, judged("clean", ["swap"], [5.0]), NOW)
    write_page(target, judged("empty", ["swap"], [None]), NOW)
    return target


def test_a_page_says_what_broke_and_what_it_stops(folder: Path) -> None:
    text = (folder / "staging.odd.html").read_text()
    assert "2 rules, 2 broken; a broken one stops the build; judged at 2026-03-02 00:20 UTC" in text
    assert "77" in text
    clean = (folder / "staging.clean.html").read_text()
    assert "2 rules, 0 broken; judged at" in clean
    assert "77" not in re.sub(r"[0-9a-f-]{20,}", "", clean)  # nothing of another page; identifiers aside


def test_a_rule_that_compared_nothing_is_not_called_kept(folder: Path) -> None:
    """No row has a price: only the rule about kinds is marked as kept."""
    text = (folder / "staging.empty.html").read_text()
    assert "2 rules, 0 broken, 1 with nothing to compare; judged at" in text
    body = text[text.index("</style>") :]
    assert body.count("fa-check-circle") == 1
    price = body[body.index("less than or equal to") :]
    assert "nothing to compare" in price[: price.index("</tr>")]
    clean = (folder / "staging.clean.html").read_text()
    assert clean[clean.index("</style>") :].count("fa-check-circle") == 2
    assert "nothing to compare" not in clean


def test_what_a_venue_sends_is_text(folder: Path) -> None:
    text = (folder / "staging.odd.html").read_text()
    page = Elements(text)
    assert "script" not in page.names
    assert "alert(" in text
    assert "\u202e" not in text
    assert "\\u202e" in text
    assert "x" * 1000 not in text


def test_a_page_loads_nothing(folder: Path) -> None:
    for page in folder.glob("*.html"):
        elements = Elements(page.read_text())
        assert not {"link", "img", "iframe", "object"} & set(elements.names), page.name
        outside = [one for one in elements.addresses if not one.startswith("#") and not one.endswith(".html")]
        assert outside == [], page.name
        assert "default-src 'none'" in page.read_text()


def test_the_index_names_every_page_and_its_outcome(folder: Path) -> None:
    text = (folder / "index.html").read_text()
    assert '<td><a href="staging.odd.html">staging.odd</a></td><td>2 rules, 2 broken</td>' in text
    assert '<td><a href="staging.clean.html">staging.clean</a></td><td>2 rules, 0 broken</td>' in text
