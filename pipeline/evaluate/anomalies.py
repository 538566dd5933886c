"""What the recorded series of a home hide: each test of `methods/anomalies*.py` on the marts, in sentences.

Here: which series are tested by which test, and the words for a person who checks it. A row excludes nothing;
what a proven fault of units does to a total is in `int_market_day`. Who stores the result is
`pipeline/assets/anomalies.py`.

At most the last 400 days are looked at, so a break leaves the table when its 60 days before have left it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from pipeline.methods.anomalies import Found, Matrix, level_breaks, unit_shifts, unit_steps
from pipeline.methods.anomalies_compared import (
    PRICE_OFF_RATIO,
    SAME_ASSET_CORRELATION,
    SHIFT_HOURS,
    clock_shifts,
    compare,
    moved_hours,
    odd_hours,
    other_assets,
    other_prices,
    others,
)
from pipeline.methods.anomalies_repeats import ended, gaps, stale_runs, tiles

WINDOW_DAYS = 400
# A clock that was moved lately would be one of two in the whole window.
LATE_WINDOW_DAYS = 90
MARKETS, FORCED, SETTLEMENTS = "marts.market_daily", "marts.liquidations_daily", "staging.stg_funding_rate"
READS = (MARKETS, FORCED, SETTLEMENTS, "intermediate.int_grid")
COLUMNS = (
    "kind", "venue", "market", "series", "first_day", "last_day", "value", "threshold", "sentence",
)  # fmt: skip
ALL_MARKETS = "all"
SERIES = (
    "open_interest_base", "open_interest_usd", "mark_price", "price_usd", "volume_usd", "funding_apr",
)  # fmt: skip
Row = tuple[object, ...]


@dataclass(frozen=True)
class Recorded:
    """What is tested, a row a day and series.

    markets: day, venue, market, asset and SERIES, `price_usd` NULL where it is no swap's. forced: day, venue,
    asset (`all` for the venue's total, on every day), low_usd (NULL without any) and the volume_usd of the
    same markets. settlements: day, venue, market, interval_hours and offset_hours, since the last multiple of
    the interval from 00:00 UTC.
    """

    markets: pd.DataFrame
    forced: pd.DataFrame
    settlements: pd.DataFrame


@dataclass(frozen=True)
class _Panel:
    """One row a calendar day, one column a key."""

    days: pd.DatetimeIndex
    keys: pd.DataFrame
    values: dict[str, Matrix]

    def row(self, kind: str, series: str, found: Found, sentence: str) -> Row:
        venue, market = self.keys.iloc[found.column, :2]
        first, last = self.days[found.first], self.days[found.last]
        return (kind, venue, market, series, first, last, round(found.value, 6), found.threshold, sentence)


def recorded(connection: duckdb.DuckDBPyConnection) -> Recorded:
    """The last 400 days of a home."""
    since = f"(select max(day) - {WINDOW_DAYS} from {MARKETS})"
    markets = connection.execute(
        f"""
        select
            m.day, m.venue, m.market, m.asset, m.open_interest_base, m.open_interest_usd, m.mark_price,
            m.volume_usd, m.funding_apr,
            case when m.kind = 'swap' then m.mark_price / g.multiplier * q.usd_value::double end as price_usd
        from {MARKETS} as m
        left join intermediate.int_grid as g on g.day = m.day and g.venue = m.venue and g.market = m.market
        left join seeds.usd_currencies as q on q.currency = g.quote
        where m.day > {since} order by all
        """
    ).df()
    # the total of a venue beside its assets: a feed is cut for all of them, and the total is far less noisy
    forced = connection.execute(
        f"""
        with orders as (select day, venue, asset, low_usd from {FORCED} where day > {since}),
        traded as (
            select day, venue, coalesce(asset, '{ALL_MARKETS}') as asset, exact_sum(volume_usd) as volume_usd
            from {MARKETS} where day > {since} group by grouping sets ((day, venue, asset), (day, venue))
        ),
        summed as (
            select day, venue, coalesce(asset, '{ALL_MARKETS}') as asset, exact_sum(low_usd) as low_usd
            from orders group by grouping sets ((day, venue, asset), (day, venue))
        )
        -- every day of a venue that has shown any, so that a feed that ends is seen to end
        select t.day, t.venue, t.asset, s.low_usd, t.volume_usd
        from traded as t
        left join summed as s on s.day = t.day and s.venue = t.venue and s.asset = t.asset
        where t.venue in (select venue from orders) and (t.asset = '{ALL_MARKETS}' or s.low_usd is not null)
        order by all
        """
    ).df()
    settlements = connection.execute(
        f"""
        select
            day, venue, market, min(interval_hours) as interval_hours,
            min(epoch(settles_at) / 3600 % interval_hours) as offset_hours
        from {SETTLEMENTS}
        where kind = 'settled' and interval_hours > 0 and day > {since}
        group by day, venue, market order by all
        """
    ).df()
    return Recorded(markets, forced, settlements)


def anomalies(found_in: Recorded) -> pd.DataFrame:
    """One row an anomaly, columns COLUMNS: UTC dates; value and threshold in the unit of the test."""
    markets = _panel(found_in.markets, ("venue", "market", "asset"), SERIES)
    forced = _panel(found_in.forced, ("venue", "asset"), ("low_usd", "volume_usd"))
    settlements = _panel(found_in.settlements, ("venue", "market"), ("offset_hours", "interval_hours"))
    rows = [
        *_forced_orders(forced),
        *_units(markets),
        *_repeats(markets),
        *_gaps(markets),
        *_hours(settlements),
        *_against_others(markets),
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    types = dict.fromkeys(COLUMNS, "str")
    types |= dict.fromkeys(("value", "threshold"), "float64")
    types |= dict.fromkeys(("first_day", "last_day"), "datetime64[us]")
    return table.astype(types).sort_values(list(COLUMNS[:5]), ignore_index=True)


def _panel(rows: pd.DataFrame, key: Sequence[str], columns: Sequence[str]) -> _Panel:
    day = pd.DatetimeIndex(pd.to_datetime(rows["day"]))
    days = pd.date_range(day.min(), day.max()) if len(rows) else day
    # an asset that was renamed is still one market, under its last name
    keys = rows[list(key)].astype("str").drop_duplicates(list(key[:2]), keep="last").reset_index(drop=True)
    column = pd.MultiIndex.from_frame(keys[list(key[:2])]).get_indexer(
        pd.MultiIndex.from_frame(rows[list(key[:2])].astype("str"))
    )
    place = (day - days[0]).days.to_numpy() if len(rows) else np.empty(0, dtype=np.int64)
    values = {}
    for name in columns:
        matrix = np.full((len(days), len(keys)), np.nan)
        numbers = rows[name].to_numpy(dtype=float, na_value=np.nan)
        matrix[place, column] = np.where(np.isfinite(numbers), numbers, np.nan)
        values[name] = matrix
    return _Panel(days, keys, values)


def _forced_orders(forced: _Panel) -> Iterator[Row]:
    orders, volume = forced.values["low_usd"], forced.values["volume_usd"]
    # over what was traded: a wild month has more of both
    share = np.full(orders.shape, np.nan)
    np.divide(orders, volume, out=share, where=(volume > 0) & (orders > 0))
    assets = forced.keys.groupby("venue")["asset"].transform("size").to_numpy()
    is_total = (forced.keys["asset"] == ALL_MARKETS).to_numpy()
    for one in level_breaks(np.log(share)):
        if is_total[one.column] and assets[one.column] == 2:
            continue  # the total of one asset is that asset
        yield forced.row(
            "level_break", "forced_orders", one,
            f"forced orders over volume are {one.size:.2g} times what they were, 28 days from then against "
            f"the 60 before: {one.value:.1f} standard deviations",
        )  # fmt: skip
    for one in ended(np.isfinite(orders) & is_total):
        text = f"no forced order for {one.size:.0f} days, where nine of ten days before had some"
        yield forced.row("gap", "forced_orders", one, text)


def _units(markets: _Panel) -> Iterator[Row]:
    price, interest_usd = markets.values["mark_price"], markets.values["open_interest_usd"]
    broken = set()
    for one in unit_steps(markets.values["open_interest_base"], flat=price):
        broken.add(one.column)
        text = f"open interest jumped {_times(one.size)} at a flat price"
        yield markets.row("unit_break", "open_interest", one, text)
    for one in unit_steps(price, least_powers=2):
        yield markets.row("unit_break", "price", one, f"the price jumped {_times(one.size)} in a day")
    for one in unit_shifts(markets.values["funding_apr"]):
        text = f"funding moved {_times(one.size)}, 28 days from then against the 28 before"
        yield markets.row("unit_break", "funding", one, text)
    # over what is open: a wave of trading, a hundred times as much for weeks, brings positions, too
    turnover = np.full(price.shape, np.nan)
    np.divide(markets.values["volume_usd"], interest_usd, out=turnover, where=interest_usd > 0)
    for one in unit_shifts(turnover):
        if one.column not in broken:
            text = (
                f"volume over open interest moved {_times(one.size)}, 28 days from then against the 28 before"
            )
            yield markets.row("unit_break", "volume", one, text)


def _times(power: float) -> str:
    return f"by 10^{power:+.0f}"


def _repeats(markets: _Panel) -> Iterator[Row]:
    tested = {"open_interest_base": "open interest", "mark_price": "price", "volume_usd": "volume"}
    for name, said in tested.items():
        series = said.replace(" ", "_")
        for one in tiles(markets.values[name]):
            text = f"{one.value:.0%} of the changes of {said} are those of {one.size:.0f} days before"
            yield markets.row("tile", series, one, text)
        for one in stale_runs(markets.values[name]):
            text = f"{said} stood to the last digit for {one.size:.0f} days"
            yield markets.row("stale", series, one, text)


def _gaps(markets: _Panel) -> Iterator[Row]:
    """Holes of a market where its venue delivered others, and of a whole venue where other venues did."""
    names, venue_of = np.unique(markets.keys["venue"].to_numpy(dtype=str), return_inverse=True)
    for name, said in (("open_interest_base", "open interest"), ("funding_apr", "funding")):
        seen = np.isfinite(markets.values[name])
        alive = np.maximum.accumulate(seen, axis=0) & np.maximum.accumulate(seen[::-1], axis=0)[::-1]
        count, living = np.zeros((2, len(markets.days), len(names)))
        for venue in range(len(names)):
            count[:, venue] = seen[:, venue_of == venue].sum(axis=1)
            living[:, venue] = alive[:, venue_of == venue].sum(axis=1)
        delivered = 2 * count >= living
        for one in gaps(seen, (delivered & (count > 0))[:, venue_of]):
            text = f"no {said} for {one.size:.0f} days on which its venue showed that of others"
            yield markets.row("gap", said.replace(" ", "_"), one, text)
        by_venue = _Panel(markets.days, pd.DataFrame({"venue": names, "market": ALL_MARKETS}), {})
        for one in gaps(count > 0, (count > 0).any(axis=1, keepdims=True).repeat(len(names), axis=1)):
            text = f"no {said} of any market for {one.size:.0f} days on which other venues showed theirs"
            yield by_venue.row("gap", said.replace(" ", "_"), one, text)


def _hours(settlements: _Panel) -> Iterator[Row]:
    offsets, intervals = settlements.values["offset_hours"], settlements.values["interval_hours"]
    for one in moved_hours(offsets, intervals):
        yield settlements.row("clock", "funding", one, f"settlements moved by {one.size:+.3g} h for good")
    for one in odd_hours(offsets, intervals):
        text = f"settlements stand {one.value:.3g} h past 00:00 UTC and its intervals, where no venue settles"
        yield settlements.row("clock", "funding", one, text)


def _against_others(markets: _Panel) -> Iterator[Row]:
    """Whose price is of another hour, asset or unit than that of the other markets of its asset."""
    # a market without such a price, a dated future, is nobody's witness
    priced = np.flatnonzero(np.isfinite(markets.values["price_usd"]).any(axis=0))
    prices = markets.values["price_usd"][:, priced]
    markets = _Panel(markets.days, markets.keys.iloc[priced], {})
    assets = markets.keys["asset"].to_numpy(dtype=str)
    groups = np.unique(assets, return_inverse=True)[1].astype(np.int64)
    logs = np.log(np.where(prices > 0, prices, np.nan))
    returns = np.diff(logs, axis=0, prepend=np.nan)
    reference, sizes = others(returns, groups)
    told: set[int] = set()

    def stretch(column: int, value: float, threshold: float) -> Found:
        known = np.flatnonzero(np.isfinite(prices[:, column]))
        return Found(column, int(known[0]), int(known[-1]), value, threshold, value)

    def beside(column: int) -> str:
        rest = sizes[column] - 1
        if rest == 1:
            return f"the one other market of {assets[column]} (which of the two is wrong, nobody can tell)"
        return f"the median of {sizes[column]} markets of {assets[column]}"

    for days in (len(prices), LATE_WINDOW_DAYS):
        for column, hours, deviations in clock_shifts(compare(returns[-days:], reference[-days:])):
            if column not in told:
                told.add(column)
                way = "behind" if hours > 0 else "before"
                text = (
                    f"its price runs {abs(hours):.1f} h {way} {beside(column)}, by the returns of "
                    f"{min(days, len(prices))} days: {min(deviations, 999):.0f} standard errors"
                )
                yield markets.row("clock", "price", stretch(column, abs(hours), SHIFT_HOURS), text)
    for column, ratio in other_prices(prices, others(prices, groups)[0]):
        text = f"its price is {ratio:.4g} times that of {beside(column)}"
        value = max(ratio, 1 / ratio) - 1
        told.add(column)
        yield markets.row("symbol", "price", stretch(column, value, PRICE_OFF_RATIO), text)
    for column, correlation in other_assets(compare(returns, reference), reference):
        if column not in told:
            text = f"its daily returns correlate by {correlation:.2f} with those of {beside(column)}"
            found = stretch(column, correlation, SAME_ASSET_CORRELATION)
            yield markets.row("symbol", "price", found, text)
