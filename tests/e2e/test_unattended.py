"""A day asked for by cron's command and by Dagster's daemon: the same marts, and what a monitor finds.

Both runs hold keys that must reach nobody; the daemon's is `make soak`'s. The command's run is asked for JSON
lines; Dagster's is started on its web page, and its change of level is told to a receiver on this machine.
"""

from __future__ import annotations

import json
import re
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import psutil
import pytest
from homes import DAYS, PROJECT, ask, clean_environment, command, mart_hashes, written
from relay import Relay

from pipeline.clock import end_of
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.replay.process import ReplayServer

DAY = DAYS[0]
IN_ENVIRONMENT = ("plantedkey-in-the-environment-5c1", "plantedsecret-in-the-environment-77e")
IN_FILE = ("plantedkey-in-the-file-a90f", "plantedsecret-in-the-file-03bd", "plantedpassword-in-the-file-be2")


@dataclass
class Ran:
    """A home after one run, and what was seen from outside while it ran."""

    home: Path
    said: str
    sent: list[str]
    told: list[dict[str, Any]] = field(default_factory=list)
    listening: set[str] = field(default_factory=set)


def environment_of(home: Path, relay: Relay) -> dict[str, str]:
    """One key in the environment, one in the home's file."""
    home.mkdir()
    (home / "keys.toml").write_text(
        '[kucoinfutures]\nkey = "{}"\nsecret = "{}"\npassword = "{}"\n'.format(*IN_FILE)
    )
    (home / "keys.toml").chmod(0o600)
    key, secret = IN_ENVIRONMENT
    return {
        "MARGIN_DEBT_HOME": str(home),
        "MARGIN_DEBT_REDIRECT": relay.address,
        "MARGIN_DEBT_BINANCE_KEY": key,
        "MARGIN_DEBT_BINANCE_SECRET": secret,
    }


@pytest.fixture(scope="module")
def relay(exchange: ReplayServer) -> Iterator[Relay]:
    exchange.set_now(end_of(DAY) + AFTER_MIDNIGHT)
    with Relay(exchange.address) as relay:
        yield relay


@pytest.fixture(scope="module")
def by_command(tmp_path_factory: pytest.TempPathFactory, relay: Relay) -> Ran:
    """`margin-debt run`, as cron or a timer starts it."""
    home = tmp_path_factory.mktemp("command") / "home"
    before = len(relay.seen)
    done = command("run", "--log-format", "json", environment=environment_of(home, relay))
    assert done.returncode == 0, done.stderr
    return Ran(home, done.stderr, relay.seen[before:])


@pytest.fixture(scope="module")
def by_page(tmp_path_factory: pytest.TempPathFactory, relay: Relay) -> Ran:
    """The daily job for the same day, started on the web page and run by the daemon."""
    folder = tmp_path_factory.mktemp("page")
    home = folder / "home"
    environment = environment_of(home, relay)
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        # what was told the day before
        connection.execute(
            "create schema internal; create table internal.told_levels (signal varchar, scope_type varchar,"
            " scope varchar, level varchar, primary key (signal, scope_type, scope));"
            "insert into internal.told_levels values ('market level', 'market', 'all', 'calm')"
        )
    before = len(relay.seen)
    ran = Ran(home, "", [])
    with _receiver(ran.told) as address, _dev(folder, {**environment, **address}) as (port, processes):
        run_id = _launch(port)
        _wait_for(port, run_id)
        for process in processes():
            ran.listening |= {
                one.laddr.ip for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN
            }
    ran.said = (folder / "dev.log").read_text()
    ran.sent = relay.seen[before:]
    return ran


@pytest.mark.soak
def test_cron_and_the_daemon_make_the_same_marts(by_command: Ran, by_page: Ran) -> None:
    assert mart_hashes(by_command.home) == mart_hashes(by_page.home)
    days = ask(by_page.home, "select distinct day from margin_debt_daily")
    assert days == [{"day": DAY}]


