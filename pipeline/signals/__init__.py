"""Finds the signals. A new one is a new file here with a `SIGNAL`; nothing else has to be told.

Signals read marts that hold what was known then, and write readings. They never import the replay, and no
threshold was chosen by looking at a made scenario.
"""

from __future__ import annotations

import importlib
import pkgutil

from pipeline.signals.base import Signal


def _find() -> dict[str, Signal]:
    found = {}
    for info in pkgutil.iter_modules(__path__):
        signal = getattr(importlib.import_module(f"{__name__}.{info.name}"), "SIGNAL", None)
        if signal is not None:
            found[signal.name] = signal
    return dict(sorted(found.items()))


SIGNALS: dict[str, Signal] = _find()
