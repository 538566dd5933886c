"""Venues whose every coin has a hostile name, through the whole pipe to everything that people open.

The names are markup, SQL, paths, formulas and format strings; those that no reader could tell from others
(control and bidi characters, ten thousand letters) are refused at the door and named in the log. Markets have
them, and the currencies of loans, of what borrowing costs and of insurance funds.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from homes import COMMAND_SECONDS, DAYS, PROJECT, Row, ask, clean_environment, command, run_days

from pipeline.clock import end_of
from pipeline.console import Console
from pipeline.engine import Ending
from pipeline.export.command import Request, export
from pipeline.replay.history import read_history, write_history
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings

DAY = DAYS[1]
SCRIPT = "<script>alert(1)</script>"
NAMES = (
    SCRIPT,
    '"><img src=x onerror=alert(2)>',
    "</script><svg onload=alert(3)>",
    "x'; drop table marts.market_daily; --",
    'x" from raw.markets; drop view raw.markets; --',
    "../../../../escaped",
    "/etc/escaped",
    '=HYPERLINK("x","y")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "-2+3",
    "%s%n{0}${x}",
    "[bold red]x[/bold red]",
    "a,b;c|d&e",
)
# Told from the markets by their last letter. A loan counts where its coin has a price: those of the markets.
CURRENCIES = tuple(f"{name}¤" for name in NAMES)
COINS = tuple(name.upper() for name in NAMES)
# What the door refuses, and what must not arrive anywhere.
REFUSED = ("A\x1b[31mB", "A\u202eTCB", "A\u200bB", "A" * 10_000)
# Venue, dataset, currencies, and what the history folder holds of each.
LENDING = (
    ("okx", "borrow_rate", CURRENCIES, {"kind": "cross", "borrow_apr": 0.0730}),
    ("backpack", "margin_loan", COINS, {"measure": "used", "amount": 1250.5}),
    ("backpack", "margin_loan", COINS, {"measure": "lent", "amount": 2000.0}),
    ("binance", "insurance_fund", CURRENCIES, {"balance": 910.25}),
)
VENUES = ("backpack", "binance", "hyperliquid", "okx")
OKX_NAMES = {"BTC-USDT-SWAP": "=1+1-SWAP", "ETH-USDT-SWAP": "<b>&amp;-SWAP", "SOL-USDT-SWAP": "';--SWAP"}


@pytest.fixture(scope="module")
def hostile_world(tmp_path_factory: pytest.TempPathFactory, world: Path) -> Path:
    """The made month, with Hyperliquid's coins and three contracts of OKX under hostile names."""
    history = read_history(world)
    worth = history.tables["open_interest"].merge(
        history.tables["price"], on=["venue", "market", "observed_at"]
    )
    worth["usd"] = worth["open_interest_base"] * worth["mark_price"]
    largest = worth[worth["venue"] == "hyperliquid"].groupby("market")["usd"].max().sort_values()
    coins = list(largest.index[::-1])
    assert len(coins) == len(NAMES) + len(REFUSED)
    renamed = {"hyperliquid": dict(zip(coins, NAMES + REFUSED, strict=True)), "okx": OKX_NAMES}
    tables = {}
    for name, frame in history.tables.items():
        is_kept = frame["venue"] == "hyperliquid"
        if "market" in frame:
            is_kept |= (frame["venue"] == "okx") & frame["market"].isin(OKX_NAMES)
        changed = frame[is_kept].reset_index(drop=True)
        for venue, names in renamed.items():
            columns = ("market", "base") if venue == "hyperliquid" else ("market",)
            for column in set(columns) & set(changed):
                mine = changed["venue"] == venue
                changed.loc[mine, column] = changed.loc[mine, column].replace(names)
        tables[name] = pd.concat([changed, *beside(frame)], ignore_index=True)
    for venue, name, currencies, values in LENDING:
        about = {"venue": venue, "observed_at": [end_of(day) for day in DAYS[:2]], **values}
        rows = [pd.DataFrame({"currency": currency, **about}) for currency in currencies + REFUSED]
        tables[name] = pd.concat([tables.get(name, pd.DataFrame()), *rows], ignore_index=True)
    folder = tmp_path_factory.mktemp("hostile") / "world"
    write_history(folder, tables, history.about)
    return folder


