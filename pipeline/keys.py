"""Read-only keys of venues: what one is, the file that may hold them, and their removal from any text.

Which environment variables hold a key is `settings.py`; what a key may do on its venue is
`venues/key_rights.py`. The file is TOML, one table a venue, readable by its owner alone:

    [binance]
    key = "..."
    secret = "..."
    password = "..."   # where the venue gave one
"""

from __future__ import annotations

import json
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

from pipeline.errors import SettingsError

# Every part of every key of this process, longest first; shorter parts would blank out ordinary words.
_KNOWN: list[str] = []
_SHORTEST_KNOWN = 8
_PARTS = {"key": True, "secret": True, "password": False}  # whether a key is none without it


@dataclass(frozen=True)
class VenueKey:
    """A read-only key of one venue; from then on `without_keys` knows it."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for part in (self.api_key, self.secret, self.password):
            if part is not None and len(part) >= _SHORTEST_KNOWN and part not in _KNOWN:
                # as it is, in an address, in JSON and in a quoted message
                written = {json.dumps(part), json.dumps(part, ensure_ascii=False), repr(part), ascii(part)}
                _KNOWN.extend({part, quote_plus(part), *(one[1:-1] for one in written)})
        _KNOWN.sort(key=len, reverse=True)


def without_keys(text: str) -> str:
    """The text with every part of every key that this process has read replaced by ***."""
    for part in _KNOWN:
        text = text.replace(part, "***")
    return text


def quoted(value: object, longest: int = 40) -> str:
    """What a venue sent, for a message: without keys, then cut, in quotes on one line of ASCII.

    In this order: a key that was cut is known no more.
    """
    return ascii(without_keys(str(value))[:longest])


def read_keys(path: Path) -> dict[str, VenueKey]:
    """The keys of a file by venue; none where there is no file.

    Raises SettingsError for a file that anybody but its owner may read or write, or that is not of the form
    above. The error never quotes the file.
    """
    if not path.exists():
        return {}
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        message = f"the keys in {path} can be read by others (mode {mode:04o}): run `chmod 600 {path}`"
        raise SettingsError(message)
    try:
        tables = tomllib.loads(path.read_text())
        return {venue: _key(values) for venue, values in tables.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        # without its cause: a parser's message quotes what it could not read
        message = (
            f"the keys in {path} cannot be read: write a table a venue with key and secret, "
            'such as [binance] key = "..." secret = "..."'
        )
        raise SettingsError(message) from None


def _key(values: dict[str, str]) -> VenueKey:
    given = {part: values.get(part) for part in _PARTS}
    is_whole = all(given[part] for part, is_needed in _PARTS.items() if is_needed)
    is_text = all(value is None or isinstance(value, str) for value in given.values())
    if not is_whole or not is_text or set(values) - set(_PARTS):
        raise ValueError
    return VenueKey(str(given["key"]), str(given["secret"]), given["password"])
