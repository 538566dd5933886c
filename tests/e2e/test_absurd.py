"""Numbers of one venue that can be written and cannot be: they stop nobody's tables, and are in no total.

What is refused at the door (pipeline/venues/plausible.py) is in tests/venues. Here is the rest: every column
of every dataset at its largest and smallest, behind the door, where only the tables can judge it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from homes import DAYS, VENUES, ask, copied, rebuild, venue_rows

from pipeline.engine import Ending
from pipeline.errors import PayloadUnreadable
from pipeline.lake import Lake
from pipeline.records import (
    ROW_TYPES,
    Dataset,
    InsuranceFundRow,
    LeverageTierRow,
    LiquidationRow,
    LongShortRatioRow,
    RawRow,
    WalletPositionRow,
)
from pipeline.venues.plausible import LARGEST, refuse_implausible

DAY = DAYS[2]
VENUE = "bitfinex"
EXTREMES = (LARGEST, 1e12, 2.0, 1e-300, 0.0)
SIGNED = ("funding_rate", "balance")
# What the venue file and the row's own declaration fix, or what counts rows.
FIXED = ("sides", "tolerance_hours", "publication_lag_hours", "tier", "occurrence")


def honest(home: Path) -> Iterator[RawRow]:
    """Rows of the venue as it sent them that day, and one of each dataset that the made history lacks."""
    sent: dict[str, Any] = {}
    for dataset in Dataset:
        # a market list is dated by its fetch, ten minutes after the day
        days = [DAY + timedelta(days=1), DAY]
        found = [p for day in days for p in (home / "raw" / dataset / f"venue={VENUE}").glob(f"day={day}/*")]
        for path in found[:1]:
            for row in pq.ParquetFile(path).read().to_pylist():
                made = ROW_TYPES[dataset](**{"venue": VENUE, **row})
                if dataset is Dataset.OPEN_INTEREST:
                    sent = {field.name: getattr(made, field.name) for field in fields(RawRow)}
                yield made
    at = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    yield LeverageTierRow(
        **{**sent, "unit": "quote", "tolerance_hours": 24.0},
        tier=1, notional_floor=0.0, notional_cap=1e6, initial_margin_rate=0.02, maintenance_margin_rate=0.01,
        max_leverage=50.0,
    )  # fmt: skip
    yield LiquidationRow(
        **{**sent, "observed_at": at},
        position_side="long", price=100.0, amount=1.0, liquidation_id=None, occurrence=0,
    )  # fmt: skip
    yield LongShortRatioRow(**{**sent, "unit": "ratio"}, population="accounts", long_short=1.5)
    yield InsuranceFundRow(**{**sent, "unit": "usd"}, currency="USD", balance=1e6)
    yield WalletPositionRow(
        **{**sent, "unit": "base"}, address="0xa",
        position_side="long", amount=1.0, own_usd=1e5, margin_usd=1e4, set_leverage=10.0, equity_usd=None,
    )  # fmt: skip
    yield WalletPositionRow(
        **{**sent, "unit": "base", "market": "USD"}, address="0xa",
        position_side=None, amount=0.0, own_usd=1e5, margin_usd=1e4, set_leverage=None, equity_usd=5e4,
    )  # fmt: skip


def absurd(row: RawRow) -> Iterator[RawRow]:
    """The row with one number of it changed, as far as the door lets it through."""
    for field in fields(row):
        if not str(field.type).startswith(("float", "int")) or field.name in FIXED:
            continue
        values = (*EXTREMES, -LARGEST) if field.name in SIGNED else EXTREMES
        for value in values:
            try:
                made = replace(row, **{field.name: value})
                refuse_implausible(made)
            except PayloadUnreadable:
                continue
            yield made


@pytest.fixture(scope="module")
def nonsense(tmp_path_factory: pytest.TempPathFactory, early: Path) -> tuple[Path, Ending]:
    """A home in which every number of one venue was followed, a second later each, by absurd ones."""
    home = copied(early, tmp_path_factory.mktemp("absurd") / "home")
    lake, seconds, written = Lake(home / "raw"), 0, dict.fromkeys(Dataset, 0)
    for dataset in Dataset:
        rows = []
        for row in honest(early):
            if type(row) is ROW_TYPES[dataset]:
                for one in absurd(row):
                    seconds += 1
                    rows.append(replace(one, fetched_at=one.fetched_at + timedelta(seconds=seconds)))
        written[dataset] = lake.write(dataset, rows)
    assert all(written.values()), written
    return home, rebuild(home)


def test_absurd_numbers_of_one_venue_stop_nobody(nonsense: tuple[Path, Ending]) -> None:
    _, ending = nonsense
    assert ending.succeeded, ending.problems
    assert ending.problems == []


@pytest.mark.parametrize("venue", [venue for venue in VENUES if venue != VENUE])
def test_every_other_venue_is_unchanged(nonsense: tuple[Path, Ending], early: Path, venue: str) -> None:
    for day in DAYS[:3]:
        rows = venue_rows(nonsense[0], venue, day)
        assert rows
        assert rows == venue_rows(early, venue, day)


def test_no_total_holds_them(nonsense: tuple[Path, Ending], early: Path) -> None:
    """A hundred billion dollars is more than the whole made market; loans are held to the same."""
    home, _ = nonsense
    usual = {
        row["class"]: row["high_usd"]
        for row in ask(early, "select class, high_usd from margin_debt_daily where day = $1::date", DAY)
    }
    assert usual
    for row in ask(home, "select class, high_usd from margin_debt_daily where day = $1::date", DAY):
        assert row["high_usd"] is None or row["high_usd"] < 1e11, row
    (seen,) = ask(
        home,
        "select max(open_interest_usd) as most from market_daily where day = $1::date and status = 'seen'",
        DAY,
    )
    assert seen["most"] <= 1e11
    for table, column in (("funding_daily", "funding_apr"), ("borrow_daily", "borrow_apr")):
        (row,) = ask(home, f"select max(abs({column})) as most from {table} where day = $1::date", DAY)
        assert row["most"] is None or row["most"] <= 876, table
