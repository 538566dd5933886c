"""Finds the encoders: one module a venue, named as the venue is named in a history folder.

Such a module offers `WIRE`, an object that follows `base.Wire`. A new venue is one new file here. Units are
restated in each module from the venue's own documents, and never imported from `pipeline.venues`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.replay.wire.base import Wire


def venue_names() -> frozenset[str]:
    """Names of the venues that have an encoder; no encoder is imported."""
    names = {module.name for module in pkgutil.iter_modules(__path__)}
    return frozenset(name for name in names - {"base"} if not name.startswith("_"))


@cache
def wires() -> dict[str, Wire]:
    """Every encoder by the name of its venue."""
    return {name: importlib.import_module(f"{__name__}.{name}").WIRE for name in sorted(venue_names())}
