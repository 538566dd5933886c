"""Looks things up in a history at a virtual instant. How a venue words them belongs in `wire/`.

Instants are Unix milliseconds (UTC) throughout, as every venue counts them. Amounts and prices keep the
units of the history folder: coins of the market's own base, quote per base, rates as fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.replay.history import History

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

# A folder of daily closes is observed every 24 h. Past this age the folder knows nothing about a market,
# and an answer leaves it out: an old number under a new clock would be an invention.
STALE_AFTER_MS = 26 * HOUR_MS

_TIME_COLUMN = {"funding_rate": "settled_at", "liquidation": "occurred_at"}
_KEY_COLUMNS = {
    "borrow_rate": ["venue", "currency", "kind"],
    "margin_loan": ["venue", "currency", "measure", "side", "collateral_market"],
    "long_short_ratio": ["venue", "market", "population"],
    "leverage_tier": ["venue", "market", "notional_unit"],
    "liquidation": ["venue", "market", "side"],
    "insurance_fund": ["venue", "currency"],
    "wallet_position": ["venue", "address", "market"],
}


@dataclass(frozen=True)
class Market:
    """One row of markets.parquet; instants in milliseconds, None where the folder has a null."""

    venue: str
    id: str
    base: str
    quote: str
    settle: str | None
    kind: str
    direction: str | None
    contract_size: float | None  # base per contract; USD per contract when inverse
    interval_hours: float | None
    effective_ms: int
    listed_ms: int | None
    expires_ms: int | None
    delisted_ms: int | None

    def is_open(self, now_ms: int) -> bool:
        """Listed, and neither expired nor delisted."""
        has_begun = self.listed_ms is None or self.listed_ms <= now_ms
        ends = [end for end in (self.expires_ms, self.delisted_ms) if end is not None]
        return has_begun and all(now_ms < end for end in ends)


@dataclass(frozen=True)
class Settlement:
    """The next funding payment: when, the rate expected for it (per interval), and the interval."""

    at_ms: int
    rate: float
    interval_hours: float


@dataclass(frozen=True)
class Tier:
    """One step of a margin table; bounds count `unit` (quote, base, contracts), rates are fractions."""

    tier: int
    unit: str
    floor: float
    cap: float | None
    initial_margin_rate: float | None
    maintenance_margin_rate: float
    max_leverage: float | None


@dataclass(frozen=True)
class Liquidation:
    """One forced order; side is that of the position that was closed."""

    market: str
    at_ms: int
    side: str
    price: float
    amount_base: float


class Series:
    """Observations of one thing in the order of time; columns are arrays of equal length, NaN is null."""

    def __init__(self, at_ms: npt.NDArray[np.int64], columns: dict[str, npt.NDArray[np.float64]]) -> None:
        self.at_ms = at_ms
        self.columns = columns

    def upto(self, now_ms: int) -> int:
        """How many observations had been made at now."""
        return int(np.searchsorted(self.at_ms, now_ms, side="right"))

    def window(self, start_ms: int | None, end_ms: int | None, now_ms: int) -> range:
        """Positions of the observations within [start, end], never later than now."""
        first = 0 if start_ms is None else int(np.searchsorted(self.at_ms, start_ms, side="left"))
        return range(first, self.upto(now_ms if end_ms is None else min(end_ms, now_ms)))

    def last(self, now_ms: int, max_age_ms: int = STALE_AFTER_MS) -> int | None:
        """Position of the last observation at now, None when there is none young enough."""
        position = self.upto(now_ms) - 1
        if position < 0 or now_ms - int(self.at_ms[position]) > max_age_ms:
            return None
        return position

    def time(self, position: int) -> int:
        """The instant of one observation."""
        return int(self.at_ms[position])

    def value(self, column: str, position: int) -> float | None:
        """One number, None for a null."""
        number = float(self.columns[column][position])
        return None if number != number else number  # noqa: PLR0124  # only NaN differs from itself


class World:
    """A history, indexed for questions of the form "what was known at this instant"."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._versions = _market_versions(history.tables["markets"])
        self._series = {
            name: _index(frame, name) for name, frame in history.tables.items() if name != "markets"
        }
        # Where the replay stands until it is told otherwise. Settlements may lie ahead of the observations.
        observed = [t for t in self._series if t != "funding_rate"] or list(self._series)
        newest = [series.time(-1) for table in observed for series in self._series[table].values()]
        listed = [m.effective_ms for by_id in self._versions.values() for v in by_id.values() for m in v]
        self.last_ms = max(newest or listed)

    def ever_listed(self, venue: str, now_ms: int) -> list[Market]:
        """Every market of the venue as it stood at now, also those that are gone; in order of the folder."""
        found = []
        for versions in self._versions.get(venue, {}).values():
            known = [m for m in versions if m.effective_ms <= now_ms]
            if known and (known[-1].listed_ms is None or known[-1].listed_ms <= now_ms):
                found.append(known[-1])
        return found

    def markets(self, venue: str, now_ms: int) -> list[Market]:
        """The venue's open markets at now."""
        return [market for market in self.ever_listed(venue, now_ms) if market.is_open(now_ms)]

    def market(self, venue: str, market: str, now_ms: int) -> Market | None:
        """One open market at now, None if it does not exist then."""
        versions = self._versions.get(venue, {}).get(market, ())
        known = [m for m in versions if m.effective_ms <= now_ms]
        return known[-1] if known and known[-1].is_open(now_ms) else None

    def series(self, table: str, *key: str | None) -> Series | None:
        """Observations of `table` for (venue, market), or for the table's own key columns; None if absent."""
        return self._series.get(table, {}).get(key)

    def keys(self, table: str, venue: str) -> list[tuple[str | None, ...]]:
        """Keys that `table` holds for a venue, in order of the folder."""
        return [key for key in self._series.get(table, {}) if key[0] == venue]

    def last(self, table: str, column: str, key: Sequence[str | None], now_ms: int) -> float | None:
        """The latest number of a column at now; None when null, absent or older than STALE_AFTER_MS."""
        series = self.series(table, *key)
        position = series.last(now_ms) if series is not None else None
        return series.value(column, position) if series is not None and position is not None else None

    def open_interest(self, market: Market, now_ms: int) -> tuple[float, int] | None:
        """Open interest in coins and the instant it was observed."""
        series = self.series("open_interest", market.venue, market.id)
        position = series.last(now_ms) if series is not None else None
        if series is None or position is None:
            return None
        amount = series.value("open_interest_base", position)
        return None if amount is None else (amount, series.time(position))

    def mark_price(self, market: Market, now_ms: int) -> float | None:
        """The price of an observation: its own instant's, else the last before it."""
        return self.last("price", "mark_price", (market.venue, market.id), now_ms)

    def next_settlement(self, market: Market, now_ms: int) -> Settlement | None:
        """The funding payment that comes next, with the rate a venue would show for it at now.

        The rate is the folder's prediction, else the last one settled; None when the folder has neither.
        """
        series = self.series("funding_rate", market.venue, market.id)
        if series is None:
            return None
        following = series.upto(now_ms)
        paid = series.last(now_ms)
        paid_rate = series.value("funding_rate", paid) if paid is not None else None
        if following < len(series.at_ms):
            interval_hours = series.value("interval_hours", following) or 0.0
            if series.time(following) - now_ms <= interval_hours * HOUR_MS:
                predicted = series.value("predicted_rate", following)
                rate = predicted if predicted is not None else paid_rate
                return Settlement(series.time(following), rate, interval_hours) if rate is not None else None
        if paid is None or paid_rate is None:
            return None
        interval_hours = market.interval_hours or series.value("interval_hours", paid) or 0.0
        step_ms = round(interval_hours * HOUR_MS)
        steps = (now_ms - series.time(paid)) // step_ms + 1
        return Settlement(series.time(paid) + steps * step_ms, paid_rate, interval_hours)

    def tiers(self, market: Market, now_ms: int) -> list[Tier]:
        """The margin table of one market as last observed, smallest positions first; empty without one."""
        for unit in ("quote", "base", "contracts"):
            series = self.series("leverage_tier", market.venue, market.id, unit)
            position = series.last(now_ms) if series is not None else None
            if series is None or position is None:
                continue
            at_ms = series.time(position)
            rows = range(int(np.searchsorted(series.at_ms, at_ms, side="left")), position + 1)
            return [
                Tier(
                    tier=int(series.columns["tier"][row]),
                    unit=unit,
                    floor=float(series.columns["notional_floor"][row]),
                    cap=series.value("notional_cap", row),
                    initial_margin_rate=series.value("initial_margin_rate", row),
                    maintenance_margin_rate=float(series.columns["maintenance_margin_rate"][row]),
                    max_leverage=series.value("max_leverage", row),
                )
                for row in rows
            ]
        return []

    def liquidations(
        self, venue: str, start_ms: int | None, end_ms: int | None, now_ms: int
    ) -> list[Liquidation]:
        """Forced orders of all markets of a venue within [start, end] and known by now, oldest first."""
        found = []
        for key in self.keys("liquidation", venue):
            series = self.series("liquidation", *key)
            if series is None:
                continue
            for row in series.window(start_ms, end_ms, now_ms):
                price, amount = (float(series.columns[c][row]) for c in ("price", "amount_base"))
                found.append(Liquidation(str(key[1]), series.time(row), str(key[2]), price, amount))
        return sorted(found, key=lambda each: (each.at_ms, each.market, each.side, each.price))


