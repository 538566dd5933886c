"""Datasets that need a key: asked only where the environment holds one, and the key is written nowhere.

A relay stands between the asker and the embedded exchange and keeps every request as it was sent. The key of
a real account must not even reach an embedded exchange, which is asked with a placeholder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from evidence import needs
from venue_truth import ASKED, modelled

from pipeline.clock import VirtualClock, end_of
from pipeline.fetch import Outcome, fetch
from pipeline.lake import Lake
from pipeline.moments import AFTER_MIDNIGHT, replay_moments
from pipeline.records import Dataset, Status
from pipeline.replay.faults import Fault
from pipeline.settings import Settings, key_variable
from pipeline.venues import VENUES

if TYPE_CHECKING:
    from conftest import Truth

pytestmark = needs("binance")
DAY = ASKED[2]
KEY, SECRET = "plantedkey4f81c2", "plantedsecret9d07ab"
KEYED = {Dataset.LEVERAGE_TIER: "leverageBracket", Dataset.BORROW_RATE: "crossMarginData"}


class Relay:
    """Passes requests on to an embedded exchange and keeps them."""

    def __init__(self, target: str) -> None:
        self.seen: list[str] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                seen.append(f"{self.requestline}\n{self.headers}")
                connection = HTTPConnection(urlsplit(target).netloc)
                connection.request("GET", self.path)
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Relay:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def relay(truth: Truth) -> Iterator[Relay]:
    truth.server.set_now(end_of(DAY) + AFTER_MIDNIGHT)
    with Relay(truth.server.address) as relay:
        yield relay


def run(relay: Relay, home: Path) -> Outcome:
    """One day of Binance through the relay."""
    settings = Settings(home=home, redirect=relay.address)
    clock = VirtualClock(end_of(DAY) + AFTER_MIDNIGHT)
    lake = Lake(settings.raw)
    venues = {"binance": VENUES["binance"]}
    moments = replay_moments([DAY])
    asking = fetch(venues, moments, settings=settings, clock=clock, lake=lake, run_id="keys")
    return asyncio.run(asking)[0]


def written(home: Path) -> str:
    """Everything under a home as text: names, cells of every table, and the bytes of every other file."""
    parts = []
    for path in sorted(home.rglob("*")):
        parts.append(str(path.relative_to(home)))
        if path.suffix == ".parquet":
            parts.append(str(pq.ParquetFile(path).read().to_pylist()))
        elif path.is_file():
            parts.append(path.read_bytes().decode(errors="replace"))
    return "\n".join(parts)


def log(home: Path) -> Mapping[str, tuple[str, str | None]]:
    """Status and message by dataset, of the last attempt."""
    rows: list[dict[str, Any]] = []
    for path in (home / "raw" / "fetch_log").rglob("*.parquet"):
        rows += pq.ParquetFile(path).read().to_pylist()
    rows.sort(key=lambda row: row["attempt"])
    return {row["dataset"]: (row["status"], row["message"]) for row in rows}


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    variable = key_variable("binance")
    monkeypatch.setenv(variable, KEY)
    monkeypatch.setenv(variable.removesuffix("_KEY") + "_SECRET", SECRET)


@pytest.mark.usefixtures("planted")
def test_with_a_key_the_keyed_endpoints_answer_and_the_key_is_nowhere(
    truth: Truth, relay: Relay, tmp_path: Path
) -> None:
    outcome = run(relay, tmp_path)
    for dataset, path in KEYED.items():
        assert outcome.statuses[dataset] is Status.ANSWERED
        asked = [request for request in relay.seen if path in request]
        assert asked
        assert all("signature=" in request for request in asked)
    with modelled(tmp_path, ("staging",)) as connection:
        tiers = connection.execute(
            "select market, tier, unit, notional_floor, notional_cap, maintenance_margin_rate_ratio,"
            " max_leverage from staging.stg_leverage_tier where day = $1",
            [DAY],
        ).fetchall()
        rates = connection.execute(
            "select currency, borrow_apr from staging.stg_borrow_rate where day = $1 and kind = 'cross'",
            [DAY],
        ).fetchall()
    assert sorted(tiers) == [
        ("BTCUSDT", 1, "quote", 0.0, 300000.0, 0.004, 125.0),
        ("BTCUSDT", 2, "quote", 300000.0, 800000.0, 0.005, 100.0),
        ("BTCUSDT", 3, "quote", 800000.0, None, 0.0065, 75.0),
        ("ETHUSD_PERP", 1, "base", 0.0, 15.0, 0.005, 100.0),
        ("ETHUSD_PERP", 2, "base", 15.0, 40.0, 0.006, 75.0),
    ]
    true = truth.tables["borrow_rate"]
    true = true[(true["venue"] == "binance") & (true["observed_at"] == end_of(DAY))]
    assert dict(rates) == pytest.approx(
        dict(zip(true["currency"], true["borrow_apr"], strict=True)), rel=1e-9
    )
    sent, kept = "\n".join(relay.seen), written(tmp_path)
    assert "leverageBracket" in sent
    assert "LeverageBracket" in kept
    for secret in (KEY, SECRET):
        assert secret not in sent
        assert secret not in kept


@pytest.mark.usefixtures("planted")
def test_an_error_of_a_keyed_endpoint_does_not_tell_the_key(
    truth: Truth, relay: Relay, tmp_path: Path
) -> None:
    truth.server.set_faults([Fault("binance", "status", path_contains="leverageBracket", status=500)])
    try:
        outcome = run(relay, tmp_path)
    finally:
        truth.server.clear_faults()
    assert outcome.statuses[Dataset.LEVERAGE_TIER] is Status.FAILED
    status, message = log(tmp_path)["leverage_tier"]
    assert status == "failed"
    assert message
    kept = written(tmp_path)
    # what signs a question is of no use to a reader of the log, and tells of the key
    signatures = {
        request.split("signature=")[1].split()[0] for request in relay.seen if "signature=" in request
    }
    assert signatures
    for secret in (KEY, SECRET, *signatures):
        assert secret not in kept


@pytest.mark.parametrize("half", [None, "_KEY"])
def test_without_a_key_the_log_says_so_and_nothing_is_asked(
    relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: str | None
) -> None:
    variable = key_variable("binance")
    if half is not None:  # half a key is none
        monkeypatch.setenv(variable.removesuffix("_KEY") + half, KEY)
    outcome = run(relay, tmp_path)
    for dataset, path in KEYED.items():
        assert outcome.statuses[dataset] is Status.NEEDS_KEY
        assert log(tmp_path)[dataset.value] == ("needs_key", f"set {variable} to a read-only key")
        assert not [request for request in relay.seen if path in request]
        assert not (tmp_path / "raw" / dataset.value).exists()
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.ANSWERED
    assert KEY not in written(tmp_path)
