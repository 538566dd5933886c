"""Questions to the embedded exchange over plain HTTP, without ccxt. No expectation belongs here."""

from __future__ import annotations

import http.client
import json
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pipeline.replay.faults import Fault
from pipeline.replay.process import ReplayServer

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
