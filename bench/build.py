"""How long the models take to build, how much memory, and beside what: `python bench/build.py`.

A made lake of 20 venues and 6,000 markets with 150,000 raw rows a day. Measured in one run, each job in a
process of its own: a plain scan and a plain copy of the same rows, the full build with all checks, the same
SELECTs without the runner, three marts in pandas; then one more day on it and on tables of growing length,
with its hashes against a rebuild. A day is built when its tables are checked and committed; closing folds the
log into the file. Only ratios within a run are to be trusted: machines are noisy.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.lake import Lake
from pipeline.records import ROW_TYPES, Dataset, FetchLogRow, arrow_schema

START = date(2025, 1, 1)
VENUES = 20
# hours of the day at which each dataset was observed: 25 rows a market and day make 150,000 for 6,000 markets
HOURS = {
    Dataset.MARKETS: [0.2],
    Dataset.OPEN_INTEREST: [*range(0, 24, 2)],
    Dataset.PRICE: [*range(0, 24, 3)],
    Dataset.FUNDING_RATE: [0, 8, 16, 23.9],
}
FULL_LIMIT_S, FULL_LIMIT_GIB, FULL_LIMIT_RATIO, DAY_LIMIT_S = 40.0, 3.0, 17.0, 2.0


def write_day(raw: Path, day: date, markets: int) -> int:
    """Raw files of one UTC day: one a dataset and venue, rows sorted as the lake sorts them."""
    rows = 0
    per_venue = markets // VENUES
    for number in range(VENUES):
        venue = f"venue{number:02d}"
        for dataset, hours in HOURS.items():
            table = _table(dataset, venue, number, day, hours, per_venue)
            folder = raw / dataset.value / f"venue={venue}" / f"day={day.isoformat()}"
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, folder / "bench.parquet", compression="zstd")
            rows += table.num_rows
    Lake(raw).log(_log(day, per_venue))
    return rows


def _log(day: date, markets: int) -> list[FetchLogRow]:
    """What the fetch of a day logs: the level of the day before was taken at its midnight."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [
        FetchLogRow(
            run_id="bench",
            venue=f"venue{number:02d}",
            dataset=dataset.value,
            attempt=1,
            data_day=midnight - timedelta(days=1),
            status="answered",
            rows=markets,
            calls=1,
            bytes=1,
            seconds=1.0,
            throttled_seconds=0.0,
            error_class=None,
            message=None,
            fetched_at=midnight + timedelta(minutes=10),
        )
        for number in range(VENUES)
        for dataset in HOURS
    ]


def _table(
    dataset: Dataset, venue: str, number: int, day: date, hours: list[float], per_venue: int
) -> pa.Table:
    midnight = np.datetime64(day.isoformat(), "us")
    market = np.repeat(np.arange(per_venue), len(hours))
    hour = np.tile(np.asarray(hours), per_venue)
    instant = midnight + (hour * 3.6e9).astype("timedelta64[us]")
    n = len(market)
    days = (day - START).days
    price = 10.0 * (1 + market % 50) * (1 + 0.05 * np.sin(days / 20 + market))
    names = np.char.add("A", np.char.add(market.astype(str), "USDT"))
    schema = arrow_schema(ROW_TYPES[dataset])
    said: dict[str, Any] = {
        "venue": venue, "market": names, "symbol": names, "observed_at": instant,
        "fetched_at": instant + np.timedelta64(10, "m"), "endpoint": "bench", "ccxt_version": "4.5.90",
        "run_id": "bench", "unit": "base", "evidence": "documented", "stamp": "instant",
        "tolerance_hours": 2.0, "sides": 1, "contract_size": 1.0, "is_backfilled": False,
        "publication_lag_hours": 0.0, "payload": "{}", "base": np.char.add("A", market.astype(str)),
        "quote": "USDT", "settle": "USDT", "kind": "swap", "direction": "linear", "is_active": True,
        "funding_interval_hours": 8.0, "listed_at": None, "expires_at": None, "max_leverage": 50.0,
        "amount": 1e5 * (1 + number) * (1 + 0.1 * np.cos(days / 9 + market + hour / 24)), "own_usd": None,
        "mark_price": price, "index_price": price, "volume_24h": 2e5 * (1 + number),
        "funding_rate": 1e-4 * np.sin(days / 7 + market + hour), "settles_at": instant, "interval_hours": 8.0,
        "rate": 1e-4,
    }  # fmt: skip
    if dataset is Dataset.FUNDING_RATE:
        said["kind"] = np.where(hour > 23, "predicted", "settled")
        said["unit"] = "rate_per_interval"
    if dataset is Dataset.MARKETS:
        said |= {"unit": "listing", "observed_at": None}
    columns = []
    for field in fields(ROW_TYPES[dataset]):
        value = said[field.name]
        kind = schema.field(field.name).type
        if value is None:
            columns.append(pa.nulls(n, kind))
        elif isinstance(value, np.ndarray):
            columns.append(
                pa.array(value, type=pa.timestamp("us")).cast(kind)
                if value.dtype.kind == "M"
                else pa.array(value, type=kind)
            )
        else:
            columns.append(pa.array([value] * n, type=kind))
    return pa.Table.from_arrays(columns, schema=schema)


