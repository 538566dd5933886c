"""What the tests for anomalies find in the recorded series; writes ANOMALIES.md when run, with a date.

The series go through the functions of the daily pass as a home's own tables would. No threshold is set here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from recorded import SHARED

from pipeline.evaluate.anomalies import SERIES, Recorded, anomalies
from pipeline.methods.anomalies_compared import compare, others

PAGE = Path(__file__).parent / "ANOMALIES.md"
DATA = SHARED / "data"
CLOSE_VOLUME = "price_mcap/binance_usdtm_69coins_close_volume_daily.csv.gz"
INTEREST = "open_interest/binance_usdtm_69coins_daily.csv.gz"
FUNDING_PERCENT = "funding/binance_usdtm_69coins_daily.csv.gz"
FORCED_COINS = "liquidations/binance_usdtm_coins_daily.csv.gz"
GECKO = "price_mcap/coingecko_ohlc_daily.parquet"
FAULTS = "a copied stretch, a change of unit, a level that stands, a hole"
# Single series of days: file -> column of the day, column of the level.
SINGLE = {
    "margin/btc_exchange_reserves_daily.csv": ("Date", "Data"),
    "margin/stablecoin_supply_daily.csv": ("as_of", "value"),
    "margin/defi_tvl_daily.csv": ("as_of", "value"),
    "open_interest/btc_all_exchanges_daily.csv": ("Date", "Data"),
    "open_interest/binance_btcusdt_daily.csv": ("timestamp", "close_oi"),
    "price_mcap/btcusd_daily.csv": ("as_of", "value"),
    "price_mcap/ethusd_daily.csv": ("as_of", "value"),
}
INTERVAL_HOURS = {"binance": 8.0, "bybit": 8.0, "gate": 8.0, "dydx": 1.0}


@dataclass(frozen=True)
class Line:
    """One line of the page: what is known or feared, in which file, whether it is found, what is said."""

    trap: str
    file: str
    found: str
    said: str


def wide(name: str, ending: str) -> pd.DataFrame:
    """One column a symbol, days as index."""
    table = pd.read_csv(DATA / name, index_col=0, parse_dates=True)
    table = table[[column for column in table.columns if column.endswith(ending)]]
    return table.rename(columns=lambda column: column.split("_PERP")[0])


def single(name: str, day: str, level: str) -> pd.Series[float]:
    """One series of days."""
    table = pd.read_csv(DATA / name, encoding="utf-8-sig")
    days = pd.DatetimeIndex(pd.to_datetime(table[day].str.replace(".", "-")))
    return pd.Series(table[level].to_numpy(dtype=float), index=days)


def rows(venue: str, market: str, asset: str, **series: pd.Series[float]) -> pd.DataFrame:
    """Rows as of the table of markets; a series that is not given is not known."""
    frame = pd.DataFrame({name: series.get(name, np.nan) for name in SERIES}, index=_days(series))
    return frame.rename_axis("day").reset_index().assign(venue=venue, market=market, asset=asset)


def _days(series: dict[str, pd.Series[float]]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(next(iter(series.values())).index)


def nothing(*columns: str) -> pd.DataFrame:
    """A table without rows."""
    return pd.DataFrame(columns=list(columns))


def found_in(
    markets: pd.DataFrame | None = None,
    forced: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The daily pass over these tables; what is not given has no rows."""
    return anomalies(
        Recorded(
            nothing("day", "venue", "market", "asset", *SERIES) if markets is None else markets,
            nothing("day", "venue", "asset", "low_usd", "volume_usd") if forced is None else forced,
            nothing("day", "venue", "market", "offset_hours", "interval_hours")
            if settlements is None
            else settlements,
        )
    )


def perpetuals() -> pd.DataFrame:
    """The 69 perpetuals of Binance: open interest, close, volume and funding."""
    close, volume = wide(CLOSE_VOLUME, "_close"), wide(CLOSE_VOLUME, "_volume")
    interest, funding = wide(INTEREST, "_oi"), wide(FUNDING_PERCENT, "_fr")
    return pd.concat(
        rows(
            "binance", one, one.removesuffix("USDT"), open_interest_base=interest[one].astype(float),
            open_interest_usd=interest[one] * close[one], mark_price=close[one], price_usd=close[one],
            volume_usd=volume[one] * close[one], funding_apr=funding[one] / 100 * 3 * 365,
        )
        for one in close.columns
    )  # fmt: skip


def gecko() -> pd.DataFrame:
    """CoinGecko's closes over the days of the perpetuals, as they are stamped."""
    table = pd.read_parquet(DATA / GECKO)
    table = table.assign(day=pd.to_datetime(table["date"])).set_index("day").sort_index()
    table = table["2022-01-02":"2023-12-05"]
    return pd.concat(
        rows("coingecko", coin, coin, mark_price=own["close"], price_usd=own["close"])
        for coin, own in table.groupby("asset_id")
    )


