"""Alerts against a receiver on this machine: one message a change, else silence, and no secret anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import duckdb
import pytest

from pipeline.alerts import alert
from pipeline.settings import Settings

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
MORNING = AS_OF + timedelta(minutes=10)


class Receiver(HTTPServer):
    """Keeps what it was sent; answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, Any]] = []
        self.status = 200

    @property
    def address(self) -> str:
        return f"json://user:hunter2@127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def home() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            "create schema internal; create schema signals;"
            "create table signals.risk_levels (as_of timestamptz, level varchar, drivers varchar);"
            "create table signals.readings (as_of timestamptz, signal varchar, scope_type varchar,"
            " scope varchar, level varchar, reason varchar)"
        )
        yield connection


def read(home: duckdb.DuckDBPyConnection, day: int, level: str, accumulation: str, okx: str = "calm") -> None:
    """The readings of the day that ended `day` days after AS_OF."""
    at = AS_OF + timedelta(days=day)
    home.execute(
        "insert into signals.risk_levels values ($1, $2, $3)", [at, level, "accumulation " + accumulation]
    )
    for signal, scope_type, scope, named in (
        ("accumulation", "market", "all", accumulation),
        ("accumulation", "asset", "BTC", "critical"),  # never told: an asset's change is in risk_events
        ("blindness", "market", "all", "calm"),
        ("blindness", "venue", "okx", okx),
    ):
        row = [at, signal, scope_type, scope, named, f"{signal} is {named}."]
        home.execute("insert into signals.readings values ($1, $2, $3, $4, $5, $6)", row)


def run(home: duckdb.DuckDBPyConnection, receiver: Receiver, day: int, *more: str) -> list[str]:
    """One daily run; returns what was told on the console."""
    said: list[str] = []
    alert(home, [*more, receiver.address], MORNING + timedelta(days=day), said.append)
    return said


def test_a_change_is_told_once_and_again_only_on_change(
    home: duckdb.DuckDBPyConnection, receiver: Receiver
) -> None:
    read(home, 0, "calm", "calm")
    assert run(home, receiver, 0) == []
    assert receiver.got == []  # a first run in calm has nothing to say
    read(home, 1, "high", "high")
    run(home, receiver, 1)
    run(home, receiver, 1)  # the same day again
    read(home, 2, "high", "high")
    run(home, receiver, 2)  # the same level on another day
    assert len(receiver.got) == 1
    assert receiver.got[0]["title"] == "Margin debt: market level high"
    assert receiver.got[0]["message"].splitlines() == [
        "Market level: calm became high. accumulation high.",
        "Accumulation: calm became high. accumulation is high.",
    ]
    read(home, 3, "calm", "calm")
    run(home, receiver, 3)
    assert len(receiver.got) == 2
    assert "Accumulation: high became calm." in receiver.got[1]["message"]


def test_the_first_run_names_what_is_already_high(
    home: duckdb.DuckDBPyConnection, receiver: Receiver
) -> None:
    read(home, 0, "elevated", "elevated")
    run(home, receiver, 0)
    assert receiver.got[0]["message"].splitlines()[0] == "Market level: elevated. accumulation elevated."


def test_stale_data_is_told_as_blindness_once(home: duckdb.DuckDBPyConnection, receiver: Receiver) -> None:
    read(home, 0, "calm", "calm")
    run(home, receiver, 0)
    for _ in range(2):
        run(home, receiver, 2)  # 48 hours and no newer reading
    assert len(receiver.got) == 1
    assert receiver.got[0]["message"].splitlines()[1] == (
        "Blindness: calm became unknown. The last reading is of 2026-03-02 00:00 UTC: the daily run has "
        "brought nothing since."
    )


def test_a_first_run_on_stale_data_is_told(home: duckdb.DuckDBPyConnection, receiver: Receiver) -> None:
    read(home, 0, "calm", "calm")
    run(home, receiver, 9)
    assert receiver.got[0]["message"].startswith(
        "Blindness: unknown. The last reading is of 2026-03-02 00:00 UTC"
    )


def test_a_blind_venue_is_told(home: duckdb.DuckDBPyConnection, receiver: Receiver) -> None:
    read(home, 0, "calm", "calm")
    run(home, receiver, 0)
    read(home, 1, "calm", "calm", okx="critical")
    run(home, receiver, 1)
    assert receiver.got[0]["message"] == "Blindness of okx: calm became critical. blindness is critical."


def test_what_nobody_took_is_told_by_the_next_run(
    home: duckdb.DuckDBPyConnection, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    read(home, 0, "high", "high")
    receiver.status = 500
    said = run(home, receiver, 0, "not a url hunter2")
    assert said == [
        "An alert was not sent: address 1 of 2 in MARGIN_DEBT_NOTIFY_URLS is no apprise URL",
        "An alert was not sent: address 2 of 2 in MARGIN_DEBT_NOTIFY_URLS did not take it; the next run tries"
        " again if none did",
    ]
    assert "hunter2" not in caplog.text
    receiver.status = 200
    assert run(home, receiver, 0) == []
    assert [one["title"] for one in receiver.got] == ["Margin debt: market level high"] * 2


def test_addresses_come_from_the_environment_and_are_not_printed() -> None:
    given = {"MARGIN_DEBT_NOTIFY_URLS": " json://127.0.0.1:1/hunter2 , mailto://a:hunter2@example.org"}
    settings = Settings.from_environment(environment=given)
    assert settings.notify_urls == ("json://127.0.0.1:1/hunter2", "mailto://a:hunter2@example.org")
    assert "hunter2" not in repr(settings)
    assert Settings.from_environment(environment={}).notify_urls == ()


def test_without_an_address_nothing_is_remembered(home: duckdb.DuckDBPyConnection) -> None:
    read(home, 0, "high", "high")
    assert alert(home, [], MORNING, pytest.fail) == 0
    assert home.execute("select count(*) from duckdb_tables() where schema_name = 'internal'").fetchone() == (
        0,
    )
