"""Answers for one new isolated position: margin, liquidation price, chance of a call, and the reverse.

It looks and computes; it trades nothing and advises nothing. The formulas are in `pipeline/methods/`, what is
published is read by `pipeline/position_facts.py`, how a table looks on a screen is `pipeline/screen.py`.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from typing import Any

from pipeline.errors import UsageError
from pipeline.methods.cushion import call_distance_ratio, call_probability_ratio
from pipeline.methods.sizing import (
    Position,
    liquidation_price,
    maintenance_at_entry,
    margin_for_price,
    posted_margin,
)
from pipeline.position_facts import Facts, Step, read_facts, step_of, table_of
from pipeline.screen import cell_text, screen, show_table
from pipeline.settings import Settings

Answer = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked: a market, a side, a size, and within how many days which chance of a call is borne."""

    venue: str
    market: str
    side: str
    leverage: float
    notional_usd: float
    days: float
    call_probability_ratio: float
    entry_price: float | None = None
    maintenance_ratio: float | None = None
    taker_fee_ratio: float | None = None

    @property
    def is_long(self) -> bool:
        """Whether it gains when the price rises."""
        return self.side == "long"


def require_possible(question: Question) -> None:
    """Raise UsageError for a question whose words or numbers cannot be."""
    if question.side not in ("long", "short"):
        message = f"--side {question.side} is not known: use long or short"
        raise UsageError(message)
    above_zero = {
        "leverage": question.leverage,
        "notional": question.notional_usd,
        "days": question.days,
        "entry": question.entry_price,
    }
    fractions = {
        "call-probability": question.call_probability_ratio,
        "maintenance": question.maintenance_ratio,
    }
    for name, value in above_zero.items():
        if value is not None and not 0 < value < math.inf:
            message = f"--{name} {value:g} cannot be: it is a number above zero"
            raise UsageError(message)
    for name, value in fractions.items():
        if value is not None and not 0 < value < 1:
            message = f"--{name} {value:g} cannot be: it is a fraction between 0 and 1, so 5 % is 0.05"
            raise UsageError(message)
    if question.taker_fee_ratio is not None and not 0 <= question.taker_fee_ratio < 0.1:
        message = f"--taker-fee {question.taker_fee_ratio:g} cannot be: it is a fraction, so 0.05 % is 0.0005"
        raise UsageError(message)


def show_position(settings: Settings, question: Question, form: str = "table") -> None:
    """Print what the published file says of a position. Raises UsageError where it says nothing."""
    if form not in ("table", "json"):
        message = f"--format {form} is not known: use table or json"
        raise UsageError(message)
    require_possible(question)
    facts = read_facts(
        settings.serving,
        question.venue,
        question.market,
        question.maintenance_ratio,
        question.taker_fee_ratio,
    )
    answer = answer_of(question, facts)
    if form == "json":
        sys.stdout.write(json.dumps(answer, indent=1, default=str, allow_nan=False) + "\n")
        return
    _show(answer)


def answer_of(question: Question, facts: Facts) -> Answer:
    """Every figure of the answer by name, the unit at its end; None where it is not known or there is none.

    Raises UsageError for a position that the venue would not open.
    """
    entry = question.entry_price or facts.mark_price
    step = step_of(facts, question.notional_usd, entry)
    _require_leverage(question, facts, step)
    table = table_of(facts, question.notional_usd, entry)
    position = Position(question.is_long, entry, question.notional_usd, table)
    posted = posted_margin(facts.rule, position, question.leverage)
    price = _price(question, facts, position, posted)
    distance = None if price is None else _side(question) * (1 - price / facts.mark_price)
    # coins of inverse contracts are dollars at the mark
    usd = facts.mark_price if facts.rule.is_inverse else 1.0
    whole = posted_margin(facts.rule, position, 1.0) * usd
    answer: Answer = {
        "venue": facts.venue,
        "market": facts.market,
        "asset": facts.asset,
        "direction": facts.direction,
        "day": facts.day,
        "side": question.side,
        "leverage": question.leverage,
        "notional_usd": question.notional_usd,
        "price_currency": facts.price_currency,
        "mark_price": facts.mark_price,
        "entry_price": entry,
        "tier": step.tier,
        "tier_floor_usd": step.floor_usd,
        "tier_cap_usd": step.cap_usd,
        "maintenance_ratio": step.maintenance_ratio,
        "initial_ratio": step.initial_ratio,
        "max_leverage": step.max_leverage,
        "tiers_as_of": facts.tiers_as_of,
        "posted_usd": posted * usd,
        "least_initial_usd": None if step.initial_ratio is None else whole * step.initial_ratio,
        "maintenance_usd": maintenance_at_entry(facts.rule, position) * usd,
        "rule": "at_entry" if facts.rule.is_at_entry else "at_price",
        "rule_version": facts.rule_version,
        "rule_source": facts.rule_source,
        "taker_fee_ratio": facts.rule.taker_fee_ratio,
        "liquidation_price": price,
        "distance_ratio": distance,
        "daily_sigma_ratio": facts.daily_sigma_ratio,
        "distance_sigmas": None,
        "days": question.days,
        "call_probability_ratio": None,
        "wanted_call_probability_ratio": question.call_probability_ratio,
        "largest_leverage": None,
        "top_up_usd": None,
        "notes": list(facts.notes),
    }
    sigma = facts.daily_sigma_ratio
    if sigma is None:
        return answer
    if distance is None:
        answer["call_probability_ratio"] = 0.0
    else:
        answer["distance_sigmas"] = distance / sigma
        answer["call_probability_ratio"] = float(call_probability_ratio(distance, sigma, question.days))
    needed = _margin_needed(question, facts, position, sigma)
    if needed is not None:
        answer["top_up_usd"] = max(0.0, needed * usd - answer["posted_usd"])
    if needed is None or needed * usd > whole:
        answer["notes"].append("even a position of one times is called with more than that probability")
    else:
        answer["largest_leverage"] = min(whole / (needed * usd), step.max_leverage or math.inf)
        if answer["largest_leverage"] == step.max_leverage:
            answer["notes"].append("no more than the largest leverage of the venue's table at this size")
    return answer


