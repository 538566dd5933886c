"""Borrowing in a made world: what it costs on OKX and Bitfinex and how much is lent, used and held.

Open interest, prices and funding are not here (`market_model.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.replay.market_model import Array, reverting

# venue, currency, kind, ordinary rate a year, how much a full build-up adds to it
BORROW = (
    ("okx", "USDT", "cross", 0.070, 0.090), ("okx", "USDC", "cross", 0.060, 0.070),
    ("okx", "BTC", "cross", 0.012, 0.004), ("okx", "ETH", "cross", 0.025, 0.006),
    ("bitfinex", "USD", "pool", 0.085, 0.110), ("bitfinex", "UST", "pool", 0.075, 0.100),
    ("bitfinex", "BTC", "pool", 0.008, 0.003), ("bitfinex", "ETH", "pool", 0.010, 0.004),
)  # fmt: skip
LOWEST_APR = 0.001

# Bitfinex: currency, ordinary amount lent, how much a full build-up adds to it (a fraction)
LENT = (("USD", 1.6e9, 0.30), ("UST", 3.5e8, 0.35), ("BTC", 9_000.0, 0.10), ("ETH", 120_000.0, 0.10))
USED_RATIO, USED_ADDED, USED_BOUNDS = 0.87, 0.05, (0.80, 0.95)

# Bitfinex margin positions: pair, coin, side, ordinary amount in coins, how much a full build-up adds to it
POSITIONS = (
    ("tBTCUSD", "BTC", "long", 12_000.0, 0.45), ("tBTCUSD", "BTC", "short", 700.0, -0.10),
    ("tETHUSD", "ETH", "long", 95_000.0, 0.40), ("tETHUSD", "ETH", "short", 9_000.0, -0.10),
)  # fmt: skip


def borrow_rates(rng: np.random.Generator, instants: pd.DatetimeIndex, heat: Array) -> pd.DataFrame:
    """borrow_rate.parquet: a simple rate a year for each currency at each instant."""
    frames = []
    noise = reverting(rng, len(instants), len(BORROW), 0.06, 5)
    for column, (venue, currency, kind, ordinary, added) in enumerate(BORROW):
        apr = (ordinary + added * heat) * np.exp(noise[:, column])
        values = {"borrow_apr": np.round(np.maximum(apr, LOWEST_APR), 8)}
        key = {"venue": venue, "currency": currency, "kind": kind}
        frames.append(pd.DataFrame({**key, "observed_at": instants, **values}))
    return pd.concat(frames, ignore_index=True)


def margin_loans(rng: np.random.Generator, instants: pd.DatetimeIndex, heat: Array) -> pd.DataFrame:
    """margin_loan.parquet: Bitfinex amounts lent and used in the currency, margin positions in coins."""
    steps = len(instants)
    size = reverting(rng, steps, len(LENT) + len(POSITIONS), 0.010, 20)
    tightness = reverting(rng, steps, len(LENT), 0.008, 6)
    frames = []
    for column, (currency, ordinary, added) in enumerate(LENT):
        lent = ordinary * (1 + added * heat) * np.exp(size[:, column])
        used_ratio = np.clip(USED_RATIO + USED_ADDED * heat + tightness[:, column], *USED_BOUNDS)
        for measure, amount in (("lent", lent), ("used", lent * used_ratio)):
            frames.append(_loan(instants, amount, currency=currency, measure=measure))
    for column, (pair, coin, side, ordinary, added) in enumerate(POSITIONS, start=len(LENT)):
        held = ordinary * (1 + added * heat) * np.exp(size[:, column])
        about = {"currency": coin, "measure": "position_size", "side": side, "collateral_market": pair}
        frames.append(_loan(instants, held, **about))
    return pd.concat(frames, ignore_index=True)


def _loan(
    instants: pd.DatetimeIndex, amount: Array, *, currency: str, measure: str,
    side: str | None = None, collateral_market: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    about = {"venue": "bitfinex", "currency": currency, "measure": measure, "side": side}
    where = {"collateral_market": collateral_market, "observed_at": instants}
    return pd.DataFrame({**about, **where, "amount": np.round(amount, 8)})
