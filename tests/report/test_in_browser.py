"""The report in a real browser: it draws, fits a telephone, prints, downloads, and asks for nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from headless_chromium import PROGRAM, Page, browser
from made_reports import HOSTILE

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")

ARTEFACTS = Path(__file__).parents[2] / "test-artefacts" / "report"
DRAWN = "document.querySelectorAll('[data-chart][data-drawn] svg').length"
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


def test_a_hostile_name_is_text_in_tooltips_and_never_runs(page: Page, report: Path) -> None:
    page.open(report, 1280, 900)
    page.ask("document.querySelector('[data-chart=venue_shares]').scrollIntoView({block: 'center'})")
    page.wait_for("document.querySelector('[data-chart=venue_shares][data-drawn]') !== null")
    box = page.ask(
        "(() => { const b = document.querySelector('[data-chart=venue_shares] svg').getBoundingClientRect();"
        " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
    )
    for shift in (0, 3, 6):  # the pointer has to move for the nearest day to be found
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + shift, y=box[1])
    page.wait_for("(document.querySelector('#vg-tooltip-element')?.innerText ?? '') !== ''")
    tooltip = page.ask("document.querySelector('#vg-tooltip-element').innerText")
    assert HOSTILE in tooltip
    assert "day, UTC" in tooltip
    assert page.ask("document.querySelectorAll('#vg-tooltip-element script').length") == 0
    assert page.problems == []


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
        " document.querySelector('[data-download=venue_shares]').click(); return await kept[0].text(); })()"
    )
    lines = csv.strip().split("\r\n")
    assert len(lines) == 401  # a head and 400 days
    assert HOSTILE.startswith("=")
    assert f'"\'{HOSTILE} (ratio)"' in lines[0]  # a spreadsheet shows it and does not compute it
    assert lines[-1].startswith('"2026-03-31",,')  # the odd venue was not seen: empty, not 0


def test_keyboard_reaches_the_skip_link_first(page: Page, report: Path) -> None:
    page.open(report, 1280, 900)
    for kind in ("rawKeyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert json.loads(page.ask("JSON.stringify(document.activeElement.className)")) == "skip"
