"""Every case of the evidence files: what was sent and what it is worth, by numbers typed from outside.

The history holds the truth behind each recorded answer; raw must then hold the very numbers that the venue
sent, and staging what they are worth. A venue's cases are in `evidence/<venue>.yml`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest
from evidence import EVIDENCE, UNDER_TEST
from venue_truth import collect, modelled

from pipeline.clock import end_of
from pipeline.moments import replay_moments
from pipeline.records import Dataset
from pipeline.replay.history import HISTORY_TABLES, write_history
from pipeline.replay.process import ReplayServer
from pipeline.venues.base import Reports

LISTED, EXPIRY = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 3, 26, 8, tzinfo=UTC)
DAY = date(2026, 3, 1)
# Columns that tell the rows of one market or currency apart.
APART = ("currency", "kind", "measure", "side", "collateral_market", "population", "tier")


@dataclass(frozen=True)
class Case:
    """One line of evidence; day is the one whose end the truth stands at."""

    venue: str
    day: date
    said: dict[str, Any]

    @property
    def subject(self) -> str:
        """The market the case is about, or the currency."""
        return str(
            self.said["listing"]["market"] if "listing" in self.said else self.said["truth"]["currency"]
        )


def _cases() -> list[Case]:
    """Cases of one market stand on days of their own."""
    found, taken = [], Counter[tuple[str, str, str]]()
    for name, file in EVIDENCE.items():
        for said in file.rows("cases"):
            subject = said["listing"]["market"] if "listing" in said else said["truth"]["currency"]
            key = (name, subject, said["dataset"])
            found.append(Case(name, DAY + timedelta(days=taken[key]), said))
            taken[key] += 1
    return found


CASES = _cases()
DAYS = sorted({case.day for case in CASES})


def _tables() -> dict[str, pd.DataFrame]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in HISTORY_TABLES}
    listings = {(case.venue, case.subject): case.said["listing"] for case in CASES if "listing" in case.said}
    for (venue, market), listing in listings.items():
        hours = listing["hours"]
        rows["markets"].append(
            {
                "venue": venue,
                **{
                    name: listing[name] for name in ("market", "base", "quote", "settle", "kind", "direction")
                },
                "contract_size": float(listing["size"]),
                "funding_interval_hours": None if hours is None else float(hours),
                "effective_from": LISTED,
                "listed_at": LISTED,
                "expires_at": EXPIRY if listing["kind"] == "future" else None,
            }
        )
        for day in DAYS:
            truths = [
                c.said["truth"] for c in CASES if (c.venue, c.subject) == (venue, market) and c.day <= day
            ]
            level = {"open_interest_base": 1.0, "mark_price": 1.0, "funding_rate": 1e-4}
            level |= {"interval_hours": hours, "volume_base_24h": 1.0}
            for truth in truths:
                level |= truth
            key = {"venue": venue, "market": market, "observed_at": end_of(day)}
            rows["open_interest"].append({**key, "open_interest_base": level["open_interest_base"]})
            price = {name: level[name] for name in ("mark_price", "volume_base_24h")}
            rows["price"].append(
                {**key, **price, "index_price": level.get("index_price", price["mark_price"])}
            )
            if hours is not None:
                paid = {
                    "funding_rate": level["funding_rate"],
                    "interval_hours": float(level["interval_hours"]),
                }
                settled = {"venue": venue, "market": market, "settled_at": end_of(day)}
                rows["funding_rate"].append({**settled, **paid, "predicted_rate": paid["funding_rate"]})
    for spot in ((name, row) for name, file in EVIDENCE.items() for row in file.rows("spot")):
        listing = {**spot[1], "venue": spot[0], "kind": "spot", "effective_from": LISTED, "listed_at": LISTED}
        rows["markets"].append(listing)
    for case in CASES:
        table = case.said["dataset"]
        if table in ("open_interest", "price", "funding_rate"):
            continue
        subject = {} if "currency" in case.said["truth"] else {"market": case.subject}
        clock = "occurred_at" if table == "liquidation" else "observed_at"
        instant = end_of(case.day) - timedelta(hours=2 if table == "liquidation" else 0)
        rows[table].append({"venue": case.venue, **subject, clock: instant, **case.said["truth"]})
    tables = {}
    for name, found in rows.items():
        if found:
            tables[name] = _frame(name, found)
    return tables


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for field in HISTORY_TABLES[name]:
        column = frame[field.name] if field.name in frame else pd.Series([None] * len(frame))
        if str(field.type).startswith("timestamp"):
            column = pd.Series([None if pd.isna(v) else v for v in column], dtype="datetime64[us, UTC]")
        elif str(field.type) == "double":
            column = column.astype(float)
        frame[field.name] = column
    return frame


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder, home = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("home")
    write_history(folder, _tables(), {"title": "published numbers", "is_made": True})
    with ReplayServer(folder) as server:
        collect(server, home, [moment for day in DAYS for moment in replay_moments([day])])
    with modelled(home, ("staging",)) as connection:
        yield connection


_CLOCKS = {
    "raw.funding_rate": "settles_at",
    "staging.stg_funding_rate": "settles_at",
    "raw.liquidation": "observed_at",
    "staging.stg_liquidation": "occurred_at",
}


def _found(
    warehouse: duckdb.DuckDBPyConnection, case: Case, table: str, columns: list[str]
) -> dict[str, Any]:
    """The one row of the case's market or currency that stands at the end of its day."""
    is_raw = table.startswith("raw.")
    clock = _CLOCKS.get(table, "coalesce(observed_at, fetched_at)" if is_raw else "observed_at")
    apart = {name: value for name, value in case.said["truth"].items() if name in APART}
    if case.said["dataset"] == "liquidation":
        apart["position_side"] = apart.pop("side")
    if case.said["dataset"] == "funding_rate":
        apart["kind"] = case.said.get("kind", "settled")
        if apart["kind"] == "predicted":  # of a settlement hours ahead
            clock = "fetched_at" if is_raw else "known_at"
    if "currency" not in apart:
        apart["market"] = case.subject
    elif not is_raw:  # after the alias table
        apart["currency"] = case.said.get("asset", apart["currency"])
    if not is_raw:
        apart["day"] = case.day  # an observation stands for two days there
    conditions = ["venue = $venue", f"abs(epoch({clock}) - $end) < 10800", *(f"{n} = ${n}" for n in apart)]
    row = warehouse.execute(
        f"select {', '.join(columns)} from {table} where {' and '.join(conditions)}"
        f" order by abs(epoch({clock}) - $end) limit 1",
        {"venue": case.venue, "end": end_of(case.day).timestamp(), **apart},
    ).fetchone()
    assert row is not None, f"{table} holds no row of {case.subject} at the end of {case.day}"
    return dict(zip(columns, row, strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.venue} {case.said['id']}")
@pytest.mark.parametrize("place", ["raw", "staging"])
def test_numbers_from_outside(warehouse: duckdb.DuckDBPyConnection, case: Case, place: str) -> None:
    expected = case.said[place]
    assert expected
    dataset = case.said["dataset"]
    table = f"raw.{dataset}" if place == "raw" else f"staging.stg_{dataset}"
    near = case.said.get("tolerance", 1e-9)
    said = _found(warehouse, case, table, list(expected))
    words = {name: value for name, value in expected.items() if isinstance(value, str)}
    wanted = {name: pytest.approx(value, rel=near) for name, value in expected.items() if name not in words}
    assert said == {**wanted, **words}, case.said["source"]


@pytest.mark.parametrize("name", UNDER_TEST)
def test_every_amount_has_a_case(name: str) -> None:
    """Each direction of open interest and every other dataset of a venue was worked out by hand."""
    cases = EVIDENCE[name].rows("cases")
    assert all(case["source"] for case in cases)
    directions = {market.direction for market in EVIDENCE[name].markets}
    worked = {case["listing"]["direction"] for case in cases if case["dataset"] == "open_interest"}
    reports = UNDER_TEST[name].reports
    if isinstance(reports[Dataset.OPEN_INTEREST], Reports):
        assert worked == directions
    others = {
        dataset.value
        for dataset, declared in reports.items()
        if isinstance(declared, Reports)
        and not declared.needs_key
        and dataset not in (Dataset.MARKETS, Dataset.OPEN_INTEREST)
    }
    assert others <= {case["dataset"] for case in cases}
