"""How much disk a year takes: `python bench/retention.py`.

Days of the made world, each of its contracts listed many times over with numbers of its own, are fetched as
the daily job fetches them, and the raw files counted before and after `margin-debt compact`. A venue and day
costs a fixed part (files and their heads) and a part for each market; both come from two worlds of different
size.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.clock import DAY, VirtualClock, end_of
from pipeline.compact import compact
from pipeline.fetch import fetch
from pipeline.lake import Lake
from pipeline.moments import AFTER_MIDNIGHT, replay_moments
from pipeline.replay.history import read_history, write_history
from pipeline.replay.process import ReplayServer
from pipeline.replay.scenario import write_scenario
from pipeline.settings import Settings
from pipeline.source import claim, history_source
from pipeline.venues import VENUES

# Bitfinex speaks of few pairs by names of a fixed form: its markets stay as they are.
MADE_FOR, MULTIPLIED = ("binance", "bitfinex", "hyperliquid", "okx"), ("binance", "hyperliquid", "okx")
DAYS = 7
STATED_VENUES, STATED_MARKETS = 30, 6000
GIB = 1024**3


def many(whole: Path, folder: Path, times: int) -> tuple[Path, int]:
    """The world with every contract listed so many times under numbered names, and how many there are."""
    history = read_history(whole)
    contracts = history.tables["markets"].query("kind == 'swap' and direction == 'linear'")
    rng = np.random.default_rng(7)
    names = {venue: set(contracts.query("venue == @venue")["market"]) for venue in MULTIPLIED}
    tables = {}
    for name, frame in history.tables.items():
        parts = [frame]
        if "market" in frame:
            is_copied = [
                market in names.get(venue, ())
                for venue, market in zip(frame["venue"], frame["market"], strict=True)
            ]
            original = frame[is_copied]
            for number in range(1, times):
                copy = original.copy()
                copy["market"] = numbered(original["market"], number)
                if "base" in copy:
                    copy["base"] = numbered(original["base"], number)
                else:
                    stir(copy, rng)
                parts.append(copy)
        tables[name] = pd.concat(parts, ignore_index=True)
    write_history(folder, tables, history.about)
    return folder, len(tables["markets"])


def stir(rows: pd.DataFrame, rng: np.random.Generator) -> None:
    """Numbers of their own, of eight digits: copies of the same ones would be packed into next to nothing."""
    for column in rows.select_dtypes("float"):
        if column != "interval_hours":
            stirred = rows[column] * rng.lognormal(0, 0.1, len(rows))
            rows[column] = [float(f"{value:.8g}") for value in stirred]


def numbered(names: pd.Series[str], number: int) -> pd.Series[str]:
    """BTCUSDT as Z3BTCUSDT: a name that the venue's own wire can say."""
    return f"Z{number}" + names


def fetched(world: Path, home: Path) -> tuple[int, int]:
    """Bytes of raw files a day, as fetched and merged."""
    history = read_history(world)
    settings = Settings(home)
    claim(home, history_source(world, history.about))
    last = history.days()[1] - DAY
    days = [last - count * DAY for count in reversed(range(DAYS))]
    with ReplayServer(world) as server:
        clock = VirtualClock(end_of(days[0]) + AFTER_MIDNIGHT)
        for day in days:
            server.set_now(end_of(day) + AFTER_MIDNIGHT)
            clock.set(end_of(day) + AFTER_MIDNIGHT)
            asking = fetch(
                {name: VENUES[name] for name in MADE_FOR},
                replay_moments([day]),
                settings=Settings(home, redirect=server.address),
                clock=clock,
                lake=Lake(settings.raw),
                run_id=f"day {day}",
                move_to=lambda _: None,
                held=history.held(),
            )
            asyncio.run(asking)
    done = compact(settings, days[-1] + 2 * DAY)
    return done.bytes_before // DAYS, done.bytes_after // DAYS


def main() -> None:
    """Print bytes a venue-day and a market-day, and a year of the stated market."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        whole = write_scenario(root / "whole", "quiet", seed=3, days=30)
        rows = []
        for count in (1, times):
            world, markets = many(whole, root / f"world{count}", count)
            home = root / f"home{count}"
            home.mkdir()
            rows.append((markets, *fetched(world, home)))
    print("| markets of 4 venues | raw, MiB a day | merged, MiB a day |\n|---|---|---|")
    for markets, before, after in rows:
        print(f"| {markets} | {before / 1024**2:.2f} | {after / 1024**2:.2f} |")
    (few, *small), (lots, *large) = rows
    for name, low, high in zip(("as fetched", "merged"), small, large, strict=True):
        a_market = (high - low) / (lots - few)
        a_venue = (low - a_market * few) / len(MADE_FOR)
        year = 365 * (STATED_VENUES * a_venue + STATED_MARKETS * a_market) / GIB
        print(
            json.dumps(
                {
                    "files": name,
                    "kb_a_venue_and_day": round(a_venue / 1000, 1),
                    "kb_a_market_and_day": round(a_market / 1000, 2),
                    f"gib_a_year_{STATED_VENUES}_venues_{STATED_MARKETS}_markets": round(year, 1),
                }
            )
        )


if __name__ == "__main__":
    main()
