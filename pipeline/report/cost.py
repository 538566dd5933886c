"""What borrowing costs: funding of perpetuals, who pays most, and borrow rates by currency."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from pipeline.report import charts, totals, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, SectionContent, Series, Table
from pipeline.report.data import ReportData

# 0.01 % per 8 hours, 1,095 intervals a year: what venues charge when the perpetual trades at the index.
NEUTRAL_FUNDING_APR = 0.1095
LARGEST_ASSETS = 30
MOST_CROWDED = 10
CURRENCIES = 4
MAIN_CURRENCIES = ("USDT", "USDC", "BTC", "ETH")  # most margin loans are in these
LOOKS = (("accent", ()), ("second", (5, 3)), ("third", (2, 2)), ("fourth", (8, 3, 2, 3)))


def draw(data: ReportData) -> SectionContent:
    """Funding of the market, the most crowded assets, borrow rates of the main currencies."""
    day = Series("day", "day, UTC", [day.isoformat() for day in data.days], unit="text")
    apr = totals.funding(data)
    side = (
        words.NOT_KNOWN
        if apr[-1] is None
        else "longs pay shorts"
        if apr[-1] > 0
        else "shorts pay longs"
        if apr[-1] < 0
        else "neither side pays"
    )
    borrow_chart, borrow_table = _borrow(data, day)
    return SectionContent(
        f"Funding is {words.percent(apr[-1])} a year weighted by open interest ({side}); "
        f"{words.percent(NEUTRAL_FUNDING_APR)} is the neutral rate of most venues.",
        (_funding_chart(day, apr), _crowded_table(data), borrow_chart, borrow_table),
    )


def _funding_chart(day: Series, apr: list[float | None]) -> Chart:
    one = Series("funding_apr", "funding, a year", apr, "ratio")
    then = words.ago(apr, 30)
    return Chart(
        "funding",
        f"Funding {words.moved(words.difference(apr[-1], then))} {words.percent(apr[-1])} a year"
        + ("" if then is None else f", from {words.percent(then)} 30 days ago"),
        f"Simple rate, weighted by open interest. Dotted: neutral, {words.percent(NEUTRAL_FUNDING_APR)}.",
        "day",
        day,
        (one,),
        charts.lines([one], "funding a year", reference=NEUTRAL_FUNDING_APR),
    )


def _crowded_table(data: ReportData) -> Table:
    rows = data.rows(
        f"""
        with largest as (
          select asset, open_interest_usd from open_interest_by_asset_daily
          where day = $day::date and open_interest_usd is not null
          order by open_interest_usd desc, asset limit {LARGEST_ASSETS}
        )
        select asset, open_interest_usd, funding_apr
        from largest
        left join funding_daily on scope_type = 'asset' and scope = asset and day = $day::date
        order by abs(funding_apr - {NEUTRAL_FUNDING_APR}) desc nulls last, asset
        limit {MOST_CROWDED}
        """
    )
    return Table(
        f"Farthest from neutral among the {LARGEST_ASSETS} largest assets",
        (Column("asset", is_number=False), Column("funding, a year"), Column("open interest")),
        tuple(
            (row["asset"], words.percent(row["funding_apr"]), words.usd(row["open_interest_usd"]))
            for row in rows
        ),
    )


def _borrow(data: ReportData, day: Series) -> tuple[Chart, Table]:
    """Median over venues and kinds per currency; the currencies most venues quoted on the last day."""
    rows = data.rows(
        """
        select
          day, currency, median(borrow_apr) as borrow_apr, min(borrow_apr) as least, max(borrow_apr) as most,
          count(distinct venue) as venues,
          sum(try_cast(used_usd as decimal(38, 2)))::double as used_usd
        from borrow_daily
        where day between $first_day::date and $day::date and borrow_apr is not null
        group by day, currency
        order by day, currency
        """
    )
    columns: dict[str, dict[object, float]] = defaultdict(dict)
    for row in rows:
        columns[row["currency"]][row["day"]] = row["borrow_apr"]
    # The last 30 days choose the currencies: one silent day must not change which lines are drawn.
    recent = set(data.days[-30:])
    quoted: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["day"] in recent:
            quoted[row["currency"]] += row["venues"]
    main = [name for name in MAIN_CURRENCIES if name in quoted]
    others = sorted(quoted.keys() - set(main), key=lambda name: (-quoted[name], name))
    chosen = [*main, *others][:CURRENCIES]
    drawn = tuple(
        Series(f"borrow_apr_{at}", name, [columns[name].get(day) for day in data.days], "ratio", *LOOKS[at])
        for at, name in enumerate(chosen)
    )
    today = [row for row in rows if row["day"] == data.day]
    if today:
        middle = median(row["borrow_apr"] for row in today)
        dearest = max(today, key=lambda row: (row["borrow_apr"], row["currency"]))
        title = (
            f"Borrowing costs {words.percent(middle)} a year in the middle of {len(today)} currencies; "
            f"{dearest['currency']} is dearest at {words.percent(dearest['borrow_apr'])}"
        )
    else:
        title = f"The cost of borrowing on this day is {words.NOT_KNOWN}"
    chart = Chart(
        "borrow",
        title,
        "Simple rate, median over venues. USDT, USDC, BTC and ETH where quoted, else the most quoted.",
        "day",
        day,
        drawn,
        charts.lines(drawn, "borrow rate a year", reference=0),
    )
    today.sort(key=lambda row: (-row["venues"], row["currency"]))
    table = Table(
        "Borrow rates by currency today",
        (
            Column("currency", is_number=False),
            Column("lowest"),
            Column("median"),
            Column("highest"),
            Column("venues"),
            Column("borrowed"),
        ),
        tuple(
            (
                row["currency"],
                words.percent(row["least"]),
                words.percent(row["borrow_apr"]),
                words.percent(row["most"]),
                words.count(row["venues"]),
                words.usd(row["used_usd"]),
            )
            for row in today[:12]
        ),
        is_folded=True,
    )
    return chart, table


SECTION = Section(
    key="cost",
    title="Cost of leverage",
    position=30,
    needs={
        **totals.NEEDS_FUNDING,
        "open_interest_by_asset_daily": ("day", "asset", "open_interest_usd"),
        "borrow_daily": ("day", "venue", "currency", "kind", "borrow_apr", "used_usd"),
    },
    draw=draw,
)
