"""The rules of what venues sent, one suite a dataset, ranges by the unit it was sent in.

All of them only warn: what a venue sent is that venue's trouble and stays in the lake. Only a column of
another type blocks, for that is a fault of ours. What a total may be built on is `staging_suites.py`.
"""

from __future__ import annotations

from pipeline.quality.rules import Delivery, Rule, Suite, between, not_null, ordered, within
from pipeline.records import Dataset, FundingKind, LoanMeasure, Stamp, Status, arrow_schema, raw_tables

_TYPES = {
    "string": "varchar",
    "double": "double",
    "int64": "bigint",
    "bool": "boolean",
    "timestamp[us, tz=UTC]": "timestamptz",
}
_AHEAD = "(epoch_us(observed_at) - epoch_us(fetched_at)) / 3.6e9"
# No market has held a hundred billion dollars; the cheapest coins and contracts are counted by the trillion.
_COINS, _DOLLARS = (0, 1e15), (0, 1e11)


def _amounts(column: str, *units: str) -> tuple[Rule, ...]:
    sizes = {"base": _COINS, "contracts": _COINS, "currency": _COINS, "usd": _DOLLARS, "quote": (0, 1e14)}
    return (within("unit", *units), *(between(column, *sizes[unit], unit=unit) for unit in units))


def _suite(
    dataset: str, rules: tuple[Rule, ...], delivery: Delivery | None, *key: str, optional: str = ""
) -> Suite:
    schema = {field.name: _TYPES[str(field.type)] for field in arrow_schema(raw_tables()[dataset])}
    is_dataset = dataset in set(Dataset)
    shared = ("venue", "market", "observed_at", "fetched_at", "endpoint", "run_id") if is_dataset else ()
    of_all = (
        (
            within("stamp", *Stamp),
            within("evidence", "recorded", "documented", "ccxt_source", "none"),
            between("tolerance_hours", 0, 24 * 31),
            # our clock and the venue's: a row from the future means that one of them is wrong
            between("ahead_hours", None, 0.1, name="not_from_the_future"),
        )
        if is_dataset
        else ()
    )
    return Suite(
        f"raw.{dataset}",
        {**schema, "day": "date"},
        (*shared, *key),
        (*rules, *of_all),
        delivery,
        optional_key=("observed_at", *optional.split()),
        computed={"ahead_hours": _AHEAD} if is_dataset else {},
    )


