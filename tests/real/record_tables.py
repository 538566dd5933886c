"""Prints the tables of RECORD.md from the recorded markets: `python tests/real/record_tables.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pandas as pd
from coins import HORIZON_DAYS, RULE, Pooled, score_coins
from crises import macrohistory, score_crises
from record import bitcoin, not_fed, panel, panel_market, score_market

from pipeline.evaluate.rule import HORIZONS_DAYS, RULES
from pipeline.evaluate.scoreboard import verdict


def area_table(scores: pd.DataFrame, rule: str) -> Iterator[str]:
    """AUROC and interval of each series by horizon, ordered by the middle one; + beats volatility."""
    yield f"| {rule} | events | {' | '.join(f'{days} days' for days in HORIZONS_DAYS)} |"
    yield "|---|---|" + "---|" * len(HORIZONS_DAYS)
    mine = scores[scores["event_rule"] == rule].set_index(["signal", "horizon_days"])
    for signal in mine.xs(14, level="horizon_days").index:
        cells = [_area(mine.loc[(signal, days)]) for days in HORIZONS_DAYS]
        first = mine.loc[(signal, 14)]
        name = f"{signal}{' *' if first['is_baseline'] else ''}"
        yield f"| {name} | {first['events']} | {' | '.join(cells)} |"


def alarm_table(scores: pd.DataFrame, rule: str, horizon_days: int) -> Iterator[str]:
    """What the alarm of each series was worth, in the order of AUROC."""
    yield (
        "| series | AUPRC (base) | precision | recall | noise to signal | usefulness | relative usefulness |"
        " events warned | median lead, days | false alarms a year |"
    )
    yield "|---" * 10 + "|"
    chosen = (scores["event_rule"] == rule) & (scores["horizon_days"] == horizon_days)
    for row in scores[chosen].itertuples():
        figures = (row.precision_ratio, row.recall_ratio, row.noise_to_signal_ratio, row.usefulness_ratio)
        cells = [_number(figure) for figure in (*figures, row.relative_usefulness_ratio)]
        yield (
            f"| {row.signal} | {_number(row.auprc)} ({_number(row.base_ratio)}) | {' | '.join(cells)} |"
            f" {row.events_warned} of {row.events} | {_number(row.median_lead_days, 1)} |"
            f" {_number(row.false_alarms_a_year, 1)} |"
        )


def coin_table(found: list[Pooled]) -> Iterator[str]:
    """The pooled coins, highest AUROC first."""
    yield "| series | AUROC | less volatility | days with an event | coin-events |"
    yield "|---|---|---|---|---|"
    for one in found:
        gain = "" if pd.isna(one.gain_low) else f"{one.gain_low:+.2f} to {one.gain_high:+.2f}"
        area = f"{one.auroc:.2f} ({one.low:.2f} to {one.high:.2f})"
        yield f"| {one.name} | {area} | {gain} | {one.event_days} | {one.coin_events} |"


def crisis_table() -> Iterator[str]:
    """Both definitions of credit growth before a crisis."""
    yield "| score | AUROC | country-years | crises in them |"
    yield "|---|---|---|---|"
    for deflator, name in (("cpi", "real loans"), ("gdp", "loans to GDP")):
        found = score_crises(macrohistory(), deflator)
        area = f"{found.auroc:.3f} ({found.low:.3f} to {found.high:.3f})"
        yield f"| {name}, five years | {area} | {found.country_years} | {found.crises} |"


def _area(row: pd.Series) -> str:
    interval = "" if pd.isna(row["auroc_low"]) else f" ({row['auroc_low']:.2f} to {row['auroc_high']:.2f})"
    return f"{_number(row['auroc'])}{interval}{' +' if row['auroc_gain_low'] > 0 else ''}"


def _number(value: float, digits: int = 2) -> str:
    return "-" if pd.isna(value) else f"{round(value, digits) + 0.0:.{digits}f}"  # no minus before a zero


def _print() -> None:
    recorded = panel()
    for name, market in (("BTC", bitcoin()), ("69 perpetuals", panel_market(recorded))):
        scores = score_market(market)
        lines = [f"## {name}", "", f"{len(scores)} rows. {verdict(scores)} Not fed: {not_fed(market.inputs)}"]
        for rule in RULES:
            lines += ["", *area_table(scores, rule.name)]
        lines += ["", *alarm_table(scores, RULE.name, HORIZON_DAYS), ""]
        sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.write("\n".join([*coin_table(score_coins(recorded)), "", *crisis_table()]) + "\n")


if __name__ == "__main__":
    _print()
