"""Great Expectations' own Data Docs of the last run, one page a table, in a shell that loads nothing.

The library's page links to stylesheets and scripts of other hosts and prints values as they are. Its sections
are rendered here, values escaped before they reach it, and the shell forbids every load. What was judged is
`tables.py`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.files import put
from pipeline.quality.gate import Validation, compared_in
from pipeline.quality.identities import Outcome
from pipeline.quality.rules import NOT_COMPARED
from pipeline.quality.tables import TableResult

IDENTITIES = "identities"
_OUTCOMES = {"passed": "kept", "warned": "warned of", "failed": "broken", "not_compared": NOT_COMPARED}
_MOST_CHARACTERS = 200
_SUMMARY = re.compile(r'<meta name="summary" content="([^"]*)">')
_ONLY_FOR_MACHINES = (
    "unexpected_list",
    "unexpected_index_list",
    "unexpected_index_query",
    "partial_unexpected_index_list",
)
_SHELL = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="summary" content="{summary}">
<title>{title}</title>
<meta name="color-scheme" content="light dark">
<style>
:root {{ --ground: #fbfbfa; --ink: #1b2126; --line: #dde1e4; --head: #eef2f6; --accent: #1f5f8b;
  --bad: #a4262c; --good: #1d6b3a }}
@media (prefers-color-scheme: dark) {{ :root {{ --ground: #14181b; --ink: #e7eaec; --line: #343c43;
  --head: #1b2024; --accent: #6db3e3; --bad: #ff8a8f; --good: #7fc79b }} }}
body {{ font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--ground) }}
body {{ margin: 2rem auto; max-width: 62rem; padding: 0 1rem }}
a {{ color: var(--accent) }}
table {{ border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem }}
th, td {{ border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; text-align: left }}
td {{ overflow-wrap: anywhere; vertical-align: top }}
th {{ font-weight: normal; opacity: .75 }}
/* one table a column: the same widths in each, so that they read as one list */
.table {{ table-layout: fixed }}
.table :is(th, td):first-child {{ width: 6rem }}
.table :is(th, td):last-child {{ width: 11rem }}
.alert, h5 {{ font-size: 1.05rem; font-weight: 600; margin: 1rem 0 0 }}
.badge {{ background: var(--head); border-radius: .25rem; padding: 0 .35rem }}
.text-danger {{ color: var(--bad) }} .text-success {{ color: var(--good) }}
.fa-check-circle::before {{ content: "kept" }} .fa-times::before {{ content: "broken" }}
.fa-exclamation-triangle::before {{ content: "not judged" }}
@media (max-width: 30rem) {{ .table :is(th, td):last-child {{ width: 6.5rem }} }}
</style>
</head>
<body>
<p><a href="{up}">{up_name}</a></p>
<h1>{title}</h1>
<p>{lead}</p>
{body}
</body>
</html>
"""


def write_page(folder: Path, result: TableResult, now: datetime) -> Path:
    """Write the page of one table and renew the index; returns the page's path."""
    broken = [verdict for verdict in result.verdicts if not verdict.passed]
    stops = "a broken one stops the build" if any(verdict.rule.is_blocking for verdict in broken) else ""
    empty = sum(verdict.passed and not verdict.compared for verdict in result.verdicts)
    summary = f"{len(result.verdicts)} rules, {len(broken)} broken{_empty(empty)}"
    lead = "; ".join(part for part in (summary, stops, f"judged at {now:%Y-%m-%d %H:%M} UTC") if part)
    body = "".join(_sections(validation) for validation in result.validations)
    return _write(folder, result.suite.table, summary, lead, body)


def write_identities(folder: Path, outcomes: Sequence[Outcome], now: datetime) -> Path:
    """Write the page of the accounting identities and renew the index; returns the page's path."""
    rows = [
        (
            one.identity.title,
            one.identity.holds,
            _OUTCOMES[one.status],
            "none" if one.status == "not_compared" else one.sentence,
        )
        for one in outcomes
    ]
    statuses = [one.status for one in outcomes]
    off = sum(status in ("warned", "failed") for status in statuses)
    summary = f"{len(outcomes)} identities, {off} not kept{_empty(statuses.count('not_compared'))}"
    body = _table(("identity", "what must hold", "outcome", "where not"), rows)
    return _write(folder, IDENTITIES, summary, f"{summary}; judged at {now:%Y-%m-%d %H:%M} UTC", body)


def _empty(count: int) -> str:
    return f", {count} with {NOT_COMPARED}" if count else ""


def _sections(validation: Validation) -> str:
    # as slow to import as the library itself, which is there by now
    from great_expectations.render.renderer import ValidationResultsPageRenderer  # noqa: PLC0415

    for one in validation.result.results:
        is_empty = one.success and not compared_in(one.result)
        one.result = _safe({key: value for key, value in one.result.items() if key not in _ONLY_FOR_MACHINES})
        if is_empty:
            one.result["observed_value"] = NOT_COMPARED
    document = ValidationResultsPageRenderer().render(validation.result)
    # the first section is about the suite and links to pages that are not written
    return "".join(
        _section_view().render({"section": _unkept(section.to_json_dict()), "section_loop": {"index": place}})
        for place, section in enumerate(document.sections[1:], start=1)
    )


def _unkept(section: dict[str, Any]) -> dict[str, Any]:
    """The section without the library's sign of success where nothing was compared."""
    for block in section["content_blocks"]:
        for row in block.get("table", ()):
            row[0] = "-" if row[-1] == NOT_COMPARED else row[0]
    return section


@cache
def _section_view() -> Any:  # noqa: ANN401 untyped library
    """One for all pages: each view compiles its templates anew, which was most of the time of a page."""
    from great_expectations.render.view import DefaultJinjaSectionView  # noqa: PLC0415

    return DefaultJinjaSectionView()


def _safe(value: Any) -> Any:  # noqa: ANN401 a result is nested lists, mappings and cells
    """Cells as text that can stand in HTML: the library escapes nothing and reads `$` as its own sign."""
    if isinstance(value, dict):
        return {key: _safe(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(part) for part in value]
    return shown(value) if isinstance(value, str) else value


def shown(text: str) -> str:
    """One line of HTML text: markup, `$`, control and bidi characters written out, at most 200 characters."""
    cut = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
    printable = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in cut)
    return html.escape(printable).replace("$", "&#36;")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = "".join(f"<th>{shown(cell)}</th>" for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td>{shown(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def _write(folder: Path, name: str, summary: str, lead: str, body: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{name}.html"
    up = {"up": "index.html", "up_name": "Data quality, all tables"}
    put(page, _SHELL.format(title=name, summary=summary, lead=lead, body=body, **up))
    listed = []
    for other in sorted(folder.glob("*.html")):
        said = _SUMMARY.search(other.read_text())
        if said and other.name != "index.html":
            link = f'<a href="{other.name}">{other.stem}</a>'
            listed.append(f"<tr><td>{link}</td><td>{said[1]}</td></tr>")
    lead = "What the rules said of each table when it last had new rows."
    head = "<thead><tr><th>table</th><th>outcome</th></tr></thead>"
    table = f"<table>{head}<tbody>{''.join(listed)}</tbody></table>"
    up = {"up": "../index.html", "up_name": "Daily reports"}
    put(
        folder / "index.html",
        _SHELL.format(title="Data quality", summary="", lead=lead, body=table, **up),
    )
    return page
