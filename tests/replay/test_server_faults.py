"""Every way in which the embedded exchange misbehaves on request, seen over plain HTTP."""

from __future__ import annotations

import gzip
import http.client
import json
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from plain_http import DERIV, INTEREST, NOW_MS, PREMIUM, get, info, strike

from pipeline.replay.faults import KINDS, Fault
from pipeline.replay.process import ReplayServer


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


def test_a_slow_body_comes_a_byte_at_a_time(replay: ReplayServer) -> None:
    replay.set_faults([Fault(venue="binance", kind="slow_body", seconds=0.1)])
    start = time.monotonic()
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        get(replay, INTEREST)
    # half of some sixty bytes, a tenth of a second apart
    assert 2 < time.monotonic() - start < 60


def test_a_body_that_is_not_the_gzip_it_says(replay: ReplayServer) -> None:
    status, headers, body = strike(replay, INTEREST, kind="garbage_gzip")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    with pytest.raises(zlib.error):
        gzip.decompress(body)


def test_a_gibibyte_packed_into_little(replay: ReplayServer) -> None:
    packed = strike(replay, INTEREST, kind="gzip_bomb")[2]
    assert len(packed) < 3e6
    unpacked, size = zlib.decompressobj(31), 0
    while packed:
        size += len(unpacked.decompress(packed, 10**7))
        packed = unpacked.unconsumed_tail
    assert size == 2 + 1024**3


def test_ten_megabytes(replay: ReplayServer) -> None:
    assert len(strike(replay, INTEREST, kind="large_body")[2]) == 10_000_004


def test_a_page_that_comes_again_whatever_is_asked(replay: ReplayServer) -> None:
    path = "/fapi.binance.com/fapi/v1/fundingRate?limit=2&symbol="
    first = strike(replay, f"{path}SOLUSDT", kind="repeated_page")[2]
    assert get(replay, f"{path}SOLUSDT&startTime=1&endTime=2")[2] == first
    assert get(replay, f"{path}BTCUSDT")[2] != first


def test_another_name_is_said_and_understood(replay: ReplayServer) -> None:
    whole = json.loads(get(replay, INTEREST)[2])
    renamed = INTEREST.replace("BTCUSDT", "XBTUSDT")
    said = json.loads(strike(replay, renamed, kind="renamed", old="BTCUSDT", new="XBTUSDT")[2])
    assert said == {**whole, "symbol": "XBTUSDT"}
    with pytest.raises(ValueError, match="old and the new name"):
        Fault(venue="binance", kind="renamed")


def test_damaged_rows(replay: ReplayServer) -> None:
    whole = json.loads(get(replay, PREMIUM)[2])
    assert json.loads(strike(replay, PREMIUM, kind="empty_list")[2]) == []
    assert len(json.loads(strike(replay, PREMIUM, kind="missing_symbols", rows=2)[2])) == 1
    doubled = json.loads(strike(replay, PREMIUM, kind="duplicate_rows")[2])
    assert len(doubled) == 4
    assert {row["symbol"] for row in doubled} == {row["symbol"] for row in whole}
    assert json.loads(strike(replay, PREMIUM, kind="reordered_rows")[2]) == whole[::-1]
    skewed = json.loads(strike(replay, PREMIUM, kind="clock_skew", seconds=-3600)[2])
    assert {row["time"] for row in skewed} == {NOW_MS - 3_600_000}


def test_damaged_numbers_as_strings_and_as_numbers(replay: ReplayServer) -> None:
    assert json.loads(strike(replay, INTEREST, kind="nan")[2])["openInterest"] == "NaN"
    assert json.loads(strike(replay, INTEREST, kind="negative")[2])["openInterest"] == "-86123.456"
    assert json.loads(strike(replay, INTEREST, kind="null_value")[2])["openInterest"] is None
    assert json.loads(strike(replay, INTEREST, kind="infinity")[2])["openInterest"] == "Infinity"
    assert float(json.loads(strike(replay, INTEREST, kind="huge")[2])["openInterest"]) == 1e40
    assert json.loads(strike(replay, INTEREST, kind="absurd")[2])["openInterest"] == "10000000000000"
    assert json.loads(strike(replay, INTEREST, kind="ten_times")[2])["openInterest"] == "861234.56"
    assert b"Infinity" in strike(replay, DERIV, kind="infinity")[2]
    one = json.loads(strike(replay, PREMIUM, kind="huge", field="markPrice", rows=3)[2])
    assert {row["markPrice"] for row in one} == {f"{1e40:.0f}"}
    assert {row["lastFundingRate"] for row in one} != {f"{1e40:.0f}"}
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
