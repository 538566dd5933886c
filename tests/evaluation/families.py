"""Scores the signals over made worlds they were not tuned on, without going through HTTP.

Here: the inputs of the signals computed straight from the truth of a history folder, the market's level over
them, and the counts of hits and false alarms. No threshold and no rule of a level belongs here.
`test_families.py` holds the shortcut against the pipeline's own table.

Run `python -m tests.evaluation.families` for the tables of RESULTS.md (about three minutes).

One difference is known. A walk through many days asks for settlements at the ends of weeks; those of a market
delisted meanwhile (one of 77, at most six days, while its book closes) are gone by then, and its forecasts
stand in. Here its settlements are used.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path

import pandas as pd

from pipeline.replay.history import History, read_history
from pipeline.replay.scenario import FAMILIES, Truth, scenario_truth, write_scenario
from pipeline.signals import SIGNALS
from pipeline.signals.base import KEY
from pipeline.signals.composite import risk_levels

UNSEEN_SEEDS = tuple(range(1001, 1021))
ALARMS = ("elevated", "high", "critical")
LOOK_BACK_DAYS = 30
LEAST_MATCHED_RATIO = 0.6
HOURS_A_YEAR = 8760
DAY = pd.Timedelta(days=1)
# What the venues list by the thousand is the same asset.
ASSET_OF_BASE = {"1000PEPE": "PEPE", "kPEPE": "PEPE"}
COINS_OF_BASE = {"1000PEPE": 1000.0, "kPEPE": 1000.0}
DOLLARS = ("USD", "USDT", "USDC")
CURRENCY_OF_NAME = {"UST": "USDT"}
# What a made world tells. It has no supplies and no forced orders, which credit gap and liquidation pressure
# read, and comovement needs 425 days.
COLUMNS = (
    "open_interest_usd",
    "quantity_growth_30d_ratio",
    "quantity_growth_1d_ratio",
    "funding_apr",
    "hhi_venue_ratio",
    "hhi_asset_ratio",
    "seen_ratio",
    "price_usd",
    "borrow_apr",
    "loan_utilisation_ratio",
)


def signal_inputs(history: History) -> pd.DataFrame:
    """What the signals read, from the truth: one row a (day, scope_type, scope), COLUMNS beside it.

    Ratios are fractions, funding and borrowing a simple fraction a year, prices US dollars a coin. Everything
    was seen, so `seen_ratio` is 1 for the market and each venue, and NaN for an asset, which has none.
    """
    book = _book(history)
    growth = {days: _matched(book, history, days) for days in (30, 1)}
    scoped = [_of_scope(book, growth, *scope) for scope in _scopes()]
    inputs = pd.concat(scoped, ignore_index=True)
    for dimension in ("venue", "asset"):
        totals = book.groupby(["day", dimension])["usd"].sum()
        shares = totals / totals.groupby("day").transform("sum")
        index = (shares**2).groupby("day").sum()
        of_market = inputs["day"].map(index).where(inputs["scope_type"] == "market")
        inputs[f"hhi_{dimension}_ratio"] = of_market
    inputs["seen_ratio"] = inputs["scope_type"].map({"market": 1.0, "venue": 1.0})
    prices = _prices(history)
    inputs = inputs.merge(prices, how="left", left_on=["day", "scope"], right_index=True)
    for name, series in (
        ("borrow_apr", _borrow_apr(history)),
        ("loan_utilisation_ratio", _utilisation(history, prices)),
    ):
        inputs[name] = inputs["day"].map(series).where(inputs["scope_type"] == "market")
    return inputs[[*KEY, *COLUMNS]].sort_values(list(KEY), ignore_index=True)


def _scopes() -> Iterator[tuple[str, str]]:
    yield from (("market", "all"), ("asset", "asset"), ("venue", "venue"))


def _book(history: History) -> pd.DataFrame:
    """Open interest of each market at each day's end, in coins and USD, with the day's settled funding."""
    listed = history.tables["markets"].drop_duplicates(["venue", "market"], keep="last")
    key = ["venue", "market"]
    book: pd.DataFrame = history.tables["open_interest"].merge(
        history.tables["price"][[*key, "observed_at", "mark_price"]], on=[*key, "observed_at"], validate="1:1"
    )
    book = book.merge(listed[[*key, "base"]], on=key, validate="m:1")
    book["day"] = (book["observed_at"] - DAY).dt.tz_localize(None).dt.normalize()
    book = book[book["day"] >= pd.Timestamp(str(history.about["first_day"]))]
    book["asset"] = book["base"].replace(ASSET_OF_BASE)
    book["usd"] = book["open_interest_base"] * book["mark_price"]
    funding = history.tables["funding_rate"]
    shown = pd.concat([_settled(funding[funding["venue"] != "bitfinex"]), _running(funding)])
    sums = shown.groupby(["day", *key])[["rate", "interval_hours"]].sum()
    apr = (sums["rate"] * HOURS_A_YEAR / sums["interval_hours"]).rename("funding_apr")
    return book.merge(apr, left_on=["day", *key], right_index=True, how="left")


def _settled(funding: pd.DataFrame) -> pd.DataFrame:
    """Rates paid during each day; a settlement at 00:00 belongs to the day that ends then."""
    day = (funding["settled_at"] - pd.Timedelta(seconds=1)).dt.tz_localize(None).dt.normalize()
    return funding.assign(day=day, rate=funding["funding_rate"])


def _running(funding: pd.DataFrame) -> pd.DataFrame:
    """Bitfinex lists no settlements: its day has the forecast, shown at the day's end, of the next one."""
    mine = funding[funding["venue"] == "bitfinex"]
    opened_at = mine["settled_at"] - pd.to_timedelta(mine["interval_hours"], unit="h")
    mine = mine[opened_at == opened_at.dt.normalize()]
    day = (opened_at - DAY).dt.tz_localize(None)
    return mine.assign(day=day, rate=mine["predicted_rate"]).dropna(subset=["day"])


