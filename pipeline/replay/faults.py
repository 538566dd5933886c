"""How the embedded exchange misbehaves on request. Deterministic: chance depends on a seed and a counter.

`Misbehaviour` says which fault strikes a request; `damage` spoils the JSON of an answer. Faults of the
connection itself (latency, resets, cut bodies) are carried out by `server.py`; how a venue words a refusal
belongs in `wire/`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields

import orjson

from pipeline.replay.wire.base import Json

CONNECTION_KINDS = frozenset(
    {"latency", "timeout", "slow_body", "reset", "cut_body", "wrong_content_type", "garbage_json"}
    | {"garbage_gzip", "gzip_bomb", "large_body"}
)
DAMAGE_KINDS = frozenset(
    {"empty_list", "nan", "infinity", "huge", "absurd", "negative", "null_value", "ten_times", "renamed"}
    | {"duplicate_rows", "missing_symbols", "reordered_rows", "clock_skew"}
)
KINDS = CONNECTION_KINDS | DAMAGE_KINDS | {"status", "repeated_page"}

# orjson writes null for what is not finite, but broken venues write the bare word: `worded` puts it in.
_BARE_WORDS = {"@NaN@": b"NaN", "@Infinity@": b"Infinity"}
_HUGE = "10000000000000000303786028427003666890752"  # 1e40, written out as a broken sum would be

_ABSURD = 10_000_000_000_000  # 1e13: can be written and read, and no market holds as much of anything dear

# Numbers between these are instants in milliseconds: after 2014, before a perpetual's date of delivery.
_FIRST_INSTANT_MS, _LAST_INSTANT_MS = 1_400_000_000_000, 4_000_000_000_000


@dataclass(frozen=True)
class Fault:
    """One way to misbehave.

    venue: the venue it strikes; path_contains: part of "host/path?query body", empty for every request;
    status: for kind `status`, the HTTP status; seconds: how long a ban, a delay, a held connection or the
    skew of the clock is; probability: chance a request, drawn from `seed` and the counter of requests;
    count: how often it strikes at most, None for ever; rows: how many rows of an answer it damages;
    field: the key whose values it damages, empty for every amount of a row; old and new: what `renamed`
    calls one thing in all answers, and understands in questions.
    """

    venue: str
    kind: str
    path_contains: str = ""
    status: int = 500
    seconds: float = 0.0
    probability: float = 1.0
    count: int | None = None
    rows: int = 1
    seed: int = 0
    field: str = ""
    old: str = ""
    new: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            message = f"there is no fault of kind {self.kind}: use one of {', '.join(sorted(KINDS))}"
            raise ValueError(message)
        if self.kind == "renamed" and not (self.old and self.new):
            message = "a fault of kind renamed needs the old and the new name"
            raise ValueError(message)

    def to_json(self) -> dict[str, Json]:
        """The fault as sent to the control endpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Json]) -> Fault:
        """The fault that `to_json` described; raises ValueError for a field or kind there is not."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown or "venue" not in values or "kind" not in values:
            message = f"a fault needs venue and kind, and has no field {', '.join(sorted(unknown)) or 'more'}"
            raise ValueError(message)
        return cls(**values)


class Misbehaviour:
    """The faults in force, and how often each has struck."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._struck: list[int] = []
        self._requests = 0

    def set(self, faults: list[Fault]) -> None:
        """Replace all faults and start counting anew."""
        self._faults = list(faults)
        self._struck = [0] * len(faults)
        self._requests = 0

    def strikes(self, venue: str, request_text: str) -> Fault | None:
        """The first fault that hits this request, or None."""
        if not self._faults:
            return None
        self._requests += 1
        for position, fault in enumerate(self._faults):
            is_spent = fault.count is not None and self._struck[position] >= fault.count
            if is_spent or fault.venue != venue or fault.path_contains not in request_text:
                continue
            if self._draw(fault, position).random() < fault.probability:
                self._struck[position] += 1
                return fault
        return None

    def _draw(self, fault: Fault, position: int) -> random.Random:
        return random.Random(f"{fault.seed}:{position}:{self._requests}")  # noqa: S311  # not a secret


