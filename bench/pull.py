"""How close a daily pull comes to the venues' own limits, and beside what: `python bench/pull.py`.

An embedded exchange on this machine enforces limits and answers 80 ms late. It speaks for the four venues of
the made world, and for 16 mirrors: made venues with Binance's wire and the limits that other venues publish.
Three contenders ask it for the same, each in a process of its own: our fetch; every unified ccxt call one
after the other; all of them gathered, with ccxt's own throttle. Then two lists of 5,000 markets, for memory
and for how long the event loop stands still. Only ratios within a run are to be trusted: machines are noisy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt_async
import pandas as pd

from pipeline.clock import VirtualClock, end_of
from pipeline.fetch import fetch
from pipeline.lake import Lake
from pipeline.moments import live_moment
from pipeline.records import Dataset
from pipeline.replay.history import read_history, write_history
from pipeline.replay.scenario import write_scenario
from pipeline.replay.server import serve
from pipeline.replay.wire import wires
from pipeline.replay.wire.base import Json, Refusal, Request, Wire
from pipeline.replay.world import World
from pipeline.settings import Settings
from pipeline.venues import VENUES
from pipeline.venues import limiter as pace
from pipeline.venues.asker import Asker
from pipeline.venues.base import Venue
from pipeline.venues.limiter import Limit

LATENCY_SECONDS = 0.08
MARKETS = 353  # of Binance and of each mirror: 17 x 353 = 6,001 calls for one symbol each
LISTED = 5_000
DATASETS = (Dataset.MARKETS, Dataset.OPEN_INTEREST, Dataset.PRICE)
MADE_FOR = ("binance", "okx", "hyperliquid", "bitfinex")
# Requests and seconds in the range that venues publish for one path: 5 to 20 a second.
MIRRORED = [(20, 2), (200, 10), (100, 10), (900, 60), (300, 60), (75, 5), (40, 3), (600, 60)] * 2
SEQUENTIAL_SECONDS, GATHERED_SECONDS = 20.0, 240.0
LONG_SECONDS = 5.0
PREFIX = "mirror"


@dataclass(frozen=True)
class MirrorWire:
    """Binance's wire under another name, with limits of its own."""

    name: str
    limits: Mapping[str, tuple[int, float]]
    of: Wire

    @property
    def hosts(self) -> frozenset[str]:
        """Binance's hosts behind the mirror's name."""
        return frozenset(f"{self.name}-{host}" for host in self.of.hosts)

    def check(self, world: World) -> None:
        """The wire behind it has checked."""

    def answer(self, request: Request, world: World, now_ms: int) -> Json:
        """As the wire behind it."""
        host = request.host.removeprefix(f"{self.name}-")
        return self.of.answer(Request(host, request.path, request.query, request.body), world, now_ms)

    def refuse(self, status: int, seconds: float, now_ms: int) -> Refusal:
        """As the wire behind it."""
        return self.of.refuse(status, seconds, now_ms)


def mirrors() -> dict[str, tuple[int, float]]:
    """Name of each mirror -> requests and seconds."""
    return {f"{PREFIX}{place:02d}": limit for place, limit in enumerate(MIRRORED, 1)}


def venues() -> dict[str, Venue]:
    """20 venues, cut to what is measured; the mirrors' ccxt classes are put beside ccxt's own."""
    chosen: dict[str, Venue] = {}
    for name in MADE_FOR:
        of = type(VENUES[name])
        reports = {dataset: of.reports[dataset] for dataset in DATASETS}
        chosen[name] = type(of.__name__, (of,), {"reports": reports})()
    for name, (units, seconds) in mirrors().items():
        _add_ccxt_class(name, units, seconds)
        limits = {"": Limit(units, seconds)}
        words = {"name": name, "ccxt_id": name, "limits": limits}
        chosen[name] = type(name, (type(chosen["binance"]),), words)()
    return chosen


def _add_ccxt_class(name: str, units: float, seconds: float) -> None:
    of = ccxt_async.binance

    def describe(self: Any) -> Any:
        said = of.describe(self)
        urls = {key: _mirrored(url, name) for key, url in said["urls"]["api"].items()}
        said["urls"]["api"] = urls
        return {**said, "id": name, "rateLimit": 1000 * seconds / units}

    setattr(ccxt_async, name, type(name, (of,), {"describe": describe}))