def _prices(history: History) -> pd.Series[float]:
    """US dollars a coin by (day, asset), the median of the perpetuals' marks."""
    listed = history.tables["markets"].drop_duplicates(["venue", "market"], keep="last")
    price = history.tables["price"].merge(listed[listed["kind"] == "swap"], on=["venue", "market"])
    coin = price["mark_price"] / price["base"].map(COINS_OF_BASE).fillna(1.0)
    by = [_day_ended(price), price["base"].replace(ASSET_OF_BASE)]
    return coin.groupby(by).median().rename("price_usd")


def _borrow_apr(history: History) -> pd.Series[float]:
    """What borrowing dollars costs by day, the median over venues and currencies."""
    rates = history.tables["borrow_rate"]
    rates = rates[rates["currency"].replace(CURRENCY_OF_NAME).isin(DOLLARS)]
    return rates.groupby(_day_ended(rates))["borrow_apr"].median()


def _utilisation(history: History, prices: pd.Series[float]) -> pd.Series[float]:
    """Loans used over lent by day, both in dollars."""
    loans = history.tables["margin_loan"]
    loans = loans[loans["measure"].isin(("used", "lent"))]
    loans = loans.assign(day=_day_ended(loans), currency=loans["currency"].replace(CURRENCY_OF_NAME))
    loans = loans.merge(prices, how="left", left_on=["day", "currency"], right_index=True)
    usd = loans["amount"] * loans["price_usd"].mask(loans["currency"].isin(DOLLARS), 1.0)
    totals = usd.groupby([loans["day"], loans["measure"]]).sum().unstack()
    return totals["used"] / totals["lent"]


