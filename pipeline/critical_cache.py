"""Simulated critical values as files, one JSON file a setting, so that no daily pass simulates.

Reads and writes those files only; what is simulated is in `methods/critical_values.py`. The files that the
product reads come with it, in `critical/`; `python -m pipeline.critical_cache` makes them anew.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import orjson

from pipeline.errors import ContractBroken
from pipeline.files import replacing
from pipeline.methods.critical_values import LEVELS, CriticalValues, Settings, critical_values
from pipeline.methods.explosive import minimum_window

# Raised by a change that gives other numbers for the same settings: older files are then not read.
FORMAT = 1
STATISTICS = ("adf", "gsadf", "dating", "bsadf")
# Two standard errors of 2,000 repetitions are 0.06: more digits would only be bytes.
DIGITS = 4
SHIPPED = Path(__file__).parent / "critical"
LENGTHS_DAYS = (180, 365, 730, 1460)


@cache
def shipped(days: int) -> CriticalValues:
    """The values that come with the product, for a series of `days` levels, one of LENGTHS_DAYS.

    Raises ContractBroken for any other length.
    """
    values = cached(SHIPPED, _settings(days))
    if values is None:
        message = f"no critical values for {days} levels come with this version: run `make critical`"
        raise ContractBroken(message)
    return values


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


def keep(folder: Path, values: CriticalValues) -> None:
    """Write the values of these settings, in the place of what was kept before."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"settings": asdict(values.settings), "levels": LEVELS}
    content |= {name: np.round(getattr(values, name), DIGITS) for name in STATISTICS}
    with replacing(_path(folder, values.settings)) as part:
        part.write_bytes(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY))


def _settings(days: int) -> Settings:
    return Settings(days, minimum_window(days))


def _path(folder: Path, settings: Settings) -> Path:
    drift = "drift" if settings.has_drift else "nodrift"
    return folder / (
        f"explosive_v{FORMAT}_n{settings.n}_w{settings.shortest}_lag{settings.lag}"
        f"_reps{settings.repetitions}_seed{settings.seed}_{drift}.json"
    )


if __name__ == "__main__":
    for length in LENGTHS_DAYS:
        keep(SHIPPED, critical_values(_settings(length)))
