"""What follows from the installed versions alone, made once and kept in the user's cache folder.

A run in a process of its own would make it anew each night. A file that was cut or changed is made anew, a
folder that cannot be written only costs time. Nothing about data belongs here: that is in a home.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256

from platformdirs import user_cache_path

from pipeline.files import put


def kept(name: str, made_of: Iterable[str], make: Callable[[], str]) -> str:
    """The text that `make` gives, kept from an earlier process where all of `made_of` was the same.

    made_of: everything the text depends on, versions of libraries included.
    """
    folder = user_cache_path("margin-debt", appauthor=False)
    path = folder / f"{name}-{_digest(chr(0).join(made_of))}"
    with suppress(OSError, UnicodeError):
        digest, _, text = path.read_text(encoding="utf-8").partition("\n")
        if digest == _digest(text):
            return text
    text = make()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        put(path, f"{_digest(text)}\n{text}")
    return text


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
