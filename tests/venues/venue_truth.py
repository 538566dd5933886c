"""The history that the evidence of all venues makes together, and the way from it to staging.

Every venue has the same life: sixteen asked days, one market listed late, one delisted, one gap, one change
of the funding interval where its file names such markets. Tests belong in the files beside.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from evidence import EVIDENCE, UNDER_TEST, Evidence, ListedMarket

from pipeline.build import FIRST_DAY, Built, build_model, load_seeds
from pipeline.clock import VirtualClock, end_of
from pipeline.fetch import Outcome, fetch
from pipeline.lake import Lake
from pipeline.models import read_models
from pipeline.moments import AFTER_MIDNIGHT, Moment
from pipeline.replay.history import write_history
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.venues.base import Venue
from pipeline.warehouse import open_warehouse

START = date(2026, 2, 20)
DAYS = 24  # days whose end the history knows; more than 20 make hourly funding two pages
ALL_DAYS = [START + timedelta(days=n) for n in range(DAYS)]
ASKED = ALL_DAYS[8:]  # sixteen days for the daily runs and the walk
EXACT = 1e-9


def at(day: int, hour: float = 0) -> datetime:
    """Hours after the start of the n-th day of the history."""
    return datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=day, hours=hour)


LISTED, EXPIRY = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 3, 27, 8, tzinfo=UTC)
NEW_AT, DELISTED_AT, CHANGED_AT = at(13, 6), at(18, 6), at(17, 8)
LIQUIDATED_HOUR = 13.5
GAP = {
    (name, market): day
    for name, file in EVIDENCE.items()
    for market, day in file.said.get("gaps", {}).items()
}
LATE = {(name, market) for name, file in EVIDENCE.items() for market in file.said.get("listed_late", [])}
GONE = {(name, market) for name, file in EVIDENCE.items() for market in file.said.get("delisted", [])}
MULTIPLIER = {
    (name, market): float(many)
    for name, file in EVIDENCE.items()
    for market, many in file.said.get("multipliers", {}).items()
}


def _wave(n: int, row: int) -> float:
    return 1 + 0.004 * math.sin(1 + n + row / 3)


def records(frame: pd.DataFrame) -> list[Any]:
    """The rows of a frame, with its columns as attributes."""
    return list(frame.itertuples(index=False))


def _instants(values: Sequence[datetime | None]) -> pd.Series:
    return pd.Series(values, dtype="datetime64[us, UTC]")


def history_tables() -> dict[str, pd.DataFrame]:
    """Every table of the history, all venues together."""
    markets: list[dict[str, Any]] = []
    levels: list[dict[str, Any]] = []
    funding: list[tuple[object, ...]] = []
    for file in EVIDENCE.values():
        for place, market in enumerate(file.markets):
            markets += _listings(file, market)
            levels += _levels(file, market, place, {row["key"]: row["index_price"] for row in levels})
            if market.interval_hours is not None:
                funding += _settlements(file, market, place)
        markets += [_spot(file.venue, row) for row in file.rows("spot")]
    listed = pd.DataFrame(markets)
    for column in ("effective_from", "listed_at", "expires_at", "delisted_at"):
        listed[column] = _instants([None if pd.isna(value) else value for value in listed[column]])
    frame = pd.DataFrame(levels)
    names = ["venue", "market", "observed_at"]
    tables = {
        "markets": listed,
        "open_interest": frame.loc[frame["has_amount"], [*names, "open_interest_base"]],
        "price": frame.loc[frame["has_price"], [*names, "mark_price", "index_price", "volume_base_24h"]],
        "funding_rate": pd.DataFrame(
            funding,
            columns=["venue", "market", "settled_at", "funding_rate", "interval_hours", "predicted_rate"],
        ),
        "borrow_rate": _moving("borrow_rates", "borrow_apr"),
        "margin_loan": _moving("margin_loans", "amount", side=None, collateral_market=None),
        "long_short_ratio": _moving("long_short_ratios", "long_short_ratio"),
        "leverage_tier": _tiers(),
        "liquidation": _liquidations(),
        "insurance_fund": _moving("insurance_funds", "balance"),
        "wallet_position": _wallets(),
    }
    return {name: table.reset_index(drop=True) for name, table in tables.items() if len(table)}


def _life(key: tuple[str, str]) -> tuple[datetime, datetime]:
    return (NEW_AT if key in LATE else LISTED), (DELISTED_AT if key in GONE else EXPIRY)


def _listings(file: Evidence, market: ListedMarket) -> list[dict[str, Any]]:
    key = (file.venue, market.market)
    born, gone = _life(key)
    listing = {
        **{name: getattr(market, name) for name in ("venue", "market", "base", "quote", "settle", "kind")},
        "direction": market.direction,
        "contract_size": market.contract_size,
        "funding_interval_hours": market.interval_hours,
        "effective_from": born,
        "listed_at": born,
        "expires_at": EXPIRY if market.kind == "future" else None,
        "delisted_at": gone if key in GONE else None,
    }
    changed = file.said.get("interval_changes", {}).get(market.market)
    later = {**listing, "effective_from": CHANGED_AT, "funding_interval_hours": changed}
    return [listing] if changed is None else [listing, later]


def _spot(venue: str, row: Mapping[str, str]) -> dict[str, Any]:
    named = {name: row[name] for name in ("market", "base", "quote")}
    return {"venue": venue, **named, "kind": "spot", "effective_from": LISTED, "listed_at": LISTED}


def _levels(
    file: Evidence, market: ListedMarket, place: int, index_of: Mapping[tuple[object, ...], float]
) -> list[dict[str, Any]]:
    key = (file.venue, market.market)
    born, gone = _life(key)
    rows = []
    for n in range(DAYS + 1):
        if not born <= at(n) < gone:
            continue
        mark = round(market.price * _wave(n, place), 8)
        amount = market.amount * _wave(2 * n, place)
        if market.direction == "inverse":
            amount = round(amount) * market.contract_size / mark
        # a venue has one index for a pair of currencies: that of the market listed first
        pair = (file.venue, market.base, market.quote, n)
        is_gap = GAP.get(key) == n
        rows.append(
            {
                "key": pair,
                "venue": file.venue,
                "market": market.market,
                "observed_at": at(n),
                "mark_price": mark,
                "index_price": index_of.get(pair, round(mark * 1.0002, 8)),
                "open_interest_base": amount,
                "volume_base_24h": amount * 0.61,
                "has_amount": not is_gap,
                "has_price": not (is_gap and file.said.get("gaps_are_of_price_too", False)),
            }
        )
    return rows


def _settlements(file: Evidence, market: ListedMarket, place: int) -> list[tuple[object, ...]]:
    key = (file.venue, market.market)
    born, gone = _life(key)
    changed = file.said.get("interval_changes", {}).get(market.market)
    step = market.interval_hours or 0
    rows: list[tuple[object, ...]] = []
    instant = at(0)
    while instant <= at(DAYS, 8):
        # the last forecast of a delisted market is never paid
        if born < instant < gone + timedelta(hours=step):
            rate = round((0.0001 + 0.00004 * math.sin(len(rows) + place)) * step / 8, 10)
            rows.append((*key, instant, rate, float(step), round(rate * 0.9, 10)))
        if changed is not None and instant >= CHANGED_AT:
            step = changed
        instant += timedelta(hours=step)
    return rows


def _moving(key: str, column: str, **defaults: object) -> pd.DataFrame:
    """Rows of another dataset at the end of every day, `column` moving a little."""
    rows = [
        {"venue": name, **defaults, **row, "observed_at": at(n), column: row[column] * _wave(n, place)}
        for name, file in EVIDENCE.items()
        for place, row in enumerate(file.rows(key))
        for n in range(DAYS + 1)
        if _is_listed(name, row, n)
    ]
    return pd.DataFrame(rows)


def _is_listed(venue: str, row: Mapping[str, Any], n: int) -> bool:
    born, gone = _life((venue, row["market"])) if "market" in row else (LISTED, EXPIRY)
    return born <= at(n) < gone


def _tiers() -> pd.DataFrame:
    """Steps [floor, cap, initial rate, maintenance rate, leverage], the same every day."""
    rates = ("initial_margin_rate", "maintenance_margin_rate")
    names = ("notional_floor", "notional_cap", *rates, "max_leverage")
    rows = []
    for name, file in EVIDENCE.items():
        for table in file.rows("leverage_tiers"):
            for n in range(DAYS + 1):
                if not _is_listed(name, table, n):
                    continue
                for tier, step in enumerate(table["steps"], start=1):
                    said = {"venue": name, "market": table["market"], "observed_at": at(n), "tier": tier}
                    said |= {"notional_unit": table["unit"], **dict(zip(names, step, strict=True))}
                    rows.append(said)
    frame = pd.DataFrame(rows)
    if len(frame):
        for column in names:
            frame[column] = frame[column].astype(float)
    return frame


def _liquidations() -> pd.DataFrame:
    rows = [
        {"venue": name, **row, "occurred_at": at(n, LIQUIDATED_HOUR), "amount_base": row["amount_base"]}
        for name, file in EVIDENCE.items()
        for row in file.rows("liquidations")
        for n in range(DAYS)
        if _is_listed(name, row, n) and _is_listed(name, row, n + 1)
    ]
    return pd.DataFrame(rows)


def _wallets() -> pd.DataFrame:
    """Accounts at the end of every day: their money, and positions that move a little while it is listed."""
    columns = ["venue", "address", "market", "observed_at", "equity_usd", "position_base", "set_leverage"]
    rows: list[tuple[object, ...]] = []
    for name, file in EVIDENCE.items():
        for place, wallet in enumerate(file.rows("wallets")):
            for n in range(DAYS + 1):
                who, money = (name, wallet["address"]), wallet["equity_usd"] * _wave(n, place)
                rows.append((*who, None, at(n), money, None, None))
                rows += [
                    (*who, market, at(n), None, size * _wave(n, place + 1), float(leverage))
                    for market, size, leverage in wallet["positions"]
                    if _is_listed(name, {"market": market}, n)
                ]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[4:], float))


def addresses() -> dict[str, tuple[str, ...]]:
    """The accounts of the evidence, by venue, as settings list them."""
    listed = {
        name: tuple(wallet["address"] for wallet in file.rows("wallets")) for name, file in EVIDENCE.items()
    }
    return {name: of_venue for name, of_venue in listed.items() if of_venue}


def write_truth(folder: Path) -> dict[str, pd.DataFrame]:
    """Write the history folder and return its tables."""
    tables = history_tables()
    write_history(folder, tables, {"title": "a history written by hand", "is_made": True})
    return tables


def collect(
    server: ReplayServer,
    home: Path,
    moments: Sequence[Moment],
    venues: Mapping[str, Venue] = UNDER_TEST,
) -> list[Outcome]:
    """Fetch over real HTTP with the real ccxt classes into `home`/raw."""
    settings = Settings(home=home, redirect=server.address, addresses=addresses())
    clock = VirtualClock(end_of(moments[0].day) + AFTER_MIDNIGHT)

    def move_to(instant: datetime) -> None:
        server.set_now(instant)
        clock.set(instant)

    fetching = fetch(
        venues,
        moments,
        settings=settings,
        clock=clock,
        lake=Lake(settings.raw),
        run_id="truth",
        move_to=move_to,
    )
    return asyncio.run(fetching)


def build_layers(
    connection: duckdb.DuckDBPyConnection, schemas: tuple[str, ...], from_day: date = FIRST_DAY
) -> list[Built]:
    """Seeds and every model of the schemas, in building order; raises ContractBroken."""
    load_seeds(connection)
    return [build_model(connection, model, from_day) for model in read_models() if model.schema in schemas]


def build_for(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Some tables and what they are made of."""
    models = {model.table: model for model in read_models()}
    wanted, waiting = set[str](), [*tables]
    while waiting:
        table = waiting.pop()
        if table in models and table not in wanted:
            wanted.add(table)
            waiting += models[table].reads
    load_seeds(connection)
    for table, model in models.items():
        if table in wanted:
            build_model(connection, model, FIRST_DAY)


@contextmanager
def modelled(
    home: Path, schemas: tuple[str, ...] = ("staging", "intermediate"), only: Collection[str] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of `home` with models built from its raw files: `only` some, or all of some schemas."""
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        connection.execute("set threads = 1")  # so few rows are built no faster by more
        if only:
            build_for(connection, only)
        else:
            build_layers(connection, schemas)
        yield connection
