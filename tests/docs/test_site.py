"""The site is built without a warning, opens as files, and asks no other machine for anything."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest
import typer
from blocks import ROOT

from pipeline.cli import app
from pipeline.models import read_models
from pipeline.venues import VENUES

LOADERS = {"src", "srcset", "data", "poster", "action"}
FIRST = ("index.html", "concepts/debt.html", "howto/first_day.html", "reference/tables.html", "peers.html")


class Page(HTMLParser):
    """What a page links to, loads and may be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = {"", "__top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Sort each address into links and loads."""
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in LOADERS and value:
                self.loads.append(value)
            elif name == "href" and value:
                (self.links if tag == "a" else self.loads).append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning fails the build."""
    target = tmp_path_factory.mktemp("site")
    ended = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return target


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page of it."""
    return {path: Page(path.read_text()) for path in sorted(site.rglob("*.html"))}


def test_the_site_has_its_pages(site: Path) -> None:
    assert [name for name in FIRST if not (site / name).is_file()] == []
    assert (site / "search" / "search_index.js").stat().st_size > 50_000  # search without a server


def test_no_page_loads_from_elsewhere(pages: dict[Path, Page]) -> None:
    outside = {
        f"{path.name}: {one}"
        for path, page in pages.items()
        for one in page.loads
        if urlsplit(one).scheme not in ("", "data") or one.startswith("//")
    }
    assert outside == set()


def test_no_style_or_script_of_the_site_names_another_machine(site: Path) -> None:
    """Of the theme's own bundles: no address is loaded; links to read are in the pages."""
    for path in [*site.rglob("*.css"), *site.rglob("assets/*.js")]:
        text = path.read_text()
        for loader in ("url(http", "url(//", "@import", 'importScripts("http', 'fetch("http'):
            assert loader not in text, f"{path.name} has {loader}"


def test_every_link_inside_leads_to_a_page_and_a_place_on_it(site: Path, pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                broken.append(f"{path.relative_to(site)} -> {link}")
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                broken.append(f"{path.relative_to(site)} -> {link} (no such place)")
    assert broken == []


def test_the_reference_names_all_there_is(site: Path) -> None:
    def anchors(name: str) -> set[str]:
        return Page((site / "reference" / f"{name}.html").read_text()).anchors

    commands = {"-".join(path) for path in _commands(typer.main.get_command(app))}
    assert commands <= anchors("commands")
    assert {model.name for model in read_models() if model.schema == "marts"} <= anchors("tables")
    assert set(VENUES) <= anchors("venues")
    assert {path.stem for path in (ROOT / "sql" / "queries").glob("*.sql")} <= anchors("queries")


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = getattr(command, "commands", {})
    if not below:
        return [path]
    return [leaf for name, one in below.items() for leaf in _commands(one, (*path, name))]