@pytest.mark.soak
def test_a_run_of_the_web_page_tells_a_change_of_level(by_page: Ran) -> None:
    (message,) = by_page.told
    assert message["title"] == "Margin debt: market level unknown (made history)"
    assert message["message"].startswith("Market level: calm became unknown.")


@pytest.mark.soak
def test_nothing_listens_to_other_machines(by_page: Ran) -> None:
    assert by_page.listening == {"127.0.0.1"}


@pytest.mark.parametrize("how", ["by_command", pytest.param("by_page", marks=pytest.mark.soak)])
def test_no_key_is_sent_or_written_while_a_redirect_is_set(how: str, request: pytest.FixtureRequest) -> None:
    ran: Ran = request.getfixturevalue(how)
    asked = "\n".join(ran.sent)
    # the venue whose key is set was asked; what a call that needs a key sends is tests/venues/test_keys.py
    assert "/fapi/v1/openInterest?symbol=BTCUSDT" in asked
    kept = written(ran.home)
    assert "leverage_tier" in kept
    for secret in (*IN_ENVIRONMENT, *IN_FILE):
        assert secret not in asked
        assert secret not in ran.said
        assert secret not in kept


def test_logs_are_json_lines_with_the_id_of_the_run(by_command: Ran) -> None:
    lines = [json.loads(line) for line in by_command.said.splitlines()]
    run_ids = {row["run_id"] for row in ask(by_command.home, "select distinct run_id from fetch_log")}
    assert {line["run_id"] for line in lines} == run_ids
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["at"]) for line in lines)
    fetched = {line["venue"]: line for line in lines if line["event"] == "fetched"}
    assert {"binance", "bitfinex", "hyperliquid", "okx"} <= set(fetched)
    assert fetched["okx"]["statuses"]["open_interest"] == "answered"
    stored = ask(by_command.home, "select sum(rows) as rows from fetch_log where venue = 'okx'")
    assert fetched["okx"]["rows"] == stored[0]["rows"] > 0


_LINE = re.compile(r'^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)+)\})? (\S+)$')


def metrics_of(home: Path) -> dict[str, dict[str, float]]:
    """A small reader of the text format: name -> labels as written -> value."""
    text = (home / "metrics.prom").read_text()
    assert text.endswith("\n")
    found: dict[str, dict[str, float]] = {}
    announced: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind == "gauge"
            assert name not in announced  # a metric's lines stand together
            announced.add(name)
        elif not line.startswith("# HELP "):
            match = _LINE.match(line)
            assert match, line
            assert match[1] in announced
            values = found.setdefault(match[1], {})
            assert (match[2] or "") not in values
            values[match[2] or ""] = float(match[3])
    return found


@pytest.mark.parametrize("how", ["by_command", pytest.param("by_page", marks=pytest.mark.soak)])
def test_metrics_say_how_the_run_ended(how: str, request: pytest.FixtureRequest) -> None:
    home: Path = request.getfixturevalue(how).home
    found = metrics_of(home)
    assert found["margin_debt_last_run_exit_code"] == {"": 0.0}
    assert found["margin_debt_last_run_end_timestamp_seconds"] == {
        "": (end_of(DAY) + AFTER_MIDNIGHT).timestamp()
    }
    # the run stands ten minutes after the end of its day
    assert found["margin_debt_freshness_seconds"] == {"": 600.0}
    assert found["margin_debt_data_end_timestamp_seconds"] == {"": end_of(DAY).timestamp()}
    assert found["margin_debt_last_run_duration_seconds"][""] > 0
    assert found["margin_debt_risk_level"] == {"": -1.0}  # one day is too short a history for any signal
    assert found["margin_debt_coverage_ratio"]['venue="all"'] == 1.0
    (okx,) = ask(
        home, "select sum(rows) as rows from fetch_log where venue = 'okx' and dataset = 'open_interest'"
    )
    assert found["margin_debt_fetched_rows"]['venue="okx",dataset="open_interest"'] == okx["rows"] > 0
    assert stat.S_IMODE((home / "metrics.prom").stat().st_mode) & 0o044  # a monitor is another user
    ended = json.loads((home / "last_run.json").read_text())
    assert (ended["exit_code"], ended["first_day"], ended["last_day"]) == (0, str(DAY), str(DAY))


