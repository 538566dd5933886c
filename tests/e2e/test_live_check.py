"""`check --live` and `record` against the embedded exchange, a name that does not exist, and a proxy."""

from __future__ import annotations

import asyncio
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from homes import command
from typer.testing import CliRunner

from pipeline import home_check
from pipeline.cli import app
from pipeline.clock import SystemClock, VirtualClock, end_of
from pipeline.errors import UsageError
from pipeline.home_check import check_home
from pipeline.live_check import exit_code, probe
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.record import record, trimmed
from pipeline.records import Dataset, Status
from pipeline.replay.faults import Fault
from pipeline.replay.history import read_history
from pipeline.replay.process import ReplayServer
from pipeline.settings import Settings
from pipeline.venues import VENUES
from pipeline.venues.base import Venue

FOUR = {name: VENUES[name] for name in ("binance", "bitfinex", "hyperliquid", "okx")}


@pytest.fixture
def clock(world: Path, exchange: ReplayServer) -> Iterator[VirtualClock]:
    """The end of the made month, ten minutes after midnight."""
    clock = VirtualClock(end_of(read_history(world).days()[1]) + AFTER_MIDNIGHT)
    exchange.set_now(clock.now())
    yield clock
    exchange.clear_faults()


def probed(
    exchange: ReplayServer, home: Path, clock: VirtualClock, seconds: float = 45.0
) -> dict[tuple[str, Dataset], tuple[Status, str]]:
    """What a probe of the four venues says, by venue and dataset."""
    settings = Settings(home, redirect=exchange.address, timeout_seconds=5.0)
    found = asyncio.run(probe(FOUR, settings, clock, seconds=seconds))
    return {(one.venue, one.dataset): (one.status, one.said) for one in found}


def test_a_probe_says_unit_and_age_and_costs_a_few_calls(
    exchange: ReplayServer, clock: VirtualClock, tmp_path: Path
) -> None:
    before = sum(exchange.stats().get("binance", {}).values())
    said = probed(exchange, tmp_path, clock)
    assert set(said) == {(name, dataset) for name in FOUR for dataset in FOUR[name].reports}
    status, text = said["binance", Dataset.OPEN_INTEREST]
    assert status is Status.ANSWERED
    # three symbols; the exchange stamps its answer with its own instant
    assert text == "3 rows in base, contracts, 0 s old" or text.startswith("3 rows in base, ")
    # Hyperliquid sends no time
    assert said["hyperliquid", Dataset.OPEN_INTEREST][1].endswith(
        "rows in base, without a time of the venue's own"
    )
    assert said["binance", Dataset.MARGIN_LOAN][0] is Status.UNSUPPORTED
    assert sum(exchange.stats()["binance"].values()) - before < 40


def test_the_command_prints_a_line_a_dataset(
    exchange: ReplayServer, clock: VirtualClock, tmp_path: Path
) -> None:
    start = time.monotonic()
    done = command(
        "check",
        "--live",
        "--venues",
        "okx",
        "--home",
        str(tmp_path),
        environment={"MARGIN_DEBT_REDIRECT": exchange.address},
    )
    assert time.monotonic() - start < 60
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[:2] for line in lines] == [["okx", dataset.value] for dataset in VENUES["okx"].reports]
    assert ["okx", "open_interest", "answered:"] in [line[:3] for line in lines]


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (Fault("okx", "status", status=451), Status.BLOCKED, "HTTP 451 from okx"),
        (Fault("okx", "status", status=403), Status.BLOCKED, "its gatekeeper sent a web page"),
        (Fault("okx", "status", status=500), Status.FAILED, "Service unavailable"),
        (Fault("okx", "wrong_content_type", "open-interest"), Status.FAILED, "did not answer JSON"),
    ],
    ids=["451", "403", "500", "page"],
)
def test_each_trouble_has_its_sentence_and_the_others_answer(
    exchange: ReplayServer, clock: VirtualClock, tmp_path: Path, fault: Fault, status: Status, words: str
) -> None:
    exchange.set_faults([fault])
    said = probed(exchange, tmp_path, clock)
    assert said["okx", Dataset.OPEN_INTEREST][0] is status
    assert words in said["okx", Dataset.OPEN_INTEREST][1]
    assert said["binance", Dataset.OPEN_INTEREST][0] is Status.ANSWERED


def test_a_venue_that_hangs_is_named_when_the_time_is_over(
    exchange: ReplayServer, clock: VirtualClock, tmp_path: Path
) -> None:
    exchange.set_faults([Fault("okx", "timeout", "open-interest")])
    said = probed(exchange, tmp_path, clock, seconds=3.0)
    assert said["okx", Dataset.OPEN_INTEREST] == (Status.FAILED, "no answer within 3 s")
    assert said["okx", Dataset.MARKETS][0] is Status.ANSWERED


def elsewhere(host: str) -> Venue:
    """Binance at another host, through a ccxt class of this test."""
    import ccxt.async_support as ccxt_async

    of = ccxt_async.binance

    def describe(self: Any) -> Any:
        said = of.describe(self)
        urls = {
            key: f"https://{host}/{key}" for key, url in said["urls"]["api"].items() if isinstance(url, str)
        }
        said["urls"]["api"] = urls
        return said

    ccxt_async.elsewhere = type("elsewhere", (of,), {"describe": describe})
    made: Venue = type(
        "Elsewhere", (type(VENUES["binance"]),), {"name": "elsewhere", "ccxt_id": "elsewhere"}
    )()
    return made


