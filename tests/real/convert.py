"""Turns the recorded series beside the checkout into a history folder, for the real pipeline to replay.

Only units, names and clocks are changed here; nothing is filled, smoothed or judged. The choices:

Clock. A daily close of day D is what the venue showed at D+1 00:00 UTC, so that is its observed_at. The daily
funding figure is the last of day D and is taken as the settlement at D+1 00:00; the other two settlements of
a day were not recorded. Its interval is set to 8 hours: the source has no field for it.

Missing. Where open interest or price is empty no row is written; neither is ever carried forward. Index
prices and forecasts of funding were not recorded and stay null. A volume of COIN-M is null too.

Binance USDT-M. The source counts coins of the base as listed, which is the folder's own unit (1000XECUSDT
counts in 1000XEC). Price is the close in USDT and stands as mark price; volume is in coins. Funding is in
percent: the decimal point is moved in the text, so that 0.01 becomes exactly the double nearest to 0.0001.

Binance COIN-M. The source counts USD; contracts are 100 USD for BTC and 10 USD else. The folder wants base,
so contracts = USD / size (rounded to whole ones), base = contracts x size / price, with the USDT-M close of
the asset as price: COIN-M closes were not recorded. An encoder multiplies by that same price again and so
prints the source's own contracts whatever the price was; the USD that rounding to whole contracts moved is
reported as coin_m_largest_usd_difference. Days without a USDT-M close are left out.

Bitfinex. Margin positions in BTC, 11 hours (on some steps 10 to 17) apart at the source's own instants, to
the folder's last instant. The spot pair is listed because the positions name it; it has no prices here.

Lives. listed_at is the start of the first day seen: older listing dates were not recorded. A symbol that ends
before the others and never returns is delisted one day after its last observation.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd

from pipeline.replay.history import write_history

DAY = pd.Timedelta(days=1)
FUNDING_INTERVAL_HOURS = 8.0
SUFFIX = "_PERP.A"  # how the source ends a perpetual of Binance

OPEN_INTEREST = "open_interest/binance_usdtm_69coins_daily.csv.gz"
CLOSE_VOLUME = "price_mcap/binance_usdtm_69coins_close_volume_daily.csv.gz"
FUNDING_PERCENT = "funding/binance_usdtm_69coins_daily.csv.gz"
COIN_M_USD = "open_interest/binance_coinm_btc_eth_bnb_daily.csv.gz"
POSITIONS = "margin/bitfinex_btc_margin_longs_shorts_11h.json.gz"


def convert(shared_data: Path, folder: Path) -> dict[str, object]:
    """Write the recorded series under `shared_data` as a history folder; returns what was written.

    Keys: `rows` (rows of each table), `market_days`, `first_day`, `last_day`, `coin_m_largest_usd_difference`
    (USD lost to whole contracts, one market, one day) and `positions_after_the_end` (rows left out).
    """
    interest, price, funding = _linear_tables(shared_data)
    inverse_interest, inverse_price, difference_usd = _inverse_tables(shared_data, price)
    end = interest["observed_at"].max()
    positions = _positions(shared_data)
    interest = pd.concat([interest, inverse_interest], ignore_index=True)
    tables = {
        "markets": pd.DataFrame(_market_rows(interest, positions, end)),
        "open_interest": interest,
        "price": pd.concat([price, inverse_price], ignore_index=True),
        "funding_rate": funding,
        "margin_loan": positions[positions["observed_at"] <= end],
    }
    first_day, last_day = (
        instant.date().isoformat() for instant in (interest["observed_at"].min() - DAY, end - DAY)
    )
    about = {
        "title": "Recorded daily series of Binance futures and Bitfinex margin positions",
        "is_made": False,
        "first_day": first_day,
        "last_day": last_day,
    }
    write_history(folder, tables, about)
    return {
        "rows": {name: len(frame) for name, frame in tables.items()},
        "market_days": len(interest),
        "first_day": first_day,
        "last_day": last_day,
        "coin_m_largest_usd_difference": difference_usd,
        "positions_after_the_end": int((positions["observed_at"] > end).sum()),
    }


def _linear_tables(shared_data: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Open interest, price and funding of the USDT-M perpetuals, a row where the source has a number."""
    interest = _long(shared_data / OPEN_INTEREST, "_oi", "open_interest_base")
    price = _long(shared_data / CLOSE_VOLUME, "_close", "mark_price").merge(
        _long(shared_data / CLOSE_VOLUME, "_volume", "volume_base_24h"),
        on=["venue", "market", "observed_at"],
        how="left",
    )
    price["index_price"] = None
    funding = _long(shared_data / FUNDING_PERCENT, "_fr", "percent", as_text=True)
    funding = funding.rename(columns={"observed_at": "settled_at"})
    funding["funding_rate"] = [float(Decimal(percent).scaleb(-2)) for percent in funding.pop("percent")]
    funding["interval_hours"] = FUNDING_INTERVAL_HOURS
    funding["predicted_rate"] = None
    return interest, price, funding


