"""The recorded markets as the signals and the scoreboard read them.

Units, clocks and joins only; what is scored, and how, is fixed in `pipeline/evaluate/` and in
`tests/evaluation/RULE.md`; the tables are printed by `record_tables.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from recorded import SHARED

from pipeline.evaluate.baselines import with_alarms
from pipeline.evaluate.score import Candidate
from pipeline.evaluate.scoreboard import scoreboard
from pipeline.signals import SIGNALS
from pipeline.signals.base import READING_COLUMNS
from pipeline.signals.composite import risk_levels

DATA = SHARED / "data"
FIRST, LAST = "2019-03-30", "2024-06-30"
SETTLEMENTS_A_YEAR = 3 * 365


@dataclass(frozen=True)
class Market:
    """A recorded market: its record, what the signals read, and measures that vendors quote."""

    record: pd.DataFrame
    inputs: pd.DataFrame
    measures: tuple[Candidate, ...] = ()


def bitcoin() -> Market:
    """BTC over all exchanges; open interest and price of the same vendors' days."""
    open_interest_usd = _dated_with_points("open_interest/btc_all_exchanges_daily.csv")[FIRST:LAST]
    days = pd.DatetimeIndex(open_interest_usd.index)
    price = _by_day("price_mcap/btcusd_daily.csv", "as_of", "value").reindex(days)
    funding = _by_day("funding/binance_btcusdt_daily_mean.csv", "date", "funding_mean").reindex(days)
    coins = open_interest_usd / price
    market_cap = pd.read_parquet(DATA / "price_mcap/coinmetrics_btc_mcap_supply.parquet")["CapMrktCurUSD"]
    market_cap.index = pd.DatetimeIndex(market_cap.index).tz_localize(None)
    reserves = _dated_with_points("margin/btc_exchange_reserves_daily.csv").reindex(days)
    stablecoins = _by_day("margin/stablecoin_supply_daily.csv", "as_of", "value").reindex(days)
    measures = {
        "oi_to_market_cap": open_interest_usd / market_cap.reindex(days),
        "oi_to_exchange_reserve": coins / reserves,
        "oi_to_stablecoin_supply": open_interest_usd / stablecoins,
    }
    inputs = _inputs(open_interest_usd, *(coins / coins.shift(days) - 1 for days in (30, 7, 1)))
    inputs = inputs.assign(
        funding_apr=(funding * SETTLEMENTS_A_YEAR).to_numpy(),
        oi_to_market_cap_ratio=measures["oi_to_market_cap"].to_numpy(),
        oi_to_exchange_reserve_ratio=measures["oi_to_exchange_reserve"].to_numpy(),
    )
    record = _record(open_interest_usd, np.log(price).diff(3), np.log(price).diff(), inputs)
    return Market(record, inputs, tuple(with_alarms(measures)))


@dataclass(frozen=True)
class Panel:
    """69 perpetuals of Binance, each a (days, coins) frame: coins held, USDT a coin, funding a year."""

    coins: pd.DataFrame
    price: pd.DataFrame
    funding_apr: pd.DataFrame


def panel() -> Panel:
    """The recorded panel; empty cells stay empty."""
    held = _wide("open_interest/binance_usdtm_69coins_daily.csv.gz", "_oi")
    price = _wide("price_mcap/binance_usdtm_69coins_close_volume_daily.csv.gz", "_close")
    percent = _wide("funding/binance_usdtm_69coins_daily.csv.gz", "_fr")
    same = {"index": held.index, "columns": held.columns}
    return Panel(held, price.reindex(**same), percent.reindex(**same) / 100 * SETTLEMENTS_A_YEAR)


