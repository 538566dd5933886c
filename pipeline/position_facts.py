"""What the published file says of one market: its mark, its margin table, the rule of its venue, volatility.

Only reading, and a sentence where something is missing. What follows from it is `pipeline/position.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import UsageError
from pipeline.export.tables import did_you_mean
from pipeline.methods.sizing import Rule
from pipeline.methods.tiers import TierTable, maintenance_margin, tier_table
from pipeline.records import Dataset
from pipeline.screen import cell_text
from pipeline.venues import VENUES
from pipeline.venues.base import Declaration, KeyOnly, Reports, Unsupported
from pipeline.warehouse import open_published

NEEDED = ("market_daily", "cushion_daily", "margin_tiers", "liquidation_rules")
GENERAL = "general, steps count for their own part"


@dataclass(frozen=True)
class Step:
    """One step of a margin table; only the rate where a reader gave it in place of a table."""

    maintenance_ratio: float
    tier: int | None = None
    floor_usd: float | None = None
    cap_usd: float | None = None
    floor_amount: float | None = None
    unit: str | None = None
    initial_ratio: float | None = None
    max_leverage: float | None = None


@dataclass(frozen=True)
class Facts:
    """All that is known of a market on the last published day. price_currency: what its prices are in.

    table_price: mark of the table's own day, by which bounds in coins or contracts became dollars.
    """

    venue: str
    market: str
    asset: str
    direction: str
    day: date
    price_currency: str
    mark_price: float
    table_price: float | None
    daily_sigma_ratio: float | None
    steps: tuple[Step, ...]
    tiers_as_of: date | None
    is_whole: bool
    rule: Rule
    rule_version: str
    rule_source: str | None
    notes: tuple[str, ...]


def read_facts(
    serving: Path,
    venue: str,
    market: str,
    maintenance_ratio: float | None = None,
    taker_fee_ratio: float | None = None,
) -> Facts:
    """What is published of a market; the rate and the fee that a reader gave take the place of the table's.

    Raises UsageError, with the remedy, where the market, its mark, its table or the rule is not known.
    """
    connection = open_published(serving)
    try:
        published = {row["table_name"] for row in _rows(connection, "select table_name from duckdb_tables()")}
        if not set(NEEDED) <= published:
            message = f"{serving} was published by an older version: `margin-debt build` makes it anew"
            raise UsageError(message)
        now = _market(connection, venue, market)
        rule, version, source, is_whole, notes = _rule(connection, now, taker_fee_ratio)
        steps, table = _steps(connection, now, maintenance_ratio)
        sigma = _one(
            connection,
            "select any_value(daily_sigma_ratio) as sigma from cushion_daily"
            " where day = $1 and scope_type = 'asset' and scope = $2",
            now["day"],
            now["asset"],
        )["sigma"]
    finally:
        connection.close()
    if not sigma:
        sigma = None
        notes.append("the volatility of the asset is not known: it takes 20 days of prices")
    notes += (
        _notes_of_the_table(venue) if maintenance_ratio is None else ["the rate to keep is the one given"]
    )
    return Facts(
        venue=venue,
        market=market,
        asset=now["asset"],
        direction=now["direction"],
        day=now["day"],
        price_currency="USD" if rule.is_inverse else table.get("quote") or now["settle"],
        mark_price=now["mark_price"],
        table_price=table.get("table_price"),
        daily_sigma_ratio=sigma,
        steps=steps,
        tiers_as_of=table.get("tiers_as_of"),
        is_whole=is_whole,
        rule=rule,
        rule_version=version,
        rule_source=source,
        notes=tuple(notes),
    )


def step_of(facts: Facts, notional_usd: float, entry_price: float) -> Step:
    """The step that a position of a size is in at entry. Raises UsageError above the largest position."""
    floors = _floors_at(facts, entry_price)
    place = max(n for n, floor in enumerate(floors) if floor <= notional_usd)
    last = facts.steps[-1]
    if last.cap_usd is not None and notional_usd > last.cap_usd * _scale(facts, entry_price):
        message = (
            f"{facts.venue} {cell_text(facts.market)} has no step for {notional_usd:,.0f} USD: its largest"
            f" position is {last.cap_usd * _scale(facts, entry_price):,.0f} USD, ask a smaller --notional"
        )
        raise UsageError(message)
    return facts.steps[place]


def table_of(facts: Facts, notional_usd: float, entry_price: float) -> TierTable:
    """The table by which the position is closed: dollars of linear, coins of inverse contracts.

    Where the venue's bounds move against the position with the price, all steps. Where they count the
    contracts or coins of the position itself, its step stays what it is: one rate. One rate, too, where the
    step of the size holds for all of it.
    """
    step = step_of(facts, notional_usd, entry_price)
    moves = step.unit == "base" if facts.rule.is_inverse else step.unit in ("quote", "usd")
    if facts.is_whole or len(facts.steps) == 1:
        return _table(facts, [0.0], [step.maintenance_ratio])
    rates = [one.maintenance_ratio for one in facts.steps]
    if moves and facts.rule.is_inverse:
        return _table(facts, [float(one.floor_amount or 0.0) for one in facts.steps], rates)
    table = _table(facts, _floors_at(facts, entry_price), rates)
    if moves:
        return table
    return _table(facts, [0.0], [float(maintenance_margin(table, notional_usd)) / notional_usd])


def _table(facts: Facts, floors: list[float], rates: list[float]) -> TierTable:
    try:
        return tier_table(floors, rates)
    except ValueError as problem:
        message = (
            f"the margin table of {facts.venue} {cell_text(facts.market)} cannot be read ({problem}): give"
            " the rate of your step with --maintenance"
        )
        raise UsageError(message) from problem


def _floors_at(facts: Facts, entry_price: float) -> list[float]:
    scale = _scale(facts, entry_price)
    return [0.0 if one.floor_usd is None else one.floor_usd * scale for one in facts.steps]


def _scale(facts: Facts, entry_price: float) -> float:
    """Dollars of a bound at entry over those at the mark of the table's day: 1 where the bound is dollars."""
    unit = facts.steps[0].unit
    if unit == "base" or (unit == "contracts" and not facts.rule.is_inverse):
        if facts.table_price is None:
            message = "bounds that count coins need the mark of the table's own day"
            raise ValueError(message)
        return entry_price / facts.table_price
    return 1.0


