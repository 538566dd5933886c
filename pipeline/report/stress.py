"""What a fall would set off: where a cascade would end, and what venues' funds hold against a gap.

How far prices may move before positions are called, and the ladder of calls, are in `cushion`.
"""

from __future__ import annotations

from typing import Any

from pipeline.report import charts, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, Listing, SectionContent, Series, Table
from pipeline.report.data import ReportData

DRAWN_SHOCK_RATIO = -0.10  # the fall of the picture and of the sentence
GAP_RATIO = -0.20  # the gap that funds are held against
LARGEST_ASSETS = 10
GRID_END = "60 %"
# Its record so far: falls of single coins in 2022 and 2023, and the median share of the ladder's calls that
# was forced in them (tests/real/RESULTS.md, held by tests/real/test_calls_against_forced.py).
RECORDED_FALLS, FORCED_RATIO = 2250, 0.15

Rows = list[dict[str, Any]]


def draw(data: ReportData) -> SectionContent:
    """Lead with one fall over all assets; its ends by asset, every first move, then funds."""
    cascades = data.rows(
        """
        select
          shock_ratio, count(*) as assets, count(*) filter (is_unstable) as unstable,
          count(*) filter (is_unstable is null) as unknown,
          sum(try_cast(case when not is_unstable then first_called_usd end as decimal(38, 2)))::double
            as first_usd,
          sum(try_cast(forced_usd as decimal(38, 2)))::double as forced_usd,
          median(abs(final_move_ratio) - abs(shock_ratio)) as further_ratio,
          median(amplification_ratio) as amplification_ratio,
          max(amplification_ratio) as largest_ratio,
          arg_max(asset, (amplification_ratio, asset)) filter (amplification_ratio is not null) as furthest,
          max(tiers_as_of) as tiers_as_of, bool_or(is_counterfactual) as is_counterfactual
        from cascade_daily where day = $day::date
        group by shock_ratio order by shock_ratio
        """
    )
    funds = _funds(data)
    if not cascades:
        return SectionContent(
            "What a fall would set off is not known: no asset has a book of entries on this day.", funds
        )
    return SectionContent(_lead(cascades), (*_ends(data), _moves(cascades), *funds))


def _tag(rows: Rows) -> str:
    return " (counterfactual)" if any(row["is_counterfactual"] for row in rows) else ""


def _lead(cascades: Rows) -> str:
    (row,) = [row for row in cascades if row["shock_ratio"] == DRAWN_SHOCK_RATIO] or [cascades[0]]
    first = f"{'fall' if row['shock_ratio'] < 0 else 'rise'} of {words.percent(abs(row['shock_ratio']))}"
    if row["unknown"] == row["assets"]:
        return (
            f"What a {first} would set off is {words.NOT_KNOWN}: an impact needs a day's volume and a "
            "volatility of the same asset."
        )
    said = (
        f"A {first} in every price calls {words.usd(row['first_usd'])} of positions; were they closed at "
        f"once, {words.usd(row['forced_usd'])} would be forced in all, and the median asset would move "
        f"{words.percent(row['further_ratio'])} further. "
    )
    if row["unstable"]:
        said += f"{words.plural(row['unstable'], 'asset')} in no sum would find no end within {GRID_END}. "
    if row["unknown"]:
        said += f"For {words.plural(row['unknown'], 'asset')} the impact is {words.NOT_KNOWN}. "
    said += (
        f"Counterfactual: margin tables as of {row['tiers_as_of']}, later than this day. "
        if row["is_counterfactual"]
        else ""
    )
    return (
        f"{said}Nobody tops up or closes by choice in it, and the volume is that of futures alone: an answer "
        f"to what if, not a forecast. In {RECORDED_FALLS:,} recorded falls {words.percent(FORCED_RATIO)} of "
        "what was to be called was forced (median)."
    )


