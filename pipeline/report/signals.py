"""What the signals say: levels over time, today's readings with their reasons, scopes that stand out.

The picture of levels is in `timeline`, dated stretches in `episodes`, the record in `scoreboard`.
"""

from __future__ import annotations

from typing import Any

from pipeline.report import episodes, scoreboard, timeline, totals, words
from pipeline.report.base import Section
from pipeline.report.content import Column, SectionContent, Table
from pipeline.report.data import DAY_OF_AS_OF, ReportData

MOST_SCOPES = 15


def draw(data: ReportData) -> SectionContent:
    """Timeline of the composite and each market-wide signal, current readings, alarming assets and venues."""
    readings = _today(data)
    market = [row for row in readings if row["scope_type"] == "market"]
    loud = [row for row in readings if row["scope_type"] != "market" and row["level"] in ("high", "critical")]
    unknown = sum(1 for row in market if row["level"] == "unknown")
    lead = f"{words.plural(len(market), 'market-wide signal')} read"
    if unknown:
        lead += f", {unknown} of them unknown"
    scopes = words.plural(len(loud), "reading")
    return SectionContent(
        f"{lead}; {scopes} of single assets or venues stand at high or critical."
        if market
        else "No market-wide signal was read for this day.",
        (
            timeline.chart(data),
            _market_table(market),
            *([_scope_table(loud)] if loud else []),
            episodes.block(data),
            *scoreboard.blocks(data),
        ),
    )


def _today(data: ReportData) -> list[dict[str, Any]]:
    return data.rows(
        f"""
        select signal, scope_type, scope, value, coalesce(level, 'unknown') as level, threshold,
          threshold_source, history_days, reason
        from signal_readings
        where {DAY_OF_AS_OF} = $day::date
        qualify row_number() over (partition by signal, scope_type, scope order by as_of desc) = 1
        order by scope_type, signal, scope
        """
    )


def _market_table(market: list[dict[str, Any]]) -> Table:
    return Table(
        "Market-wide readings",
        (
            Column("signal", is_number=False),
            Column("level", is_number=False),
            Column("reason, and where its threshold comes from", is_number=False),
        ),
        tuple(
            (
                row["signal"].replace("_", " "),
                row["level"],
                f"{words.text(row['reason'])} {_rule(row)}".strip(),
            )
            for row in market
        ),
        level_column=1,
    )


def _rule(row: dict[str, Any]) -> str:
    """Where the threshold that the reason names comes from; an unknown reading was held to none."""
    if row["threshold"] is None or row["level"] == "unknown":
        return ""
    source = row["threshold_source"] or f"{words.plain(row['threshold'])}, of unknown origin"
    # a source that counts its days says how long the history is
    days = f" {words.count(row['history_days'])} days"
    history = "" if not row["history_days"] or days in source else f";{days} of history"
    return f"Threshold: {source}{history}."


def _scope_table(loud: list[dict[str, Any]]) -> Table:
    ranked = sorted(loud, key=lambda row: (row["level"] != "critical", row["signal"], row["scope"]))
    shown = ranked[:MOST_SCOPES]
    note = f"The first {MOST_SCOPES} of {len(ranked)}." if len(ranked) > MOST_SCOPES else ""
    return Table(
        "Assets and venues at high or critical",
        (
            Column("where", is_number=False),
            Column("level", is_number=False),
            Column("signal and reason", is_number=False),
        ),
        tuple(
            (
                f"{row['scope_type']} {row['scope']}",
                row["level"],
                f"{row['signal'].replace('_', ' ').capitalize()}: {words.text(row['reason'])}",
            )
            for row in shown
        ),
        note,
        level_column=1,
        is_folded=len(shown) > 5,
    )


SECTION = Section(
    key="signals",
    title="Signals",
    position=50,
    needs={
        **totals.NEEDS_LEVEL,
        **totals.NEEDS_READINGS,
        **timeline.NEEDS,
        **episodes.NEEDS,
        **scoreboard.NEEDS,
    },
    draw=draw,
)
