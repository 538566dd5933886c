"""The daily report: finds the sections in this folder and puts them in the order they are read.

A section is a module here that defines `SECTION`. Nothing is registered by hand; nothing is drawn here.
The report reads published tables only and never computes an indicator.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.report.base import Section


def find_sections() -> list[Section]:
    """Every section of this folder, by `position`."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    found_sections: list[Section] = [module.SECTION for module in modules if hasattr(module, "SECTION")]
    return sorted(found_sections, key=lambda section: section.position)
