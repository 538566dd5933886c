"""History folders, format version 1: their tables, reading, writing and validating them.

What a venue would *answer* at some instant belongs in `world.py` and `wire/`; how a history is made up
belongs in `scenario.py`. Amounts are truth in units of the market's own base as listed (1000PEPE counts in
1000PEPE), prices in quote per base, rates as fractions, instants in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import HistoryInvalid, HistoryMissing
from pipeline.replay import wire

FORMAT_VERSION = 1
ABOUT_FILE = "history.json"

_INSTANT = pa.timestamp("us", tz="UTC")


def _schema(columns: str) -> pa.Schema:
    """Schema from `name:type` words; a question mark after the type means the column may hold nulls."""
    types = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "instant": _INSTANT}
    fields = []
    for word in columns.split():
        name, kind = word.split(":")
        fields.append(pa.field(name, types[kind.rstrip("?")], nullable=kind.endswith("?")))
    return pa.schema(fields)


HISTORY_TABLES: dict[str, pa.Schema] = {
    # Spot pairs have no direction, contract size, settlement coin or funding; dated futures no funding.
    "markets": _schema(
        "venue:text market:text effective_from:instant base:text quote:text settle:text? kind:text "
        "direction:text? contract_size:number? funding_interval_hours:number? "
        "listed_at:instant? expires_at:instant? delisted_at:instant?"
    ),
    "open_interest": _schema("venue:text market:text observed_at:instant open_interest_base:number"),
    "price": _schema(
        "venue:text market:text observed_at:instant mark_price:number index_price:number? "
        "volume_base_24h:number?"
    ),
    "funding_rate": _schema(
        "venue:text market:text settled_at:instant funding_rate:number interval_hours:number "
        "predicted_rate:number?"
    ),
    "borrow_rate": _schema("venue:text currency:text observed_at:instant kind:text borrow_apr:number"),
    "margin_loan": _schema(
        "venue:text currency:text measure:text side:text? collateral_market:text? "
        "observed_at:instant amount:number"
    ),
    "long_short_ratio": _schema(
        "venue:text market:text observed_at:instant long_short_ratio:number population:text"
    ),
    "leverage_tier": _schema(
        "venue:text market:text observed_at:instant tier:count notional_floor:number notional_cap:number? "
        "notional_unit:text initial_margin_rate:number? maintenance_margin_rate:number max_leverage:number?"
    ),
    "liquidation": _schema(
        "venue:text market:text occurred_at:instant side:text price:number amount_base:number"
    ),
    "insurance_fund": _schema("venue:text currency:text observed_at:instant balance:number"),
    # Without a market it is the account and its money; with one, a position: longs above zero.
    "wallet_position": _schema(
        "venue:text address:text market:text? observed_at:instant equity_usd:number? position_base:number? "
        "set_leverage:number?"
    ),
}

# Two liquidations may be alike in every column, so that table has no key.
_KEYS: dict[str, list[str]] = {
    "markets": ["venue", "market", "effective_from"],
    "open_interest": ["venue", "market", "observed_at"],
    "price": ["venue", "market", "observed_at"],
    "funding_rate": ["venue", "market", "settled_at"],
    "borrow_rate": ["venue", "currency", "kind", "observed_at"],
    "margin_loan": ["venue", "currency", "measure", "side", "collateral_market", "observed_at"],
    "long_short_ratio": ["venue", "market", "population", "observed_at"],
    "leverage_tier": ["venue", "market", "observed_at", "tier"],
    "insurance_fund": ["venue", "currency", "observed_at"],
    "wallet_position": ["venue", "address", "market", "observed_at"],
}
_SORT = {**_KEYS, "liquidation": ["venue", "market", "occurred_at", "side", "price", "amount_base"]}

_ABOVE_ZERO = {
    "contract_size", "funding_interval_hours", "mark_price", "index_price", "interval_hours",
    "long_short_ratio", "price", "amount_base", "max_leverage", "set_leverage",
}  # fmt: skip
_NOT_NEGATIVE = {
    "open_interest_base", "volume_base_24h", "amount", "notional_floor", "initial_margin_rate",
    "maintenance_margin_rate",
}  # fmt: skip
_WORDS = {
    ("markets", "kind"): {"swap", "future", "spot"},
    ("markets", "direction"): {"linear", "inverse", "quanto"},
    ("borrow_rate", "kind"): {"cross", "isolated", "pool"},
    ("margin_loan", "measure"): {"lent", "used", "position_size"},
    ("margin_loan", "side"): {"long", "short"},
    ("leverage_tier", "notional_unit"): {"quote", "base", "contracts"},
    ("liquidation", "side"): {"long", "short"},
    ("long_short_ratio", "population"): {"accounts", "top_accounts", "top_positions"},
}


@dataclass(frozen=True)
class History:
    """A validated folder. `tables` holds one sorted frame per file present; absent files are absent keys."""

    folder: Path
    about: dict[str, object]
    tables: dict[str, pd.DataFrame]

    def held(self) -> frozenset[tuple[str, str]]:
        """Venues and the tables that hold any row of them."""
        return frozenset(
            (str(venue), name) for name, table in self.tables.items() for venue in table["venue"].unique()
        )

    def days(self) -> tuple[date, date]:
        """The first and the last UTC day that the folder can be asked about.

        What history.json names, else the days whose ends lie within the open interest. Raises HistoryInvalid
        when neither tells.
        """
        named = [self.about.get("first_day"), self.about.get("last_day")]
        if all(isinstance(day, str) for day in named):
            return date.fromisoformat(str(named[0])), date.fromisoformat(str(named[1]))
        if "open_interest" not in self.tables or self.tables["open_interest"].empty:
            raise HistoryInvalid(
                f"{self.folder} has no open interest to tell its days: "
                f"name first_day and last_day in {ABOUT_FILE}"
            )
        # a level at 00:00 belongs to the day that ends then
        observed = self.tables["open_interest"]["observed_at"] - pd.Timedelta(seconds=1)
        return observed.min().date(), observed.max().date()


def write_history(folder: Path, tables: Mapping[str, pd.DataFrame], about: Mapping[str, object]) -> None:
    """Write `tables` as Parquet (zstd) and `about` as history.json; the folder is created.

    Rows are sorted by key, so equal tables give equal bytes. NaN in a column that may be null is written
    as null. Raises HistoryInvalid when a table or a column does not follow the format.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        if name not in HISTORY_TABLES:
            message = f"history table {name} is not part of format version 1: use {', '.join(HISTORY_TABLES)}"
            raise HistoryInvalid(message)
        file = folder / f"{name}.parquet"
        table = _conform(pa.Table.from_pandas(frame, preserve_index=False), name, file)
        order = [(column, "ascending") for column in _SORT[name]]
        pq.write_table(table.sort_by(order), file, compression="zstd")
    text = json.dumps({"format_version": FORMAT_VERSION, **about}, indent=2, default=str)
    (folder / ABOUT_FILE).write_text(text + "\n", encoding="utf-8")