def _mirrored(url: Any, name: str) -> Any:
    return url.replace("https://", f"https://{name}-") if isinstance(url, str) else url


def make_world(folder: Path, markets: int) -> date:
    """The last day of a made month, with `markets` open contracts at Binance; returns that day."""
    history = read_history(write_scenario(folder / "small", "quiet", seed=3, days=30))
    day = history.days()[1]
    listed = history.tables["markets"]
    own = listed[(listed["venue"] == "binance") & (listed["kind"] == "swap")]
    copies = [f"C{number:04d}" for number in range(markets - len(own))]
    tables = {}
    for table, column in (("markets", None), ("open_interest", "observed_at"), ("price", "observed_at")):
        frame = history.tables[table]
        if column is not None:
            frame = frame[frame[column] >= end_of(day) - timedelta(days=1)]
        pattern = frame[(frame["venue"] == "binance") & (frame["market"] == "BTCUSDT")]
        clones = pd.concat([pattern] * len(copies), ignore_index=True)
        names = [name for name in copies for _ in range(len(pattern))]
        clones["market"] = [f"{name}USDT" for name in names]
        if table == "markets":
            clones["base"] = names
        tables[table] = pd.concat([frame, clones], ignore_index=True)
    write_history(folder / "world", tables, history.about)
    return day


class Server:
    """The embedded exchange with the mirrors, in a process of its own."""

    def __init__(self, folder: Path, has_limits: bool) -> None:
        words = [sys.executable, __file__, "--serve", str(folder), *(["--limits"] if has_limits else [])]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address: str = json.loads(self._process.stdout.readline())["address"]

    def __enter__(self) -> str:
        return self.address

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def run_server(folder: Path, has_limits: bool) -> None:
    """Serve until standard input closes."""
    known = wires()
    for name, limit in mirrors().items():
        known[name] = MirrorWire(name, {"": limit}, known["binance"])
    asyncio.run(serve(folder, 0, has_limits))


async def _control(address: str, day: date) -> None:
    """Set the instant, and let every answer take its time."""
    import aiohttp

    late = [{"venue": name, "kind": "latency", "seconds": LATENCY_SECONDS} for name in venues()]
    async with aiohttp.ClientSession() as session:
        instant = (end_of(day) + timedelta(minutes=10)).isoformat()
        await session.post(f"{address}/_control/now", json={"instant": instant})
        await session.post(f"{address}/_control/faults", json=late)


async def _requests(address: str) -> int:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(f"{address}/_control/stats") as answer:
        return sum(row["requests"] for row in await answer.json())


class Taken(Counter[int]):
    """Units taken of each bucket, and how often a venue had to be given a pause."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses = 0
        reserve, pause = pace.Bucket.reserve, pace.Limiter.pause

        def counted(bucket: pace.Bucket, cost: float, now: float) -> float:
            self[id(bucket)] += cost if bucket.limit.is_weighted else 1  # type: ignore[assignment]
            return reserve(bucket, cost, now)

        def paused(limiter: pace.Limiter, seconds: float) -> None:
            self.pauses += 1
            pause(limiter, seconds)

        pace.Bucket.reserve = counted  # type: ignore[method-assign, assignment]
        pace.Limiter.pause = paused  # type: ignore[method-assign, assignment]

    def floor(self, venue: str) -> float:
        """Seconds that the venue's limits demand: its fullest bucket, and the last answer's way."""
        buckets = pace._OF_THIS_PROCESS[venue]._buckets.values()
        return LATENCY_SECONDS + max(
            (self[id(one)] - 1) * one.limit.seconds / one.limit.units for one in buckets
        )


async def ours(address: str, day: date, home: Path) -> dict[str, Any]:
    """Our fetch: one a venue, all at once, so that each venue's own time is known."""
    taken, took = Taken(), {}
    settings = Settings(home, redirect=address, paces_replay=True)
    clock = VirtualClock(end_of(day) + timedelta(minutes=10))
    statuses: Counter[str] = Counter()

    async def one(name: str, venue: Venue) -> None:
        start = time.perf_counter()
        done = await fetch(
            {name: venue},
            live_moment([day]),
            settings=settings,
            clock=clock,
            lake=Lake(settings.raw),
            run_id="bench",
        )
        took[name] = time.perf_counter() - start
        statuses.update(status.value for outcome in done for status in outcome.statuses.values())

    start = time.perf_counter()
    await asyncio.gather(*(one(name, venue) for name, venue in venues().items()))
    wall = time.perf_counter() - start
    floors = {name: taken.floor(name) for name in took}
    return {
        "wall": wall,
        "floors": floors,
        "took": took,
        "refused": taken.pauses,
        "statuses": dict(statuses),
        "calls": await _requests(address),
    }