# ---- jobs, each in a process of its own -------------------------------------------------------------


def _open(home: Path) -> Any:
    from pipeline.warehouse import open_warehouse

    return open_warehouse(home / "warehouse.duckdb", home / "raw")


def job_scan(home: Path) -> None:
    """Read the numbers once."""
    with _open(home) as connection:
        connection.execute("select sum(amount) from raw.open_interest").fetchone()
        connection.execute("select sum(mark_price) from raw.price").fetchone()
        connection.execute("select sum(funding_rate) from raw.funding_rate").fetchone()


def job_copy(home: Path) -> None:
    """Every row into a table, with the columns that staging reads."""
    keys = "day, venue, market, observed_at, fetched_at, unit, contract_size, is_backfilled, tolerance_hours"
    with _open(home) as connection:
        for table, values in {
            "open_interest": "amount, own_usd, sides, evidence",
            "price": "mark_price, index_price, volume_24h",
            "funding_rate": "kind, funding_rate, settles_at, interval_hours",
            "markets": "base, quote, settle, kind, direction, is_active, funding_interval_hours",
        }.items():
            connection.execute(
                f"create table internal.copy_{table} as select {keys}, {values} from raw.{table}"
            )


def _models() -> list[Any]:
    from pipeline.models import read_models

    # what the signals fill is Python's work and measured elsewhere
    needs = ("signals.", "internal.")
    return [model for model in read_models() if not any(table.startswith(needs) for table in model.reads)]


def job_full(home: Path) -> None:
    """The runner's full build with every check."""
    _build(home, is_full=True)


def job_day(home: Path) -> float:
    """What came since the last build, with every check. Returns the seconds of closing the file after it."""
    return _build(home, is_full=False)


def _build(home: Path, *, is_full: bool) -> float:
    from pipeline.build import build_model
    from pipeline.models import read_models
    from pipeline.plan import commit_plan
    from pipeline.runtime import Runtime
    from pipeline.settings import Settings

    runtime = Runtime(Settings(home), is_full=is_full)
    for model in _models():
        started = time.perf_counter()
        build_model(runtime.connection, model, runtime.plan.from_day)
        _progress(model.table, started)
    commit_plan(runtime.connection, runtime.plan, read_models())
    built = time.perf_counter()
    runtime.close()
    return time.perf_counter() - built


def job_sql(home: Path) -> None:
    """The same SELECTs into plain tables: no checks, no comments, no transaction a model."""
    from pipeline.build import FIRST_DAY, load_seeds

    with _open(home) as connection:
        load_seeds(connection)
        for model in _models():
            parameters = {"from_day": FIRST_DAY} if "$from_day" in model.select else {}
            connection.execute(f"create table {model.table} as {model.select}", parameters)


def job_pandas(home: Path) -> None:
    """Three marts (market, asset and venue totals at the ends of days) as an analyst would in pandas."""
    import pandas as pd

    frames = {}
    for name, columns in {"open_interest": ["amount"], "price": ["mark_price"]}.items():
        wanted = ["venue", "market", "observed_at", *columns]
        frame = pq.read_table(home / "raw" / name, columns=wanted, partitioning=None).to_pandas()
        end = (frame["observed_at"] + pd.Timedelta(hours=12)).dt.floor("D")
        frame["distance"] = (frame["observed_at"] - end).abs()
        frame["day"] = end - pd.Timedelta(days=1)
        frame = frame[frame["distance"] <= pd.Timedelta(hours=2)].sort_values("distance")
        frames[name] = frame.drop_duplicates(["day", "venue", "market"])
    keys = ["day", "venue", "market"]
    daily = frames["open_interest"].merge(frames["price"][[*keys, "mark_price"]], on=keys)
    daily["usd"] = daily["amount"] * daily["mark_price"]
    daily.groupby(["day", "market"])["usd"].sum()
    daily.groupby(["day", "venue"])["usd"].sum()


def job_hash(home: Path) -> None:
    """The hash of every model's table, as JSON on standard output."""
    from pipeline.warehouse import table_hash

    with _open(home) as connection:
        found = {m.table: table_hash(connection, m.table, list(m.grain)) for m in _models()}
    sys.stdout.write(json.dumps(found) + "\n")


def _progress(table: str, started: float) -> None:
    sys.stderr.write(f"    {time.perf_counter() - started:6.2f} s  {table}\n")


JOBS = {
    name.removeprefix("job_"): function
    for name, function in list(globals().items())
    if name.startswith("job_")
}


@dataclass(frozen=True)
class Ran:
    """One job in a fresh process, its imports not counted."""

    seconds: float
    closing_seconds: float
    peak_gib: float
    output: str