def read_history(folder: Path) -> History:
    """Read and validate a history folder; only markets.parquet is required.

    Raises HistoryMissing where there is none, and HistoryInvalid with one sentence: which file, which column,
    which row, and what to do.
    """
    if not folder.is_dir():
        raise HistoryMissing(f"there is no history folder {folder}: name one that holds markets.parquet")
    if not (folder / "markets.parquet").is_file():
        raise HistoryMissing(f"{folder} holds no markets.parquet: every history folder must list its markets")
    about = _read_about(folder)
    tables: dict[str, pd.DataFrame] = {}
    for name in HISTORY_TABLES:
        file = folder / f"{name}.parquet"
        if file.is_file():
            tables[name] = _read_table(file, name)
    if tables["markets"].empty:
        raise HistoryInvalid(
            f"{folder / 'markets.parquet'} lists no market: every history needs at least one"
        )
    _check_venues(folder, tables)
    _check_market_names(folder, tables)
    return History(folder=folder, about=about, tables=tables)


def _read_about(folder: Path) -> dict[str, object]:
    file = folder / ABOUT_FILE
    if not file.is_file():
        return {}
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise HistoryInvalid(f"{file} is not JSON ({problem}): write it again or remove it") from problem
    version = about.get("format_version") if isinstance(about, dict) else None
    if version != FORMAT_VERSION:
        message = (
            f"{file}: format_version is {version!r}, this program reads {FORMAT_VERSION}: convert the folder"
        )
        raise HistoryInvalid(message)
    return dict(about)


def _read_table(file: Path, name: str) -> pd.DataFrame:
    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as problem:
        raise HistoryInvalid(f"{file} cannot be read as Parquet ({problem}): write it again") from problem
    table = _conform(table, name, file)
    frame: pd.DataFrame = table.sort_by([(c, "ascending") for c in _SORT[name]]).to_pandas()
    _check_values(frame, name, file)
    key = _KEYS.get(name)
    if key is not None:
        doubled = frame.duplicated(key)
        if doubled.any():
            message = (
                f"{file}: {_where(frame, int(np.flatnonzero(doubled)[0]), key)} occurs more than once: "
                f"keep one row for each {', '.join(key)}"
            )
            raise HistoryInvalid(message)
    return frame