async def _rival_client(name: str, address: str) -> Any:
    client = getattr(ccxt_async, name)(
        {"enableRateLimit": True, "options": {"fetchMarkets": {"types": ["linear"]}}}
    )
    client.has["fetchCurrencies"] = False
    for key, url in list(client.urls["api"].items()):
        if isinstance(url, str):
            client.urls["api"][key] = url.replace("https://", f"{address}/")
    await client.load_markets()
    return client


def _swaps(client: Any) -> list[str]:
    return [market["symbol"] for market in client.markets.values() if market["swap"] and market["linear"]]


async def sequential(address: str) -> dict[str, Any]:
    """One unified call after the other, cut short."""
    made = {name: await _rival_client(name, address) for name in ("binance", *mirrors())}
    start, calls = time.perf_counter(), 0
    waiting = [(client, symbol) for client in made.values() for symbol in _swaps(client)]
    for client, symbol in waiting:
        await client.fetch_open_interest(symbol)
        calls += 1
        if time.perf_counter() - start > SEQUENTIAL_SECONDS:
            break
    wall = time.perf_counter() - start
    await asyncio.gather(*(client.close() for client in made.values()))
    return {"wall": wall, "calls": calls, "whole": wall / calls * len(waiting)}


async def gathered(address: str) -> dict[str, Any]:
    """All unified calls at once, at the pace of ccxt's own throttle."""
    names = ("binance", *mirrors())
    took: dict[str, float] = {}
    counts: Counter[str] = Counter()

    async def one(name: str) -> None:
        start = time.perf_counter()
        client = await _rival_client(name, address)
        symbols = _swaps(client)
        calls = [client.fetch_tickers(), *(client.fetch_open_interest(symbol) for symbol in symbols)]
        done = await asyncio.gather(*calls, return_exceptions=True)
        took[name] = time.perf_counter() - start
        counts["failed"] += sum(isinstance(result, BaseException) for result in done)
        counts["calls"] += len(done)
        await client.close()

    start = time.perf_counter()
    async with asyncio.timeout(GATHERED_SECONDS):
        await asyncio.gather(*(one(name) for name in names))
    return {"wall": time.perf_counter() - start, "took": took, **counts}


async def lists(address: str, day: date, home: Path, is_paced: bool) -> dict[str, Any]:
    """Two lists of 5,000 markets, and the longest time that the event loop did not come round."""
    settings = Settings(home, redirect=address, paces_replay=is_paced)
    chosen = {name: venue for name, venue in venues().items() if name in (f"{PREFIX}01", f"{PREFIX}02")}
    longest = 0.0

    async def heartbeat() -> None:
        nonlocal longest
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.01)
            longest = max(longest, time.perf_counter() - start - 0.01)

    beat = asyncio.create_task(heartbeat())
    clock = VirtualClock(end_of(day) + timedelta(minutes=10))
    askers = [Asker(venue, settings, clock, "bench") for venue in chosen.values()]
    await asyncio.gather(*(asker.load_markets() for asker in askers))
    stall = longest
    beat.cancel()
    await asyncio.gather(*(asker.close() for asker in askers))
    return {"stall": stall, "markets": sum(len(asker.listed) for asker in askers)}


JOBS = ("ours", "sequential", "gathered", "lists", "lists_in_the_loop")


def run_job(job: str, address: str, day: date, home: Path) -> None:
    """One contender; prints what it measured as one line of JSON."""
    names = venues()  # the made ccxt classes must be there
    asyncio.run(_control(address, day))
    coroutine = {
        "ours": lambda: ours(address, day, home),
        "sequential": lambda: sequential(address),
        "gathered": lambda: gathered(address),
        "lists": lambda: lists(address, day, home, is_paced=True),
        "lists_in_the_loop": lambda: lists(address, day, home, is_paced=False),
    }[job]
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = asyncio.run(coroutine())
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result |= {"cpu": cpu, "peak_mib": after.ru_maxrss / 1024, "venues": len(names)}
    sys.stdout.write(json.dumps(result) + "\n")


