"""A key that a venue repeats where we quote only the beginning of what it sent: no part of it is told.

The key is planted at every place, so that every cut falls into it somewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import keys
from pipeline.clock import VirtualClock
from pipeline.errors import PayloadUnreadable
from pipeline.keys import VenueKey, quoted, without_keys
from pipeline.records import Dataset, OpenInterestRow
from pipeline.settings import Settings
from pipeline.venues import VENUES, apex, backpack, dydx
from pipeline.venues.asker import Asker
from pipeline.venues.base import instant, number, signed_number
from pipeline.venues.listing import MarketLists
from pipeline.venues.plausible import named
from pipeline.venues.problems import told, without_secrets

NOW = datetime(2026, 3, 2, 0, 10, tzinfo=UTC)
# 64 letters, as Binance's keys are; no eight of them are a word.
KEY = "pX3vQ9mKz7RtB1nLw5HyC8sFd2GjU6aEe0TqVxYoPiWkMrZhNbJcSgDuAlf4O2K7"
PARTS = {KEY[place : place + 8] for place in range(len(KEY) - 7)}


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_KNOWN", [])
    VenueKey(KEY, "plantedsecret-of-nobody-77")


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Asker:
    return Asker(VENUES["okx"], Settings(home=tmp_path_factory.mktemp("cut")), VirtualClock(NOW), "cut")


def _row(asker: Asker, market: str) -> OpenInterestRow:
    return asker.row(
        OpenInterestRow,
        Dataset.OPEN_INTEREST,
        market=market,
        observed_at=NOW,
        endpoint="here",
        payload={"said": market},
        amount=1.0,
    )


Quoting = Callable[[Asker, str], Any]
QUOTING: dict[str, Quoting] = {
    "number": lambda _, text: number(text, "oi"),
    "signed number": lambda _, text: signed_number(text, "funding"),
    "instant": lambda _, text: instant(text, "ts"),
    "name": lambda _, text: named(f"\n{text}", "ccy"),
    "listed market": lambda asker, text: asker.market(text),
    "contract size": _row,
    "time of apex": lambda _, text: apex._coming(text, NOW),
    "time of backpack": lambda _, text: backpack._utc(text, "start"),
    "time of dydx": lambda _, text: dydx._instant(text),
}


def texts() -> list[str]:
    return ["x" * before + KEY + "y" * 30 for before in range(75)]


@pytest.mark.parametrize("name", QUOTING)
def test_no_part_of_a_key_is_in_a_message(asker: Asker, name: str) -> None:
    told = set()
    for text in texts():
        with pytest.raises(PayloadUnreadable) as raised:
            QUOTING[name](asker, text)
        told.add(str(raised.value))
    assert [one for one in told if any(part in one for part in PARTS)] == []
    assert any("***" in one for one in told)


@pytest.mark.parametrize("cut", [40, 60, 120, 240])
def test_nor_where_a_whole_answer_is_cut(cut: int) -> None:
    for text in texts():
        for said in (quoted(text, cut), without_secrets(text, cut)):
            assert not [part for part in PARTS if part in said]


def test_a_sentence_with_a_hostile_name_is_one_printable_line() -> None:
    name = f"A\x1b[31mB\u202e\nC{KEY}" + "A" * 10_000
    said = told(PayloadUnreadable(f"rate of {name} is missing"))
    assert said.startswith("rate of A\\x1b[31mB\\x202e C***AAAA")
    assert said.isprintable()
    assert len(said) < 600


def test_a_key_in_the_place_of_a_name_is_no_name() -> None:
    for text in (KEY, f"{KEY}-SWAP"):
        with pytest.raises(PayloadUnreadable, match=r"ccy is not a name: '\*\*\*"):
            named(text, "ccy")
    assert named("BTC-USDT-SWAP", "ccy") == "BTC-USDT-SWAP"


@pytest.mark.parametrize(
    "written",
    [
        'a"quoted\\secret-ü',
        r"a\"quoted\\secret-\u00fc",  # in JSON
        r"a\"quoted\\secret-ü",
        "a%22quoted%5Csecret-%C3%BC",  # in an address
        r'a"quoted\\secret-ü',  # in a message of Python's
        r'a"quoted\\secret-\xfc',
    ],
)
def test_a_secret_is_known_however_it_is_written(written: str) -> None:
    VenueKey("plantedkey-of-nobody-78", 'a"quoted\\secret-ü')
    assert without_keys(f"it says {written} here") == "it says *** here"


def test_the_kept_market_list_does_not_hold_it(tmp_path: Path) -> None:
    MarketLists(tmp_path, VirtualClock(NOW)).write("okx", "4", [{"id": "A", "info": {"customer": KEY}}])
    assert (tmp_path / "okx.json").read_text().endswith('[{"id":"A","info":{"customer":"***"}}]}')