def _long(file: Path, ending: str, value: str, as_text: bool = False) -> pd.DataFrame:
    """A wide table of days x symbols as rows (venue, market, observed_at, value); empty cells give none."""
    wide = pd.read_csv(file, dtype=str, index_col="t")
    wide = wide.loc[:, [column for column in wide.columns if column.endswith(SUFFIX + ending)]]
    wide.columns = [column.removesuffix(SUFFIX + ending) for column in wide.columns]
    wide.index = pd.to_datetime(wide.index, utc=True) + DAY
    rows = wide.rename_axis("observed_at").reset_index()
    rows = rows.melt("observed_at", var_name="market", value_name=value).dropna(subset=[value])
    if not as_text:
        rows[value] = [
            float(text) for text in rows[value]
        ]  # the nearest double, which read_csv does not promise
    return rows.assign(venue="binance").reset_index(drop=True)


def _inverse_tables(shared_data: Path, price: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Open interest and price of the COIN-M perpetuals, and the largest USD that whole contracts moved."""
    source = pd.read_csv(shared_data / COIN_M_USD, float_precision="round_trip").dropna(subset=["oi_close"])
    rows = pd.DataFrame(
        {
            "venue": "binance",
            "market": source["symbol"].str.removesuffix(".A"),
            "linear_market": source["coin_symbol"] + "USDT",
            "observed_at": pd.to_datetime(source["timestamp"], unit="s", utc=True) + DAY,
            "usd": source["oi_close"],
            "size": source["coin_symbol"].map(_usd_per_contract),
        }
    )
    close = price[["market", "observed_at", "mark_price"]].rename(columns={"market": "linear_market"})
    rows = rows.merge(close, on=["linear_market", "observed_at"], how="inner")
    contracts = (rows["usd"] / rows["size"]).round()
    rows["open_interest_base"] = contracts * rows["size"] / rows["mark_price"]
    difference_usd = float((contracts * rows["size"] - rows["usd"]).abs().max())
    key = ["venue", "market", "observed_at"]
    prices = rows[[*key, "mark_price"]].assign(index_price=None, volume_base_24h=None)
    return rows[[*key, "open_interest_base"]], prices, difference_usd


def _usd_per_contract(asset: str) -> float:
    return 100.0 if asset == "BTC" else 10.0


def _positions(shared_data: Path) -> pd.DataFrame:
    """Bitfinex BTC/USD margin positions of both sides, in BTC."""
    with gzip.open(shared_data / POSITIONS) as file:
        sides = json.load(file)["btc"]
    frames = []
    for side in ("long", "short"):
        values = pd.DataFrame(sides[f"{side}s"], columns=["milliseconds", "amount"])
        frames.append(
            pd.DataFrame(
                {
                    "venue": "bitfinex",
                    "currency": "BTC",
                    "measure": "position_size",
                    "side": side,
                    "collateral_market": "tBTCUSD",
                    "observed_at": pd.to_datetime(values["milliseconds"], unit="ms", utc=True),
                    "amount": values["amount"].astype(float),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _market_rows(
    interest: pd.DataFrame, positions: pd.DataFrame, end: pd.Timestamp
) -> Iterator[dict[str, object]]:
    """One row a market; base, quote and settlement coin are read from the symbol."""
    lives = interest.groupby("market")["observed_at"].agg(["min", "max"])
    for market, first, last in lives.itertuples():
        is_inverse = market.endswith("USD_PERP")
        base = market.removesuffix("USD_PERP" if is_inverse else "USDT")
        yield {
            "venue": "binance",
            "market": market,
            "effective_from": first - DAY,
            "base": base,
            "quote": "USD" if is_inverse else "USDT",
            "settle": base if is_inverse else "USDT",
            "kind": "swap",
            "direction": "inverse" if is_inverse else "linear",
            "contract_size": _usd_per_contract(base) if is_inverse else 1.0,
            "funding_interval_hours": FUNDING_INTERVAL_HOURS,
            "listed_at": first - DAY,
            "expires_at": None,
            "delisted_at": last + DAY if last < end else None,
        }
    since = positions["observed_at"].min()
    pair = {"venue": "bitfinex", "market": "tBTCUSD", "base": "BTC", "quote": "USD", "kind": "spot"}
    yield {**pair, "effective_from": since, "listed_at": since, "expires_at": None, "delisted_at": None}
