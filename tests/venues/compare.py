"""Compares staging with the history it was fetched from, row by row and in both directions.

Every difference is one line of text: a wrong number, a row without truth, a truth without a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
from evidence import EVIDENCE, UNDER_TEST
from venue_truth import EXACT, GONE, LIQUIDATED_HOUR

from pipeline.clock import end_of
from pipeline.records import Dataset
from pipeline.venues.base import Reports

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
    for compare in (_open_interest, _price, _settled, _predicted, _tiers, _liquidations):
        found += compare(connection, world)
    for dataset, names, column, defaults in _LEVELS:
        found += _level(connection, world, dataset, names, column, defaults)
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

    def wants(self, dataset: Dataset, key: tuple[str, str], day: date) -> bool:
        """Whether a truth at the end of a day had to be answered, by what the venue file declares."""
        venue = key[0]
        declared = UNDER_TEST[venue].reports[dataset]
        if not isinstance(declared, Reports) or declared.needs_key:
            return False
        has_snapshot = hasattr(UNDER_TEST[venue], dataset.value)
        if self.is_backfill:
            if day == self.days[-1] and has_snapshot:
                return self.answers_later(key, day)
            if key[1] in EVIDENCE[venue].said.get("without_history", []):
                return False
            distance = end_of(self.days[-1]) + _LATE - end_of(day)
            return distance <= timedelta(days=declared.history_days or 0) and self.answers_later(key, day)
        if self.is_walk and declared.how == "per_symbol" and declared.history_days is not None:
            return self.answers_later(key, day)  # a week is asked at once, and of listed markets only
        return has_snapshot


def _frame(connection: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    frame = connection.execute(sql).df()
    # an empty answer does not tell that its words are words, and merging wants to know
    words = [name for name in frame.columns if frame.empty and frame[name].dtype == object]
    return frame.astype(dict.fromkeys(words, "str"))


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
    want = {
        key
        for key in _wanted(truth, world, names)
        if world.wants(Dataset.OPEN_INTEREST, key[:2], key[2])  # type: ignore[arg-type]
    }
    if world.is_backfill:  # no price reaches back: dollars of contracts cannot become coins
        pairs = pairs[pairs["mark_price"].notna()]
    found = _wrong(pairs, "stg_open_interest", columns, names)
    # without a mark price of its own a market has coins and no dollars yet
    markless = pairs["venue"].isin(_silent("price.mark_price"))
    found += [
        f"stg_open_interest {row.venue} {row.market}: dollars without a mark price"
        for row in pairs[markless & pairs["open_interest_quote"].notna()].itertuples()
    ]
    priced = pairs[~markless & (pairs["observed_at"].dt.floor("D") == pairs["truth_at"].dt.floor("D"))]
    found += _wrong(priced, "stg_open_interest", {"open_interest_quote": "value"}, names)
    return found + _missing(_have(rows, names), want, "stg_open_interest")


def _price(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    rows = _frame(connection, "select * from staging.stg_price")
    truth = world.tables["price"].copy()
    truth["volume_truth"] = truth["volume_base_24h"] * truth["mark_price"]
    truth = truth.rename(columns={"mark_price": "mark_truth", "index_price": "index_truth"})
    names = ["venue", "market"]
    pairs = _as_of(rows, truth, "observed_at", names, _STALE)
    found = []
    columns = {"mark_price": "mark_truth", "index_price": "index_truth", "volume_quote": "volume_truth"}
    for said, true in columns.items():
        sends = pairs[~pairs["venue"].isin(_silent(f"price.{said}"))]
        found += _wrong(sends, "stg_price", {said: true}, names)
    in_coins = pairs[pairs["volume_base_listed"].notna()]
    found += _wrong(in_coins, "stg_price", {"volume_base_listed": "volume_base_24h"}, names)
    want = {key for key in _wanted(truth, world, names) if world.wants(Dataset.PRICE, key[:2], key[2])}  # type: ignore[arg-type]
    return found + _missing(_have(rows, names), want, "stg_price")


def _silent(column: str) -> list[str]:
    """Venues whose evidence says that they do not send a column."""
    return [name for name, file in EVIDENCE.items() if column in file.silent]


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
    direction = dict(zip(listed[names].itertuples(index=False, name=None), listed["direction"], strict=True))
    want: set[tuple[object, ...]] = set()
    for venue, market, at in truth[[*names, "settled_at"]].itertuples(index=False):
        key, day = (venue, market), _day_of(at)
        declared = UNDER_TEST[venue].reports[Dataset.FUNDING_RATE]
        reaches = isinstance(declared, Reports) and declared.history_days is not None
        # a history of all markets at once keeps those that are gone
        keeps = direction[key] in EVIDENCE[venue].said.get("settled_outlives_listing", [])
        lists = direction[key] not in EVIDENCE[venue].said.get("settled_is_not_listed", [])
        if lists and reaches and day in world.days and (keeps or world.answers_later(key, day)):
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
    named = pairs[~pairs["venue"].isin(_silent("predicted.settles_at"))]
    late = named[named["settles_at"] != named["observed_at"]]
    found += [f"predicted {row.venue} {row.market} for {row.settles_at}" for row in late.itertuples()]
    asked = [world.days[-1]] if world.is_backfill else world.days
    have = {(venue, market, at) for venue, market, at in rows[[*names, "fetched_at"]].itertuples(index=False)}
    want: set[tuple[object, ...]] = set()
    markets: Any = world.tables["markets"].set_index(names)
    for (venue, market), part in truth.groupby(names):
        declared: Any = UNDER_TEST[venue].reports[Dataset.FUNDING_RATE]
        # a walk asks a venue of one call a symbol for what was paid, week by week, and not for forecasts
        is_skipped = world.is_walk and declared.how == "per_symbol" and declared.history_days is not None
        if is_skipped or not hasattr(UNDER_TEST[venue], "funding_rate"):
            continue
        for day in asked:
            moment = pd.Timestamp(end_of(day) + _LATE)
            ahead = part[part["observed_at"] > moment]
            born = markets.loc[(venue, market), "listed_at"]
            first = born.min() if isinstance(born, pd.Series) else born
            if len(ahead) and first <= moment and world.gone.get((venue, market), moment + _LATE) > moment:
                want.add((venue, market, moment))
    return found + _missing(have, want, "stg_funding_rate predicted")


_LEVELS: tuple[tuple[Dataset, list[str], str, dict[str, str]], ...] = (
    (Dataset.BORROW_RATE, ["venue", "currency", "kind"], "borrow_apr", {}),
    (
        Dataset.MARGIN_LOAN,
        ["venue", "currency", "measure", "side", "collateral_market"],
        "amount",
        {"side": "both", "collateral_market": "all"},
    ),
    (Dataset.LONG_SHORT_RATIO, ["venue", "market", "population"], "long_short_ratio", {}),
    (Dataset.INSURANCE_FUND, ["venue", "currency"], "balance", {}),
)


def _level(
    connection: duckdb.DuckDBPyConnection,
    world: _World,
    dataset: Dataset,
    names: list[str],
    column: str,
    defaults: Mapping[str, str],
) -> list[str]:
    table = f"stg_{dataset.value}"
    rows = _frame(connection, f"select * from staging.{table}")
    if dataset.value not in world.tables:
        return [f"{table}: {len(rows)} rows without any truth"] * bool(len(rows))
    truth = world.tables[dataset.value].rename(columns={column: "truth"})
    for name, word in defaults.items():
        truth[name] = truth[name].astype("str").fillna(word)
    if "currency" in names:
        truth["currency"] = truth["currency"].replace(_ALIAS)
    found = _wrong(_as_of(rows, truth, "observed_at", names, _STALE), table, {column: "truth"}, names)
    want = {
        key
        for key in _wanted(truth, world, names)
        if world.wants(dataset, (str(key[0]), str(key[1])), key[-1])  # type: ignore[arg-type]
    }
    return found + _missing(_have(rows, names), want, table)


def _tiers(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    rows = _frame(connection, "select * from staging.stg_leverage_tier")
    if "leverage_tier" not in world.tables:
        return [f"stg_leverage_tier: {len(rows)} rows without any truth"] * bool(len(rows))
    truth = world.tables["leverage_tier"].rename(
        columns={
            "notional_floor": "floor_truth",
            "notional_cap": "cap_truth",
            "initial_margin_rate": "initial_margin_rate_truth",
            "maintenance_margin_rate": "maintenance_margin_rate_truth",
            "max_leverage": "leverage_truth",
        }
    )
    names = ["venue", "market", "tier"]
    pairs = _as_of(rows, truth, "observed_at", names, _STALE)
    columns = {
        "notional_floor": "floor_truth",
        "notional_cap": "cap_truth",
        "initial_margin_rate_ratio": "initial_margin_rate_truth",
        "maintenance_margin_rate_ratio": "maintenance_margin_rate_truth",
        "max_leverage": "leverage_truth",
    }
    found = []
    for said, true in columns.items():
        sends = pairs[~pairs["venue"].isin(_silent(f"leverage_tier.{said}"))]
        found += _wrong(sends, "stg_leverage_tier", {said: true}, names)
    other = pairs[
        pairs["truth_at"].notna() & (pairs["unit"].replace("usd", "quote") != pairs["notional_unit"])
    ]
    found += [
        f"stg_leverage_tier {row.venue} {row.market} {row.tier}: bounds count {row.unit},"
        f" truth {row.notional_unit}"
        for row in other.itertuples()
    ]
    want = {
        key
        for key in _wanted(truth, world, names)
        if world.wants(Dataset.LEVERAGE_TIER, (str(key[0]), str(key[1])), key[-1])  # type: ignore[arg-type]
    }
    return found + _missing(_have(rows, names), want, "stg_leverage_tier")


def _liquidations(connection: duckdb.DuckDBPyConnection, world: _World) -> list[str]:
    """Every forced order once, in coins; those of a market that was gone when it was asked may be missing."""
    rows = _frame(connection, "select * from staging.stg_liquidation")
    if "liquidation" not in world.tables:
        return [f"stg_liquidation: {len(rows)} rows without any truth"] * bool(len(rows))
    truth = world.tables["liquidation"]
    said: dict[tuple[object, ...], list[float]] = {}
    for row in rows.itertuples():
        key = (row.venue, row.market, row.position_side, row.day.date())
        said.setdefault(key, []).append(float(row.amount_base_listed))
    true: dict[tuple[object, ...], list[float]] = {}
    for row in truth.itertuples():
        day = row.occurred_at.date()
        declared = UNDER_TEST[row.venue].reports[Dataset.LIQUIDATION]
        asks = isinstance(declared, Reports) and not declared.needs_key
        if not asks or day not in world.days or (row.venue, row.market) in GONE:
            continue
        distance = end_of(world.asked_at[day]) + _LATE - end_of(day)
        if distance <= timedelta(days=declared.history_days or 0):  # type: ignore[union-attr]
            true.setdefault((row.venue, row.market, row.side, day), []).append(row.amount_base)
    found = []
    for key in sorted({*true, *(k for k in said if k[3] in world.days and k[:2] not in GONE)}, key=str):
        mine, theirs = sorted(said.get(key, [])), sorted(true.get(key, []))
        near = len(mine) == len(theirs) and all(
            abs(a - b) <= EXACT * b for a, b in zip(mine, theirs, strict=True)
        )
        if not near:
            found.append(f"stg_liquidation {key} at hour {LIQUIDATED_HOUR}: {mine}, truth {theirs}")
    return found