def _market_versions(frame: pd.DataFrame) -> dict[str, dict[str, list[Market]]]:
    versions: dict[str, dict[str, list[Market]]] = {}
    row: Any
    for row in frame.itertuples(index=False):
        market = Market(
            venue=row.venue,
            id=row.market,
            base=row.base,
            quote=row.quote,
            settle=_text(row.settle),
            kind=row.kind,
            direction=_text(row.direction),
            contract_size=_number(row.contract_size),
            interval_hours=_number(row.funding_interval_hours),
            effective_ms=int(row.effective_from.timestamp() * 1000),
            listed_ms=_instant(row.listed_at),
            expires_ms=_instant(row.expires_at),
            delisted_ms=_instant(row.delisted_at),
        )
        versions.setdefault(market.venue, {}).setdefault(market.id, []).append(market)
    return versions


def _index(frame: pd.DataFrame, name: str) -> dict[tuple[str | None, ...], Series]:
    """Series by key; the frame is sorted by key and then time, so every key is one run of rows."""
    time_column = _TIME_COLUMN.get(name, "observed_at")
    keys = _KEY_COLUMNS.get(name, ["venue", "market"])
    at_ms = frame[time_column].dt.as_unit("ms").astype("int64").to_numpy()
    numbers = {
        column: frame[column].to_numpy(dtype=float, na_value=np.nan)
        for column in frame.select_dtypes("number").columns
    }
    index: dict[tuple[str | None, ...], Series] = {}
    for key, rows in frame.groupby(keys, sort=False, dropna=False).indices.items():
        in_time = rows[np.argsort(at_ms[rows], kind="stable")]
        words = tuple(_text(word) for word in (key if isinstance(key, tuple) else (key,)))
        index[words] = Series(at_ms[in_time], {c: values[in_time] for c, values in numbers.items()})
    return index


def _text(word: object) -> str | None:
    return word if isinstance(word, str) else None


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _instant(value: pd.Timestamp) -> int | None:
    return None if pd.isna(value) else int(value.timestamp() * 1000)
