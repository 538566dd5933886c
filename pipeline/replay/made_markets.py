"""Which markets a made world lists: assets, contracts, sizes, lives. Nothing random and no series here.

Ids, contract sizes and funding intervals are spelled as the four venues spell theirs, so that a made world
meets every trap of naming and unit: a thousand coins in one, contracts worth dollars, a third stablecoin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

BEFORE_THE_WORLD = timedelta(days=400)  # old markets were listed this long before the first day
LISTING_SHARE, INTERVAL_SHARE, DELISTING_SHARE = 0.30, 0.45, 0.60  # where in the period these happen
QUARTER_MONTHS = frozenset({3, 6, 9, 12})
NEAREST_EXPIRY_DAYS = 150  # the first dated future lives at least this long in the world
DATED_LIFE_DAYS = 240  # the next one expires at least this long after it
ROLL_DAYS = 90  # the next dated future is listed this long before the first one expires


@dataclass(frozen=True)
class MadeAsset:
    """A coin: its first price in USD, open interest of all venues together in USD, fall against BTC's."""

    name: str
    price_usd: float
    open_interest_usd: float
    beta_ratio: float


@dataclass(frozen=True, kw_only=True)
class MadeMarket:
    """One listed contract. contract_size: base per contract, or USD per contract when inverse.

    `units` is how many coins of the asset one unit of `base` holds (1000 for 1000PEPE); `share_ratio` is the
    market's part of the asset's open interest; `interval_change` the instant and the interval after it.
    """

    venue: str
    market: str
    base: str
    quote: str
    settle: str
    asset: str
    units: float
    share_ratio: float
    contract_size: float
    listed_at: datetime
    kind: str = "swap"
    direction: str = "linear"
    funding_interval_hours: float | None = 8.0
    interval_change: tuple[datetime, float] | None = None
    expires_at: datetime | None = None
    delisted_at: datetime | None = None
    whole_contracts: bool = False


def _asset(name: str, price_usd: float, open_interest_million_usd: float, beta_ratio: float) -> MadeAsset:
    return MadeAsset(name, price_usd, open_interest_million_usd * 1e6, beta_ratio)


# Levels of about early 2026: 60 billion USD over the four venues.
ASSETS: tuple[MadeAsset, ...] = (
    _asset("BTC", 90_000, 27_000, 1.00), _asset("ETH", 3_200, 14_000, 1.15),
    _asset("SOL", 150, 5_000, 1.25), _asset("XRP", 2.3, 3_500, 1.10),
    _asset("DOGE", 0.18, 1_800, 1.25), _asset("BNB", 700, 1_300, 0.95),
    _asset("HYPE", 35, 1_000, 1.20), _asset("SUI", 2.5, 800, 1.30),
    _asset("ADA", 0.6, 700, 1.20), _asset("LINK", 15, 600, 1.20),
    _asset("PEPE", 0.000011, 500, 1.40), _asset("AVAX", 20, 450, 1.25),
    _asset("LTC", 95, 450, 1.00), _asset("BCH", 480, 450, 1.00),
    _asset("AAVE", 240, 300, 1.20), _asset("TRX", 0.28, 300, 0.80),
    _asset("DOT", 4.0, 300, 1.15), _asset("UNI", 8.0, 300, 1.20),
    _asset("NEAR", 2.4, 250, 1.25), _asset("ETC", 19, 250, 1.10),
    _asset("FIL", 2.3, 200, 1.20), _asset("APT", 4.5, 200, 1.25),
    _asset("ARB", 0.4, 200, 1.25), _asset("OP", 0.6, 150, 1.25),
)  # fmt: skip

_THOUSANDS = {"binance": {"PEPE": "1000PEPE"}, "hyperliquid": {"PEPE": "kPEPE"}}

# Coins in one OKX linear contract.
_OKX_SIZE = {
    "BTC": 0.01, "ETH": 0.1, "SOL": 1, "XRP": 100, "DOGE": 1_000, "BNB": 0.01, "SUI": 1, "ADA": 100,
    "LINK": 1, "PEPE": 10_000_000, "AVAX": 1, "LTC": 1, "BCH": 0.1, "AAVE": 0.1, "TRX": 1_000, "DOT": 1,
    "UNI": 1, "FIL": 0.1,
}  # fmt: skip
_HYPERLIQUID = (
    "BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "HYPE", "SUI", "ADA", "LINK", "PEPE", "AVAX", "LTC", "AAVE",
    "NEAR", "ARB", "OP", "APT",
)  # fmt: skip
_BITFINEX = ("BTC", "ETH", "SOL", "XRP", "DOGE")
_COIN_M = {"BTC": 100.0, "ETH": 10.0, "SOL": 10.0, "BNB": 10.0}  # USD per contract
_OKX_INVERSE = {"BTC": 100.0, "ETH": 10.0, "SOL": 10.0}

# Part of an asset's open interest by kind of market; what an asset lacks goes to its other markets.
_WEIGHT = {
    "binance": 0.55, "binance_inverse": 0.05, "okx": 0.20, "okx_inverse": 0.03, "okx_dated": 0.02,
    "hyperliquid": 0.14, "bitfinex": 0.011,
}  # fmt: skip

BINANCE_LISTING, OKX_DELISTING, BINANCE_INTERVAL_CHANGE = "HYPE", "FIL", "APT"
SPOT_PAIRS = (("tBTCUSD", "BTC"), ("tETHUSD", "ETH"))  # collateral of Bitfinex margin positions