def _day_ended(observed: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """The day at whose end a row was observed."""
    return (observed["observed_at"] - DAY).dt.tz_localize(None).rename("day")


def _matched(book: pd.DataFrame, history: History, days: int) -> pd.DataFrame:
    """Pairs of a market some days apart, with today's coins at the old price; a closed market holds none."""
    key = ["venue", "market"]
    listed = history.tables["markets"].drop_duplicates(key, keep="last")
    ends_at = listed["delisted_at"].fillna(listed["expires_at"])
    columns = ["day", *key, "asset", "open_interest_base", "mark_price", "usd"]
    pairs: pd.DataFrame = book[columns].copy()
    pairs["day"] += days * DAY
    pairs = pairs[pairs["day"] <= book["day"].max()]
    now = book[["day", *key, "open_interest_base"]].rename(columns={"open_interest_base": "base_now"})
    pairs = pairs.merge(now, on=["day", *key], how="left", validate="1:1")
    pairs = pairs.merge(listed[key].assign(ends_at=ends_at), on=key)
    is_closed = pairs["ends_at"] <= pairs["day"].dt.tz_localize("UTC") + DAY
    pairs["base_now"] = pairs["base_now"].mask(is_closed, 0.0)
    pairs["revalued"] = pairs["base_now"] * pairs["mark_price"]
    pairs["matched"] = pairs["usd"].where(pairs["base_now"].notna())
    return pairs


def _of_scope(
    book: pd.DataFrame, matched: dict[int, pd.DataFrame], scope_type: str, column: str
) -> pd.DataFrame:
    by = ["day", "scope"]
    book = book.assign(scope="all" if scope_type == "market" else book[column])
    scoped = book.groupby(by)[["usd"]].sum().rename(columns={"usd": "open_interest_usd"})
    for days, pairs in matched.items():
        named = pairs.assign(scope="all" if scope_type == "market" else pairs[column])
        sums = named.groupby(by)[["usd", "matched", "revalued"]].sum()
        growth = sums["revalued"] / sums["matched"] - 1
        is_enough = sums["matched"] >= LEAST_MATCHED_RATIO * sums["usd"]
        scoped[f"quantity_growth_{days}d_ratio"] = growth.where(is_enough)
    funded = book[book["funding_apr"].notna() & (book["usd"] > 0)]
    funded = funded.assign(paid=funded["usd"] * funded["funding_apr"]).groupby(by)[["usd", "paid"]].sum()
    scoped["funding_apr"] = funded["paid"] / funded["usd"]
    return scoped.reset_index().assign(scope_type=scope_type)


def market_levels(inputs: pd.DataFrame) -> pd.Series[str]:
    """The market's level on every as_of (the end of the day read), by the signals that COLUMNS feed."""
    fed = [signal for signal in SIGNALS.values() if set(signal.inputs) <= set(inputs.columns)]
    readings = pd.concat([signal.read(inputs) for signal in fed], ignore_index=True)
    levels = risk_levels(readings)
    as_of = pd.DatetimeIndex(pd.to_datetime(levels["as_of"], utc=True))
    return pd.Series(levels["level"].to_numpy(), index=as_of, name="level")


@dataclass(frozen=True)
class Count:
    """Days of an uneventful stretch by level. `known` leaves out the unknown ones of the warm-up.

    `lately` counts the days with an alarm on one of the 30 days up to them: what chance alone would score as
    hits before a crash on a day picked blindly.
    """

    known: int
    unknown: int
    elevated: int
    high: int
    lately: int

    @classmethod
    def of(cls, levels: pd.Series[str]) -> Count:
        """Count the days of `levels`; elevated means elevated or more, high means high or critical."""
        is_known, is_alarm = levels != "unknown", levels.isin(ALARMS)
        is_lately = is_alarm.astype(float).rolling(LOOK_BACK_DAYS, min_periods=1).max() > 0
        return cls(
            known=int(is_known.sum()),
            unknown=int((~is_known).sum()),
            elevated=int(is_alarm.sum()),
            high=int(levels.isin(ALARMS[1:]).sum()),
            lately=int((is_lately & is_known).sum()),
        )


@dataclass(frozen=True)
class Score:
    """One world. Leads are days from the first alarm of the build-up to the start of the crash day.

    `uneventful` counts the days on which an alarm is false: all of them without a crash, those before the
    build-up where there is one, else those before the crash. `worst` is the highest level on the 30 days
    before the crash day, None without a crash.
    """

    seed: int
    uneventful: Count
    worst: str | None = None
    lead_days: dict[str, int] = field(default_factory=dict)


def score(levels: pd.Series[str], truth: Truth) -> Score:
    """Compare levels by as_of with what happened. A level counts as before the crash when its as_of is."""
    crash, build_up = truth["crash_day"], truth["build_up_from"]
    quiet_until = build_up or crash
    uneventful = levels if quiet_until is None else levels[levels.index <= _start(quiet_until)]
    if crash is None:
        return Score(truth["seed"], Count.of(uneventful))
    before = levels[levels.index <= _start(crash)]
    last = before[before.index > _start(crash) - LOOK_BACK_DAYS * DAY]
    worst = next((level for level in (*ALARMS[::-1], "calm") if (last == level).any()), "unknown")
    leads = {}
    if build_up is not None:
        during = before[before.index > _start(build_up)]
        for place, level in enumerate(ALARMS):
            raised = during.index[during.isin(ALARMS[place:])]
            if len(raised):
                leads[level] = (_start(crash) - raised[0]) // DAY
    return Score(truth["seed"], Count.of(uneventful), worst, leads)


def _start(day: date) -> pd.Timestamp:
    return pd.Timestamp(datetime.combine(day, time(), tzinfo=UTC))


def score_family(family: str, seeds: Iterable[int], folder: Path) -> list[Score]:
    """Make a world of each seed under `folder`, read its levels and score them."""
    scores = []
    for seed in seeds:
        world = write_scenario(folder / f"{family}-{seed}", family, seed)
        scores.append(score(market_levels(signal_inputs(read_history(world))), scenario_truth(world)))
    return scores


def hit_table(found: dict[str, list[Score]]) -> str:
    """Markdown: of each family with a crash, how many crashes had an alarm on the 30 days before."""
    lines = ["| family | crashes | elevated or more | high or more | critical |", "|---|---|---|---|---|"]
    for family, scores in found.items():
        worst = [score.worst for score in scores if score.worst is not None]
        if worst:
            hits = [sum(level in ALARMS[place:] for level in worst) for place in range(len(ALARMS))]
            lines.append(f"| {family} | {len(worst)} | " + " | ".join(map(str, hits)) + " |")
    return "\n".join(lines)


def lead_table(found: dict[str, list[Score]]) -> str:
    """Markdown: days from the first alarm within the build-up to the crash, over the worlds that had one."""
    lines = ["| first day at | worlds | shortest | median | longest |", "|---|---|---|---|---|"]
    for level in ALARMS:
        leads = pd.Series(
            [s.lead_days[level] for part in found.values() for s in part if level in s.lead_days]
        )
        figures = f"{leads.min()} | {leads.median():g} | {leads.max()}" if len(leads) else "- | - | -"
        lines.append(f"| {level} or more | {len(leads)} | {figures} |")
    return "\n".join(lines)


def false_alarm_table(found: dict[str, list[Score]]) -> str:
    """Markdown: share of the uneventful known days at each level, pooled and in the worst world."""
    lines = [
        "| family | worlds | known days | unknown days | elevated or more | high or more | alarm in 30 days"
        " | worlds with any elevated | worlds with any high | worst world, elevated |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for family, scores in found.items():
        counts = pd.DataFrame([vars(score.uneventful) for score in scores])
        total = counts.sum()
        cells = [
            family,
            len(counts),
            total["known"],
            total["unknown"],
            f"{total['elevated'] / total['known']:.1%}",
            f"{total['high'] / total['known']:.1%}",
            f"{total['lately'] / total['known']:.1%}",
            int((counts["elevated"] > 0).sum()),
            int((counts["high"] > 0).sum()),
            f"{(counts['elevated'] / counts['known']).max():.1%}",
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Score the unseen seeds of every family and print the tables."""
    found = {}
    for family in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            found[family] = score_family(family, UNSEEN_SEEDS, Path(folder))
    for table in (hit_table, lead_table, false_alarm_table):
        sys.stdout.write(f"{table(found)}\n\n")
    for family, scores in found.items():
        for one in scores:
            sys.stdout.write(f"{family} {one.seed}: {one.worst}, {one.lead_days}, {one.uneventful}\n")


if __name__ == "__main__":
    main()