_MARKETS = Delivery("market")
RAW_SUITES: tuple[Suite, ...] = (
    _suite(
        "markets",
        (
            not_null("base"),
            not_null("quote"),
            within("unit", "listing"),
            within("kind", "swap", "future", "spot"),
            within("direction", "linear", "inverse", "quanto"),
            between("contract_size", 1e-12, 1e9),
            between("max_leverage", 1, 2000),
            between("funding_interval_hours", 0.01, 24),
            ordered("listed_at", "expires_at"),
        ),
        _MARKETS,
    ),
    _suite(
        "open_interest",
        (
            not_null("amount"),
            *_amounts("amount", "base", "contracts", "usd", "quote"),
            between("own_usd", *_DOLLARS),
            between("sides", 1, 2),
        ),
        _MARKETS,
    ),
    _suite(
        "funding_rate",
        (
            not_null("funding_rate"),
            within("unit", "rate_per_interval", "percent_per_interval"),
            # no venue's cap is near 10 % for one interval
            between("funding_rate", -0.1, 0.1, unit="rate_per_interval"),
            between("funding_rate", -10, 10, unit="percent_per_interval"),
            within("kind", *FundingKind),
            between("interval_hours", 0.01, 24),
        ),
        _MARKETS,
        "kind",
        "settles_at",
        optional="settles_at",
    ),
    _suite(
        "price",
        (
            within("unit", "base", "contracts", "usd", "quote"),
            between("mark_price", 1e-15, 1e9),
            between("index_price", 1e-15, 1e9),
            between("volume_24h", 0, 1e16),
        ),
        _MARKETS,
    ),
    _suite(
        "borrow_rate",
        (
            not_null("rate"),
            within("unit", "rate_per_day", "rate_per_hour", "rate_per_year", "rate_per_day_over_365"),
            within("kind", "cross", "isolated", "pool"),
            # 10 a year is the dearest coin in a squeeze; of the shorter periods their share of it, and room
            between("rate", 0, 0.1, unit="rate_per_day"),
            between("rate", 0, 0.01, unit="rate_per_hour"),
            between("rate", 0, 20, unit="rate_per_year"),
            between("rate", 0, 0.001, unit="rate_per_day_over_365"),
        ),
        Delivery("currency"),
        "currency",
        "kind",
    ),
    _suite(
        "margin_loan",
        (
            not_null("amount"),
            *_amounts("amount", "currency"),
            within("measure", *LoanMeasure),
            within("side", "long", "short"),
        ),
        Delivery("currency"),
        "currency",
        "measure",
        "side",
        "collateral_market",
        optional="side collateral_market",
    ),
    _suite(
        "long_short_ratio",
        (
            not_null("long_short"),
            within("unit", "ratio", "long_share"),
            between("long_short", 0.001, 1000, unit="ratio"),
            between("long_short", 0, 1, unit="long_share"),
            within("population", "accounts", "top_accounts", "top_positions"),
        ),
        _MARKETS,
        "population",
    ),
    _suite(
        "leverage_tier",
        (
            *_amounts("notional_floor", "quote", "usd", "base", "contracts"),
            between("tier", 1, 1000),
            between("initial_margin_rate", 0, 1),
            between("maintenance_margin_rate", 0, 1),
            between("max_leverage", 1, 2000),
            ordered("notional_floor", "notional_cap"),
            ordered("maintenance_margin_rate", "initial_margin_rate"),
        ),
        # tables are asked for now and then: a week of silence is news
        Delivery("market", most_silent_days=7),
        "tier",
    ),
    _suite(
        "liquidation",
        (
            *_amounts("amount", "base", "contracts", "usd", "quote"),
            within("position_side", "long", "short"),
            between("price", 1e-15, 1e9),
            between("occurrence", 0, 10_000),
        ),
        None,  # events: a quiet day is no fault
        "position_side",
        "price",
        "amount",
        "liquidation_id",
        "occurrence",
        optional="price liquidation_id",
    ),
    _suite(
        "insurance_fund",
        # a fund can owe: the balance may be below zero
        (not_null("balance"), within("unit", "currency", "usd"), between("balance", -1e9, 1e11, unit="usd")),
        Delivery("currency"),
        "currency",
    ),
    _suite(
        "wallet_position",
        (
            *_amounts("amount", "base"),
            within("position_side", "long", "short"),
            # no account has ever held more than a few billion dollars of positions
            between("own_usd", 0, 1e11),
            between("margin_usd", 0, 1e11),
            between("equity_usd", -1e11, 1e11),
            between("set_leverage", 1, 2000),
        ),
        Delivery("address"),
        "address",
        "position_side",
        optional="position_side",
    ),
    _suite(
        "fetch_log",
        (
            within("status", *Status),
            between("rows", 0, 1e8),
            between("calls", 0, 1e6),
            between("seconds", 0, 1e5),
            between("attempt", 1, 100),
        ),
        None,
        "run_id",
        "venue",
        "dataset",
        "attempt",
        "data_day",
    ),
    _suite(
        "reference",
        (
            within("kind", "circulating_supply", "exchange_reserve", "stablecoin_supply", "open_interest"),
            within("unit", "coins", "usd"),
            between("amount", 0, 1e16, unit="coins"),
            between("amount", 0, 1e13, unit="usd"),
        ),
        None,  # brought in by hand, as often as its owner likes
        "data_day",
        "kind",
        "asset",
        "run_id",
    ),
)