def at_midnight(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime.combine(day, time(), tzinfo=UTC)


def made_markets(first_day: date, days: int) -> list[MadeMarket]:
    """Every derivative market that lives in the `days` days from `first_day`; shares sum to 1 an asset.

    A market that would be listed after the last instant is left out.
    """
    start = at_midnight(first_day)
    found = [*_binance(start, days), *_okx(start, days), *_hyperliquid(start), *_bitfinex(start)]
    totals: dict[str, float] = {}
    for market in found:
        totals[market.asset] = totals.get(market.asset, 0.0) + market.share_ratio
    return [replace(market, share_ratio=market.share_ratio / totals[market.asset]) for market in found]


def last_friday(year: int, month: int) -> date:
    """The day on which a quarter's contracts expire."""
    day = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return day - timedelta(days=(day.weekday() - 4) % 7)


def price_decimals(price: float) -> int:
    """Digits after the point that leave about six significant ones."""
    return 5 - math.floor(math.log10(price))


def amount_decimals(price: float) -> int:
    """Digits after the point of an amount whose smallest step is worth some ten dollars."""
    return min(max(math.floor(math.log10(price)) - 1, 0), 5)


def _swap(venue: str, market: str, asset: str, quote: str, start: datetime) -> MadeMarket:
    """A linear perpetual of one coin a contract that is older than the world."""
    return MadeMarket(
        venue=venue, market=market, base=asset, quote=quote, settle=quote, asset=asset, units=1.0,
        share_ratio=_WEIGHT[venue], contract_size=1.0, listed_at=start - BEFORE_THE_WORLD,
    )  # fmt: skip


def _inverse(venue: str, market: str, asset: str, usd_per_contract: float, start: datetime) -> MadeMarket:
    return replace(
        _swap(venue, market, asset, "USD", start), settle=asset, direction="inverse", whole_contracts=True,
        share_ratio=_WEIGHT[f"{venue}_inverse"], contract_size=usd_per_contract,
    )  # fmt: skip


def _of_thousands(market: MadeMarket) -> MadeMarket:
    """The market with the base that the venue lists for a coin it trades by the thousand."""
    base = _THOUSANDS[market.venue].get(market.asset)
    return replace(market, base=base, units=1_000.0) if base else market


def _binance(start: datetime, days: int) -> list[MadeMarket]:
    markets = []
    for asset in ASSETS:
        base = _THOUSANDS["binance"].get(asset.name, asset.name)
        market = _of_thousands(_swap("binance", f"{base}USDT", asset.name, "USDT", start))
        if asset.name == BINANCE_LISTING:
            market = replace(market, listed_at=start + timedelta(days=round(days * LISTING_SHARE), hours=10))
        if asset.name == BINANCE_INTERVAL_CHANGE:
            change = start + timedelta(days=round(days * INTERVAL_SHARE), hours=8)
            market = replace(market, interval_change=(change, 4.0))
        markets.append(market)
    return markets + [_inverse("binance", f"{a}USD_PERP", a, size, start) for a, size in _COIN_M.items()]


def _okx(start: datetime, days: int) -> list[MadeMarket]:
    markets = []
    for asset, size in _OKX_SIZE.items():
        market = _swap("okx", f"{asset}-USDT-SWAP", asset, "USDT", start)
        market = replace(market, contract_size=float(size), whole_contracts=True)
        if asset == OKX_DELISTING:
            delisted = start + timedelta(days=round(days * DELISTING_SHARE), hours=9)
            market = replace(market, delisted_at=delisted)
        markets.append(market)
    markets += [_inverse("okx", f"{a}-USD-SWAP", a, size, start) for a, size in _OKX_INVERSE.items()]
    expiry, listed = (
        _quarter_end(start.date() + timedelta(days=NEAREST_EXPIRY_DAYS)),
        start - BEFORE_THE_WORLD,
    )
    while listed < start + timedelta(days=days):
        market = _swap("okx", f"BTC-USDT-{expiry:%y%m%d}", "BTC", "USDT", start)
        markets.append(
            replace(
                market, kind="future", contract_size=_OKX_SIZE["BTC"], whole_contracts=True,
                funding_interval_hours=None, share_ratio=_WEIGHT["okx_dated"], listed_at=listed,
                expires_at=at_midnight(expiry) + timedelta(hours=8),
            )
        )  # fmt: skip
        listed = at_midnight(expiry - timedelta(days=ROLL_DAYS))
        expiry = _quarter_end(expiry + timedelta(days=DATED_LIFE_DAYS))
    return markets


def _hyperliquid(start: datetime) -> list[MadeMarket]:
    markets = []
    for asset in _HYPERLIQUID:
        coin = _THOUSANDS["hyperliquid"].get(asset, asset)
        market = _of_thousands(_swap("hyperliquid", coin, asset, "USDC", start))
        markets.append(replace(market, funding_interval_hours=1.0))
    return markets


def _bitfinex(start: datetime) -> list[MadeMarket]:
    return [_swap("bitfinex", f"t{asset}F0:USTF0", asset, "UST", start) for asset in _BITFINEX]


def _quarter_end(earliest: date) -> date:
    """The first quarterly expiry on or after `earliest`."""
    year, month = earliest.year, earliest.month
    while month not in QUARTER_MONTHS or last_friday(year, month) < earliest:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return last_friday(year, month)