def _market(connection: duckdb.DuckDBPyConnection, venue: str, market: str) -> dict[str, Any]:
    day = _one(connection, "select max(day) as day from market_daily")["day"]
    if day is None:
        message = "no day is published yet: run `margin-debt run` or `margin-debt demo` first"
        raise UsageError(message)
    of_day = "from market_daily where day = $1"
    venues = {row["venue"] for row in _rows(connection, f"select distinct venue {of_day}", day)}
    if venue not in venues:
        message = (
            f"no market of {cell_text(venue)} is published for {day}{did_you_mean(venue, venues)}: there are"
            f" {', '.join(sorted(venues))}, and `margin-debt run --venues` fetches others"
        )
        raise UsageError(message)
    found = _rows(
        connection,
        f"select day, venue, market, asset, direction, settle, mark_price, status {of_day}"
        " and venue = $2 and market = $3",
        day,
        venue,
        market,
    )
    if not found:
        names = [
            cell_text(row["market"])
            for row in _rows(connection, f"select market {of_day} and venue = $2", day, venue)
        ]
        message = (
            f"{venue} has no market {cell_text(market)!r} on {day}{did_you_mean(market, names)}:"
            f" `margin-debt query \"select market from market_daily where venue = '{venue}'\"` lists them"
        )
        raise UsageError(message)
    row = found[0]
    if row["status"] == "closed" or not row["mark_price"]:
        what = "is delisted or expired" if row["status"] == "closed" else "has no mark price"
        message = (
            f"{venue} {cell_text(market)} {what} on {day}: ask another market, or run a day that shows it"
        )
        raise UsageError(message)
    return row


