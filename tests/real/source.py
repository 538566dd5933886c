"""The recorded files read once more, on a way of their own: the answers that the pipeline is held to.

Nothing of the pipeline, of pandas or of `convert.py` is used here, so that one misreading cannot hide in
both. Numbers come as the double nearest to the text of the file.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

Cells = dict[tuple[date, str], float]


@dataclass(frozen=True)
class Source:
    """Cells by (day, market): coins and closes of the USDT-M perpetuals, USD of the COIN-M ones."""

    coins: Cells
    closes: Cells
    coin_m_usd: Cells

    def usd(self, day: date) -> dict[str, float]:
        """US dollars of each market at the end of a day: COIN-M as it stands, the others at the close."""
        linear = {m: amount * self.closes[d, m] for (d, m), amount in self.coins.items() if d == day}
        return linear | {m: amount for (d, m), amount in self.coin_m_usd.items() if d == day}

    def close(self, day: date, market: str) -> float:
        """USDT a coin as listed; a COIN-M market is priced by the USDT-M close of its coin."""
        return self.closes[day, market.replace("USD_PERP", "USDT")]


def read_source(shared_data: Path, first: date, last: date) -> Source:
    """Every cell with a number on the days first..last."""

    def wide(name: str, ending: str) -> Cells:
        found = {}
        for row in _rows(shared_data / name):
            day = date.fromisoformat(row["t"])
            for column, text in row.items():
                if column.endswith(ending) and text and first <= day <= last:
                    found[day, column.removesuffix(ending)] = float(text)
        return found

    coin_m = {
        (datetime.fromtimestamp(int(row["timestamp"]), UTC).date(), row["symbol"].removesuffix(".A")): float(
            row["oi_close"]
        )
        for row in _rows(shared_data / "open_interest/binance_coinm_btc_eth_bnb_daily.csv.gz")
    }
    return Source(
        coins=wide("open_interest/binance_usdtm_69coins_daily.csv.gz", "_PERP.A_oi"),
        closes=wide("price_mcap/binance_usdtm_69coins_close_volume_daily.csv.gz", "_PERP.A_close"),
        coin_m_usd={key: usd for key, usd in coin_m.items() if first <= key[0] <= last},
    )


def read_positions(shared_data: Path) -> dict[date, float]:
    """Coins of Bitfinex BTC positions at the end of each day, long and short together.

    Ten minutes after each midnight the venue shows the last observation of a side. Of those shown, the one
    nearest to the end of the day counts, if it is within 24 hours; of two as near, the later.
    """
    with gzip.open(shared_data / "margin/bitfinex_btc_margin_longs_shorts_11h.json.gz") as file:
        recorded = json.load(file)["btc"]
    sides = []
    for side in ("longs", "shorts"):
        shown: dict[date, tuple[datetime, float]] = {}
        for milliseconds, amount in sorted(recorded[side]):
            at = datetime.fromtimestamp(milliseconds / 1000, UTC)
            shown[(at - timedelta(minutes=10)).date()] = (at, float(amount))
        nearest = {}
        for day in {day - timedelta(days=back) for day in shown for back in (0, 1)}:
            end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
            both = [shown[d] for d in (day, day + timedelta(days=1)) if d in shown]
            at, coins = min(both, key=lambda one: (abs(one[0] - end), end - one[0]))
            if abs(at - end) <= timedelta(hours=24):
                nearest[day] = coins
        sides.append(nearest)
    return {day: sides[0][day] + sides[1][day] for day in sides[0].keys() & sides[1].keys()}


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)
