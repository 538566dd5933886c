"""The pinned ccxt's own classes, led to the truth server or given an answer typed by hand.

What they say is for the tests of traps, which set it beside what our tables say. No test lives here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import ccxt
import duckdb
import pandas as pd
from venue_truth import ALL_DAYS

from pipeline.clock import end_of, milliseconds
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.replay.process import ReplayServer
from pipeline.venues import VENUES

# After the day on which intervals change, a market is delisted and one is new; before the dated ones expire.
DAY = ALL_DAYS[19]
NOW = end_of(DAY) + AFTER_MIDNIGHT
SINCE_MS = milliseconds(NOW - timedelta(days=3))


def _redirected(node: Any, address: str) -> Any:
    if isinstance(node, dict):
        return {key: _redirected(value, address) for key, value in node.items()}
    return node.replace("https://", f"{address}/") if isinstance(node, str) else node


def exchange_of(server: ReplayServer, name: str) -> Any:
    """A ccxt exchange as the venue file configures it, its markets loaded from the truth server."""
    server.set_now(NOW)
    venue = VENUES[name]
    exchange = getattr(ccxt, venue.ccxt_id)({"enableRateLimit": False, "options": dict(venue.ccxt_options)})
    exchange.urls["api"] = _redirected(exchange.urls["api"], server.address)
    exchange.milliseconds = lambda: milliseconds(NOW)
    exchange.has["fetchCurrencies"] = False
    exchange.load_markets()
    return exchange


def answered(exchange: Any, answer: object) -> list[str]:
    """Let every later request of the exchange be answered so; returns the list its addresses go to."""
    asked: list[str] = []

    def fetch(url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        del method, headers, body
        asked.append(url)
        return answer

    exchange.fetch = fetch
    return asked


@dataclass(frozen=True)
class Level:
    """A market's truth at the end of DAY: coins as listed, and the mark price."""

    base: float
    mark: float


def true_level(tables: dict[str, pd.DataFrame], venue: str, market: str) -> Level:
    """From the history that the server answers from."""

    def at_end(name: str, column: str) -> float:
        rows = tables[name]
        chosen = rows[
            (rows["venue"] == venue) & (rows["market"] == market) & (rows["observed_at"] == end_of(DAY))
        ]
        return float(chosen[column].iloc[0])

    return Level(at_end("open_interest", "open_interest_base"), at_end("price", "mark_price"))


def true_rates(tables: dict[str, pd.DataFrame], venue: str, market: str) -> pd.DataFrame:
    """What was paid, by instant."""
    rows = tables["funding_rate"]
    chosen = rows[(rows["venue"] == venue) & (rows["market"] == market)]
    return chosen.set_index("settled_at").sort_index()


def our_base(connection: duckdb.DuckDBPyConnection, venue: str, market: str) -> float:
    """Coins as listed that staging holds for the end of DAY."""
    row = connection.execute(
        "select open_interest_base_listed from staging.stg_open_interest"
        " where venue = $1 and market = $2 and day = $3",
        [venue, market, DAY],
    ).fetchone()
    assert row is not None, f"staging holds no open interest of {venue} {market}"
    return float(row[0])


def our_rates(connection: duckdb.DuckDBPyConnection, venue: str, market: str, kind: str) -> list[Any]:
    """Rows (settles_at, funding_rate, interval_hours, funding_apr) of DAY in staging, by time."""
    return connection.execute(
        "select settles_at, funding_rate, interval_hours, funding_apr from staging.stg_funding_rate"
        " where venue = $1 and market = $2 and kind = $3 and day = $4 order by settles_at",
        [venue, market, kind, DAY],
    ).fetchall()
