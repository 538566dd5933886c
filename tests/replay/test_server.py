"""The server over plain HTTP: hosts, time, depth, control, limits, and how its life ends."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from plain_http import DERIV, INTEREST, NOW, NOW_MS, PREMIUM, get, info

from pipeline.errors import HistoryInvalid, MarginDebtError, UsageError
from pipeline.replay.faults import Fault
from pipeline.replay.process import ReplayServer, remote_held


def test_only_known_hosts_are_spoken_for(replay: ReplayServer) -> None:
    status, _, body = get(replay, "/evil.example/fapi/v1/openInterest?symbol=BTCUSDT")
    assert status == 404
    assert "evil.example" in json.loads(body)["error"]


def test_it_listens_on_this_machine_only(replay: ReplayServer) -> None:
    assert urlsplit(replay.address).hostname == "127.0.0.1"
    outward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        outward.connect(("192.0.2.1", 9))  # sends nothing: asks which address would be used
        own = outward.getsockname()[0]
    except OSError:
        pytest.skip("this machine has no address but its own")
    finally:
        outward.close()
    with pytest.raises(OSError), socket.create_connection((own, int(urlsplit(replay.address).port or 0)), 2):  # noqa: PT011
        pass


def test_time_moves_only_when_told(replay: ReplayServer) -> None:
    assert replay.now() == NOW
    assert json.loads(get(replay, PREMIUM)[2])[0]["time"] == NOW_MS
    replay.set_now(NOW - timedelta(days=1))
    assert json.loads(get(replay, INTEREST)[2]) == {
        "symbol": "BTCUSDT", "openInterest": "85000", "time": NOW_MS - 86_700_000,
    }  # fmt: skip


def test_what_is_older_than_26_hours_is_not_served(replay: ReplayServer) -> None:
    replay.set_now(NOW.replace(minute=0) + timedelta(hours=26))
    assert get(replay, INTEREST)[0] == 200
    replay.set_now(NOW.replace(minute=0) + timedelta(hours=26, seconds=1))
    assert get(replay, INTEREST)[0] == 400
    assert json.loads(get(replay, DERIV)[2]) == []
    meta, contexts = info(replay, {"type": "metaAndAssetCtxs"})
    seen = {coin["name"]: c["openInterest"] for coin, c in zip(meta["universe"], contexts, strict=True)}
    assert seen == {"BTC": None, "kPEPE": None, "LOOM": "0.0"}  # listed but unseen; delisted is zero


def test_markets_come_and_go(replay: ReplayServer) -> None:
    def listed(host: str) -> set[str]:
        part = "fapi" if host.startswith("fapi") else "dapi"
        return {s["symbol"] for s in json.loads(get(replay, f"/{host}/{part}/v1/exchangeInfo")[2])["symbols"]}

    assert listed("fapi.binance.com") == {"BTCUSDT", "SOLUSDT", "1000PEPEUSDT"}
    assert listed("dapi.binance.com") == {"ETHUSD_PERP", "BTCUSD_260327"}
    replay.set_now(datetime(2026, 3, 27, 8, tzinfo=UTC))
    assert listed("dapi.binance.com") == {"ETHUSD_PERP"}
    replay.set_now(datetime(2024, 12, 31, tzinfo=UTC))
    assert listed("fapi.binance.com") == set()
    replay.set_now(datetime(2026, 3, 1, 5, tzinfo=UTC))
    universe = {coin["name"]: coin for coin in info(replay, {"type": "meta"})["universe"]}
    assert "isDelisted" not in universe["LOOM"]
    replay.set_now(datetime(2026, 3, 1, 6, tzinfo=UTC))
    universe = {coin["name"]: coin for coin in info(replay, {"type": "meta"})["universe"]}
    assert universe["LOOM"]["isDelisted"] is True


def test_the_funding_interval_changes_with_the_market(replay: ReplayServer) -> None:
    path = "/fapi.binance.com/fapi/v1/fundingInfo"
    assert [row["symbol"] for row in json.loads(get(replay, path)[2])] == ["SOLUSDT"]
    replay.set_now(datetime(2026, 3, 1, 11, tzinfo=UTC))
    assert json.loads(get(replay, path)[2]) == []


def test_history_reaches_as_deep_as_the_venues(replay: ReplayServer) -> None:
    first_ms = 1_772_323_200_000
    path = f"/fapi.binance.com/futures/data/openInterestHist?symbol=BTCUSDT&period=1d&startTime={first_ms}"
    assert len(json.loads(get(replay, path)[2])) == 2
    replay.set_now(datetime(2026, 3, 31, 0, 0, 1, tzinfo=UTC))
    status, _, body = get(replay, path)
    assert (status, json.loads(body)) == (400, {"code": -1130, "msg": "parameter 'startTime' is invalid."})
    settled = "/www.okx.com/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP"
    assert len(json.loads(get(replay, settled)[2])["data"]) == 2
    replay.set_now(datetime(2026, 7, 1, tzinfo=UTC))
    assert json.loads(get(replay, settled)[2])["data"] == []


def test_pages_of_settled_funding(replay: ReplayServer) -> None:
    hour = 3_600_000
    first_ms = 1_772_323_200_000
    asked = {
        "type": "fundingHistory",
        "coin": "BTC",
        "startTime": first_ms + hour,
        "endTime": first_ms + 4 * hour,
    }
    rows = info(replay, asked)
    # The payment of 04:00 is stamped some milliseconds after the end that was asked.
    assert [row["time"] // hour - first_ms // hour for row in rows] == [1, 2, 3]
    linear = "/fapi.binance.com/fapi/v1/fundingRate?symbol=SOLUSDT&limit=2"
    assert [r["fundingRate"] for r in json.loads(get(replay, linear)[2])] == ["0.0004", "-0.00025"]
    from_first = json.loads(get(replay, f"{linear}&startTime={first_ms}")[2])
    assert [r["fundingRate"] for r in from_first] == ["0.0001", "0.0003"]
    assert get(replay, "/dapi.binance.com/dapi/v1/fundingRate")[0] == 400  # needs a symbol there


def test_it_tells_what_its_history_knows_of(replay: ReplayServer) -> None:
    held = remote_held(replay.address)
    assert {("okx", "leverage_tier"), ("bitfinex", "liquidation")} <= held
    assert ("okx", "liquidation") not in held
    with pytest.raises(UsageError, match="no embedded exchange answers"):
        remote_held(replay.address.replace("127.0.0.1", "127.0.0.2"))


def test_control_says_what_it_cannot_read(replay: ReplayServer) -> None:
    with pytest.raises(ValueError, match="no fault of kind earthquake"):
        Fault(venue="binance", kind="earthquake")
    with pytest.raises(MarginDebtError, match="timezone"):
        replay.set_now(datetime(2026, 3, 2))  # noqa: DTZ001


def test_requests_are_counted_by_venue_and_endpoint(tiny: Path) -> None:
    with ReplayServer(tiny) as server:
        server.set_now(NOW)
        for _ in range(3):
            get(server, INTEREST)
        info(server, {"type": "meta"})
        assert server.stats() == {"binance": {"/fapi/v1/openInterest": 3}, "hyperliquid": {"/info meta": 1}}


@pytest.fixture
def limited(tiny: Path) -> Iterator[ReplayServer]:
    with ReplayServer(tiny, has_limits=True) as server:
        server.set_now(NOW)
        yield server


def test_limits_refuse_and_then_ban(limited: ReplayServer) -> None:
    path = "/www.okx.com/api/v5/public/interest-rate-loan-quota"
    seen = [get(limited, path)[0] for _ in range(4)]
    assert seen[:2] == [200, 200]
    assert 429 in seen
    statistics = "/fapi.binance.com/futures/data/openInterestHist?symbol=BTCUSDT&period=1d"
    parts = urlsplit(limited.address)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
    statuses = []
    for _ in range(1102):  # a thousand are allowed, a hundred refused, then comes the ban
        connection.request("GET", statistics)
        response = connection.getresponse()
        body = response.read()
        statuses.append(response.status)
    connection.close()
    assert statuses == [200] * 1000 + [429] * 100 + [418] * 2
    assert b"banned until" in body


def test_it_ends_when_its_standard_input_closes(tiny: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.replay.server", str(tiny)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    address = json.loads(process.stdout.readline())["address"]
    assert urllib.request.urlopen(address + INTEREST).status == 200  # noqa: S310
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address + INTEREST, timeout=2)  # noqa: S310


def test_an_invalid_folder_is_said_by_the_parent(tmp_path: Path) -> None:
    with pytest.raises(HistoryInvalid, match=r"markets\.parquet"), ReplayServer(tmp_path):
        pass
