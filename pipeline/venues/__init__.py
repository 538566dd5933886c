"""Finds every venue file in this folder: `VENUES = {venue.name: venue}`.

To add a venue, add `<name>.py` here with a `Venue` subclass, its encoder in `pipeline/replay/wire/` and its
evidence in the tests. No other file changes: assets, the README's table and the contract test follow.
"""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches

from pipeline.errors import UsageError
from pipeline.venues.base import Venue


def _discover() -> dict[str, Venue]:
    found: dict[str, Venue] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, Venue) and item.__module__ == module.__name__:
                if item is Venue:
                    continue
                venue = item()
                found[venue.name] = venue
    return dict(sorted(found.items()))


VENUES: dict[str, Venue] = _discover()


def choose(names: str | None) -> dict[str, Venue]:
    """The venues named in a comma-separated list, or all; raises UsageError for one that does not exist."""
    if names is None:
        return VENUES
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in VENUES]
    if unknown or not wanted:
        near = [match for name in unknown for match in get_close_matches(name.lower(), VENUES, n=1)]
        guess = f", did you mean {' and '.join(near)}" if near else ""
        message = (
            f"no venue is called {', '.join(repr(name) for name in unknown) or 'nothing'}{guess}: "
            f"`margin-debt venues` lists all {len(VENUES)}"
        )
        raise UsageError(message)
    return {name: VENUES[name] for name in wanted}