def beside(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """One honest market each of the venues that are here for their loans and funds."""
    if "market" in frame:
        yield frame[(frame["venue"] == "binance") & (frame["market"] == "BTCUSDT")]
        coin = frame[(frame["venue"] == "hyperliquid") & (frame["market"] == "BTC")]
        honest = {"venue": "backpack", "market": "BTC_USDC_PERP"}
        yield coin.assign(**honest, **({"quote": "USDC", "settle": "USDC"} if "quote" in coin else {}))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, hostile_world: Path) -> tuple[Path, Ending]:
    home = tmp_path_factory.mktemp("hostile_home") / "a" / "b" / "c" / "home"
    with ReplayServer(hostile_world) as server:
        ending, _ = run_days(home, hostile_world, server, DAYS[:2], venues=VENUES)
    return home, ending


def named(home: Path) -> dict[str, Row]:
    rows = ask(home, "select * from market_daily where day = $1::date order by market", DAY)
    return {row["market"]: row for row in rows}


def test_the_run_ends_and_every_name_is_itself(ran: tuple[Path, Ending]) -> None:
    home, ending = ran
    assert ending.succeeded, ending.problems
    found = named(home)
    for name in (*NAMES, *OKX_NAMES.values()):
        assert found[name]["status"] == "seen"
        assert found[name]["open_interest_usd"] > 0
    # ccxt writes currencies in capitals
    assert {found[name]["asset"] for name in NAMES} == {name.upper() for name in NAMES}
    assert {found[name]["asset"] for name in OKX_NAMES.values()} == {"BTC", "ETH", "SOL"}


def test_every_currency_is_itself(ran: tuple[Path, Ending]) -> None:
    home, _ = ran
    rates = ask(home, "select currency, borrow_apr from borrow_daily where day = $1::date", DAY)
    assert {row["currency"]: row["borrow_apr"] for row in rates} == pytest.approx(
        dict.fromkeys(CURRENCIES, 0.0730)
    )
    loans = ask(
        home,
        "select asset, estimate_usd from margin_debt_daily where day = $1::date and class = 'margin_loan'",
        DAY,
    )
    prices = ask(
        home,
        "select asset, open_interest_usd / open_interest_base as price_usd from market_daily"
        " where venue = 'hyperliquid' and day = $1::date",
        DAY,
    )
    # 1,250.5 coins are used of each
    assert {row["asset"]: row["estimate_usd"] for row in loans} == pytest.approx(
        {row["asset"]: 1250.5 * row["price_usd"] for row in prices}
    )
    assert {row["asset"] for row in loans} == set(COINS)
    # funds are in no published table: they are told from staging
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        funds = connection.execute("select distinct currency from staging.stg_insurance_fund").fetchall()
    assert {currency for (currency,) in funds} == set(CURRENCIES)


@pytest.mark.parametrize(
    ("venue", "dataset"), [("hyperliquid", "markets"), *{one[:2]: None for one in LENDING}]
)
def test_what_no_reader_could_tell_is_refused_and_told(
    ran: tuple[Path, Ending], venue: str, dataset: str
) -> None:
    home, _ = ran
    (log,) = ask(
        home,
        "select status, message from fetch_log where venue = $1 and dataset = $2 and day = $3::date",
        venue,
        dataset,
        DAY,
    )
    assert log["status"] == "partial"
    assert "is not a name" in log["message"]
    assert log["message"].isascii()
    assert log["message"].isprintable()
    assert not set(REFUSED) & set(named(home))
    assert "A" * 200 not in everything(home)
    assert "\u202e" not in everything(home)
    assert "\x1b" not in everything(home)


def test_no_name_becomes_a_path(ran: tuple[Path, Ending]) -> None:
    home, _ = ran
    place = home.parents[3]
    assert [path.name for path in place.iterdir()] == ["a"]
    assert not [path for path in place.rglob("*") if "escaped" in path.name]
    for path in (home / "raw").rglob("*.parquet"):
        where = path.relative_to(home / "raw").as_posix()
        assert re.fullmatch(r"[a-z_]+(/venue=[a-z0-9_]+)?/day=\d{4}-\d\d-\d\d/[\w.-]+\.parquet", where), where


@cache
def everything(home: Path) -> str:
    """Reports, pages of quality, logs and every published table, as text."""
    parts = [path.read_text() for path in sorted((home / "reports").rglob("*.html"))]
    parts += [path.read_text() for path in sorted(home.glob("*.*")) if path.suffix in (".json", ".prom")]
    tables = ask(home, "select table_name from duckdb_tables()")
    parts += [str(ask(home, f"select * from {row['table_name']}")) for row in tables]
    return "\n".join(parts)


