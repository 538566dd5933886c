"""What every venue file must say and refuse: declarations, discovery, numbers, one bad row among many."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from evidence import UNDER_TEST, needs
from venue_truth import ASKED, collect, modelled, records

import pipeline.venues
from pipeline.errors import PayloadUnreadable, UsageError
from pipeline.moments import replay_moments
from pipeline.records import Dataset, Direction, Stamp, Status, Unit
from pipeline.replay.faults import Fault
from pipeline.venues import VENUES, choose
from pipeline.venues.base import (
    Evidence,
    KeyOnly,
    Reports,
    Unsupported,
    instant,
    number,
    optional_number,
    signed_number,
)
from pipeline.warehouse import open_warehouse

if TYPE_CHECKING:
    from conftest import Truth

PAIRS = [(name, dataset) for name in UNDER_TEST for dataset in Dataset]
# a venue may publish none
WITH_OPEN_INTEREST = [
    name for name, venue in UNDER_TEST.items() if isinstance(venue.reports[Dataset.OPEN_INTEREST], Reports)
]
DAY = ASKED[2]
LEVELS = {Unit.BASE, Unit.CONTRACTS, Unit.USD, Unit.QUOTE}
RATES = {Unit.RATE_PER_DAY, Unit.RATE_PER_HOUR, Unit.RATE_PER_YEAR, Unit.RATE_PER_DAY_OVER_365}
# What a number of a dataset may count at all: the units that staging converts.
MEANINGS = {
    Dataset.MARKETS: {Unit.LISTING},
    Dataset.OPEN_INTEREST: LEVELS,
    Dataset.FUNDING_RATE: {Unit.RATE_PER_INTERVAL, Unit.PERCENT_PER_INTERVAL},
    Dataset.PRICE: LEVELS,
    Dataset.BORROW_RATE: RATES,
    Dataset.MARGIN_LOAN: {Unit.CURRENCY},
    Dataset.LONG_SHORT_RATIO: {Unit.RATIO, Unit.LONG_SHARE},
    Dataset.LEVERAGE_TIER: LEVELS,
    Dataset.LIQUIDATION: LEVELS,
    Dataset.INSURANCE_FUND: {Unit.CURRENCY, Unit.USD},
    Dataset.WALLET_POSITION: {Unit.BASE},
}


def test_the_four_first_venues_are_there() -> None:
    assert {"binance", "okx", "hyperliquid", "bitfinex"} <= set(VENUES)


@pytest.mark.parametrize(("name", "dataset"), PAIRS)
def test_a_declaration_is_complete(name: str, dataset: Dataset) -> None:
    venue = VENUES[name]
    declared = venue.reports[dataset]  # KeyError: a dataset nobody spoke about
    if isinstance(declared, Unsupported | KeyOnly):
        assert len(declared.reason) > 15
        return
    assert isinstance(declared, Reports)
    units = [declared.unit] if isinstance(declared.unit, Unit) else list(declared.unit.values())
    assert units
    assert set(units) <= MEANINGS[dataset]
    if not isinstance(declared.unit, Unit):
        assert set(declared.unit) <= set(Direction)
    assert declared.link.startswith("https://")
    assert isinstance(declared.evidence, Evidence)
    assert isinstance(declared.stamp, Stamp)
    assert 0 < declared.tolerance_hours <= 24
    assert declared.sides in (1, 2)
    if dataset in (Dataset.OPEN_INTEREST, Dataset.PRICE):
        assert declared.tolerance_hours <= 2
    snapshot, history = hasattr(venue, dataset.value), hasattr(venue, f"{dataset.value}_history")
    assert snapshot or history
    assert history == (declared.history_days is not None)


@pytest.mark.parametrize("name", WITH_OPEN_INTEREST)
def test_every_listed_direction_has_a_unit(name: str, truth: Truth, tmp_path: Path) -> None:
    """Directions as the venue itself lists them; quanto without a declared unit is refused, not guessed."""
    collect(truth.server, tmp_path, replay_moments([DAY]), {name: VENUES[name]})
    with open_warehouse(tmp_path / "warehouse.duckdb", tmp_path / "raw") as connection:
        found = connection.execute("select distinct direction from raw.markets").fetchall()
    declared = VENUES[name].reports[Dataset.OPEN_INTEREST]
    assert isinstance(declared, Reports)
    assert found
    for (direction,) in found:
        assert declared.unit_for(Direction(direction)) in LEVELS
    if not isinstance(declared.unit, Unit):
        with pytest.raises(PayloadUnreadable, match="no unit is declared"):
            declared.unit_for(Direction.QUANTO)
        with pytest.raises(PayloadUnreadable, match="no unit is declared"):
            declared.unit_for(None)


def test_a_venue_file_dropped_in_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dropped.py").write_text(
        "from pipeline.records import Dataset\n"
        "from pipeline.venues.base import Unsupported, Venue\n\n\n"
        "class Dropped(Venue):\n"
        "    name = 'dropped'\n"
        "    ccxt_id = 'kraken'\n"
        "    title = 'Dropped in'\n"
        "    reports = {dataset: Unsupported('nothing is known yet') for dataset in Dataset}\n"
    )
    monkeypatch.setattr(pipeline.venues, "__path__", [*pipeline.venues.__path__, str(tmp_path)])
    try:
        found = pipeline.venues._discover()
    finally:
        sys.modules.pop("pipeline.venues.dropped", None)
    assert set(found) == {*VENUES, "dropped"}
    assert list(found) == sorted(found)


def test_choosing_a_venue_that_does_not_exist_says_where_those_stand_that_do() -> None:
    assert list(choose("okx, binance")) == ["okx", "binance"]
    for text in ("mtgox", "", "okx,mtgox"):
        with pytest.raises(UsageError, match=f"`margin-debt venues` lists all {len(VENUES)}"):
            choose(text)


NO_NUMBERS: list[object] = [
    None,
    "",
    "n/a",
    "12,5",
    "0x10",
    "NaN",
    "nan",
    float("nan"),
    "Infinity",
    "-inf",
    float("inf"),
]
NO_NUMBERS += [1e40, "1e40", -1e40, True, False, [], {}, [1.0]]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number_is_refused(value: object) -> None:
    for read in (number, signed_number):
        with pytest.raises(PayloadUnreadable, match=r"^open interest of X is "):
            read(value, "open interest of X")
    assert optional_number(value) is None
    # an index price below zero would break the range of staging, and with it the day of every venue
    assert optional_number("-1") is None


def test_numbers_are_read_to_the_last_digit_and_negative_only_where_it_means_something() -> None:
    assert number("2663107.29999999861", "oi") == 2663107.29999999861
    assert number(0, "oi") == 0
    assert signed_number("-0.000125", "rate") == -0.000125
    with pytest.raises(PayloadUnreadable, match=r"oi is negative: -1\.0"):
        number("-1", "oi")


@pytest.mark.parametrize("value", [0, -1, 1_772_409_600, 1_772_409_600_000_000, None, "today"])
def test_a_time_that_is_not_in_milliseconds_is_refused(value: object) -> None:
    with pytest.raises(PayloadUnreadable):
        instant(value, "ts")
    assert instant("1772409600000", "ts").isoformat() == "2026-03-02T00:00:00+00:00"


# Part of the request of a bulk answer. Hyperliquid's also answers ccxt's market list, which ccxt refuses as a
# whole for a null or NaN in it.
BULK = {
    "okx": "/public/open-interest?instType=SWAP",
    "hyperliquid": "metaAndAssetCtxs",
    "bitfinex": "/status/deriv",
}
SPOILT = [("okx", "nan"), ("okx", "negative"), ("okx", "null_value"), ("hyperliquid", "negative")]
SPOILT += [("bitfinex", "negative"), ("bitfinex", "null_value")]


@pytest.mark.parametrize(("name", "kind"), [pytest.param(*case, marks=needs(case[0])) for case in SPOILT])
def test_one_bad_row_keeps_the_others(name: str, kind: str, truth: Truth, tmp_path: Path) -> None:
    """One row of a bulk answer is spoilt: what can be read stays exact, and the log says partial."""
    truth.server.set_faults([Fault(name, kind, path_contains=BULK[name], rows=1)])
    try:
        outcome = collect(truth.server, tmp_path, replay_moments([DAY]), {name: VENUES[name]})[0]
    finally:
        truth.server.clear_faults()
    true = {
        row.market: row.open_interest_base
        for row in records(truth.tables["open_interest"])
        if row.venue == name and row.observed_at.date() == ASKED[3]
    }
    with modelled(tmp_path, only=["staging.stg_open_interest", "staging.stg_fetch_log"]) as connection:
        said = dict(
            connection.execute(
                "select market, open_interest_base_listed from staging.stg_open_interest where day = $1",
                [DAY],
            ).fetchall()
        )
        logged = connection.execute(
            "select dataset, status, error_class from staging.stg_fetch_log"
            " where status not in ('answered', 'unsupported')"
        ).fetchall()
    # nothing came of the spoilt row, least of all a zero
    assert len(said) == len(true) - 1
    assert {market: said[market] for market in said} == {
        market: pytest.approx(true[market], rel=1e-9) for market in said
    }
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.PARTIAL
    assert ("open_interest", "partial", "PayloadUnreadable") in logged


@needs("bitfinex")
def test_an_answer_that_is_not_json_fails_as_a_whole(truth: Truth, tmp_path: Path) -> None:
    """Bitfinex sends bare numbers: a bare NaN makes the body unreadable, and nothing is stored."""
    truth.server.set_faults([Fault("bitfinex", "nan", path_contains=BULK["bitfinex"])])
    try:
        outcome = collect(truth.server, tmp_path, replay_moments([DAY]), {"bitfinex": VENUES["bitfinex"]})[0]
    finally:
        truth.server.clear_faults()
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.FAILED
    assert not list((tmp_path / "raw" / "open_interest").rglob("*.parquet"))
    assert outcome.statuses[Dataset.MARGIN_LOAN] is Status.ANSWERED
