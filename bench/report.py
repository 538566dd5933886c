"""How long the report of a day takes, how large it is, and how soon it is drawn: `python bench/report.py`.

Homes of the quiet made world with 30, 400 and 2,000 days, made first or, with --homes, kept and used again.
Each job is a process of its own; the baseline is a plain COPY of the published tables to Parquet in the same
run. The browser is Chromium, headless, with an empty profile; its times are from the start of the navigation.
Only ratios within a run are to be trusted: machines are noisy. What an export takes is `bench/export.py`.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
LENGTHS_DAYS = (30, 400, 2000)
LIMIT_BYTES, FIRST_VIEW_LIMIT_S, DRAWN_LIMIT_S = 2_000_000, 1.0, 2.0
BROWSER_TAKES = 5


def homes(folder: Path, lengths: list[int]) -> dict[int, Path]:
    """A finished home for each length in days, below `folder`; one that is there is used as it is."""
    made = {}
    for days in lengths:
        home = folder / f"days{days}"
        if not (home / "serving" / "margin_debt.duckdb").exists():
            command = ["demo", "--family", "quiet", "--days", str(days), "--home", str(home), "--quiet"]
            subprocess.run([sys.executable, "-m", "pipeline", *command], check=True, cwd=PROJECT)
        made[days] = home
    return made


def measured(script: str, job: str, home: Path, out: Path) -> tuple[float, float]:
    """Seconds and peak GiB of one job of a bench in a fresh process, its imports counted."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, script, "--job", job, "--home", str(home), "--out", str(out)],
        check=False,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{job} failed:\n{done.stderr[-2000:]}")
    return seconds, json.loads(done.stdout.strip().splitlines()[-1])["peak_gib"]


def plain_copy(home: Path, out: Path) -> None:
    """The baseline: every published table to Parquet, as DuckDB does it by itself."""
    import duckdb

    out.mkdir()
    with duckdb.connect(str(home / "serving" / "margin_debt.duckdb"), read_only=True) as connection:
        for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            connection.execute(f"copy {name} to '{out / name}.parquet' (format parquet, compression zstd)")


def _report(home: Path, out: Path) -> None:
    from pipeline.report.base import write_report
    from pipeline.settings import Settings
    from pipeline.source import recorded

    settings = Settings(home)
    write_report(settings.serving, None, out, datetime.now(UTC), recorded(home).about())


JOBS = {"copy": plain_copy, "report": _report}


def told_peak() -> None:
    """The last line of a job: its peak memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    sys.stdout.write(json.dumps({"peak_gib": peak}) + "\n")


def size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    return sum(one.stat().st_size for one in ([path] if path.is_file() else path.rglob("*")) if one.is_file())


def seen(file: Path) -> tuple[int, float, float]:
    """Charts, seconds to the first paint, and to the last chart when each is scrolled to; medians."""
    sys.path.insert(0, str(PROJECT / "tests" / "report"))
    from headless_chromium import browser

    takes: list[tuple[int, float, float]] = []
    for _ in range(BROWSER_TAKES):
        with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as page:
            page.open(file)
            page.scroll_through()
            found: dict[str, Any] = page.ask(
                "({charts: document.querySelectorAll('[data-chart]').length,"
                " paint: performance.getEntriesByName('first-contentful-paint')[0].startTime})"
            )
            # every chart at once, as before printing: without the waits of a reader who scrolls
            page.open(file)
            drawn = page.ask(
                "(async () => { window.dispatchEvent(new Event('beforeprint'));"
                " while (document.querySelectorAll('[data-chart]:not([data-drawn])').length)"
                " await new Promise((go) => setTimeout(go, 5)); return performance.now(); })()"
            )
            takes.append((found["charts"], found["paint"] / 1000, drawn / 1000))
    return takes[0][0], *(statistics.median(one[at] for one in takes) for at in (1, 2))  # type: ignore[return-value]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="*", default=list(LENGTHS_DAYS))
    parser.add_argument("--homes", type=Path, help="a folder that keeps the homes")
    parser.add_argument("--job", choices=sorted(JOBS), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        JOBS[options.job](options.home, options.out)
        told_peak()
        return
    print(f"{datetime.now(UTC):%Y-%m-%d}")
    print(f"{'days':>6} {'copy s':>7} {'report s':>9} {'x copy':>7} {'peak GiB':>9} {'bytes':>10}", end="")
    print(f" {'charts':>7} {'first view s':>13} {'all drawn s':>12}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for days, home in homes(options.homes or folder, options.days).items():
            copy_s, _ = measured(__file__, "copy", home, folder / f"copy{days}")
            seconds, gib = measured(__file__, "report", home, folder / f"report{days}")
            (file,) = (folder / f"report{days}").glob("2*.html")
            charts, paint_s, drawn_s = seen(file)
            print(
                f"{days:6} {copy_s:7.2f} {seconds:9.2f} {seconds / copy_s:7.1f} {gib:9.2f} {size(file):10,}"
                f" {charts:7} {paint_s:13.2f} {drawn_s:12.2f}",
                flush=True,
            )
    print(f"limits at 400 days: {LIMIT_BYTES:,} bytes, {FIRST_VIEW_LIMIT_S} s, {DRAWN_LIMIT_S} s")


if __name__ == "__main__":
    main()