def damage(answer: Json, fault: Fault) -> Json:
    """The answer spoiled as the fault says; the original is not changed.

    Rows are the elements of the longest list of objects or arrays; lists of the same length (a universe and
    its contexts) lose and gain the same rows. An answer without such a list is itself the one row.
    """
    if fault.kind == "clock_skew":
        return _each_leaf(answer, lambda leaf: _shift(leaf, round(fault.seconds * 1000)))
    if fault.kind == "renamed":
        return renamed(answer, fault.old, fault.new)
    length = _longest(answer)
    if length == 0:
        return {} if fault.kind in {"empty_list", "missing_symbols"} else _spoil_row(answer, fault)
    hit = set(random.Random(f"{fault.seed}:{length}").sample(range(length), min(fault.rows, length)))  # noqa: S311
    return _rebuild(answer, length, hit, fault)


def worded(answer: Json) -> bytes:
    """The JSON of a damaged answer, with the bare words that no correct writer of JSON knows."""
    body = orjson.dumps(answer)
    for mark, word in _BARE_WORDS.items():
        body = body.replace(f'"{mark}"'.encode(), word)
    return body


def renamed(value: Json, old: str, new: str) -> Json:
    """The value with another name in every text that holds the old one."""
    return _each_leaf(value, lambda leaf: leaf.replace(old, new) if isinstance(leaf, str) else leaf)


def _longest(value: Json) -> int:
    """Length of the longest list whose elements are themselves objects or arrays; 0 if there is none."""
    if isinstance(value, dict):
        return max((_longest(item) for item in value.values()), default=0)
    if not isinstance(value, list):
        return 0
    own = len(value) if value and all(isinstance(item, dict | list) for item in value) else 0
    return max([own, *(_longest(item) for item in value)])


def _rebuild(value: Json, length: int, hit: set[int], fault: Fault) -> Json:
    if isinstance(value, dict):
        return {key: _rebuild(item, length, hit, fault) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) != length or not all(isinstance(item, dict | list) for item in value):
        return [_rebuild(item, length, hit, fault) for item in value]
    if fault.kind == "empty_list":
        return []
    if fault.kind == "reordered_rows":
        return value[::-1]
    rows: list[Json] = []
    for position, row in enumerate(value):
        if position not in hit:
            rows.append(row)
        elif fault.kind == "duplicate_rows":
            rows.extend([row, row])
        elif fault.kind != "missing_symbols":
            rows.append(_spoil_row(row, fault))
    return rows


_SPOIL: Mapping[str, Callable[[Json], Json]] = {
    "nan": lambda leaf: "NaN" if isinstance(leaf, str) else "@NaN@",
    "infinity": lambda leaf: "Infinity" if isinstance(leaf, str) else "@Infinity@",
    "huge": lambda leaf: _HUGE if isinstance(leaf, str) else 1e40,
    "absurd": lambda leaf: str(_ABSURD) if isinstance(leaf, str) else _ABSURD,
    "negative": lambda leaf: f"-{leaf.lstrip('-')}" if isinstance(leaf, str) else -abs(leaf),
    "null_value": lambda _leaf: None,
    "ten_times": lambda leaf: str(10 * float(leaf)) if isinstance(leaf, str) else 10 * leaf,
}


def _spoil_row(row: Json, fault: Fault) -> Json:
    change = _SPOIL.get(fault.kind)
    if change is None:
        return row

    def spoil(leaf: Json) -> Json:
        return change(leaf) if _is_amount(leaf) else leaf

    return _each_leaf(row, spoil) if not fault.field else _each_field(row, fault.field, spoil)


def _each_field(value: Json, field: str, change: Callable[[Json], Json]) -> Json:
    """The value with every leaf under the keys of that name changed."""
    if isinstance(value, dict):
        return {
            key: _each_leaf(item, change) if key == field else _each_field(item, field, change)
            for key, item in value.items()
        }
    return [_each_field(item, field, change) for item in value] if isinstance(value, list) else value


def _each_leaf(value: Json, change: Callable[[Json], Json]) -> Json:
    if isinstance(value, dict):
        return {key: _each_leaf(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_leaf(item, change) for item in value]
    return change(value)


def _number(leaf: Json) -> float | None:
    """The number a leaf holds, as a JSON number or as a string of digits."""
    if isinstance(leaf, bool) or not isinstance(leaf, int | float | str):
        return None
    try:
        return float(leaf)
    except ValueError:
        return None


def _is_instant(leaf: Json) -> bool:
    number = _number(leaf)
    return number is not None and _FIRST_INSTANT_MS < number < _LAST_INSTANT_MS


def _is_amount(leaf: Json) -> bool:
    return _number(leaf) is not None and not _is_instant(leaf)


def _shift(leaf: Json, by_ms: int) -> Json:
    if not _is_instant(leaf):
        return leaf
    return str(int(leaf) + by_ms) if isinstance(leaf, str) else leaf + by_ms