def closes(coin: str) -> dict[str, pd.Series[float]]:
    """Daily closes of one coin by source: the spot market, a vendor's and, of BTC, CoinMetrics'."""
    lower = coin.lower()
    spot = pd.read_parquet(DATA / f"price_mcap/binance_{lower}usdt_1d.parquet").set_index("open_time")[
        "close"
    ]
    found = {"spot": spot, "vendor": single(f"price_mcap/{lower}usd_daily.csv", "as_of", "value")}
    if coin == "BTC":
        found["coinmetrics"] = pd.read_parquet(DATA / "price_mcap/coinmetrics_btc_mcap_supply.parquet")[
            "PriceUSD"
        ]
    found = {name: own.tz_localize(None) if own.index.tz else own for name, own in found.items()}
    return {name: own["2019-12-01":"2024-06-30"] for name, own in found.items()}


def sources(coin: str, called: str | None = None) -> pd.DataFrame:
    """The closes of a coin as markets of one asset; `called`: another coin's name that they go by."""
    return pd.concat(
        rows(name, coin, called or coin, mark_price=own, price_usd=own) for name, own in closes(coin).items()
    )


def forced_orders_of_btc() -> pd.DataFrame:
    """Forced orders of BTCUSDT in BTC, over the spot market's volume: no other of these years is here."""
    table = pd.read_csv(DATA / "liquidations/binance_btcusdt_daily.csv", index_col=0, parse_dates=True)
    spot = pd.read_parquet(DATA / "price_mcap/binance_btcusdt_1d.parquet").set_index("open_time")["volume"]
    coins = table["long_liq"] + table["short_liq"]
    volume = spot.tz_localize(None).reindex(coins.index)
    frame = pd.DataFrame({"low_usd": coins, "volume_usd": volume}).rename_axis("day").reset_index()
    return frame.assign(venue="binance", asset="BTC")


def forced_orders_of_coins() -> pd.DataFrame:
    """Forced orders of 35 perpetuals over their own volume, in US dollars, and of them all together."""
    orders = wide(FORCED_COINS, "_longliq") + wide(FORCED_COINS, "_shortliq")
    close, volume = (
        wide(CLOSE_VOLUME, one).reindex(orders.index)[orders.columns] for one in ("_close", "_volume")
    )
    orders_usd, volume_usd = orders * close, volume * close
    orders_usd["all"], volume_usd["all"] = orders_usd.sum(axis=1), volume_usd.sum(axis=1)
    frames = [
        pd.DataFrame({"low_usd": orders_usd[one], "volume_usd": volume_usd[one]})
        .rename_axis("day")
        .reset_index()
        .assign(venue="binance", asset=one)
        for one in orders_usd.columns
    ]
    return pd.concat(frames)