def panel_market(recorded: Panel) -> Market:
    """The panel as one market: matched coins for changes, funding weighted by open interest, one venue."""
    usd = recorded.coins * recorded.price
    total = usd.sum(axis=1)
    weights = usd.where(recorded.funding_apr.notna())
    shares = usd.div(total, axis=0)
    quantity = {days: _growth(recorded, days)[1] for days in (1, 3, 7, 30)}
    dollars = {days: _growth(recorded, days)[0] for days in (1, 3, 30)}
    inputs = _inputs(total, quantity[30], quantity[7], quantity[1]).assign(
        usd_growth_30d_ratio=dollars[30].to_numpy(),
        funding_apr=((recorded.funding_apr * weights).sum(axis=1) / weights.sum(axis=1)).to_numpy(),
        hhi_venue_ratio=1.0,  # one venue
        hhi_asset_ratio=(shares**2).sum(axis=1).to_numpy(),
    )
    prices = {days: np.log1p(dollars[days]) - np.log1p(quantity[days]) for days in (1, 3)}
    record = _record(total, prices[3], prices[1], inputs)
    return Market(record.assign(usd_log_change_3d=np.log1p(dollars[3]).to_numpy()), inputs)


def score_market(market: Market) -> pd.DataFrame:
    """The scoreboard of a recorded market, over every signal whose inputs it holds."""
    found = readings(market.inputs)
    return scoreboard(market.record, found, risk_levels(found), market.measures)


def readings(inputs: pd.DataFrame) -> pd.DataFrame:
    """Readings of every signal that `inputs` can feed."""
    parts = [signal.read(inputs) for name, signal in SIGNALS.items() if name not in not_fed(inputs)]
    return pd.concat(parts, ignore_index=True)[list(READING_COLUMNS)]


def not_fed(inputs: pd.DataFrame) -> list[str]:
    """Signals whose inputs are not recorded."""
    return [name for name, signal in SIGNALS.items() if not set(signal.inputs) <= set(inputs.columns)]


def _record(
    open_interest_usd: pd.Series, price_3d: pd.Series, price_1d: pd.Series, inputs: pd.DataFrame
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "usd_log_change_3d": np.log(open_interest_usd).diff(3),
            "price_log_change_3d": price_3d,
            "price_log_change_1d": price_1d,
            "oi_growth_30d_ratio": inputs["usd_growth_30d_ratio"].to_numpy(),
            "funding_apr": inputs["funding_apr"].to_numpy(),
        },
        index=open_interest_usd.index,
    )


def _inputs(
    open_interest_usd: pd.Series, quantity_30d: pd.Series, quantity_7d: pd.Series, quantity_1d: pd.Series
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": open_interest_usd.index,
            "scope_type": "market",
            "scope": "all",
            "open_interest_usd": open_interest_usd.to_numpy(),
            "quantity_growth_30d_ratio": quantity_30d.to_numpy(),
            "quantity_growth_7d_ratio": quantity_7d.to_numpy(),
            "quantity_growth_1d_ratio": quantity_1d.to_numpy(),
            "usd_growth_30d_ratio": (open_interest_usd / open_interest_usd.shift(30) - 1).to_numpy(),
            "seen_ratio": 1.0,
        }
    )


def _growth(recorded: Panel, days: int) -> tuple[pd.Series, pd.Series]:
    """Growth in dollars and in coins at the old prices, of the coins present on both days."""
    before = recorded.coins.shift(days) * recorded.price.shift(days)
    now, revalued = recorded.coins * recorded.price, recorded.coins * recorded.price.shift(days)
    is_matched = before.notna() & now.notna()
    base = before.where(is_matched).sum(axis=1, min_count=1)
    return now.where(is_matched).sum(axis=1) / base - 1, revalued.where(is_matched).sum(axis=1) / base - 1


def _by_day(file: str, day: str, column: str) -> pd.Series:
    table = pd.read_csv(DATA / file, parse_dates=[day], index_col=day)
    return table[column]


def _dated_with_points(file: str) -> pd.Series:
    table = pd.read_csv(DATA / file, encoding="utf-8-sig")
    return table.set_index(pd.to_datetime(table["Date"], format="%Y.%m.%d"))["Data"].astype(float)


def _wide(file: str, ending: str) -> pd.DataFrame:
    table = pd.read_csv(DATA / file, index_col="t", parse_dates=["t"])
    table = table.loc[:, [name for name in table.columns if name.endswith(f"_PERP.A{ending}")]]
    return table.rename(columns=lambda name: name.removesuffix(f"_PERP.A{ending}")).astype(float)