def live(venue: Venue, home: Path) -> tuple[set[Status], str]:
    """What a probe without a redirect says about the venue's first dataset, and how its datasets ended."""
    settings = Settings(home, timeout_seconds=5.0)
    found = asyncio.run(probe({venue.name: venue}, settings, SystemClock()))
    assert exit_code(found) == 1
    asked = [one for one in found if one.status not in (Status.UNSUPPORTED, Status.NEEDS_KEY)]
    return {one.status for one in asked}, asked[0].said


def test_a_name_that_cannot_be_resolved_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    statuses, said = live(elsewhere("no-such-venue.invalid"), tmp_path)
    assert statuses == {Status.FAILED}
    assert "the name no-such-venue.invalid cannot be resolved: check the network and DNS" in said


class Refusing(socketserver.StreamRequestHandler):
    """A proxy that writes down whom it was asked for and lets nobody through."""

    asked: ClassVar[list[str]] = []

    def handle(self) -> None:
        """Refuse one CONNECT."""
        self.asked.append(self.rfile.readline().decode().split()[1])
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


def test_a_proxy_of_the_environment_is_used_and_its_refusal_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        port = proxy.server_address[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hush@127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        statuses, said = live(elsewhere("venue.invalid"), tmp_path)
        proxy.shutdown()
    assert "venue.invalid:443" in Refusing.asked
    assert statuses == {Status.FAILED}
    assert "the proxy of HTTPS_PROXY did not let the call through: 407" in said
    assert "hush" not in said


def test_a_recording_is_trimmed_and_keeps_all_keys() -> None:
    whole = {"data": [{"a": 1, "rows": [[1, 2, 3, 4], 2, 3, 4]}] * 5, "code": "0"}
    # lists in lists as well
    assert trimmed(whole) == {"data": [{"a": 1, "rows": [[1, 2, 3], 2, 3]}] * 3, "code": "0"}


def test_record_writes_what_the_venue_answered(
    exchange: ReplayServer, clock: VirtualClock, tmp_path: Path
) -> None:
    done = command(
        "record",
        "okx",
        "--out",
        str(tmp_path / "out"),
        "--home",
        str(tmp_path / "home"),
        environment={
            "MARGIN_DEBT_REDIRECT": exchange.address,
            "MARGIN_DEBT_OKX_KEY": "0f1e2d3c4b5a",
            "MARGIN_DEBT_OKX_SECRET": "hush-hush-hush",
            "MARGIN_DEBT_OKX_PASSWORD": "word-of-pass",
        },
    )
    assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / "out" / "okx").glob("*.json"))
    recordings = [json.loads(file.read_text()) for file in files]
    marks = [one for one in recordings if "/public/mark-price?" in one["url"]]
    assert marks
    assert all(one["url"].startswith("https://www.okx.com/") for one in recordings)
    assert all(len(one["answer"]["data"]) <= 3 and "markPx" in one["answer"]["data"][0] for one in marks)
    assert {one["is_live"] for one in recordings} == {False}
    text = "".join(file.read_text() for file in files).lower()
    assert not [word for word in ("0f1e2d3c4b5a", "hush", "word-of-pass", "ok-access") if word in text]


def test_record_writes_nothing_when_an_answer_holds_a_key(
    exchange: ReplayServer, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word of every answer of OKX stands in for a key that the venue sends back."""
    monkeypatch.setenv("MARGIN_DEBT_BINANCE_KEY", "instId")
    monkeypatch.setenv("MARGIN_DEBT_BINANCE_SECRET", "not in any answer")
    settings = Settings(tmp_path / "home", redirect=exchange.address)
    with pytest.raises(UsageError, match="holds the key of binance"):
        asyncio.run(record(VENUES["okx"], settings, clock, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_check_of_a_home_names_every_rule(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # held against the home once, and told in both forms
    verdicts = list(check_home(Settings(finished)))
    monkeypatch.setattr(home_check, "check_home", lambda _: verdicts)
    done = CliRunner().invoke(app, ["check", "--home", str(finished)])
    lines = done.stdout.splitlines()
    assert done.exit_code == 0, done.output
    assert any(line.startswith("ok   staging.stg_open_interest key_is_unique") for line in lines)
    # a check that compared nothing says so, and is neither kept nor broken
    assert "-    identity total_against_a_second_source: nothing to compare" in lines
    told = json.loads(CliRunner().invoke(app, ["check", "--home", str(finished), "--json"]).stdout)
    (second,) = [one for one in told if one["rule"] == "total_against_a_second_source"]
    assert (second["passed"], second["compared"]) == (None, 0)
    assert {one["rule"] for one in told if one["passed"] is None} == {
        one["rule"] for one in told if not one["compared"]
    }
    assert len(lines) == len(told)
    empty = command("check", "--home", str(tmp_path / "empty"))
    assert empty.returncode == 2
    assert "nothing was fetched" in empty.stderr