def _conform(table: pa.Table, name: str, file: Path) -> pa.Table:
    """The table with the format's columns in their order and types; columns of its own are dropped."""
    arrays = []
    for field in HISTORY_TABLES[name]:
        if field.name not in table.column_names:
            raise HistoryInvalid(f"{file}: column {field.name} is missing: add it ({field.type})")
        column = table.column(field.name)
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            message = f"{file}: column {field.name} holds timestamps without a timezone: write them in UTC"
            raise HistoryInvalid(message)
        if not _is_like(column.type, field.type):
            message = f"{file}: column {field.name} is {column.type} and must be {field.type}: convert it"
            raise HistoryInvalid(message)
        column = column.cast(field.type, safe=not pa.types.is_timestamp(field.type))
        if pa.types.is_floating(field.type) and field.nullable:
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, field.type), column)
        arrays.append(column)
    return pa.table(arrays, names=HISTORY_TABLES[name].names)


def _is_like(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether the type given can be read as the one wanted without changing a value."""
    if pa.types.is_null(given):
        return True
    if pa.types.is_dictionary(given):
        given = given.value_type
    if pa.types.is_string(wanted):
        return bool(pa.types.is_string(given) or pa.types.is_large_string(given))
    if pa.types.is_floating(wanted):
        return bool(pa.types.is_floating(given) or pa.types.is_integer(given))
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(given))
    return bool(pa.types.is_integer(given))


def _check_values(frame: pd.DataFrame, name: str, file: Path) -> None:
    for field in HISTORY_TABLES[name]:
        column = frame[field.name]
        is_null = column.isna().to_numpy()
        complaints: list[tuple[npt.NDArray[np.bool_], str, str]] = []
        if not field.nullable:
            complaints.append((is_null, "is null or NaN", "write a value or leave the row out"))
        if pa.types.is_floating(field.type):
            numbers = column.to_numpy(dtype=float, na_value=np.nan)
            complaints.append((np.isinf(numbers), "is infinite", "write a finite number"))
            if field.name in _ABOVE_ZERO:
                complaints.append((numbers <= 0, "is not above zero", "correct the row"))
            if field.name in _NOT_NEGATIVE:
                complaints.append((numbers < 0, "is negative", "correct the row"))
        words = _WORDS.get((name, field.name))
        if words is not None:
            is_strange = ~(column.isin(words).to_numpy() | is_null)
            complaints.append((is_strange, "is an unknown word", f"use one of {', '.join(sorted(words))}"))
        if name == "markets" and field.name in {"direction", "contract_size", "settle"}:
            lacks = (frame["kind"] != "spot").to_numpy() & is_null
            complaints.append((lacks, "is null", "only spot pairs may leave it out"))
        for is_bad, complaint, remedy in complaints:
            bad = np.flatnonzero(is_bad)
            if bad.size:
                row = int(bad[0])
                where = _where(frame, row, _SORT[name])
                message = f"{file}: {field.name} {complaint} ({column.iloc[row]}) at {where}: {remedy}"
                raise HistoryInvalid(message)


def _where(frame: pd.DataFrame, row: int, key: list[str]) -> str:
    cells = [frame[column].iloc[row] for column in key]
    return " ".join(
        cell.isoformat() if isinstance(cell, pd.Timestamp) else str(cell)
        for cell in cells
        if not (cell is None or cell is pd.NaT or cell != cell)  # noqa: PLR0124  # NaN marks a null word
    )


def _check_venues(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    known = wire.venue_names()
    for name, frame in tables.items():
        for venue in frame["venue"].unique():
            if venue not in known:
                message = (
                    f"{folder / name}.parquet: column venue names {venue}, which has no module in "
                    f"pipeline/replay/wire: use one of {', '.join(sorted(known))} or add the module"
                )
                raise HistoryInvalid(message)


def _check_market_names(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Every market named anywhere must be listed; collateral_market counts as a name."""
    listed = pd.MultiIndex.from_frame(tables["markets"][["venue", "market"]])
    for name, frame in tables.items():
        for column in ("market", "collateral_market"):
            if column not in frame.columns or name == "markets":
                continue
            named = frame.loc[frame[column].notna(), ["venue", column]].drop_duplicates()
            for venue, market in named.itertuples(index=False):
                if (venue, market) not in listed:
                    message = (
                        f"{folder / name}.parquet: column {column} names {venue} {market}, which "
                        "markets.parquet does not list: add the market or remove its rows"
                    )
                    raise HistoryInvalid(message)
