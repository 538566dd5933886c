"""One change to a valid answer, drawn from a seed, and what a number may become because of it.

Where answers come from is `tape.py`; which parser must stand them is `test_fuzz.py`.
"""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from pipeline.records import LeverageTierRow, MarketRow, OpenInterestRow, RawRow

Path = tuple[str | int, ...]
HOSTILE = "\u202eA\x00\n<b>=1+1"
# Of a value: what a broken or hostile venue sends in its place. A callable is given the value.
_REPLACED: dict[str, Any] = {
    "null": None,
    "true": True,
    "empty text": "",
    "word": "n/a",
    "NaN": "NaN",
    "bare NaN": math.nan,
    "Infinity": "-Infinity",
    "bare Infinity": math.inf,
    "huge": "1e40",
    "a number of a billion digits": "1e999999999",
    "absurd integer": 10**30,
    "empty list": [],
    "empty object": {},
    "long text": "9" * 10_000,
    "control and bidi characters": HOSTILE,
    "lone surrogate": "\ud800",
    "in a list": lambda value: [value],
    "in an object": lambda value: {"value": value},
    "of the other kind": lambda value: str(value) if isinstance(value, int | float) else _as_number(value),
    "negative": lambda value: _scaled(value, -1),
    "a million times": lambda value: _scaled(value, 1e6),
    "slightly more": lambda value: _scaled(value, 1.37),
}
# Of a row: what the venue file declares, whatever is answered.
_DECLARED = frozenset({"tolerance_hours", "sides", "publication_lag_hours", "tier", "occurrence"})
# What the venue's documents (Binance: markets without a line settle every 8 h) or ccxt take for silence.
_DECLARED_DEFAULTS = {("binance", "funding_interval_hours", 8.0), ("hitbtc", "max_leverage", 1.0)}
_FIRST_INSTANT = 1_400_000_000
_STRUCTURAL = ("dropped", "cut in half", "twice", "swapped", "upside down")
KINDS = (*_REPLACED, *_STRUCTURAL)


@dataclass(frozen=True)
class Mutation:
    """What was done where. before and after: the value there, None where it is no single value."""

    kind: str
    path: Path
    before: object = None
    after: object = None

    @property
    def is_of_identity(self) -> bool:
        """Whether a name or a time was changed, or rows changed places."""
        numbers = [_as_float(value) for value in _listed(self.before) if value is not None]
        return any(isinstance(value, bool) for value in _listed(self.before)) or any(
            n is None or n > _FIRST_INSTANT for n in numbers
        )

    @property
    def is_of_places(self) -> bool:
        """Whether places that alone tell what a value means were changed: no parser could see it."""
        if self.kind == "swapped":
            return any(isinstance(value, dict | list) for value in _listed(self.before))
        return self.kind == "upside down" or (
            self.kind == "dropped" and isinstance(self.path[-1] if self.path else "", int)
        )

    def __str__(self) -> str:
        where = "".join(f"[{part!r}]" for part in self.path)
        return f"{self.kind} at {where} ({str(self.before)[:40]!r} -> {str(self.after)[:40]!r})"