def _steps(
    connection: duckdb.DuckDBPyConnection, now: dict[str, Any], maintenance_ratio: float | None
) -> tuple[tuple[Step, ...], dict[str, Any]]:
    """The steps in force, and what is said of the whole table."""
    if maintenance_ratio is not None:
        return (Step(maintenance_ratio),), {}
    rows = _rows(
        connection,
        "select t.*, m.mark_price as table_price from margin_tiers as t left join market_daily as m"
        " on m.venue = t.venue and m.market = t.market and m.day = t.tiers_as_of"
        " where t.venue = $1 and t.market = $2 order by t.tier",
        now["venue"],
        now["market"],
    )
    where = f"{now['venue']} {cell_text(now['market'])}"
    if not rows:
        message = f"no margin table of {where} was collected: {_remedy(now['venue'])}"
        raise UsageError(message)
    counts_coins = rows[0]["unit"] in ("base", "contracts")
    if any(row["floor_usd"] is None for row in rows) or (counts_coins and not rows[0]["table_price"]):
        message = f"what the steps of {where} are worth in dollars is not known: give --maintenance RATE"
        raise UsageError(message)
    if rows[0]["floor_usd"] > 0:
        message = f"the first step of the margin table of {where} was not collected: give --maintenance RATE"
        raise UsageError(message)
    steps = tuple(
        Step(
            row["maintenance_ratio"],
            row["tier"],
            row["floor_usd"],
            row["cap_usd"],
            row["floor_amount"],
            row["unit"],
            row["initial_ratio"],
            row["max_leverage"] or (1 / row["initial_ratio"] if row["initial_ratio"] else None),
        )
        for row in rows
    )
    return steps, rows[0]


def _rule(
    connection: duckdb.DuckDBPyConnection, now: dict[str, Any], taker_fee_ratio: float | None
) -> tuple[Rule, str, str | None, bool, list[str]]:
    """The venue's rule in force, its version and source, whether steps are whole, and what was not seen."""
    direction = now["direction"]
    rows = _rows(
        connection,
        "select * from liquidation_rules where venue = $1 and direction = $2 and is_in_force",
        now["venue"],
        direction,
    )
    if not rows and direction != "linear":
        message = (
            f"no rule by which {now['venue']} closes {direction} contracts is known, so no price is"
            ' given: `margin-debt query "from liquidation_rules"` lists those that are'
        )
        raise UsageError(message)
    given = [] if taker_fee_ratio is None else ["the fee of closing is the one given"]
    if not rows:
        fee = "with" if taker_fee_ratio else "without"
        note = f"no rule of {now['venue']} itself is known: this is the general one, {fee} a fee of closing"
        general = Rule(is_inverse=False, is_at_entry=False, taker_fee_ratio=taker_fee_ratio or 0.0)
        return general, GENERAL, None, False, [note, *given]
    row = rows[0]
    counted = row["taker_fee_ratio"] if taker_fee_ratio is None else taker_fee_ratio
    rule = Rule(direction == "inverse", row["rule"] == "at_entry", counted)
    notes = [f"of the rule: {row['note']}"] if row["note"] else []
    version = f"{row['venue']}, {row['version']}"
    return rule, version, row["source"], row["tiers"] == "whole", [*notes, *given]


def _remedy(venue: str) -> str:
    give = "give the rate of your step with --maintenance, such as 0.004"
    said = _declared(venue)
    if isinstance(said, Unsupported | KeyOnly):
        return f"{venue} does not publish it ({said.reason}), so {give}"
    if said is not None and said.needs_key:
        return f"{venue} shows it to a read-only key alone, so set one and run again, or {give}"
    return f"`margin-debt run --venues {venue}` fetches it where the venue shows one, or {give}"


def _notes_of_the_table(venue: str) -> list[str]:
    said = _declared(venue)
    return [f"of the table: {said.note}"] if isinstance(said, Reports) and said.note else []


def _declared(venue: str) -> Declaration | None:
    known = VENUES.get(venue)
    return None if known is None else known.reports.get(Dataset.LEVERAGE_TIER)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[dict[str, Any]]:
    result = connection.execute(sql, list(values) or None)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _one(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> dict[str, Any]:
    return _rows(connection, sql, *values)[0]
