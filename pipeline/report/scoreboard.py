"""Blocks of the signals section about their record: how well each told the days before an event, or not."""

from __future__ import annotations

from typing import Any

from pipeline.report import words
from pipeline.report.content import Column, Listing, Table
from pipeline.report.data import ReportData

# The rule and the horizon on which single coins are scored too; the others are folded below.
SHOWN_RULE = "R1"
SHOWN_HORIZON_DAYS = 14
BASELINES = {
    "oi_growth_30d": "open interest, 30-day growth",
    "return_90d": "90-day return",
    "volatility_30d": "30-day volatility",
}
YARDSTICK = "volatility_30d"
TITLE = "How well the signals told events before"

NEEDS = {
    "scoreboard": (
        "signal", "event_rule", "horizon_days", "is_baseline", "events", "events_warned", "sample_from",
        "sample_to", "auroc", "auroc_low", "auroc_high", "auroc_gain", "precision_ratio", "recall_ratio",
        "false_alarms_a_year", "median_lead_days", "reason", "variants_tried",
    )
}  # fmt: skip


def blocks(data: ReportData) -> tuple[Table | Listing, ...]:
    """The record at one rule and horizon, every other one folded; nothing scored on later days is shown."""
    rows = data.rows(
        """
        select * from scoreboard where sample_to <= $day::date
        order by event_rule, horizon_days, is_baseline, auroc desc nulls last, signal
        """
    )
    if not rows:
        return (
            Listing(
                TITLE,
                ("Not known: nothing was scored on days up to this one; margin-debt evaluate scores them.",),
            ),
        )
    shown = [
        row for row in rows if (row["event_rule"], row["horizon_days"]) == (SHOWN_RULE, SHOWN_HORIZON_DAYS)
    ]
    others = [row for row in rows if row not in shown]
    tried = max(row["variants_tried"] for row in rows)
    reasons = "; ".join(sorted({row["reason"] for row in shown if row["reason"]}))
    note = (
        f"{_sample(shown or rows)} AUROC 0.5 knows nothing; the gain is over 30-day volatility. {tried} rows "
        "were scored together and nothing is corrected for it."
        + (f" {words.sentence(reasons)}" if reasons else "")
        + (
            " These data are made: the record says nothing about a real market."
            if data.about["is_made"]
            else ""
        )
    )
    return (
        _table(f"{TITLE}: rule {SHOWN_RULE}, {SHOWN_HORIZON_DAYS} days ahead", shown, note, is_folded=False),
        _table("The same for every other rule and horizon", others, "", is_folded=True),
    )


def _sample(rows: list[dict[str, Any]]) -> str:
    first = min(row["sample_from"] for row in rows)
    last = max(row["sample_to"] for row in rows)
    return f"Scored from {first} to {last}."


def _table(title: str, rows: list[dict[str, Any]], note: str, *, is_folded: bool) -> Table:
    rule = (Column("rule, days ahead", is_number=False),) if is_folded else ()
    return Table(
        title,
        (
            Column("signal", is_number=False),
            *rule,
            Column("events warned of"),
            Column("AUROC"),
            Column("95 % interval"),
            Column("gain"),
            Column("alarms right"),
            Column("days before, in alarm"),
            Column("false alarms a year"),
            Column("lead, days"),
        ),
        tuple(
            (
                BASELINES.get(row["signal"], row["signal"].replace("_", " "))
                + (" (baseline)" if row["is_baseline"] else ""),
                *((f"{row['event_rule']},{words.SPACE}{row['horizon_days']}",) if is_folded else ()),
                f"{row['events_warned']} of {row['events']}",
                _area(row["auroc"]),
                f"{_area(row['auroc_low'])} to {_area(row['auroc_high'])}"
                if row["auroc_low"] is not None
                else "none",
                _gain(row),
                "no alarm" if row["precision_ratio"] is None else words.percent(row["precision_ratio"]),
                words.percent(row["recall_ratio"]),
                words.one_decimal(row["false_alarms_a_year"]),
                "none" if row["median_lead_days"] is None else words.count(row["median_lead_days"]),
            )
            for row in rows
        ),
        note,
        is_folded=is_folded,
    )


def _gain(row: dict[str, Any]) -> str:
    if row["signal"] == YARDSTICK:
        return "yardstick"
    return words.NOT_KNOWN if row["auroc_gain"] is None else f"{row['auroc_gain']:+.2f}"


def _area(value: float | None) -> str:
    return words.NOT_KNOWN if value is None else f"{value:.2f}"
