"""The nouns: what one row of each raw dataset is, and the words its columns may use.

A record holds what a venue sent, the unit it was sent in, and both clocks. No conversion happens here or
before: staging turns units into dollars and coins. A new dataset is a class below; its Parquet schema
follows from the class. What a *particular* venue means by a number belongs in `pipeline/venues/`.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Union, get_args, get_origin, get_type_hints

import pyarrow as pa


class Dataset(StrEnum):
    """What can be asked of a venue. The value is the folder under `raw/`."""

    MARKETS = "markets"
    OPEN_INTEREST = "open_interest"
    FUNDING_RATE = "funding_rate"
    PRICE = "price"
    BORROW_RATE = "borrow_rate"
    MARGIN_LOAN = "margin_loan"
    LONG_SHORT_RATIO = "long_short_ratio"
    LEVERAGE_TIER = "leverage_tier"
    LIQUIDATION = "liquidation"
    INSURANCE_FUND = "insurance_fund"
    WALLET_POSITION = "wallet_position"


# What happens now and then: an answer without a row is an answer.
EVENTS = frozenset({Dataset.LIQUIDATION})


class Unit(StrEnum):
    """What a number counts. A number without one of these cannot be stored."""

    BASE = "base"  # coins of the market's own base as listed: 1000PEPE counts in 1000PEPE
    CONTRACTS = "contracts"  # contract_size says what one is worth
    USD = "usd"
    QUOTE = "quote"  # value in the market's own quote currency: USDT of a USDT market
    CURRENCY = "currency"  # units of the row's own currency column
    RATE_PER_INTERVAL = "rate_per_interval"  # a fraction, per interval_hours
    PERCENT_PER_INTERVAL = "percent_per_interval"  # the same in hundredths
    RATE_PER_DAY = "rate_per_day"
    RATE_PER_HOUR = "rate_per_hour"
    RATE_PER_YEAR = "rate_per_year"
    RATE_PER_DAY_OVER_365 = "rate_per_day_over_365"  # Bitfinex: the field is the daily rate divided by 365
    RATIO = "ratio"  # longs over shorts
    LONG_SHARE = "long_share"  # longs over longs and shorts together
    LISTING = "listing"  # the row lists a market and holds no amount


class Stamp(StrEnum):
    """What the venue's own timestamp marks."""

    INSTANT = "instant"
    BAR_START = "bar_start"
    BAR_END = "bar_end"
    NONE = "none"  # the venue sends no time: fetched_at stands in for it


class Direction(StrEnum):
    """How a contract pays: in quote, in base, or in a third coin."""

    LINEAR = "linear"
    INVERSE = "inverse"
    QUANTO = "quanto"


class Status(StrEnum):
    """How an attempt to fetch one dataset of one venue ended. Zero is not among them."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"
    NEEDS_KEY = "needs_key"
    NEEDS_ADDRESSES = "needs_addresses"  # it is asked about listed accounts, and none is listed
    TOO_LATE = "too_late"
    BLOCKED = "blocked"
    FAILED = "failed"


class FundingKind(StrEnum):
    """Whether a funding rate was paid or is the venue's running forecast."""

    SETTLED = "settled"
    PREDICTED = "predicted"


class LoanMeasure(StrEnum):
    """Which amount a margin-loan row counts; only `used` is debt."""

    LENT = "lent"
    USED = "used"
    POSITION_SIZE = "position_size"


@dataclass(slots=True, kw_only=True)
class RawRow:
    """Columns every raw dataset has."""

    venue: str
    market: str  # the venue's own id; for currency datasets the currency's id at the venue
    symbol: str | None  # ccxt's unified symbol where it has one
    observed_at: datetime | None  # the venue's clock, UTC; None where it sends none
    fetched_at: datetime  # our clock, UTC
    endpoint: str
    ccxt_version: str
    run_id: str
    unit: str
    evidence: str  # what the unit rests on; "none" keeps the row out of every total
    stamp: str
    tolerance_hours: float  # how far from the end of a day the observation still counts for it
    sides: int  # 1: each contract counted once; 2: longs and shorts added up
    contract_size: float | None
    is_backfilled: bool
    publication_lag_hours: float
    payload: str  # the element as sent, JSON


@dataclass(slots=True, kw_only=True)
class MarketRow(RawRow):
    """One market as the venue listed it at fetched_at. contract_size: base per contract, USD when inverse."""

    base: str
    quote: str
    settle: str | None
    kind: str  # swap, future, spot
    direction: str | None
    is_active: bool
    funding_interval_hours: float | None
    listed_at: datetime | None
    expires_at: datetime | None
    max_leverage: float | None


@dataclass(slots=True, kw_only=True)
class OpenInterestRow(RawRow):
    """What is outstanding in one market, in `unit`; own_usd is the venue's own dollar figure, if any."""

    amount: float
    own_usd: float | None


@dataclass(slots=True, kw_only=True)
class FundingRateRow(RawRow):
    """One funding rate. settles_at: when it is paid; interval_hours: the venue's field, None without one."""

    kind: str
    funding_rate: float
    settles_at: datetime | None
    interval_hours: float | None


