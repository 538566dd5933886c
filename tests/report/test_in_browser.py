"""The report in a real browser: it draws, fits a telephone, prints, downloads, and asks for nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from headless_chromium import PROGRAM, Page, browser
from made_reports import HOSTILE

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")

ARTEFACTS = Path(__file__).parents[2] / "test-artefacts" / "report"
DRAWN = "document.querySelectorAll('[data-chart][data-drawn] svg').length"
KEYS = {"Tab": 9, "ArrowLeft": 37, "Home": 36, "End": 35}
CHARTS = "document.querySelectorAll('[data-chart]').length"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_chart_is_drawn_and_nothing_is_wider_than_the_window(
    page: Page, report: Path, width: int, scheme: str
) -> None:
    page.open(report, width, 844, scheme)
    charts = page.ask(CHARTS)
    assert charts >= 10
    assert page.ask(DRAWN) < charts  # only what came into view
    page.scroll_through()
    assert page.ask(DRAWN) == charts
    assert page.ask("document.querySelectorAll('[data-chart] svg path').length") > charts
    assert page.ask("document.documentElement.scrollWidth") <= width
    page.screenshot(ARTEFACTS / f"report-{width}-{scheme}.png")
    assert page.problems == []
    assert page.requests == [report.as_uri()]


def test_opened_tables_still_fit_a_telephone(page: Page, report: Path) -> None:
    page.open(report, 390, 844)
    page.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.ask("document.documentElement.scrollWidth") <= 390
    # a row that ends in a sentence is stacked, and each cell says which column it was
    cell = "document.querySelector('#coverage table.prose td:nth-child(2)')"
    assert page.ask(f"getComputedStyle({cell}).display") == "block"
    assert page.ask(f"getComputedStyle({cell}, '::before').content") == '"size when last counted: "'


def _bring(page: Page, key: str) -> None:
    page.ask(f"document.querySelector('[data-chart={key}]').scrollIntoView({{block: 'center'}})")
    page.wait_for(f"document.querySelector('[data-chart={key}][data-drawn]') !== null")


def _reading(page: Page, key: str) -> str:
    text: str = page.ask(f"document.querySelector('[data-reading={key}]').innerText")
    return " ".join(text.replace("\u00a0", " ").split())


def _press(page: Page, key: str) -> None:
    for kind in ("rawKeyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])


def test_pointer_and_arrows_read_out_a_day_and_a_hostile_name_stays_text(page: Page, report: Path) -> None:
    page.open(report, 1280, 900)
    _bring(page, "venue_shares")
    last = _reading(page, "venue_shares")
    assert last.startswith("2026-03-31")
    assert f"{HOSTILE} not known" in last
    box = page.ask(
        "(() => { const b = document.querySelector('[data-chart=venue_shares]').getBoundingClientRect();"
        " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
    )
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    page.wait_for("document.querySelector('[data-chart=venue_shares] .mark:not([hidden])') !== null")
    assert "2025-09" in _reading(page, "venue_shares")  # 400 days end in March: the middle is September
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=2, y=2)
    page.ask("document.querySelector('[data-chart=venue_shares]').focus()")
    for key, day in (("ArrowLeft", "2026-03-30"), ("Home", "2025-02-25"), ("End", "2026-03-31")):
        _press(page, key)
        assert _reading(page, "venue_shares").startswith(day)
    assert _reading(page, "venue_shares") == last  # the page's script writes numbers as the file did
    assert page.problems == []


def test_every_reading_of_the_script_is_the_one_in_the_file(page: Page, report: Path) -> None:
    page.open(report, 1280, 900)
    everything = "[...document.querySelectorAll('[data-reading]')].map((one) => one.innerText).join('|')"
    written = page.ask(everything)
    assert written.count("|") >= 10
    page.ask(
        "document.querySelectorAll('.picture[tabindex]').forEach((one) => "
        "one.dispatchEvent(new KeyboardEvent('keydown', {key: 'End'})))"
    )
    assert page.ask(everything) == written


def test_print_draws_every_chart_without_scrolling(page: Page, report: Path) -> None:
    page.open(report, 1280, 900, "dark")
    unseen = base64.b64decode(page.call("Page.printToPDF", printBackground=True)["data"])
    page.open(report, 1280, 900, "light")
    page.scroll_through()
    seen = base64.b64decode(page.call("Page.printToPDF", printBackground=True)["data"])
    assert len(unseen) == pytest.approx(len(seen), rel=0.02)
    assert page.ask(DRAWN) == page.ask(CHARTS)


def test_a_download_holds_every_day_and_defuses_formulas(page: Page, report: Path) -> None:
    page.open(report, 1280, 900)
    csv = page.ask(
        "(async () => { const kept = []; const made = URL.createObjectURL;"
        " URL.createObjectURL = (blob) => { kept.push(blob); return made(blob); };"
        " HTMLAnchorElement.prototype.click = function () { window.named = this.download; };"
        " document.querySelector('[data-download=venue_shares]').click(); return await kept[0].text(); })()"
    )
    assert page.ask("window.named") == "margin-debt-2026-03-31-venue_shares.csv"
    lines = csv.strip().split("\r\n")
    assert len(lines) == 401  # a head and 400 days
    assert HOSTILE.startswith("=")
    assert f'"\'{HOSTILE} (ratio)"' in lines[0]  # a spreadsheet shows it and does not compute it
    assert lines[-1].startswith('"2026-03-31",,')  # the odd venue was not seen: empty, not 0


def test_keyboard_walks_skip_link_sections_pictures_tables_and_buttons(page: Page, report: Path) -> None:
    page.open(report, 1280, 900)
    walked = []
    for _ in range(40):
        _press(page, "Tab")
        walked.append(
            page.ask(
                "(() => { const e = document.activeElement, s = getComputedStyle(e);"
                " return [e.className || e.tagName, s.outlineStyle]; })()"
            )
        )
    names = [name for name, _ in walked]
    assert names[0] == "skip"
    assert [name for name in names if name in ("SUMMARY", "BUTTON")][:2] == ["SUMMARY", "BUTTON"]
    assert any("picture" in name for name in names)
    assert {outline for _, outline in walked} == {"solid"}  # focus is visible everywhere
