"""Keeps simulated critical values on disk, one JSON file a setting, so that no daily pass simulates.

Reads and writes those files only; what is simulated is in `methods/critical_values.py`. Deleting the folder
loses time and nothing else.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import orjson

from pipeline.methods.critical_values import LEVELS, CriticalValues, Settings, critical_values

# Raised by a change that gives other numbers for the same settings: older files are then not read.
FORMAT = 1
STATISTICS = ("adf", "gsadf", "dating", "bsadf")


def cached(folder: Path, settings: Settings) -> CriticalValues | None:
    """The values for these settings if `folder` has them; None otherwise, also for a file cut short."""
    try:
        kept = orjson.loads(_path(folder, settings).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    if kept["settings"] != asdict(settings):
        return None
    values = {name: np.array(kept[name], dtype=float) for name in STATISTICS}  # null is NaN
    return CriticalValues(settings=settings, **values)


def cached_or_simulated(folder: Path, settings: Settings) -> CriticalValues:
    """The values for these settings, simulated and kept in `folder` when it has none yet."""
    known = cached(folder, settings)
    return known if known is not None else _keep(folder, critical_values(settings))


def _keep(folder: Path, values: CriticalValues) -> CriticalValues:
    """Write under a temporary name and rename: a reader sees all of a file or none of it."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"settings": asdict(values.settings), "levels": LEVELS}
    content |= {name: getattr(values, name) for name in STATISTICS}
    path = _path(folder, values.settings)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_bytes(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY))
    unfinished.replace(path)
    return values


def _path(folder: Path, settings: Settings) -> Path:
    drift = "drift" if settings.has_drift else "nodrift"
    return folder / (
        f"explosive_v{FORMAT}_n{settings.n}_w{settings.shortest}_lag{settings.lag}"
        f"_reps{settings.repetitions}_seed{settings.seed}_{drift}.json"
    )