class Elements(HTMLParser):
    """What a browser would make of a page: its elements, handlers, scripts and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.handlers: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def pages(home: Path) -> Iterator[tuple[str, Elements]]:
    for path in sorted((home / "reports").rglob("*.html")):
        elements = Elements()
        elements.feed(path.read_text())
        yield path.name, elements


def test_no_name_becomes_markup_in_reports_or_pages_of_quality(ran: tuple[Path, Ending]) -> None:
    shown = ""
    for name, page in pages(ran[0]):
        assert page.handlers == [], name
        assert not {"img", "bold"} & set(page.names), name
        assert not [text for text in page.texts if text.lower().startswith("alert(")], name
        shown += "\n".join(page.texts).lower()
    # the names are there to be read, not left out
    assert SCRIPT in shown
    assert f"{SCRIPT}¤" in shown
    assert "../../../../escaped" in shown


def test_tables_that_names_wanted_dropped_are_there(ran: tuple[Path, Ending]) -> None:
    tables = {row["table_name"] for row in ask(ran[0], "select table_name from duckdb_tables()")}
    assert {"market_daily", "fetch_log", "margin_debt_daily"} <= tables


def exported(home: Path, form: str, out: Path, table: str = "market_daily") -> Path:
    (path,) = export(Settings(home), Request(form, out, [table]), Console(is_quiet=True))
    return path


# table and its column of names -> the names that must be there
SHOWN = {
    ("market_daily", "market"): (*NAMES, *OKX_NAMES.values()),
    ("borrow_daily", "currency"): CURRENCIES,
    ("margin_debt_daily", "asset"): COINS,
}


@pytest.mark.parametrize(("table", "column"), SHOWN)
def test_a_spreadsheet_runs_none_of_them(
    ran: tuple[Path, Ending], tmp_path: Path, table: str, column: str
) -> None:
    path = exported(ran[0], "csv", tmp_path / "names.csv", table)
    header, *rows = list(csv.reader(io.StringIO(path.read_text())))
    cells = {row[header.index(column)] for row in rows}
    assert {f"'{name}" if name[0] in "=+-@" else name for name in SHOWN[table, column]} <= cells
    for cell in (cell for row in rows for cell in row):
        assert not re.match(r"[=+@\t\r]|-(?!\d+(\.\d+)?(e[+-]?\d+)?$)", cell), cell
    book, shown = exported(ran[0], "xlsx", tmp_path / "names.xlsx", table), ""
    with zipfile.ZipFile(book) as parts:
        for part in parts.namelist():
            text = parts.read(part).decode(errors="replace")
            assert "<f>" not in text, part
            assert "<hyperlink" not in text, part
            shown += text
    assert "=HYPERLINK(" in shown  # as a text


def test_json_and_queries_hold_the_names_as_they_are(ran: tuple[Path, Ending], tmp_path: Path) -> None:
    for (table, _), names in SHOWN.items():
        path = exported(ran[0], "json", tmp_path / f"{table}.json", table)
        assert set(names) <= set(re.findall(r".+", "\n".join(strings(path))))
    sql = "select distinct market from market_daily order by market"
    done = command("query", sql, "--format", "json", "--home", str(ran[0]))
    assert done.returncode == 0, done.stderr
    assert set(strings(done.stdout)) >= {*NAMES, *OKX_NAMES.values()}


def strings(source: Path | str) -> list[str]:
    """Every text in a JSON document."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                walk(one)

    walk(json.loads(source.read_text() if isinstance(source, Path) else source))
    return found


def test_a_terminal_is_sent_no_command(ran: tuple[Path, Ending]) -> None:
    """On a terminal of its own: names word for word, and a control character from anywhere is spelled out."""
    sql = (
        "select distinct market from market_daily where venue = 'hyperliquid'"
        " union all select distinct currency from borrow_daily"
        " union all select 'a' || chr(27) || ']0;title' || chr(7)"
        " union all select 'b' || chr(8238) || chr(8203)"
    )
    shown = on_a_terminal("query", sql, "--home", str(ran[0]))
    assert SCRIPT in shown
    assert f"{SCRIPT}¤" in shown
    assert "[bold red]x[/bold red]¤" in shown
    assert "a\\x1b]0;title\\x07" in shown
    assert "b\\x202e\\x200b" in shown
    # the head of a table is bold; nothing else may be sent
    assert set(re.findall(r"\x1b[^m]*m", shown)) <= {"\x1b[1m", "\x1b[0m"}
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\u200b\u202e]", shown)


def on_a_terminal(*words: str) -> str:
    """What `margin-debt WORDS` writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {**clean_environment(), "TERM": "xterm", "COLUMNS": "200"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words],
        cwd=PROJECT,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    got = b""
    try:
        while part := os.read(ours, 65536):
            got += part
    except OSError:
        pass  # the other side is closed: all was read
    assert process.wait(COMMAND_SECONDS) == 0, got
    os.close(ours)
    return got.decode()