def run(job: str, home: Path, *, is_loud: bool = False) -> Ran:
    """Run a job; ends the bench with what it said when it fails."""
    done = subprocess.run(
        [sys.executable, __file__, "--job", job, "--home", str(home)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{job} failed:\n{done.stderr[-2000:]}")
    if is_loud:
        sys.stderr.write(done.stderr)
    *output, last = done.stdout.strip().splitlines()
    measured = json.loads(last)
    return Ran(**measured, output="\n".join(output))


def _fresh(home: Path, name: str) -> Path:
    """Another home over the same raw files."""
    other = home.parent / name
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    (other / "raw").symlink_to(home / "raw", target_is_directory=True)
    return other


def full(home: Path, days: int, markets: int, *, is_loud: bool) -> None:
    """The table of the full build, and one more day on it."""
    rows = sum(write_day(home / "raw", START + timedelta(days=n), markets) for n in range(days))
    files = sum(1 for _ in (home / "raw").rglob("*.parquet"))
    print(f"{rows:,} raw rows of {days} days in {files:,} files, {VENUES} venues, {markets:,} markets")
    copy = run("copy", _fresh(home, "copy"))
    lines = [("plain copy into tables", copy)]
    for job, title in {
        "scan": "plain scan of the numbers",
        "full": "full build with all checks",
        "sql": "the same SELECTs without the runner",
        "pandas": "three marts in pandas",
    }.items():
        lines.append((title, run(job, _fresh(home, job), is_loud=is_loud and job == "full")))
    print(f"{'job':38} {'seconds':>8} {'peak GiB':>9} {'x copy':>7}")
    for title, ran in lines:
        print(f"{title:38} {ran.seconds:8.2f} {ran.peak_gib:9.2f} {ran.seconds / copy.seconds:7.1f}")
    print(f"{'limit of the full build':38} {FULL_LIMIT_S:8.2f} {FULL_LIMIT_GIB:9.2f} {FULL_LIMIT_RATIO:7.1f}")
    _day_head(markets)
    _one_more_day(home, home.parent / "full", days, rows, markets, is_loud=is_loud)


def growth(folder: Path, markets: int, years: list[float], *, is_loud: bool) -> None:
    """The table of one more day on ever longer tables."""
    _day_head(markets)
    home, done, rows = folder / "grown", 0, 0
    home.mkdir()
    for length in years:
        until = round(365 * length)
        rows += sum(write_day(home / "raw", START + timedelta(days=n), markets) for n in range(done, until))
        (home / "warehouse.duckdb").unlink(missing_ok=True)
        run("full", home)
        rows += _one_more_day(home, home, until, rows, markets, is_loud=is_loud)
        done = until + 1


def _day_head(markets: int) -> None:
    print(f"\none more day, {markets:,} markets ({25 * markets:,} raw rows a day); limit {DAY_LIMIT_S} s")
    print(
        f"{'history':>10} {'rows':>13} {'seconds':>8} {'closing':>8} {'peak GiB':>9}  hashes equal a rebuild"
    )


def _one_more_day(lake: Path, home: Path, days: int, rows: int, markets: int, *, is_loud: bool) -> int:
    """Write the day after `days` and build it on a home that is built. Returns the rows written."""
    more = write_day(lake / "raw", START + timedelta(days=days), markets)
    day = run("day", home, is_loud=is_loud)
    mine = run("hash", home).output
    rebuilt = _fresh(lake, "rebuilt")
    run("full", rebuilt)
    is_equal = mine == run("hash", rebuilt).output
    print(
        f"{days:>8} d {rows + more:13,} {day.seconds:8.2f} {day.closing_seconds:8.2f} {day.peak_gib:9.2f}"
        f"  {'yes' if is_equal else 'NO'}",
        flush=True,
    )
    return more


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=114)
    parser.add_argument("--markets", type=int, default=6000)
    parser.add_argument("--growth-markets", type=int, default=600)
    parser.add_argument("--years", type=float, nargs="*", default=[0.5, 1, 2, 4])
    parser.add_argument("--loud", action="store_true", help="seconds of every model")
    parser.add_argument("--job", choices=sorted(JOBS), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        import duckdb  # noqa: F401  # imports are not part of the job

        import pipeline.runtime  # noqa: F401

        started = time.perf_counter()
        closing = JOBS[options.job](options.home) or 0.0
        measured = {
            "seconds": time.perf_counter() - started - closing,
            "closing_seconds": closing,
            "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        }
        sys.stdout.write(json.dumps(measured) + "\n")
        return
    print(f"{datetime.now(UTC):%Y-%m-%d}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "home").mkdir()
        if options.days:
            full(folder / "home", options.days, options.markets, is_loud=options.loud)
        growth(folder, options.growth_markets, options.years, is_loud=options.loud)


if __name__ == "__main__":
    main()