@pytest.mark.usefixtures("by_command")
def test_the_doctor_knows_the_last_run_and_the_keys(by_command: Ran, relay: Relay) -> None:
    environment = {
        "MARGIN_DEBT_REDIRECT": relay.address,
        "MARGIN_DEBT_BINANCE_KEY": IN_ENVIRONMENT[0],
        "MARGIN_DEBT_BINANCE_SECRET": IN_ENVIRONMENT[1],
    }
    done = command("doctor", "--json", "--home", str(by_command.home), environment=environment)
    found = {one["name"]: one for one in json.loads(done.stdout)}
    assert done.returncode == 0, found
    assert found["last run"]["grade"] == "OK"
    assert found["last run"]["said"].startswith(f"exit code 0 for {DAY}")
    assert found["published database"]["said"] == f"1 days, the last {DAY}"
    assert found["clock"]["grade"] == "OK"
    assert found["key of binance"]["grade"] == "WARN"
    assert "enableMargin, enableWithdrawals" in found["key of binance"]["said"]
    assert "MARGIN_DEBT_BINANCE_KEY" in found["key of binance"]["remedy"]
    assert found["key of kucoinfutures"]["grade"] == "OK"


@contextmanager
def _receiver(got: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Takes messages; yields the setting that names it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield {"MARGIN_DEBT_NOTIFY_URLS": f"json://127.0.0.1:{server.server_port}/"}
    server.shutdown()
    server.server_close()


@contextmanager
def _dev(folder: Path, environment: dict[str, str]) -> Iterator[tuple[int, Any]]:
    """What `make dev` starts; all of it has to be gone when it was told to end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "dev.log").open("w") as log:
        process = psutil.Popen(
            [sys.executable, "-m", "pipeline.dev", "--port", str(port)],
            cwd=PROJECT,
            env={**clean_environment(), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started = [process]

        def processes() -> list[psutil.Process]:
            started.extend(process.children(recursive=True))
            return started

        try:
            yield port, processes
        finally:
            processes()
            process.terminate()
            _, alive = psutil.wait_procs(started, timeout=60)
            for one in alive:
                one.kill()
    assert alive == []
    assert len(started) >= 4, "the page, the daemon and the server of the code were not seen"


_LOCATION = """{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus locationOrLoadError {
  __typename ... on RepositoryLocation { repositories { name } } } } } } }"""
_LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_PATIENCE_SECONDS = 240


def _asked(port: int, query: str, **variables: object) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 our own server
        answer: dict[str, Any] = json.load(response)["data"]
    return answer


def _launch(port: int) -> str:
    """Start the daily job for the day, once the page knows our code; returns the run's id."""
    limit = time.monotonic() + _PATIENCE_SECONDS
    entries: list[dict[str, Any]] = []
    while not entries or entries[0]["loadStatus"] != "LOADED":
        assert time.monotonic() < limit, "the page did not load our code"
        time.sleep(0.5)
        try:
            entries = _asked(port, _LOCATION)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, ConnectionError, KeyError):
            continue
    (entry,) = entries
    (repository,) = entry["locationOrLoadError"]["repositories"]
    selector = {
        "repositoryLocationName": entry["name"],
        "repositoryName": repository["name"],
        "jobName": "daily",
    }
    tags = [{"key": "dagster/partition", "value": str(DAY)}]
    launched = _asked(
        port, _LAUNCH, p={"selector": selector, "executionMetadata": {"tags": tags}, "runConfigData": {}}
    )["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return str(launched["run"]["runId"])


def _wait_for(port: int, run_id: str) -> None:
    limit = time.monotonic() + _PATIENCE_SECONDS
    status = "QUEUED"
    while status not in ("SUCCESS", "FAILURE", "CANCELED"):
        assert time.monotonic() < limit, status
        time.sleep(1)
        status = _asked(port, _STATUS, id=run_id)["runOrError"]["status"]
    assert status == "SUCCESS"
