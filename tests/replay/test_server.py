"""The server over plain HTTP: hosts, control, every kind of fault, limits, and how its life ends."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipeline.errors import HistoryInvalid, MarginDebtError, UsageError
from pipeline.replay.faults import KINDS, Fault
from pipeline.replay.process import ReplayServer, remote_held

NOW = datetime(2026, 3, 2, 0, 5, tzinfo=UTC)
NOW_MS = 1_772_409_900_000
INTEREST = "/fapi.binance.com/fapi/v1/openInterest?symbol=BTCUSDT"
PREMIUM = "/fapi.binance.com/fapi/v1/premiumIndex"
DERIV = "/api-pub.bitfinex.com/v2/status/deriv?keys=ALL"


def get(server: ReplayServer, path: str, timeout: float = 10.0) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one GET on a fresh connection."""
    parts = urlsplit(server.address)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def info(server: ReplayServer, body: dict[str, Any]) -> Any:
    """The answer of Hyperliquid's one endpoint."""
    url = f"{server.address}/api.hyperliquid.xyz/info"
    with urllib.request.urlopen(url, json.dumps(body).encode()) as response:  # noqa: S310
        return json.loads(response.read())


def strike(server: ReplayServer, path: str, **fault: Any) -> tuple[int, dict[str, str], bytes]:
    """The answer to `path` under one fault of the venue that the path names."""
    venue = "bitfinex" if "bitfinex" in path else "okx" if "okx" in path else "binance"
    server.set_faults([Fault(venue=venue, **fault)])
    return get(server, path)


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


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        (INTEREST, 429, {"code": -1003}),
        (INTEREST, 451, {"code": 0}),
        (INTEREST, 503, {"code": -1001}),
        ("/www.okx.com/api/v5/public/open-interest?instType=SWAP", 429, {"code": "50011"}),
        ("/www.okx.com/api/v5/public/open-interest?instType=SWAP", 502, {"code": "50001"}),
        (DERIV, 429, ["error", 11010, "ratelimit: error"]),
        (DERIV, 500, ["error", 20060, "maintenance"]),
    ],
)
def test_refusals_in_the_words_of_the_venue(
    replay: ReplayServer, path: str, status: int, expected: Any
) -> None:
    seen, _, body = strike(replay, path, kind="status", status=status, seconds=30)
    answer = json.loads(body)
    assert seen == status
    assert (answer if isinstance(answer, list) else {"code": answer["code"]}) == expected


def test_a_ban_names_its_end(replay: ReplayServer) -> None:
    status, headers, body = strike(replay, INTEREST, kind="status", status=418, seconds=120)
    assert status == 418
    assert headers["Retry-After"] == "120"
    assert f"banned until {NOW_MS + 120_000}" in json.loads(body)["msg"]


def test_a_firewall_answers_with_a_page(replay: ReplayServer) -> None:
    status, headers, _ = strike(replay, INTEREST, kind="status", status=403)
    assert status == 403
    assert headers["Content-Type"].startswith("text/html")


def test_latency_then_the_answer(replay: ReplayServer) -> None:
    begun = time.perf_counter()
    status, _, _ = strike(replay, INTEREST, kind="latency", seconds=0.3)
    assert status == 200
    assert time.perf_counter() - begun >= 0.3


def test_a_time_out_holds_the_connection(replay: ReplayServer) -> None:
    replay.set_faults([Fault(venue="binance", kind="timeout")])
    with pytest.raises(TimeoutError):
        get(replay, INTEREST, timeout=0.3)
    assert get(replay, DERIV)[0] == 200  # other venues are not held up


def test_a_reset(replay: ReplayServer) -> None:
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        strike(replay, INTEREST, kind="reset")


def test_a_cut_body(replay: ReplayServer) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        strike(replay, INTEREST, kind="cut_body")


def test_a_page_instead_of_json(replay: ReplayServer) -> None:
    status, headers, body = strike(replay, INTEREST, kind="wrong_content_type")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    assert body.startswith(b"<html>")


def test_garbage_for_json(replay: ReplayServer) -> None:
    status, _, body = strike(replay, INTEREST, kind="garbage_json")
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_damaged_rows(replay: ReplayServer) -> None:
    whole = json.loads(get(replay, PREMIUM)[2])
    assert json.loads(strike(replay, PREMIUM, kind="empty_list")[2]) == []
    assert len(json.loads(strike(replay, PREMIUM, kind="missing_symbols", rows=2)[2])) == 1
    doubled = json.loads(strike(replay, PREMIUM, kind="duplicate_rows")[2])
    assert len(doubled) == 4
    assert {row["symbol"] for row in doubled} == {row["symbol"] for row in whole}
    skewed = json.loads(strike(replay, PREMIUM, kind="clock_skew", seconds=-3600)[2])
    assert {row["time"] for row in skewed} == {NOW_MS - 3_600_000}


def test_damaged_numbers_as_strings_and_as_numbers(replay: ReplayServer) -> None:
    assert json.loads(strike(replay, INTEREST, kind="nan")[2])["openInterest"] == "NaN"
    assert json.loads(strike(replay, INTEREST, kind="negative")[2])["openInterest"] == "-86123.456"
    assert json.loads(strike(replay, INTEREST, kind="null_value")[2])["openInterest"] is None
    body = strike(replay, DERIV, kind="nan")[2]
    assert b"NaN" in body
    assert b'"NaN"' not in body
    assert json.loads(strike(replay, DERIV, kind="negative")[2])[0][18] == -5775.20348804
    assert json.loads(strike(replay, DERIV, kind="null_value")[2])[0][18] is None
    assert json.loads(strike(replay, DERIV, kind="null_value")[2])[0][1] == 1_772_409_600_000  # not an amount


def test_a_universe_and_its_contexts_lose_the_same_coin(replay: ReplayServer) -> None:
    whole = info(replay, {"type": "metaAndAssetCtxs"})
    truth = {coin["name"]: c["markPx"] for coin, c in zip(whole[0]["universe"], whole[1], strict=True)}
    replay.set_faults([Fault(venue="hyperliquid", kind="missing_symbols")])
    left = info(replay, {"type": "metaAndAssetCtxs"})
    assert len(left[1]) == len(whole[1]) - 1
    seen = {coin["name"]: c["markPx"] for coin, c in zip(left[0]["universe"], left[1], strict=True)}
    assert seen.items() <= truth.items()


def test_faults_are_counted_chosen_by_path_and_repeatable(replay: ReplayServer) -> None:
    replay.set_faults([Fault(venue="binance", kind="status", path_contains="openInterest", count=2)])
    assert [get(replay, p)[0] for p in (PREMIUM, INTEREST, INTEREST, INTEREST)] == [200, 500, 500, 200]

    def pattern() -> list[int]:
        replay.set_faults([Fault(venue="binance", kind="status", probability=0.5, seed=7)])
        return [get(replay, INTEREST)[0] for _ in range(24)]

    seen = pattern()
    assert set(seen) == {200, 500}
    assert pattern() == seen


def test_every_kind_is_tried_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in sorted(KINDS) if f'kind="{kind}"' not in source] == []


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
