"""How long each export of all published tables takes and how large it is: `python bench/export.py`.

Homes as in `bench/report.py`. Each export is a process of its own, its start counted; beside it a plain COPY
of the same tables to Parquet and to CSV by DuckDB alone. Only ratios within a run are to be trusted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from report import LENGTHS_DAYS, homes, measured, plain_copy, size, told_peak

FORMS = ("parquet", "csv", "json", "xlsx", "html", "pdf", "dbt")
SINGLE = ("json", "xlsx", "html", "pdf")  # one file; the others are a folder


def plain_csv(home: Path, out: Path) -> None:
    """Every published table to CSV, as DuckDB does it by itself."""
    import duckdb

    out.mkdir()
    with duckdb.connect(str(home / "serving" / "margin_debt.duckdb"), read_only=True) as connection:
        for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            connection.execute(f"copy {name} to '{out / name}.csv' (format csv, header)")


def rows_of(home: Path) -> int:
    """Rows of all published tables."""
    import duckdb

    with duckdb.connect(str(home / "serving" / "margin_debt.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        counts = [connection.execute(f"select count(*) from {name}").fetchone() for name in names]
    return sum(int(row[0]) for row in counts if row)


def export(form: str, home: Path, out: Path) -> None:
    """`margin-debt export` of everything in one format."""
    from pipeline.console import Console
    from pipeline.export.command import Request
    from pipeline.export.command import export as write
    from pipeline.settings import Settings

    write(Settings(home), Request(form, out), Console(is_quiet=True))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="*", default=list(LENGTHS_DAYS))
    parser.add_argument("--homes", type=Path, help="a folder that keeps the homes")
    parser.add_argument("--job", choices=["copy", "plain_csv", *FORMS], help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        plain = {"copy": plain_copy, "plain_csv": plain_csv}.get(options.job)
        if plain is None:
            export(options.job, options.home, options.out)
        else:
            plain(options.home, options.out)
        told_peak()
        return
    print(f"{datetime.now(UTC):%Y-%m-%d}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for days, home in homes(options.homes or folder, options.days).items():
            print(f"\n{days} days, {rows_of(home):,} rows")
            print(f"{'export':28} {'seconds':>8} {'x copy':>7} {'peak GiB':>9} {'bytes':>12}")
            copy_s = 0.0
            for job in ("copy", "plain_csv", *FORMS):
                out = folder / f"{job}{days}" if job not in SINGLE else folder / f"{days}.{job}"
                try:
                    seconds, gib = measured(__file__, job, home, out)
                except SystemExit as problem:
                    print(f"{job:28} {str(problem).strip().splitlines()[-1][:80]}")
                    continue
                copy_s = copy_s or seconds
                title = {"copy": "plain COPY to Parquet", "plain_csv": "plain COPY to CSV"}.get(job, job)
                ratio = seconds / copy_s
                print(f"{title:28} {seconds:8.2f} {ratio:7.1f} {gib:9.2f} {size(out):12,}", flush=True)


if __name__ == "__main__":
    main()
