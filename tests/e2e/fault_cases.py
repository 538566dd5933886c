"""Which fault strikes which venue on which day, and what must come of it. Its tests are in test_faults.py.

One table for all: a kind of fault that the embedded exchange knows and that no case holds fails a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from homes import DAYS

from pipeline.replay.faults import Fault

# What is left of the venue's open interest:
LOST = "nothing is seen"
HOLED = "some markets are not seen"
SHRUNK = "most markets are not seen"
CLOSED = "some markets are closed"
EXCLUDED = "some markets are excluded"
WHOLE = "every number as undisturbed"
OFF_CLOCK = "every number as undisturbed, two hours older or newer, and flagged as from the future"
RENAMED = "the old name is closed, the new one seen"

# The market that goes by another name on one day.
OLD_NAME, NEW_NAME = "BTC-USDT-SWAP", "XBT-USDT-SWAP"


@dataclass(frozen=True)
class Case:
    """One fault, the walk and day it strikes, the status the log must show, and what is left of the venue.

    said: what the log's message or the market's reason must hold.
    """

    walk: int
    day: date
    fault: Fault
    status: str
    left: str
    said: str = ""

    def __str__(self) -> str:
        return f"{self.name}-{self.fault.venue}-{self.walk}"

    @property
    def name(self) -> str:
        """The fault in words."""
        fault = self.fault
        words = f"status {fault.status}" if fault.kind == "status" else fault.kind.replace("_", " ")
        if fault.kind == "clock_skew":
            words += f" {fault.seconds / 3600:g} h"
        if fault.rows > 1:
            words += f" ({fault.rows})"
        if fault.path_contains:
            words += f" at {fault.path_contains.strip('/?')}"
        return words + ("" if fault.count is None else f", {fault.count} times")


# The last day asks for the funding paid in the whole week, so that no other endpoint is struck on it.
OKX_AMOUNTS, OKX_LIST = "/public/open-interest", "/public/instruments"
BITFINEX_AMOUNTS, BINANCE_AMOUNTS = "/status/deriv", "openInterest?"
CASES = [
    Case(1, DAYS[1], Fault("binance", "status", status=429, seconds=60), "failed", LOST, "429"),
    Case(1, DAYS[1], Fault("okx", "nan", OKX_AMOUNTS), "partial", HOLED),
    Case(1, DAYS[1], Fault("hyperliquid", "latency", seconds=0.05), "answered", WHOLE),
    Case(1, DAYS[2], Fault("okx", "missing_symbols", OKX_AMOUNTS), "answered", HOLED),
    Case(1, DAYS[2], Fault("hyperliquid", "reset"), "failed", LOST),
    Case(1, DAYS[2], Fault("bitfinex", "null_value", BITFINEX_AMOUNTS), "partial", HOLED),
    Case(1, DAYS[3], Fault("bitfinex", "cut_body"), "failed", LOST),
    Case(1, DAYS[3], Fault("binance", "negative", BINANCE_AMOUNTS, count=1), "partial", HOLED, "negative"),
    Case(1, DAYS[3], Fault("okx", "clock_skew", OKX_AMOUNTS, seconds=6 * 3600), "answered", LOST),
    Case(1, DAYS[4], Fault("binance", "status", status=451), "blocked", LOST, "HTTP 451"),
    Case(1, DAYS[4], Fault("hyperliquid", "duplicate_rows", rows=3), "answered", WHOLE),
    Case(1, DAYS[4], Fault("okx", "garbage_json", OKX_AMOUNTS, count=1), "answered", WHOLE),
    Case(1, DAYS[5], Fault("okx", "empty_list", OKX_AMOUNTS), "failed", LOST, "no row"),
    Case(1, DAYS[5], Fault("hyperliquid", "garbage_json"), "failed", LOST),
    Case(1, DAYS[5], Fault("bitfinex", "timeout"), "failed", LOST, "Timeout"),
    Case(1, DAYS[6], Fault("okx", "wrong_content_type", OKX_AMOUNTS), "failed", LOST),
    Case(1, DAYS[6], Fault("bitfinex", "gzip_bomb", f"{BITFINEX_AMOUNTS}?"), "failed", LOST, "64 MiB"),
    Case(1, DAYS[6], Fault("binance", "absurd", BINANCE_AMOUNTS, count=1), "answered", EXCLUDED, "100 bill"),
    Case(2, DAYS[1], Fault("binance", "status", status=418, seconds=7200), "failed", LOST, "418"),
    Case(2, DAYS[1], Fault("okx", "infinity", OKX_AMOUNTS), "partial", HOLED),
    Case(2, DAYS[1], Fault("hyperliquid", "garbage_gzip"), "failed", LOST),
    Case(2, DAYS[2], Fault("okx", "clock_skew", OKX_AMOUNTS, seconds=2 * 3600), "answered", OFF_CLOCK),
    Case(2, DAYS[2], Fault("hyperliquid", "large_body"), "failed", LOST),
    Case(2, DAYS[2], Fault("binance", "missing_symbols", "/exchangeInfo", rows=2), "answered", CLOSED),
    Case(2, DAYS[3], Fault("okx", "ten_times", OKX_LIST, field="ctVal"), "answered", EXCLUDED, "own USD off"),
    Case(2, DAYS[3], Fault("bitfinex", "slow_body", BITFINEX_AMOUNTS), "failed", LOST, "Timeout"),
    Case(2, DAYS[3], Fault("binance", "status", BINANCE_AMOUNTS, status=503, count=20), "answered", WHOLE),
    Case(2, DAYS[4], Fault("binance", "missing_symbols", "/exchangeInfo", rows=13), "answered", SHRUNK),
    Case(2, DAYS[4], Fault("okx", "huge", OKX_AMOUNTS), "partial", HOLED, "not plausible"),
    Case(2, DAYS[4], Fault("hyperliquid", "status", status=502, count=1), "answered", WHOLE),
    Case(2, DAYS[5], Fault("okx", "renamed", "/public/", old=OLD_NAME, new=NEW_NAME), "answered", RENAMED),
    Case(2, DAYS[5], Fault("hyperliquid", "reordered_rows"), "answered", WHOLE),
    Case(2, DAYS[5], Fault("bitfinex", "status", status=500), "failed", LOST),
    Case(2, DAYS[6], Fault("okx", "status", OKX_AMOUNTS, status=403), "blocked", LOST, "HTTP 403"),
    Case(2, DAYS[6], Fault("binance", "repeated_page", "/fapi/v1/fundingRate"), "answered", WHOLE),
]
WALKS = sorted({case.walk for case in CASES})
