"""Where a home's rows come from: the live venues, or one history folder. A home holds one source only.

Mixing made rows with real ones would make every number in the home wrong, so the first run writes down
what it read and later runs must agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.settings import Settings

LIVE = "live venues"


@dataclass(frozen=True)
class Source:
    """What the rows of a home were read from. fingerprint tells two history folders apart."""

    title: str
    is_made: bool
    fingerprint: str

    def about(self) -> dict[str, object]:
        """For the report."""
        return {"title": self.title, "is_made": self.is_made}


def source_of(settings: Settings) -> Source:
    """The venues themselves, or the embedded exchange that a redirect points to."""
    if settings.redirect is not None:
        return Source(f"embedded exchange at {settings.redirect}", is_made=True, fingerprint="redirect")
    return Source(LIVE, is_made=False, fingerprint="live")


def history_source(folder: Path, about: Mapping[str, object]) -> Source:
    """A history folder, told by its files' bytes."""
    digest = sha256()
    for path in sorted(folder.glob("*.parquet")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return Source(str(about.get("title", folder.name)), bool(about.get("is_made", False)), digest.hexdigest())


def claim(home: Path, source: Source) -> None:
    """Mark the home as holding this source; raises UsageError when it holds another."""
    path = home / "source.json"
    if path.exists():
        held = recorded(home)
        if held.fingerprint != source.fingerprint:
            message = (
                f"the home {home} holds rows of '{held.title}', not of '{source.title}': "
                "choose another --home, so that made and real rows never mix"
            )
            raise UsageError(message)
        return
    path.write_text(json.dumps(source.__dict__, indent=2) + "\n")


def recorded(home: Path) -> Source:
    """The source a home was claimed for; raises UsageError when nothing ran there yet."""
    path = home / "source.json"
    if not path.exists():
        message = f"nothing was fetched into {home} yet: run `margin-debt demo` or `margin-debt run` first"
        raise UsageError(message)
    return Source(**json.loads(path.read_text()))