def measure(job: str, folder: Path, day: date, has_limits: bool) -> dict[str, Any]:
    """Run a contender in a process of its own, against a server of its own."""
    with Server(folder / "world", has_limits) as address, tempfile.TemporaryDirectory() as home:
        words = [sys.executable, __file__, "--job", job, "--address", address, "--day", day.isoformat()]
        done = subprocess.run([*words, "--home", home], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job} failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _per_call(got: dict[str, Any]) -> str:
    return f"{1000 * got['cpu'] / got['calls']:.2f}"


def report(ours: dict[str, Any], one: dict[str, Any], all_: dict[str, Any]) -> list[str]:
    """The table of the three, as Markdown."""
    floor = max(ours["floors"].values())
    ratios = {name: ours["took"][name] / ours["floors"][name] for name in ours["took"]}
    # of the same mirrors: the floor is theirs, whoever asks
    theirs = {name: all_["took"][name] / ours["floors"][name] for name in all_["took"]}
    # of a floor of a second or two, finding out what is listed is the larger part
    long = [name for name in ratios if ours["floors"][name] > LONG_SECONDS]
    worst, their_worst = max(long, key=ratios.__getitem__), max(theirs, key=theirs.__getitem__)
    three = (ours, one, all_)
    lines = [
        "| | margin-debt | ccxt, one call after the other | ccxt, gathered, its own throttle |",
        "|---|---|---|---|",
        f"| requests | {ours['calls']:,} | {one['calls']:,}, then cut | {all_['calls']:,} unified calls |",
        f"| wall time, s | {ours['wall']:.1f} | {one['whole']:.0f} (extrapolated) | {all_['wall']:.1f} |",
        f"| over the floor of {floor:.1f} s | {ours['wall'] / floor:.3f} | {one['whole'] / floor:.1f} "
        f"| {all_['wall'] / floor:.3f} |",
        f"| worst venue over its own floor, of those above {LONG_SECONDS:.0f} s "
        f"| {ratios[worst]:.3f} ({worst}) | - "
        f"| {theirs[their_worst]:.3f} ({their_worst}) |",
        f"| refused or failed | {ours['refused']} | - | {all_['failed']} |",
        f"| CPU a call, market lists included, ms | {' | '.join(_per_call(got) for got in three)} |",
        f"| peak memory, MiB | {ours['peak_mib']:.0f} | {one['peak_mib']:.0f} | {all_['peak_mib']:.0f} |",
        "",
        f"How ours ended: {', '.join(f'{n} {status}' for status, n in sorted(ours['statuses'].items()))}.",
        "",
        "| Venue | floor, s | took, s | ratio | gathered, ratio |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {ours['floors'][name]:.2f} | {ours['took'][name]:.2f} | {ratios[name]:.3f} "
        f"| {f'{theirs[name]:.3f}' if name in theirs else '-'} |"
        for name in sorted(ratios)
    ]
    return lines


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", default=",".join(JOBS), help="some of them only")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--limits", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    parser.add_argument("--day", type=date.fromisoformat, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        run_server(options.serve, options.limits)
        return
    if options.job:
        run_job(options.job, options.address, options.day, options.home)
        return
    say = sys.stdout.write
    say(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}\n\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        day = make_world(folder, MARKETS)
        jobs = options.jobs.split(",")
        done = {job: measure(job, folder, day, has_limits=True) for job in JOBS[:3] if job in jobs}
        if len(done) == 3:
            say("\n".join(report(done["ours"], done["sequential"], done["gathered"])) + "\n\n")
        else:
            say(json.dumps(done, indent=1) + "\n")
        large = folder / "large"
        day = make_world(large, LISTED)
        for job in JOBS[3:]:
            if job in jobs:
                got = measure(job, large, day, has_limits=False)
                say(
                    f"{job}: {got['markets']:,} markets, longest stall of the loop {got['stall']:.2f} s, "
                    f"peak {got['peak_mib']:.0f} MiB\n"
                )


if __name__ == "__main__":
    main()