@dataclass(slots=True, kw_only=True)
class PriceRow(RawRow):
    """Mark and index price in quote per base, and 24 h volume in `unit`."""

    mark_price: float | None
    index_price: float | None
    volume_24h: float | None


@dataclass(slots=True, kw_only=True)
class BorrowRateRow(RawRow):
    """What borrowing one currency costs, as a fraction per the period named by `unit`."""

    currency: str
    kind: str  # cross, isolated, pool
    rate: float


@dataclass(slots=True, kw_only=True)
class MarginLoanRow(RawRow):
    """An outstanding amount of one currency; `measure` says which amount."""

    currency: str
    measure: str
    side: str | None  # long, short
    collateral_market: str | None
    amount: float


@dataclass(slots=True, kw_only=True)
class LongShortRatioRow(RawRow):
    """How many longs stand against shorts, in `unit`, among one population of the venue's accounts."""

    population: str  # accounts, top_accounts, top_positions
    long_short: float


@dataclass(slots=True, kw_only=True)
class LeverageTierRow(RawRow):
    """One step of a market's margin table. Bounds count `unit`; rates are fractions of notional."""

    tier: int  # 1 is the smallest position
    notional_floor: float
    notional_cap: float | None  # None where the last step is open
    initial_margin_rate: float | None
    maintenance_margin_rate: float | None
    max_leverage: float | None


@dataclass(slots=True, kw_only=True)
class LiquidationRow(RawRow):
    """One forced order, at observed_at. occurrence tells twins of one answer apart: 0, 1, ..."""

    position_side: str  # long, short: the position that was closed
    price: float | None
    amount: float
    liquidation_id: str | None
    occurrence: int


@dataclass(slots=True, kw_only=True)
class InsuranceFundRow(RawRow):
    """What a venue's insurance fund holds of one currency."""

    currency: str
    balance: float


@dataclass(slots=True, kw_only=True)
class WalletPositionRow(RawRow):
    """One position of a listed account, or the account itself: then without a side, `market` its margin coin.

    Dollars are the venue's own. An account without positions is its own row with nothing open; one that was
    not answered has none.
    """

    address: str
    position_side: str | None  # long, short; None in the row of the account
    amount: float  # size in `unit`; 0 in the row of the account
    own_usd: float  # what the position is worth; in the row of the account, all its positions
    margin_usd: float | None  # margin counted as used
    set_leverage: float | None  # what the holder chose; None in the row of the account
    equity_usd: float | None  # the account's money with unrealised gains, below zero when it is lost


@dataclass(slots=True, kw_only=True)
class FetchLogRow:
    """One attempt at one dataset of one venue for one day. No secret may enter `message`."""

    run_id: str
    venue: str
    dataset: str
    attempt: int
    data_day: datetime  # 00:00 of the UTC day the attempt was for
    status: str
    rows: int
    calls: int
    bytes: int
    seconds: float
    throttled_seconds: float
    error_class: str | None
    message: str | None
    fetched_at: datetime


@dataclass(slots=True, kw_only=True)
class ReferenceRow:
    """One fact from outside the exchanges, brought in from a file. data_day: the day it is true for."""

    data_day: datetime  # 00:00 of the UTC day
    kind: str  # circulating_supply, exchange_reserve, stablecoin_supply
    asset: str  # "all" for the whole market
    amount: float
    unit: str  # coins, usd
    source: str
    fetched_at: datetime  # when it was brought in
    run_id: str


ROW_TYPES: dict[Dataset, type[RawRow]] = {
    Dataset.MARKETS: MarketRow,
    Dataset.OPEN_INTEREST: OpenInterestRow,
    Dataset.FUNDING_RATE: FundingRateRow,
    Dataset.PRICE: PriceRow,
    Dataset.BORROW_RATE: BorrowRateRow,
    Dataset.MARGIN_LOAN: MarginLoanRow,
    Dataset.LONG_SHORT_RATIO: LongShortRatioRow,
    Dataset.LEVERAGE_TIER: LeverageTierRow,
    Dataset.LIQUIDATION: LiquidationRow,
    Dataset.INSURANCE_FUND: InsuranceFundRow,
    Dataset.WALLET_POSITION: WalletPositionRow,
}

FETCH_LOG = "fetch_log"
REFERENCE = "reference"

_ARROW = {
    str: pa.string(),
    float: pa.float64(),
    int: pa.int64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", tz="UTC"),
}


def raw_tables() -> dict[str, type]:
    """Folder under `raw/` -> the class of its rows: every dataset, the fetch log, and reference facts."""
    datasets = {dataset.value: row for dataset, row in ROW_TYPES.items()}
    return {**datasets, FETCH_LOG: FetchLogRow, REFERENCE: ReferenceRow}


@cache
def arrow_schema(row_type: type) -> pa.Schema:
    """Parquet schema of a row class: one column a field, in the order they are declared."""
    hints = get_type_hints(row_type)
    columns = []
    for field in fields(row_type):
        hint = hints[field.name]
        is_optional = get_origin(hint) in (Union, types.UnionType)
        inner = next(a for a in get_args(hint) if a is not type(None)) if is_optional else hint
        columns.append(pa.field(field.name, _ARROW[inner], nullable=is_optional))
    return pa.schema(columns)