def _require_leverage(question: Question, facts: Facts, step: Step) -> None:
    if step.max_leverage is not None and question.leverage > step.max_leverage * (1 + 1e-9):
        message = (
            f"{facts.venue} {cell_text(facts.market)} is lent at most {step.max_leverage:g} times for"
            f" {question.notional_usd:,.0f} USD: ask --leverage {step.max_leverage:g} or less, or a smaller"
            " --notional"
        )
        raise UsageError(message)


def _price(question: Question, facts: Facts, position: Position, posted: float) -> float | None:
    """The liquidation price, None where no price closes the position; UsageError where it is past already."""
    try:
        price = liquidation_price(facts.rule, position, posted)
    except ValueError as problem:
        message = (
            f"{facts.venue} {cell_text(facts.market)} cannot be opened at {question.leverage:g} times: the"
            " margin posted is no more than what must be kept, so ask a lower --leverage"
        )
        raise UsageError(message) from problem
    if not 0 < price < math.inf:
        return None
    if _side(question) * (facts.mark_price - price) <= 0:
        message = (
            f"a {question.side} entered at {cell_text(position.entry_price)} is past its call at the mark of"
            f" {cell_text(facts.mark_price)}: ask another --entry or a lower --leverage"
        )
        raise UsageError(message)
    return price


def _margin_needed(question: Question, facts: Facts, position: Position, sigma: float) -> float | None:
    """Margin with which the chance of a call is the wanted one; None where no margin is enough."""
    away = float(call_distance_ratio(question.call_probability_ratio, sigma, question.days))
    price = facts.mark_price * (1 - _side(question) * away)
    if price > 0:
        return margin_for_price(facts.rule, position, price)
    # a linear long that borrows nothing is called by no price, an inverse one by some
    return None if facts.rule.is_inverse else posted_margin(facts.rule, position, 1.0)


def _side(question: Question) -> float:
    return 1.0 if question.is_long else -1.0


def _show(answer: Answer) -> None:
    """The answer as a table of three columns and its notes, for a screen of 80 columns or a pipe."""
    out, coin = screen(), answer["price_currency"]
    of = f"{answer['notional_usd']:,.0f} USD of {answer['venue']} {answer['market']}"
    out.print(cell_text(f"{answer['side']} {answer['leverage']:g} times, {of}, {answer['day']}"))
    out.print()
    entered = "the mark of the day"
    if answer["entry_price"] != answer["mark_price"]:
        entered = f"as asked; the mark is {cell_text(answer['mark_price'])}"
    fee = f", closing fee {answer['taker_fee_ratio']:g}" if answer["taker_fee_ratio"] else ""
    kept = "entry" if answer["rule"] == "at_entry" else "that price"
    wanted = f"{answer['wanted_call_probability_ratio']:g}"
    rows = [
        (f"entry price, {coin}", cell_text(answer["entry_price"]), entered),
        ("margin posted, USD", _money(answer["posted_usd"]), f"1 / {answer['leverage']:g} of notional"),
        ("least the venue asks, USD", _money(answer["least_initial_usd"]), _rate(answer, "initial_ratio")),
        ("margin to keep, USD", _money(answer["maintenance_usd"]), _rate(answer, "maintenance_ratio")),
        (
            f"liquidation price, {coin}",
            "none" if answer["liquidation_price"] is None else cell_text(answer["liquidation_price"]),
            f"kept at {kept}{fee}",
        ),
        ("distance, fraction", _short(answer["distance_ratio"]), "of the mark"),
        (
            "distance, daily sigmas",
            _short(answer["distance_sigmas"]),
            f"a sigma of {answer['asset']} is {_short(answer['daily_sigma_ratio'])}",
        ),
        (
            f"call within {answer['days']:g} days",
            _short(answer["call_probability_ratio"]),
            "probability, of a price without drift",
        ),
        (f"largest leverage for {wanted}", _down(answer["largest_leverage"]), "times, new at this size"),
        (f"top-up to {wanted}, USD", _money(answer["top_up_usd"]), "more margin for the one asked about"),
    ]
    show_table(["what", "value", "how"], rows)
    source = f", {answer['rule_source']}" if answer["rule_source"] else ""
    for note in [f"rule: {answer['rule_version']}{source}", *answer["notes"]]:
        out.print(cell_text(note))


def _rate(answer: Answer, name: str) -> str:
    if answer[name] is None:
        return "not known"
    step = "" if answer["tier"] is None else f", step {answer['tier']} of {answer['tiers_as_of']}"
    return f"{answer[name]:g} of notional{step}"


def _short(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4g}"


def _money(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.2f}"


def _down(value: float | None) -> str:
    """A leverage to two digits, never more than it is."""
    return "none" if value is None else f"{math.floor(value * 100) / 100:g}"