def mutated(answer: Any, kind: str, seed: int) -> tuple[Any, Mutation]:
    """A copy of the answer with one change of that kind at a place drawn from the seed."""
    draw = random.Random(seed)  # noqa: S311
    places = list(_places(answer))
    if kind in _STRUCTURAL:
        wanted: Callable[[Any], bool] = (
            (lambda value: isinstance(value, dict | list))
            if kind == "swapped"
            else (lambda value: isinstance(value, list))
        )
        places = places if kind == "dropped" else [p for p in places if wanted(_at(answer, p))]
    else:
        # mostly numbers and words, sometimes what holds them
        leaves = [p for p in places if not isinstance(_at(answer, p), dict | list)]
        places = leaves if leaves and draw.random() < 0.85 else places
    if not places:
        return None, Mutation("null", (), answer, None)
    path = draw.choice(places)
    changed = copy.deepcopy(answer)
    before = _at(answer, path)
    if kind in _REPLACED:
        new = _REPLACED[kind]
        after = new(before) if callable(new) else new
        return _put(changed, path, after), Mutation(kind, path, before, after)
    if kind == "dropped":
        if path:
            del _at(changed, path[:-1])[path[-1]]
        return changed if path else None, Mutation(kind, path, before)
    value = _at(changed, path)
    if kind == "cut in half":
        del value[len(value) // 2 :]
    elif kind == "twice":
        value.extend(copy.deepcopy(value))
    elif kind == "upside down":
        value.reverse()
    else:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if len(keys) > 1:
            one, other = draw.sample(keys, 2)
            value[one], value[other] = value[other], value[one]
            return changed, Mutation(kind, path, [value[other], value[one]], [value[one], value[other]])
    return changed, Mutation(kind, path)


def body_of(answer: Any) -> str:
    """The JSON text of an answer, with bare NaN and Infinity as broken venues write them."""
    return json.dumps(answer)


def identity(row: RawRow) -> tuple[object, ...]:
    """What a row is about: its words and its time, and no amount."""
    left_out = {"payload", "symbol", "endpoint", "ccxt_version", "run_id", "evidence", "stamp"}
    said = {field.name: getattr(row, field.name) for field in fields(row) if field.name not in left_out}
    words = (value for value in said.values() if isinstance(value, str))
    return (type(row).__name__, *words, row.observed_at, said.get("tier"), said.get("occurrence"))


def silent_numbers(
    row: RawRow, known: Mapping[tuple[object, ...], RawRow], change: Mutation
) -> Iterator[str]:
    """Numbers of a row that are neither those of the unchanged answer nor follow from the change."""
    usual, row_type = known.get(identity(row)), type(row)
    if change.is_of_places:
        return
    # a changed name or time makes one row another: the venue says so
    alike = [one for one in known.values() if type(one) is row_type]
    is_new = usual is None and row.market not in {one.market for one in alike}
    if usual is None and (change.kind in _STRUCTURAL or (is_new and change.is_of_identity)):
        return  # another row of a series is the level now, or a market is told apart otherwise
    is_placed = change.is_of_identity or row_type is LeverageTierRow  # steps are counted by their place
    others = alike if usual is None or is_placed else [usual]
    for name, value in _numbers(row).items():
        if value is None or (row.venue, name, value) in _DECLARED_DEFAULTS:
            continue
        if name.endswith("_at") and change.is_of_identity:
            continue  # another kind of contract has another life
        usuals = [_numbers(one)[name] for one in others]
        if name == "notional_floor":
            usuals += [_numbers(one)["notional_cap"] for one in others]  # a step begins where one ends
        if not any(_follows(value, one, change) for one in usuals):
            yield f"{name} of {row.market!r} is {value!r}, was {usual and _numbers(usual)[name]!r}: {change}"


def _numbers(row: RawRow) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for field in fields(row):
        value = getattr(row, field.name)
        if field.name.endswith("_at") and field.name not in ("observed_at", "fetched_at"):
            found[field.name] = value.timestamp() if isinstance(value, datetime) else None
        elif field.name == "contract_size" and not isinstance(row, MarketRow | OpenInterestRow):
            continue  # of the market list, which was not changed
        elif field.type in ("float", "float | None", "int") and field.name not in _DECLARED:
            found[field.name] = value
    return found


def _follows(value: float, usual: float | None, change: Mutation) -> bool:
    if usual is not None and _near(value, usual):
        return True
    pairs = zip(_listed(change.before), _listed(change.after), strict=False)
    for x, y in ((_as_float(before), _as_float(after)) for before, after in pairs):
        if y is None or not math.isfinite(y):
            continue
        # the number itself, in hundredths, or as a time
        if any(_near(value, y * unit) for unit in (1, 0.01, 1e-3, 1e-6, 1e-9)):
            return True
        # leverage from margin, which ccxt rounds
        if y and abs(value - 1 / y) < 1e-4:
            return True
        if x is None or usual is None:
            continue
        if x and y and usual and any(_near(value / usual, r) for r in (y / x, x / y)):
            return True
        # a span between two times, in hours of milliseconds or seconds, or a sum
        if any(_near(value - usual, sign * (y - x) / unit) for sign in (1, -1) for unit in (1, 3.6e6, 3600)):
            return True
    return False


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _as_float(value: object) -> float | None:
    if isinstance(value, list | dict) and len(value) == 1:
        value = value[0] if isinstance(value, list) else next(iter(value.values()))
    if not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _as_number(value: object) -> object:
    number = _as_float(value)
    return 7 if number is None else number


def _scaled(value: object, factor: float) -> object:
    number = _as_float(value)
    if number is None:
        return value
    scaled = number * factor
    return format(scaled, ".12g") if isinstance(value, str) else scaled


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _put(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    _at(value, path[:-1])[path[-1]] = new
    return value