def settlements() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hours of settlement, and funding of each day as the table of markets has it, by venue and coin."""
    hours, markets = [], []
    for venue, interval in INTERVAL_HOURS.items():
        for coin in ("btc", "eth"):
            table = pd.read_csv(DATA / f"funding/venues/{venue}_{coin}usdt.csv.gz")
            stamp = pd.to_datetime(table["Date"], format="mixed").dt.round("min")
            # a settlement at 00:00 belongs to the day that ends then
            day = (stamp - pd.Timedelta(seconds=1)).dt.normalize()
            offset = (stamp.dt.hour + stamp.dt.minute / 60) % interval
            by_day = pd.DataFrame({"offset_hours": offset, "rate": table["Funding Rate"]}).groupby(day)
            least = by_day["offset_hours"].min().rename_axis("day").reset_index()
            hours.append(least.assign(venue=venue, market=coin, interval_hours=interval))
            rate = by_day["rate"].mean() * 8760 / interval
            markets.append(rows(venue, coin, coin.upper(), funding_apr=rate))
    return pd.concat(hours), pd.concat(markets)


def lines() -> Iterator[Line]:
    """Every line of the page, computed now."""
    btc = found_in(forced=forced_orders_of_btc())
    for row in btc.itertuples():
        is_known = row.first_day == pd.Timestamp("2021-04-28")
        trap = "one order a second at most, from about 2021-04-27"
        if not is_known:
            trap = "not named anywhere: the spot volume it is divided by fell"
        yield Line(
            trap, "liquidations/binance_btcusdt_daily.csv", f"yes, {row.first_day.date()}", row.sentence
        )
    coins = found_in(forced=forced_orders_of_coins())
    yield _all(
        "the same in other perpetuals", FORCED_COINS, coins, "35 perpetuals and their total, 2022 and 2023"
    )
    hours, funding = settlements()
    clocks = found_in(settlements=hours)
    for venue, trap in (("binance", "clock is UTC+3"), ("bybit", "not named anywhere: clock is UTC+3, too")):
        own = clocks[clocks["venue"] == venue]
        said = own["sentence"].iloc[0]
        yield Line(trap, f"funding/venues/{venue}_btcusdt, _ethusdt", f"yes, {len(own)} of 2", said)
    right = clocks[~clocks["venue"].isin(["binance", "bybit"])]
    yield _all("another clock at Gate or dYdX", "funding/venues/gate_*, dydx_*", right, "4 series")
    for row in found_in(markets=funding).itertuples():
        yield Line(
            "31 missing days", f"funding/venues/{row.venue}_*", f"yes, {row.first_day.date()}", row.sentence
        )
    panel = pd.concat([perpetuals(), gecko()])
    found = found_in(markets=panel)
    for row in found[(found["venue"] == "coingecko") & (found["kind"] == "clock")].itertuples():
        yield Line(f"one day late ({row.market})", GECKO, "yes", row.sentence)
    yield Line("one day late (XRP, USDT)", GECKO, "no", "no second source of them is here")
    own = found[(found["venue"] == "binance") & (found["kind"] != "clock")]
    files = f"{INTEREST}, {CLOSE_VOLUME}, {FUNDING_PERCENT}"
    yield _all(FAULTS, files, own, "69 perpetuals, four series each, 703 days")
    for coin in ("BTC", "ETH"):
        trap, tested = f"a symbol that is not what it says ({coin})", f"{len(closes(coin))} sources"
        yield _all(trap, "price_mcap: all closes of it", found_in(markets=sources(coin)), tested)
    swapped = pd.concat([sources("BTC"), scaled_as("ETH", "BTC")])
    for row in found_in(markets=swapped).itertuples():
        yield Line(
            "planted here: ETH called BTC, at BTC's level", "price_mcap/ethusd_daily.csv", "yes", row.sentence
        )
    yield Line(
        "a symbol that is not what it says (66 of the 69)", CLOSE_VOLUME, "no",
        "no second source of them is here; DEFI is an index, by its name alone",
    )  # fmt: skip
    yield Line(
        'two "all exchanges" vendors twofold apart', "open_interest/btc_all_exchanges_daily.csv", "no",
        "one of the two is here; an imported second total is held by total_against_a_second_source",
    )  # fmt: skip
    for name, (day, level) in SINGLE.items():
        own = single(name, day, level)
        one = found_in(markets=rows("file", name, name, open_interest_base=own, mark_price=own * 0 + 1))
        yield from _singles(name, one[one["series"] == "open_interest"])


def scaled_as(coin: str, as_coin: str) -> pd.DataFrame:
    """The vendor's closes of a coin under another's name, and brought to its level."""
    own, other = closes(coin)["vendor"], closes(as_coin)["vendor"]
    level = own * (other / own).median()
    return rows("swapped", as_coin, as_coin, mark_price=level, price_usd=level)


def _all(trap: str, file: str, found: pd.DataFrame, tested: str) -> Line:
    said = "; ".join(f"{row.market} {row.first_day.date()}: {row.sentence}" for row in found.itertuples())
    return Line(trap, file, "yes" if len(found) else "no", said or f"nothing in {tested}")


def _singles(name: str, found: pd.DataFrame) -> Iterator[Line]:
    for kind, own in found.groupby("kind"):
        longest = own.assign(length=own["last_day"] - own["first_day"]).sort_values("length").iloc[-1]
        more = f", and {len(own) - 1} more" if len(own) > 1 else ""
        said = longest["sentence"].replace("open interest", "the level").removesuffix(" at a flat price")
        yield Line(f"not named anywhere: {kind}", name, f"yes, {longest['first_day'].date()}", said + more)
    if found.empty:
        yield Line(FAULTS, name, "no", "nothing")


def page(dated: date) -> str:
    """ANOMALIES.md."""
    head = f"""# What the tests for anomalies find in the recorded series

Written on {dated} by `python tests/real/found_anomalies.py DATE`; `test_anomalies.py` computes each line
anew. The first column says what the notes beside the series warn of, or that nobody did.

| what | file | found | what is said |
|---|---|---|---|
"""
    return head + "".join(f"| {one.trap} | {one.file} | {one.found} | {one.said} |\n" for one in lines())


def without_date(text: str) -> str:
    """The page without the day on which it was written."""
    return re.sub(r"Written on \S+", "Written", text)


def correlations() -> tuple[float, float]:
    """Of daily returns: the highest of two of the 69 coins, and the lowest of two sources of one coin."""
    returns = np.log(wide(CLOSE_VOLUME, "_close")).diff().corr().to_numpy()
    lowest = 1.0
    for coin in ("BTC", "ETH"):
        table = np.log(pd.DataFrame(closes(coin))).diff().to_numpy()
        reference, _ = others(table, np.zeros(table.shape[1], dtype=np.int64))
        lowest = min(lowest, float(np.sqrt(compare(table, reference).fit_ratio.min())))
    return float(returns[~np.eye(len(returns), dtype=bool)].max()), lowest


if __name__ == "__main__":
    text = page(date.fromisoformat(sys.argv[1]))
    PAGE.write_text(text)
    sys.stdout.write(text)
