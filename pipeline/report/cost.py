"""What borrowing costs: funding, who pays most, borrow rates; what carry and dated futures pay for it."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from pipeline.report import charts, totals, words
from pipeline.report.base import Section
from pipeline.report.content import Chart, Column, Listing, SectionContent, Series, Table
from pipeline.report.data import ReportData

# 0.01 % per 8 hours, 1,095 intervals a year: what venues charge when the perpetual trades at the index.
NEUTRAL_FUNDING_APR = 0.1095
NEUTRAL = f"{100 * NEUTRAL_FUNDING_APR:.2f}{words.SPACE}%"
LARGEST_ASSETS = 30
HEAT_ASSETS = 12
HEAT_VENUES = 6
HEAT_FULL_APR = 0.5  # a cell of 50 % a year has the full colour
TENOR_DAYS = (30, 60, 90)
MOST_CROWDED = 10
CURRENCIES = 4
MAIN_CURRENCIES = ("USDT", "USDC", "BTC", "ETH")  # most margin loans are in these
LOOKS = (("accent", ()), ("second", (5, 3)), ("third", (2, 2)), ("fourth", (8, 3, 2, 3)))


def draw(data: ReportData) -> SectionContent:
    """Funding, the most crowded assets and cells, borrow rates, carry and basis."""
    day = data.day_series
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
        f"{NEUTRAL} is the neutral rate of most venues.",
        (
            _funding_chart(day, apr),
            _crowded_table(data),
            _funding_heat(data),
            borrow_chart,
            borrow_table,
            _carry_chart(data, day),
            _basis(data, day),
        ),
    )


def _funding_chart(day: Series, apr: list[float | None]) -> Chart:
    one = Series("funding_apr", "funding, a year", apr, "ratio")
    then = words.ago(apr, 30)
    return Chart(
        "funding",
        f"Funding {words.moved(words.difference(apr[-1], then))} {words.percent(apr[-1])} a year"
        + ("" if then is None else f", from {words.percent(then)} 30 days ago"),
        f"Simple rate, weighted by open interest. Dotted: neutral, {NEUTRAL}.",
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


def _funding_heat(data: ReportData) -> Chart:
    """Funding of the largest perpetual of each of the largest assets on each of the largest venues."""
    rows = data.rows(
        f"""
        with perpetuals as (
          select asset, venue, funding_apr, open_interest_usd from market_daily
          where day = $day::date and kind = 'swap' and status = 'seen'
            and funding_apr is not null and open_interest_usd is not null
        ),
        asset_rank as (
          select asset, row_number() over (order by sum(open_interest_usd) desc, asset) as asset_place
          from perpetuals group by asset
        ),
        venue_rank as (
          select venue, row_number() over (order by sum(open_interest_usd) desc, venue) as venue_place
          from perpetuals group by venue
        )
        select asset, venue, venue_place, funding_apr from perpetuals
        join asset_rank using (asset) join venue_rank using (venue)
        where asset_place <= {HEAT_ASSETS} and venue_place <= {HEAT_VENUES}
        qualify row_number() over (partition by asset, venue order by open_interest_usd desc, funding_apr) = 1
        order by asset_place, venue_place
        """
    )
    assets = list(dict.fromkeys(row["asset"] for row in rows))
    found = {(row["asset"], row["venue"]): row["funding_apr"] for row in rows}
    venues = [venue for _, venue in sorted({(row["venue_place"], row["venue"]) for row in rows})]
    asset = Series("asset", "asset", assets, "text")
    series = tuple(
        Series(f"heat_{at}_ratio", venue, [found.get((name, venue)) for name in assets], "ratio")
        for at, venue in enumerate(venues)
    )
    title = f"Funding by asset and venue today is {words.NOT_KNOWN}"
    if rows:
        dearest = max(rows, key=lambda row: (row["funding_apr"], row["asset"], row["venue"]))
        title = (
            f"Longs pay most for {dearest['asset']} on {dearest['venue']}: "
            f"{words.percent(dearest['funding_apr'])} a year"
            if dearest["funding_apr"] > 0
            else "No long pays: funding is zero or below it on every venue"
        )
    return Chart(
        "funding_heat",
        title,
        "% a year, of the largest perpetual of an asset on a venue. Blue: longs pay; brown: shorts pay; full "
        f"colour at {words.percent(HEAT_FULL_APR)}. Blank: not seen.",
        "heat",
        asset,
        series,
        charts.heat(asset, series, HEAT_FULL_APR),
        has_legend=False,
    )


def _carry_chart(data: ReportData, day: Series) -> Chart:
    columns = data.daily(
        """
        select day, carry_apr, dollar_borrow_apr from funding_daily
        where scope_type = 'market' and scope = 'all' and day between $first_day::date and $day::date
        """
    )
    carry = Series("carry_apr", "carry", data.column(columns, "carry_apr"), "ratio")
    dollars = Series(
        "dollar_borrow_apr",
        "cost of dollars",
        data.column(columns, "dollar_borrow_apr"),
        "ratio",
        "second",
        (5, 3),
    )
    now = carry.values[-1]
    then = words.ago(carry.values, 30)
    return Chart(
        "carry",
        f"Holding coins against a short on borrowed dollars pays {words.percent(now)} a year"
        + ("" if then is None else f", {words.percent(then)} 30 days ago"),
        "Funding less what borrowed dollars and dollar coins cost; before fees. Below zero it loses.",
        "day",
        day,
        (carry, dollars),
        charts.lines([carry, dollars], "a year", reference=0),
    )


def _basis(data: ReportData, day: Series) -> Chart | Listing:
    """Basis at constant maturities of the asset with most dated futures in the last 30 days."""
    rows = data.rows(
        """
        with main as (
          select asset from basis_daily
          where day between $day::date - 29 and $day::date and basis_apr is not null
          group by asset order by sum(markets) desc, asset limit 1
        )
        select day, asset, tenor_days, basis_apr from basis_daily join main using (asset)
        where day between $first_day::date and $day::date order by day, tenor_days
        """
    )
    if not rows:
        return Listing(
            "Basis of dated futures",
            ("Not known: no venue showed a dated future with a price in the last 30 days.",),
        )
    found = {(row["day"], row["tenor_days"]): row["basis_apr"] for row in rows}
    series = tuple(
        Series(
            f"basis_{tenor}_days_apr",
            f"{tenor} days",
            [found.get((day, tenor)) for day in data.days],
            "ratio",
            *LOOKS[at],
        )
        for at, tenor in enumerate(TENOR_DAYS)
    )
    today = ", ".join(f"{words.percent(one.values[-1])} at {one.label}" for one in series)
    return Chart(
        "basis",
        f"Dated futures of {rows[0]['asset']} pay a year over the coin: {today}",
        "Simple rate at constant maturity, a straight line in the logarithm between expiries. A gap: no "
        "future is traded that far out. The asset with most dated futures.",
        "day",
        day,
        series,
        charts.lines(series, "basis a year", reference=0),
    )


SECTION = Section(
    key="cost",
    title="Cost of leverage",
    position=30,
    needs={
        "funding_daily": (*totals.NEEDS_FUNDING["funding_daily"], "carry_apr", "dollar_borrow_apr"),
        "market_daily": ("day", "venue", "asset", "kind", "status", "open_interest_usd", "funding_apr"),
        "basis_daily": ("day", "asset", "tenor_days", "basis_apr", "markets"),
        "open_interest_by_asset_daily": ("day", "asset", "open_interest_usd"),
        "borrow_daily": ("day", "venue", "currency", "kind", "borrow_apr", "used_usd"),
    },
    draw=draw,
)
