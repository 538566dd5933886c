"""The level and why in one sentence, and six figures with what they cover. What changed is in `changes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.report import totals, words
from pipeline.report.base import Section
from pipeline.report.content import Banner, Figure, Figures, SectionContent
from pipeline.report.data import DAY_OF_AS_OF, ReportData

RANKS = ("unknown", "calm", "elevated", "high", "critical")
NO_DRIVERS = "none"
SPANS = (("1 day", 1), ("7 days", 7))


def draw(data: ReportData) -> SectionContent:
    """Banner and figures."""
    level = data.daily(
        f"""
        select {DAY_OF_AS_OF} as day, arg_max(level, as_of) as level, arg_max(drivers, as_of) as drivers,
          arg_max(blind_ratio, as_of) as blind_ratio
        from risk_level_daily
        where {DAY_OF_AS_OF} between $first_day::date and $day::date
        group by 1
        """
    )
    levels = data.column(level, "level")
    bounds = totals.debt(data)
    debt = words.usd_range(bounds["low_usd"][-1], bounds["high_usd"][-1])
    return SectionContent(
        "",
        (
            _banner(data, levels, data.column(level, "drivers")[-1], debt),
            Figures(_figures(data, debt, data.column(level, "blind_ratio"))),
        ),
    )


def _banner(data: ReportData, levels: Sequence[str | None], drivers: str | None, debt: str) -> Banner:
    level = levels[-1]
    as_of = f"Read as of {words.utc(data.end)}."
    if level is None:
        return Banner("unknown", "No risk level was computed for this day, so it is not known.", as_of, debt)
    readings = data.rows(
        f"""
        select signal, coalesce(level, 'unknown') as level, value, threshold, reason from signal_readings
        where scope_type = 'market' and {DAY_OF_AS_OF} = $day::date
        qualify row_number() over (partition by signal order by as_of desc) = 1
        order by signal
        """
    )
    # An unknown level is told by what is unknown, any other by the reading that stands highest, and of equals
    # by the one that is nearest to its threshold.
    told = max(
        readings,
        key=lambda row: (
            level == "unknown" and row["level"] == "unknown",
            RANKS.index(row["level"]),
            _nearness(row),
        ),
        default=None,
    )
    is_quiet = not drivers or drivers == NO_DRIVERS
    known = sum(1 for row in readings if row["level"] != "unknown")
    cause = _all_calm(known, len(readings) - known) if is_quiet else str(drivers).replace("_", " ")
    nearest = "; nearest to its threshold" if is_quiet and known > 1 else ""
    reason = f"{nearest}: {_inside(told['reason'])}" if told and told["reason"] else ""
    length = words.streak(levels)
    before = levels[-1 - length] if length < len(levels) else None
    since = f" {level.capitalize()} for {words.plural(length, 'day')}" + (
        f", before that {before}." if before else "."
    )
    return Banner(level, words.sentence(f"{cause}{reason}"), as_of + since, debt)


def _nearness(row: Mapping[str, Any]) -> float:
    """Value over threshold; 0 where a threshold is not above zero, so that the two cannot be compared."""
    if row["value"] is None or row["threshold"] is None or row["threshold"] <= 0:
        return 0.0
    return float(row["value"] / row["threshold"])


def _all_calm(known: int, unknown: int) -> str:
    """How many signals stand behind a calm day, and how many cannot say."""
    blind = f" ({unknown} cannot be read yet)" if unknown else ""
    said = "the one signal with data is" if known == 1 else f"all {known} signals with data are"
    return f"{said} calm{blind}"


def _inside(reason: str) -> str:
    """A sentence as the second half of another: its first word is not a name unless it is in capitals."""
    return reason[:1].lower() + reason[1:] if reason[1:2].islower() else reason


def _figures(data: ReportData, debt: str, blind: Sequence[float | None]) -> tuple[Figure, ...]:
    interest = totals.open_interest(data)
    grown = totals.growth_30d(data)["quantity_growth_ratio"]
    apr = totals.funding(data)
    known = totals.known_share(data)
    cushion, is_counterfactual = totals.standing_cushion(data)
    seen_interest = totals.coverage_words(data, "open_interest")
    return (
        Figure(
            "Margin debt, lower to upper bound",
            debt,
            f"Changes: upper bound, on what was seen on both days. {seen_interest}",
            _relative(totals.debt_change, data),
        ),
        Figure(
            "Open interest",
            words.usd(interest[-1]),
            f"Changes: venues seen on both days. {seen_interest}",
            _relative(totals.open_interest_change, data),
        ),
        Figure(
            "Growth of positions in 30 days, price-free",
            words.percent(grown[-1]),
            f"Counted in coins on the markets seen on both days. {seen_interest}",
            _points(grown),
        ),
        Figure(
            "Funding, a year, weighted by open interest",
            words.percent(apr[-1]),
            totals.coverage_words(data, "funding_rate"),
            _points(apr),
        ),
        Figure(
            "Fall that calls the average standing long",
            words.percent(cushion[-1]),
            "Estimated from the days on which positions grew; smaller is thinner. "
            + ("Counterfactual: its margin tables are later than this day. " if is_counterfactual else "")
            + "Its bounds are under cushion",
            _points(cushion),
        ),
        Figure(
            "Seen share of the known market",
            words.percent(known[-1]),
            f"Unseen by our venues today: {words.percent(blind[-1])} of what was expected. "
            "What none of them reports is under coverage",
            _points(known),
        ),
    )


def _relative(
    change: Callable[[ReportData, int], float | None], data: ReportData
) -> tuple[tuple[str, str], ...]:
    return tuple((name, words.signed_percent(change(data, days))) for name, days in SPANS)


def _points(values: Sequence[float | None]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, words.signed_points(words.difference(values[-1], words.ago(values, days))))
        for name, days in SPANS
    )


SECTION = Section(
    key="headline",
    title="Headline",
    position=10,
    needs={
        **totals.NEEDS_DEBT,
        **totals.NEEDS_OPEN_INTEREST,
        **totals.NEEDS_GROWTH,
        **totals.NEEDS_FUNDING,
        **totals.NEEDS_COVERAGE,
        **totals.NEEDS_CUSHION,
        **totals.NEEDS_LEVEL,
        **totals.NEEDS_READINGS,
    },
    draw=draw,
)
