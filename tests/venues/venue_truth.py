"""A small history written by hand, the way from it to staging, and the comparison of the two ends.

The numbers are chosen, not drawn: no scenario of the package is used. Tests belong in the files beside.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pipeline.build import FIRST_DAY, Built, build_model, load_seeds
from pipeline.clock import VirtualClock, end_of
from pipeline.fetch import AFTER_MIDNIGHT, Moment, Outcome, fetch
from pipeline.lake import Lake
from pipeline.models import read_models
from pipeline.replay.history import write_history
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.venues import VENUES
from pipeline.venues.base import Venue
from pipeline.warehouse import open_warehouse

START = date(2026, 2, 20)
DAYS = 24  # days whose end the history knows; more than 20 make Hyperliquid's hourly funding two pages
ALL_DAYS = [START + timedelta(days=n) for n in range(DAYS)]
ASKED = ALL_DAYS[8:]  # sixteen days for the daily runs and the walk
EXACT = 1e-9


def at(day: int, hour: float = 0) -> datetime:
    """Hours after the start of the n-th day of the history."""
    return datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=day, hours=hour)


LISTED, EXPIRY = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 3, 27, 8, tzinfo=UTC)
NEW_AT, DELISTED_AT, CHANGED_AT = at(13, 6), at(18, 6), at(17, 8)
GAP = {("binance", "1000PEPEUSDT"): 15, ("okx", "BTC-USDT-260327"): 14, ("bitfinex", "tETHF0:USTF0"): 16}

# size: of a contract; hours: between settlements; price: around which the mark moves; amount: around which
# open interest moves, in coins as listed (contracts where the direction is inverse).
_MARKETS = """
venue market base quote settle kind direction size hours price amount
binance BTCUSDT BTC USDT USDT swap linear 1 8 90000.5 85123.456
binance SOLUSDT SOL USDT USDT swap linear 1 8 150.25 7100000.7
binance 1000PEPEUSDT 1000PEPE USDT USDT swap linear 1 8 0.0125 6000000001
binance NEWUSDT NEW USDT USDT swap linear 1 8 2.345 1234567.8
binance ETHUSD_PERP ETH USD ETH swap inverse 10 8 2500.12 26613524
binance BTCUSD_260327 BTC USD BTC future inverse 100 - 90700 15017
okx BTC-USDT-SWAP BTC USDT USDT swap linear 0.01 8 90001 26631.0729999999861
okx BTC-USD-SWAP BTC USD BTC swap inverse 100 8 90010 5100400
okx BTC-USDT-260327 BTC USDT USDT future linear 0.01 - 90650 812.57
okx FIL-USDT-SWAP FIL USDT USDT swap linear 0.1 8 2.31 765432.1
hyperliquid BTC BTC USDC USDC swap linear 1 1 90002 30500.12345
hyperliquid kPEPE kPEPE USDC USDC swap linear 1 1 0.012512 2100000000.5
hyperliquid LOOM LOOM USDC USDC swap linear 1 1 0.05 9876543
bitfinex tBTCF0:USTF0 BTC UST UST swap linear 1 8 89990 5775.20348804
bitfinex tETHF0:USTF0 ETH UST UST swap linear 1 8 2499.5 43210.98765
"""
_HEADER, *_ROWS = [line.split() for line in _MARKETS.strip().splitlines()]
_CHANGED = "SOLUSDT"  # from 8 h to 4 h in the middle of a day
_DELISTED = {"FIL-USDT-SWAP", "LOOM"}


def _life(market: str) -> tuple[datetime, datetime]:
    return (NEW_AT if market == "NEWUSDT" else LISTED), (DELISTED_AT if market in _DELISTED else EXPIRY)


def _wave(n: int, row: int) -> float:
    return 1 + 0.004 * math.sin(1 + n + row / 3)


def records(frame: pd.DataFrame) -> list[Any]:
    """The rows of a frame, with its columns as attributes."""
    return list(frame.itertuples(index=False))


def _instants(values: Sequence[datetime | None]) -> pd.Series:
    return pd.Series(values, dtype="datetime64[us, UTC]")


def history_tables() -> dict[str, pd.DataFrame]:
    """Every table of the history: six market shapes, a listing, a delisting, gaps, loans and rates."""
    markets, interest, price, funding = [], [], [], []
    price_of: dict[tuple[str, str, int], float] = {}
    for place, cells in enumerate(_ROWS):
        row = dict(zip(_HEADER, cells, strict=True))
        key = (row["venue"], row["market"])
        born, gone = _life(row["market"])
        hours = None if row["hours"] == "-" else int(row["hours"])
        listing = {
            **{name: row[name] for name in _HEADER[:7]},
            "effective_from": born,
            "contract_size": float(row["size"]),
            "funding_interval_hours": hours,
            "listed_at": born,
            "expires_at": EXPIRY if row["kind"] == "future" else None,
            "delisted_at": gone if row["market"] in _DELISTED else None,
        }
        markets.append(listing)
        if row["market"] == _CHANGED:
            markets.append({**listing, "effective_from": CHANGED_AT, "funding_interval_hours": 4})
        for n in range(DAYS + 1):
            if not born <= at(n) < gone:
                continue
            mark = round(float(row["price"]) * _wave(n, place), 8)
            amount = float(row["amount"]) * _wave(2 * n, place)
            if row["direction"] == "inverse":
                amount = round(amount) * float(row["size"]) / mark
            # Bitfinex puts one time on amount and price: its gap is one of both
            if GAP.get(key) != n or row["venue"] != "bitfinex":
                # OKX has one index for a pair of currencies: the dated future's is the perpetual's
                is_okx_dated = row["venue"] == "okx" and row["kind"] == "future"
                index = (
                    price_of[row["venue"], "BTC-USDT-SWAP", n] if is_okx_dated else round(mark * 1.0002, 8)
                )
                price_of[(*key, n)] = index
                price.append((*key, at(n), mark, index, amount * 0.61))
            if GAP.get(key) != n:
                interest.append((*key, at(n), amount))
        if hours is not None:
            funding += _settlements(key, place, hours, born, gone)
    markets.append(
        {
            **dict(zip(_HEADER[:6], ("bitfinex", "tBTCUSD", "BTC", "USD", None, "spot"), strict=True)),
            "effective_from": LISTED,
            "listed_at": LISTED,
        }
    )
    markets.append({**markets[-1], "market": "tETHUSD", "base": "ETH"})
    listed = pd.DataFrame(markets)
    for column in ("effective_from", "listed_at", "expires_at", "delisted_at"):
        listed[column] = _instants([None if pd.isna(value) else value for value in listed[column]])
    return {
        "markets": listed,
        "open_interest": pd.DataFrame(
            interest, columns=["venue", "market", "observed_at", "open_interest_base"]
        ),
        "price": pd.DataFrame(
            price,
            columns=["venue", "market", "observed_at", "mark_price", "index_price", "volume_base_24h"],
        ),
        "funding_rate": pd.DataFrame(
            funding,
            columns=["venue", "market", "settled_at", "funding_rate", "interval_hours", "predicted_rate"],
        ),
        "margin_loan": _loans(),
        "borrow_rate": _rates(),
    }


def _settlements(
    key: tuple[str, str], place: int, hours: int, born: datetime, gone: datetime
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    instant, step = at(0), hours
    while instant <= at(DAYS, 8):
        if (
            born < instant < gone + timedelta(hours=step)
        ):  # the last forecast of a delisted market is never paid
            rate = round((0.0001 + 0.00004 * math.sin(len(rows) + place)) * hours / 8, 10)
            rows.append((*key, instant, rate, float(step), round(rate * 0.9, 10)))
        if key[1] == _CHANGED and instant >= CHANGED_AT:
            step = 4
        instant += timedelta(hours=step)
    return rows


def _loans() -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for n in range(DAYS + 1):
        for place, (currency, lent) in enumerate(
            [("USD", 3.0e8), ("UST", 4.1e7), ("BTC", 6123.45), ("ETH", 54321.5)]
        ):
            amount = lent * _wave(n, place)
            rows.append(("bitfinex", currency, "lent", None, None, at(n), amount))
            rows.append(("bitfinex", currency, "used", None, None, at(n), amount * 0.83))
        for pair, coins in (("tBTCUSD", 61234.5), ("tETHUSD", 98765.4)):
            for side, share in (("long", 1.0), ("short", 0.006)):
                held = coins * share * _wave(n, len(side))
                rows.append(("bitfinex", pair[1:4], "position_size", side, pair, at(n), held))
    names = ["venue", "currency", "measure", "side", "collateral_market", "observed_at", "amount"]
    return pd.DataFrame(rows, columns=names)


def _rates() -> pd.DataFrame:
    rows = []
    for n in range(DAYS + 1):
        for place, currency in enumerate(("USD", "UST", "BTC", "ETH")):
            rows.append(("bitfinex", currency, at(n), "pool", 0.13 * _wave(n, place)))
        rows.append(("okx", "USDT", at(n), "cross", 0.1596072 * _wave(n, 5)))
        rows.append(("okx", "BTC", at(n), "cross", 0.01 * _wave(n, 6)))
    return pd.DataFrame(rows, columns=["venue", "currency", "observed_at", "kind", "borrow_apr"])


def write_truth(folder: Path) -> dict[str, pd.DataFrame]:
    """Write the history folder and return its tables."""
    tables = history_tables()
    write_history(folder, tables, {"title": "a history written by hand", "is_made": True})
    return tables


def collect(
    server: ReplayServer,
    home: Path,
    moments: Sequence[Moment],
    venues: Mapping[str, Venue] = VENUES,
) -> list[Outcome]:
    """Fetch over real HTTP with the real ccxt classes into `home`/raw."""
    settings = Settings(home=home, redirect=server.address)
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


@contextmanager
def modelled(
    home: Path, schemas: tuple[str, ...] = ("staging", "intermediate")
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of `home` with the models of some schemas built from its raw files."""
    with open_warehouse(home / "warehouse.duckdb", home / "raw") as connection:
        build_layers(connection, schemas)
        yield connection
