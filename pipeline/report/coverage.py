"""What was seen, what failed and why, and what nobody here can see, with its dated size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline.report import charts, quality, totals, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, SectionContent, Series, Table
from pipeline.report.data import ReportData

SEEN = ("answered", "seen")
# nothing was withheld: it is not published, or no account was listed to ask about
NOT_OFFERED = ("unsupported", "not_seen", "needs_addresses")
ABBREVIATIONS = {"defi": "DeFi", "cefi": "CeFi", "cdp": "CDP", "cme": "CME"}


def draw(data: ReportData) -> SectionContent:
    """Seen share over time, not seen, failed on the day, doubtful, every dataset that is offered."""
    rows = data.rows(
        """
        select dataset, venue, status, markets_expected, markets_seen, expected_usd, seen_usd, seen_ratio,
          age_hours, reason
        from coverage_daily
        where day = $day::date and venue <> 'all'
        order by dataset, venue
        """
    )
    unseen = [row for row in rows if row["dataset"] == "known_universe"]
    asked = [row for row in rows if row["dataset"] != "known_universe"]
    broken = [row for row in asked if row["status"] not in (*SEEN, *NOT_OFFERED)]
    answered = sum(1 for row in asked if row["status"] in SEEN)
    offered = sum(1 for row in asked if row["status"] not in NOT_OFFERED)
    return SectionContent(
        f"{answered} of {words.plural(offered, 'question')} to venues were answered in full; "
        f"{words.percent(totals.known_share(data)[-1])} of the known market was seen.",
        (
            _share_chart(data),
            _unseen_table(unseen),
            *([_broken_table(data, broken)] if broken else []),
            *quality.blocks(data),
            _every_table(asked),
        ),
    )


def _share_chart(data: ReportData) -> Chart:
    day = data.day_series
    known = Series("known_market_seen_ratio", "of the known market", totals.known_share(data), "ratio")
    interest = replace(
        totals.open_interest_seen(data),
        label="of the open interest of our venues",
        tone="second",
        dash=(5, 3),
        is_filled=False,
    )
    return Chart(
        "coverage",
        f"{words.percent(known.values[-1])} of the known market was seen, "
        f"and {words.percent(interest.values[-1])} of the open interest expected from our venues",
        "Share in dollars. The known market includes what no venue of ours reports.",
        "day",
        day,
        (known, interest),
        charts.lines([known, interest], "seen share"),
    )


def _unseen_table(unseen: list[dict[str, Any]]) -> Table:
    ranked = sorted(unseen, key=lambda row: (-(row["expected_usd"] or 0), row["venue"]))
    return Table(
        "Not seen",
        (
            Column("what", is_number=False),
            Column("size when last counted"),
            Column("date and source", is_number=False),
        ),
        tuple(
            (_named(row["venue"]), words.usd(row["expected_usd"]), words.text(row["reason"]))
            for row in ranked
        )
        or (
            ("nothing listed", words.NOT_KNOWN, "the published database lists no unseen class for this day"),
        ),
        "Parts of the known market that none of our sources report. Their debt is in no total above.",
    )


def _named(member: str) -> str:
    """A class of the known market as a reader knows it."""
    return " ".join(ABBREVIATIONS.get(word, word) for word in member.replace("_", " ").split())


def _broken_table(data: ReportData, broken: list[dict[str, Any]]) -> Table:
    """Failed, partial, late, blocked or key-needed answers, with the last attempt's own words."""
    attempts = {
        (row["venue"], row["dataset"]): row
        for row in data.rows(
            """
            select venue, dataset, message from fetch_log
            where day = $day::date
            qualify row_number() over (partition by venue, dataset order by fetched_at desc, attempt desc) = 1
            """
        )
    }
    lines = []
    for row in broken:
        attempt = attempts.get((row["venue"], row["dataset"]), {})
        parts = [row["reason"], attempt.get("message")]
        why = "; ".join(dict.fromkeys(part for part in parts if part)) or words.NOT_KNOWN
        lines.append((row["venue"], row["dataset"].replace("_", " "), _status(row), why))
    return Table(
        "Asked, and not fully answered",
        (
            Column("venue", is_number=False),
            Column("dataset", is_number=False),
            Column("status", is_number=False),
            Column("why", is_number=False),
        ),
        tuple(lines),
    )


def _every_table(asked: list[dict[str, Any]]) -> Table:
    offered = [row for row in asked if row["status"] not in NOT_OFFERED]
    left_out = len(asked) - len(offered)
    return Table(
        "Every dataset that a venue offers",
        (
            Column("venue", is_number=False),
            Column("dataset", is_number=False),
            Column("status", is_number=False),
            Column("markets"),
            Column("seen"),
            Column("age, hours"),
        ),
        tuple(
            (
                row["venue"],
                row["dataset"].replace("_", " "),
                _status(row),
                f"{words.count(row['markets_seen'])} / {words.count(row['markets_expected'])}"
                if row["markets_expected"] is not None
                else words.NOT_KNOWN,
                words.percent(row["seen_ratio"]),
                words.one_decimal(row["age_hours"]),
            )
            for row in offered
        ),
        f"Left out: {words.plural(left_out, 'dataset')} that a venue does not publish, or gives of listed "
        "accounts alone where none is listed: margin-debt venues lists them. "
        "Markets and ages are counted where a total is made of them.",
        is_folded=True,
    )


def _status(row: dict[str, Any]) -> str:
    return words.text(row["status"]).replace("_", " ")


SECTION = Section(
    key="coverage",
    title="Coverage and quality",
    position=60,
    needs={
        **totals.NEEDS_COVERAGE,
        **quality.NEEDS,
        "fetch_log": ("venue", "dataset", "attempt", "message", "fetched_at", "day"),
    },
    draw=draw,
)
