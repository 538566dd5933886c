"""MkDocs asks here for the pages that are made from code and from the documents at the root of the tree.

Nothing of them is committed under `docs/`: a page cannot be older than what it describes. How a page is made
is said in `reference.py`; which pages are in the menu, in `mkdocs.yml`.
"""

from __future__ import annotations

import re
from pathlib import Path

import reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
# Documents that are read beside the code, too, and so live there: place in the tree -> place on the site.
DOCUMENTS = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "tests/evaluation/RULE.md": "record/rule.md",
    "tests/evaluation/RESULTS.md": "record/made_worlds.md",
    "tests/real/RESULTS.md": "record/two_years.md",
    "tests/real/RECORD.md": "record/scores.md",
    "tests/real/ANOMALIES.md": "record/anomalies.md",
    "bench/RESULTS.md": "record/speed.md",
}
_LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:|#)([^)#]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those of the folder."""
    pages = {f"reference/{name}.md": text for name, text in reference.pages().items()}
    for source, place in DOCUMENTS.items():
        pages[place] = _moved((ROOT / source).read_text(), source, place)
    for place, text in pages.items():
        files.append(File.generated(config, place, content=text))
    return files


def _moved(text: str, source: str, place: str) -> str:
    """A document with its links as they must be read from its place on the site.

    A link to a file that is no page of the site becomes its text and the file's name.
    """
    up = "../" * place.count("/")

    def led(match: re.Match[str]) -> str:
        words, link, anchor = match[1], match[2], match[3] or ""
        target = ((ROOT / source).parent / link).resolve().relative_to(ROOT).as_posix()
        page = DOCUMENTS.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else "")
        return f"[{words}]({up}{page}{anchor})" if page else f"{words} (`{target}`)"

    return _LINK.sub(led, text)
