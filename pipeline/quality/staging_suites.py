"""The rules of staging, one suite a table: what a total may be built on.

A rule blocks where a total built on a row that breaks it would be wrong; every other rule warns.
"""

from __future__ import annotations

from pipeline.quality.rules import Delivery, Suite, between, columns, not_null, ordered, within
from pipeline.records import FundingKind, LoanMeasure, Status

_VERSION_KEY = ("day", "venue", "market", "observed_at", "known_at")
_OBSERVED = "day date, venue varchar, market varchar, observed_at timestamptz, known_at timestamptz"

# Each swap's price in dollars a coin, over the median of all venues that list the asset.
_PRICE_AGREEMENT = """(
    select p.*,
        p.mark_price / m.multiplier * q.usd_value::double
            / median(p.mark_price / m.multiplier * q.usd_value::double) over (partition by p.day, m.asset)
            as to_median_ratio
    from staging.stg_price as p
    left join staging.stg_markets as m
        on m.day = p.day and m.venue = p.venue and m.market = p.market and m.kind = 'swap'
    left join seeds.usd_currencies as q on q.currency = m.quote
    where p.day >= $1::date
)"""

STAGING_SUITES: tuple[Suite, ...] = (
    Suite(
        "staging.stg_markets",
        columns(
            "day date, venue varchar, market varchar, symbol varchar, base varchar, quote varchar, "
            "settle varchar, kind varchar, direction varchar, asset varchar, multiplier double, "
            "contract_size double, funding_interval_hours double, is_active boolean, "
            "listed_at timestamptz, expires_at timestamptz, max_leverage double, "
            "listed_fetched_at timestamptz"
        ),
        ("day", "venue", "market"),
        (
            not_null("asset", is_blocking=True),
            between("multiplier", 1e-9, 1e9, is_blocking=True),
            within("kind", "swap", "future", "spot", is_blocking=True),
            within("direction", "linear", "inverse", "quanto", is_blocking=True),
        ),
        Delivery("market"),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_market_version",
        columns(
            "day date, venue varchar, market varchar, asset varchar, multiplier double, "
            "direction varchar, funding_interval_hours double"
        ),
        ("day", "venue", "market"),
        (not_null("asset", is_blocking=True), between("multiplier", 1e-9, 1e9, is_blocking=True)),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_open_interest",
        columns(
            f"{_OBSERVED}, distance_hours double, is_backfilled boolean, amount double, unit varchar, "
            "evidence varchar, sides bigint, own_usd double, mark_price double, "
            "open_interest_base_listed double, open_interest_quote double, asset varchar, "
            "multiplier double, direction varchar"
        ),
        _VERSION_KEY,
        (
            not_null("asset", is_blocking=True),
            not_null("open_interest_base_listed"),
            # in no total when it is worth too much (int_market_day), and one venue's alone: a person is told
            between("open_interest_base_listed", 0, 1e16),
            between("open_interest_quote", 0, 1e11),
            between("multiplier", 1e-9, 1e9, is_blocking=True),
            between("distance_hours", 0, 12),
        ),
        Delivery("market"),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_price",
        columns(
            f"{_OBSERVED}, distance_hours double, mark_price double, index_price double, "
            "volume_base_listed double, volume_quote double"
        ),
        _VERSION_KEY,
        (
            between("mark_price", 1e-15, 1e9, is_blocking=True),
            between("volume_quote", 0, 1e13),
            between("distance_hours", 0, 12),
            # beyond 5 % the row is in no total (int_market_day); here a person is told
            between("to_median_ratio", 0.95, 1 / 0.95, name="venues_agree_on_price"),
        ),
        Delivery("market"),
        is_key_blocking=True,
        source=_PRICE_AGREEMENT,
    ),
    Suite(
        "staging.stg_funding_rate",
        columns(
            "day date, venue varchar, market varchar, kind varchar, settles_at timestamptz, "
            "known_at timestamptz, distance_hours double, funding_rate double, interval_hours double, "
            "funding_apr double"
        ),
        ("day", "venue", "market", "kind", "settles_at", "known_at"),
        (
            # a rate without an interval is in no average, so its absence cannot make a total wrong
            not_null("interval_hours"),
            between("interval_hours", 1, 24, is_blocking=True),
            between("funding_apr", -100, 100),
            within("kind", *FundingKind, is_blocking=True),
        ),
        Delivery("market"),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_borrow_rate",
        columns(
            "day date, venue varchar, currency varchar, kind varchar, observed_at timestamptz, "
            "known_at timestamptz, distance_hours double, rate double, unit varchar, "
            "borrow_apr double"
        ),
        ("day", "venue", "currency", "kind", "observed_at", "known_at"),
        (not_null("borrow_apr"), between("borrow_apr", 0, 20), within("kind", "cross", "isolated", "pool")),
        Delivery("currency"),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_margin_loan",
        columns(
            "day date, venue varchar, currency varchar, measure varchar, side varchar, "
            "collateral_market varchar, observed_at timestamptz, known_at timestamptz, "
            "distance_hours double, amount double"
        ),
        ("day", "venue", "currency", "measure", "side", "collateral_market", "observed_at", "known_at"),
        (
            not_null("amount", is_blocking=True),
            between("amount", 0, 1e15, is_blocking=True),
            within("measure", *LoanMeasure, is_blocking=True),
        ),
        Delivery("currency"),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_long_short_ratio",
        columns(
            "day date, venue varchar, market varchar, population varchar, observed_at timestamptz, "
            "known_at timestamptz, distance_hours double, long_short double, unit varchar, "
            "long_short_ratio double"
        ),
        ("day", "venue", "market", "population", "observed_at", "known_at"),
        (
            between("long_short_ratio", 0.001, 1000),
            within("population", "accounts", "top_accounts", "top_positions"),
        ),
        Delivery("market"),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_leverage_tier",
        columns(
            "day date, venue varchar, market varchar, tier bigint, observed_at timestamptz, "
            "known_at timestamptz, distance_hours double, unit varchar, notional_floor double, "
            "notional_cap double, notional_floor_quote double, notional_cap_quote double, "
            "initial_margin_rate_ratio double, maintenance_margin_rate_ratio double, "
            "max_leverage double"
        ),
        ("day", "venue", "market", "tier", "observed_at", "known_at"),
        (
            between("maintenance_margin_rate_ratio", 0, 1, is_blocking=True),
            between("initial_margin_rate_ratio", 0, 1),
            ordered("maintenance_margin_rate_ratio", "initial_margin_rate_ratio"),
            ordered("notional_floor_quote", "notional_cap_quote"),
        ),
        Delivery("market", most_silent_days=7),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_liquidation",
        columns(
            "day date, venue varchar, market varchar, liquidation_key varchar, "
            "occurred_at timestamptz, known_at timestamptz, position_side varchar, price double, "
            "amount double, unit varchar, direction varchar, asset varchar, "
            "amount_base_listed double, value_quote double"
        ),
        ("day", "venue", "market", "liquidation_key"),
        (
            within("position_side", "long", "short", is_blocking=True),
            # the largest single order ever told was below a billion dollars
            between("value_quote", 0, 1e10, is_blocking=True),
            not_null("asset"),
        ),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_insurance_fund",
        columns(
            "day date, venue varchar, fund varchar, currency varchar, observed_at timestamptz, "
            "known_at timestamptz, distance_hours double, unit varchar, balance double"
        ),
        ("day", "venue", "fund", "currency", "observed_at", "known_at"),
        (not_null("balance"), within("unit", "currency", "usd")),
        Delivery("currency"),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_wallet_position",
        columns(
            "day date, venue varchar, address varchar, market varchar, position_side varchar, "
            "observed_at timestamptz, known_at timestamptz, distance_hours double, "
            "size_base_listed double, notional_usd double, margin_usd double, set_leverage double, "
            "equity_usd double"
        ),
        ("day", "venue", "address", "market", "position_side", "observed_at", "known_at"),
        (
            within("position_side", "long", "short", "account", is_blocking=True),
            between("notional_usd", 0, 1e11, is_blocking=True),
            between("set_leverage", 1, 2000),
        ),
        Delivery("address"),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_reference",
        columns(
            "day date, kind varchar, asset varchar, amount double, unit varchar, source varchar, "
            "known_at timestamptz"
        ),
        ("day", "kind", "asset"),
        (
            not_null("amount", is_blocking=True),
            not_null("source"),
            between("amount", 0, 1e16, is_blocking=True),
            within("unit", "coins", "usd", is_blocking=True),
        ),
        is_key_blocking=True,
    ),
    Suite(
        "staging.stg_fetch_log",
        columns(
            "day date, run_id varchar, venue varchar, dataset varchar, attempt bigint, "
            "status varchar, rows bigint, calls bigint, bytes bigint, seconds double, "
            "throttled_seconds double, error_class varchar, message varchar, fetched_at timestamptz"
        ),
        ("day", "run_id", "venue", "dataset", "attempt"),
        (within("status", *Status, is_blocking=True), between("rows", 0, 1e8)),
        is_key_blocking=True,
    ),
)
