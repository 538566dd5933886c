"""Compares staging with the history it was fetched from, row by row and in both directions.

Every difference is one line of text: a wrong number, a row without truth, a truth without a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
from venue_truth import EXACT

from pipeline.clock import end_of

_LATE = timedelta(minutes=10)  # daily runs ask ten minutes after midnight
# The last amount a venue repeats is at most this old; older it sends nothing.
_STALE = timedelta(hours=26)
_ALIAS = {"UST": "USDT"}


def differences(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, pd.DataFrame],
    days: Sequence[date],
    asked_at: Mapping[date, date],
    is_walk: bool = False,
    is_backfill: bool = False,
) -> list[str]:
    """Everything staging says otherwise than the history.

    asked_at: for each day the day after whose end its history was asked.
    """
    world = _World(tables, days, asked_at, is_walk, is_backfill)
    found = []
    for compare in (_open_interest, _price, _settled, _predicted, _borrow, _loans):
        found += compare(connection, world)
    return found


class _World:
    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        days: Sequence[date],
        asked_at: Mapping[date, date],
        is_walk: bool,
        is_backfill: bool,
    ) -> None:
        self.tables = tables
        self.days = days
        self.asked_at = asked_at
        self.is_walk = is_walk
        self.is_backfill = is_backfill
        gone = tables["markets"].groupby(["venue", "market"])["delisted_at"].last()
        self.gone = {key: value for key, value in gone.items() if not pd.isna(value)}

    def answers_later(self, key: tuple[str, str], day: date) -> bool:
        """Whether the market was still listed when the history of a day was asked."""
        asked = end_of(self.asked_at[day]) + _LATE
        return key not in self.gone or asked < self.gone[key]


def _frame(connection: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    return connection.execute(sql).df()


def _as_of(
    rows: pd.DataFrame, truth: pd.DataFrame, time: str, keys: list[str], tolerance: timedelta
) -> pd.DataFrame:
    """Each row beside the last truth at or before its time."""
    left = rows.sort_values(time).astype({time: "datetime64[us, UTC]"})
    right = truth.sort_values("observed_at").rename(columns={"observed_at": "truth_at"})
    return pd.merge_asof(
        left,
        right,
        left_on=time,
        right_on="truth_at",
        by=keys,
        tolerance=pd.Timedelta(tolerance),
        suffixes=("", "_truth"),
    )


def _wrong(pairs: pd.DataFrame, table: str, columns: Mapping[str, str], keys: list[str]) -> list[str]:
    found = []
    for said, true in columns.items():
        near = (pairs[said] - pairs[true]).abs() <= EXACT * pairs[true].abs()
        for _, row in pairs[~near & ~(pairs[said].isna() & pairs[true].isna())].iterrows():
            where = " ".join(str(row[key]) for key in [*keys, "day"])
            found.append(f"{table} {where}: {said} is {row[said]!r}, truth {row[true]!r}")
    return found


def _missing(have: Set[tuple[object, ...]], want: Set[tuple[object, ...]], table: str) -> list[str]:
    lost = [f"{table}: no row for {' '.join(map(str, key))}" for key in sorted(want - have, key=str)]
    made = [f"{table}: no truth for {' '.join(map(str, key))}" for key in sorted(have - want, key=str)]
    return lost + made


def _day_of(instant: datetime) -> date:
    return (instant - timedelta(seconds=1)).date()


def _wanted(frame: pd.DataFrame, world: _World, names: list[str]) -> set[tuple[object, ...]]:
    """Keys of the truth rows that stand at the end of a day that was asked."""
    return {
        (*key, _day_of(instant))
        for *key, instant in frame[[*names, "observed_at"]].itertuples(index=False)
        if _day_of(instant) in world.days
    }


def _have(rows: pd.DataFrame, names: list[str]) -> set[tuple[object, ...]]:
    """Keys of the rows that stand near the end of their day."""
    near = rows[rows["distance_hours"] < 1]
    return {(*key, day.date()) for *key, day in near[[*names, "day"]].itertuples(index=False)}


def _open_interest(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    rows = _frame(connection, "select * from staging.stg_open_interest")
    truth = world.tables["open_interest"].merge(
        world.tables["price"], how="left", on=["venue", "market", "observed_at"]
    )
    truth["value"] = truth["open_interest_base"] * truth["mark_price"]
    names = ["venue", "market"]
    pairs = _as_of(rows, truth, "observed_at", names, _STALE)
    columns = {"open_interest_base_listed": "open_interest_base"}
    want = _wanted(truth, world, names)
    if world.is_walk:  # Binance answers a week at once, and for listed markets only
        want = {key for key in want if key[0] != "binance" or world.answers_later(key[:2], key[2])}  # type: ignore[arg-type]
    if world.is_backfill:  # no price reaches back: dollars contracts cannot become coins, and no list either
        last = world.days[-1]
        want = {
            key
            for key in want
            if world.answers_later(key[:2], key[2]) and (key[0] != "hyperliquid" or key[2] == last)  # type: ignore[arg-type]
        }
        pairs = pairs[pairs["mark_price"].notna()]
    found = _wrong(pairs, "stg_open_interest", columns, names)
    priced = pairs[pairs["observed_at"].dt.floor("D") == pairs["truth_at"].dt.floor("D")]
    found += _wrong(priced, "stg_open_interest", {"open_interest_quote": "value"}, names)
    return found + _missing(_have(rows, names), want, "stg_open_interest")


def _price(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    rows = _frame(connection, "select * from staging.stg_price")
    truth = world.tables["price"].copy()
    truth["volume_truth"] = truth["volume_base_24h"] * truth["mark_price"]
    truth = truth.rename(columns={"mark_price": "mark_truth", "index_price": "index_truth"})
    names = ["venue", "market"]
    pairs = _as_of(rows, truth, "observed_at", names, _STALE)
    columns = {"mark_price": "mark_truth", "index_price": "index_truth", "volume_quote": "volume_truth"}
    found = _wrong(pairs, "stg_price", columns, names)
    in_coins = pairs[pairs["volume_base_listed"].notna()]
    found += _wrong(in_coins, "stg_price", {"volume_base_listed": "volume_base_24h"}, names)
    want = _wanted(truth, world, names)
    if world.is_backfill:
        want = {key for key in want if key[2] == world.days[-1]}
    return found + _missing(_have(rows, names), want, "stg_price")


def _settled(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    rows = _frame(connection, "select * from staging.stg_funding_rate where kind = 'settled'")
    rows["settles_at"] = rows["settles_at"].astype("datetime64[us, UTC]")
    truth = world.tables["funding_rate"].rename(
        columns={"funding_rate": "rate_truth", "interval_hours": "interval_truth"}
    )
    truth["apr_truth"] = truth["rate_truth"] * 8760 / truth["interval_truth"]
    names = ["venue", "market"]
    pairs = rows.merge(truth, left_on=[*names, "settles_at"], right_on=[*names, "settled_at"], how="inner")
    columns = {
        "funding_rate": "rate_truth",
        "interval_hours": "interval_truth",
        "funding_apr": "apr_truth",
    }
    found = _wrong(pairs, "stg_funding_rate", columns, [*names, "settles_at"])
    listed = world.tables["markets"]
    inverse = set(listed[listed["direction"] == "inverse"][names].itertuples(index=False, name=None))
    want: set[tuple[object, ...]] = set()
    for venue, market, at in truth[[*names, "settled_at"]].itertuples(index=False):
        key, day = (venue, market), _day_of(at)
        asks_all = venue == "binance" and key not in inverse  # the one history that keeps delisted markets
        if venue != "bitfinex" and day in world.days and (asks_all or world.answers_later(key, day)):
            want.add((venue, market, at))
    asked = rows[rows["day"].dt.date.isin(list(world.days))]
    have = set(asked[[*names, "settles_at"]].itertuples(index=False, name=None))
    before = rows[~rows["day"].dt.date.isin([*world.days, world.days[0] - timedelta(days=1)])]
    found += [f"stg_funding_rate: {len(before)} settlements outside the days asked"] * bool(len(before))
    return found + _missing(have, want, "stg_funding_rate")


def _predicted(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    rows = _frame(
        connection,
        """
        select f.*, r.fetched_at, (r.fetched_at - interval 10 minutes)::date - 1 as asked_day
        from staging.stg_funding_rate as f
        inner join (select distinct fetched_at from raw.funding_rate) as r on r.fetched_at = f.known_at
        where kind = 'predicted'
        """,
    )
    truth = world.tables["funding_rate"].rename(
        columns={"funding_rate": "paid", "interval_hours": "interval_truth", "settled_at": "observed_at"}
    )
    truth["apr_truth"] = truth["predicted_rate"] * 8760 / truth["interval_truth"]
    names = ["venue", "market"]
    # the forecast is for the first settlement after the asking
    right = truth.sort_values("observed_at")
    left = rows.sort_values("fetched_at").astype({"fetched_at": "datetime64[us, UTC]"})
    pairs = pd.merge_asof(
        left, right, left_on="fetched_at", right_on="observed_at", by=names, direction="forward"
    )
    columns = {
        "funding_rate": "predicted_rate",
        "interval_hours": "interval_truth",
        "funding_apr": "apr_truth",
    }
    found = _wrong(pairs, "stg_funding_rate predicted", columns, names)
    named = pairs[pairs["venue"] != "hyperliquid"]  # it names no time of payment
    late = named[named["settles_at"] != named["observed_at"]]
    found += [f"predicted {row.venue} {row.market} for {row.settles_at}" for row in late.itertuples()]
    asked = [world.days[-1]] if world.is_backfill else world.days
    have = {(venue, market, at) for venue, market, at in rows[[*names, "fetched_at"]].itertuples(index=False)}
    want: set[tuple[object, ...]] = set()
    markets: Any = world.tables["markets"].set_index(names)
    for (venue, market), part in truth.groupby(names):
        for day in asked:
            moment = pd.Timestamp(end_of(day) + _LATE)
            ahead = part[part["observed_at"] > moment]
            born = markets.loc[(venue, market), "listed_at"]
            first = born.min() if isinstance(born, pd.Series) else born
            if len(ahead) and first <= moment and world.gone.get((venue, market), moment + _LATE) > moment:
                want.add((venue, market, moment))
    return found + _missing(have, want, "stg_funding_rate predicted")


def _borrow(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    rows = _frame(connection, "select * from staging.stg_borrow_rate")
    truth = world.tables["borrow_rate"].rename(columns={"borrow_apr": "apr_truth"})
    truth["currency"] = truth["currency"].replace(_ALIAS)
    names = ["venue", "currency", "kind"]
    found = _wrong(
        _as_of(rows, truth, "observed_at", names, _STALE),
        "stg_borrow_rate",
        {"borrow_apr": "apr_truth"},
        names,
    )
    want = _wanted(truth, world, names)
    if world.is_backfill:  # OKX has no history of its quota
        want = {key for key in want if key[0] == "bitfinex" or key[3] == world.days[-1]}
    return found + _missing(_have(rows, names), want, "stg_borrow_rate")


def _loans(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    rows = _frame(connection, "select * from staging.stg_margin_loan")
    truth = world.tables["margin_loan"].rename(columns={"amount": "amount_truth"})
    truth["currency"] = truth["currency"].replace(_ALIAS)
    truth["side"] = truth["side"].fillna("both")
    truth["collateral_market"] = truth["collateral_market"].fillna("all")
    names = ["venue", "currency", "measure", "side", "collateral_market"]
    found = _wrong(
        _as_of(rows, truth, "observed_at", names, _STALE),
        "stg_margin_loan",
        {"amount": "amount_truth"},
        names,
    )
    return found + _missing(_have(rows, names), _wanted(truth, world, names), "stg_margin_loan")
