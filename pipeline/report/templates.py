"""The files the page is made of: HTML templates, the style sheet and the page's script, in `page/`.

Every value a template prints is escaped unless the template marks it as our own text.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import jinja2

SUMMARY_NAME = "margin-debt-report"  # the meta element by which the index page knows a daily report
_PAGE = Path(__file__).parent / "page"


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.tests["day"] = lambda cell: bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(cell)))
    made.filters["dashes"] = lambda dash: " ".join(str(part) for part in dash)
    made.globals["summary_name"] = SUMMARY_NAME
    made.globals["style"] = _style()
    return made


def fill(template: str, **values: object) -> str:
    """The finished text of a template; a value it needs and does not get raises jinja2.UndefinedError."""
    return _environment().get_template(template).render(**values)


@cache
def light_colours() -> dict[str, str]:
    """Every colour the style sheet names, in its light form, for pictures that have no style sheet."""
    light = _style().split("}", maxsplit=1)[0]
    return dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]+)", light))


@cache
def _style() -> str:
    return (_PAGE / "style.css").read_text(encoding="utf-8")


@cache
def page_script() -> str:
    """The page's own script: draws charts as they come into view and makes the downloads."""
    return (_PAGE / "page.js").read_text(encoding="utf-8")