def _ends(data: ReportData) -> tuple[Chart, ...]:
    rows = data.rows(
        """
        select asset, abs(final_move_low_ratio) - abs(shock_ratio) as low_ratio,
          abs(final_move_ratio) - abs(shock_ratio) as further_ratio,
          abs(final_move_high_ratio) - abs(shock_ratio) as high_ratio, is_counterfactual
        from cascade_daily
        where day = $day::date and shock_ratio = $shock::double and final_move_ratio is not null
        order by first_called_usd desc, asset limit $assets::integer
        """,
        shock=DRAWN_SHOCK_RATIO,
        assets=LARGEST_ASSETS,
    )
    bounded = [row for row in rows if row["high_ratio"] is not None]
    if not bounded:
        return ()
    index = Series("asset", "asset", [row["asset"] for row in bounded], "text")
    low = Series("further_low_ratio", "lower bound", [row["low_ratio"] for row in bounded], "ratio")
    middle = Series("further_ratio", "estimate", [row["further_ratio"] for row in bounded], "ratio")
    high = Series(
        "further_high_ratio", "upper bound", [row["high_ratio"] for row in bounded], "ratio", is_filled=True
    )
    least, most = (pick(bounded, key=lambda row: (row["further_ratio"], row["asset"])) for pick in (min, max))
    left_out = len(rows) - len(bounded)
    return (
        Chart(
            "cascade",
            f"A fall of {words.percent(-DRAWN_SHOCK_RATIO)} would go "
            + (f"{words.percent(least['further_ratio'])} ({least['asset']}) to " if least != most else "")
            + f"{words.percent(most['further_ratio'])} ({most['asset']}) further{_tag(bounded)}",
            f"{words.plural(len(bounded), 'asset')}, those with most called. The stroke: exits pro rata and "
            "the middle coefficient of impact; the bar: bounds of calls and of the coefficient together."
            + (f" Without an end of the upper bound within {GRID_END}: {left_out}." if left_out else ""),
            "cascade",
            index,
            (low, middle, high),
            charts.ranges(index, low, middle, high, "further fall"),
            has_legend=False,
        ),
    )


def _moves(cascades: Rows) -> Table:
    return Table(
        f"First moves and what they would set off{_tag(cascades)}",
        (
            Column("first move", is_number=False),
            Column("called by it"),
            Column("forced in all"),
            Column("further, median"),
            Column("amplification"),
            Column("largest"),
            Column("no end"),
            Column("not known"),
        ),
        tuple(
            (
                words.signed_percent(row["shock_ratio"]),
                words.usd(row["first_usd"]),
                words.usd(row["forced_usd"]),
                words.percent(row["further_ratio"]),
                _times(row["amplification_ratio"]),
                _times(row["largest_ratio"]) + (f", {row['furthest']}" if row["furthest"] else ""),
                words.count(row["unstable"]),
                words.count(row["unknown"]),
            )
            for row in cascades
        ),
        "Dollars over the assets whose end is known. Amplification: the last move over the first, median and "
        f"largest over assets. No end: assets that find none within {GRID_END}; not known: assets without a "
        "volume or a volatility.",
    )


def _times(value: float | None) -> str:
    return words.NOT_KNOWN if value is None else f"{value:.2f}"


def _funds(data: ReportData) -> tuple[Table | Listing, ...]:
    rows = data.rows(
        """
        select * from deficit_daily where day = $day::date and shock_ratio = $gap::double
        order by deficit_usd desc, venue
        """,
        gap=GAP_RATIO,
    )
    title = f"Were all prices {words.percent(-GAP_RATIO)} lower at once: deficits and insurance funds"
    if not rows:
        return (Listing(title, ("Not known: no venue's open interest has a book of entries.",)),)
    return (
        Table(
            title + _tag(rows),
            (
                Column("venue", is_number=False),
                Column("deficit"),
                Column("bounds"),
                Column("insurance fund"),
                Column("uncovered"),
                Column("fund over deficit"),
                Column("what the fund stands for", is_number=False),
            ),
            tuple(
                (
                    row["venue"],
                    words.usd(row["deficit_usd"]),
                    words.usd_range(row["deficit_low_usd"], row["deficit_high_usd"]),
                    ("at least " if row["is_fund_partial"] else "") + words.usd(row["insurance_fund_usd"]),
                    words.usd(row["uncovered_usd"]),
                    words.percent(row["fund_to_deficit_ratio"]),
                    _stands_for(row),
                )
                for row in rows
            ),
            "A deficit is what positions owe beyond their margin, were nothing closed before the end of the "
            "gap: an assumption. Entries are those of an asset over all venues. What is uncovered would fall "
            "on auto-deleveraging and users, were every fund there for every market.",
            is_folded=len(rows) > LARGEST_ASSETS,
        ),
    )


def _stands_for(row: dict[str, Any]) -> str:
    if row["insurance_fund_usd"] is None:
        return "not collected"
    if row["fund_covers"] is not None:
        return str(row["fund_covers"])
    return "some of its currencies" if row["is_fund_partial"] else "as published"


SECTION = Section(
    key="stress",
    title="What a fall would set off",
    position=37,
    needs={
        "cascade_daily": (
            "day", "asset", "shock_ratio", "first_called_usd", "final_move_low_ratio", "final_move_ratio",
            "final_move_high_ratio", "forced_usd", "amplification_ratio", "gain_ratio", "is_unstable",
            "tiers_as_of", "is_counterfactual",
        ),
        "deficit_daily": (
            "day", "venue", "shock_ratio", "deficit_low_usd", "deficit_usd", "deficit_high_usd",
            "insurance_fund_usd", "is_fund_partial", "fund_covers", "uncovered_usd", "fund_to_deficit_ratio",
            "is_counterfactual",
        ),
    },
    draw=draw,
)  # fmt: skip
