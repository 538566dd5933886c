"""Keys that a venue repeats in its answers, and a file of keys that others may read.

That no key is sent while a redirect is set is test_unattended.py and tests/venues/test_keys.py; here the
venue knows the key all the same, as one knows the key of its customer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from homes import DAYS, ask, command, written
from relay import Relay

from pipeline.clock import end_of
from pipeline.moments import AFTER_MIDNIGHT
from pipeline.replay.process import ReplayServer

DAY = DAYS[0]
# As long as Binance's keys are, and no eight letters of them are a word: a part of one would be seen, too.
LONG = (
    "pX3vQ9mKz7RtB1nLw5HyC8sFd2GjU6aEe0TqVxYoPiWkMrZhNbJcSgDuAlf4O2K7",
    "Jd8fW2kLs0QmZx6VbN4tRy1HuGc9PeTi3OaXqS7wBzKvMj5nDrCgYhUoEpIlFtA2",
)
KEYS = {
    "binance": (LONG[0], "planted/secret+of=binance-b03e"),
    "okx": (LONG[1], "plantedsecret-of-okx-1c5d"),
    "bitfinex": ("plantedkey-of-bitfinex-e2", "plantedsecret-of-bitfinex-77"),
    "hyperliquid": ("plantedkey-of-hyperliquid-5", "plantedsecret-of-hyperliquid-6"),
}


def echo(venue: str) -> str:
    key, secret = KEYS[venue]
    return f"cannot read apiKey={key}, secret {secret} or {quote_plus(secret)}, of {key}"


# An error body, an error under status 200, a page in the place of JSON, and a firewall's page.
ANSWERS = {
    "/fapi/v1/openInterest": (400, json.dumps({"code": -2014, "msg": echo("binance")})),
    "/public/open-interest": (200, json.dumps({"code": "50111", "msg": echo("okx"), "data": []})),
    "/status/deriv": (200, f'"{KEYS["bitfinex"][0]} {echo("bitfinex")}"'),
    "/info": (403, f"<html><body>{echo('hyperliquid')}</body></html>"),
}
# A row that was answered, with the key in a field that nobody asked for.
_ROW = {
    "symbol": "BTCUSDT",
    "markPrice": "100000",
    "indexPrice": "100000",
    "lastFundingRate": "0.0001",
    "nextFundingTime": 1749456000000,
    "time": 1749427200000,
    "customer": KEYS["binance"][0],
}
# Where only the beginning of a text is quoted, 40 or 60 letters, the cut falls into the key.
_CUT = {**_ROW, "symbol": "ETHUSDT", "markPrice": f"refused for customer {LONG[0]}"}
ANSWERS["/fapi/v1/premiumIndex"] = (200, json.dumps([_ROW, _CUT]))
_MARK = {"instType": "SWAP", "instId": f"{'A' * 40}{LONG[1]}", "markPx": "1", "ts": "1749427200000"}
ANSWERS["/public/mark-price"] = (200, json.dumps({"code": "0", "msg": "", "data": [_MARK]}))


@dataclass
class Ran:
    home: Path
    said: str
    sent: str


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory, exchange: ReplayServer) -> Ran:
    """One day, asked for by the command, of venues that repeat the keys."""
    home = tmp_path_factory.mktemp("secrets") / "home"
    exchange.set_now(end_of(DAY) + AFTER_MIDNIGHT)
    environment = {}
    for venue, (key, secret) in KEYS.items():
        environment[f"MARGIN_DEBT_{venue.upper()}_KEY"] = key
        environment[f"MARGIN_DEBT_{venue.upper()}_SECRET"] = secret
    with Relay(exchange.address, ANSWERS) as relay:
        environment |= {"MARGIN_DEBT_REDIRECT": relay.address, "MARGIN_DEBT_HOME": str(home)}
        words = ("run", "--venues", ",".join(KEYS), "--log-format", "json")
        done = command(*words, environment=environment)
    assert done.returncode == 3, done.stderr  # coverage is under its floor
    return Ran(home, done.stdout + done.stderr, "\n".join(relay.seen))


@pytest.mark.parametrize("venue", KEYS)
def test_the_log_tells_what_the_venue_said_without_the_key(repeated: Ran, venue: str) -> None:
    rows = ask(
        repeated.home,
        "select message from fetch_log"
        " where venue = $1 and dataset = 'open_interest' and message is not null",
        venue,
    )
    assert rows
    assert all("***" in row["message"] for row in rows), rows


def test_a_kept_row_does_not_hold_it(repeated: Ran) -> None:
    kept = written(repeated.home)
    assert '"customer":"***"' in kept


def test_no_artefact_holds_any_of_them(repeated: Ran) -> None:
    """Raw rows, logs, Dagster's event log, reports, pages of quality, metrics, holds and both databases."""
    kept = written(repeated.home)
    for part in ("fetch_log", "reports/quality/index.html", "metrics.prom", "dagster/history", "holds.json"):
        assert part in kept
    for secrets in KEYS.values():
        for secret in (*secrets, *map(quote_plus, secrets)):
            assert secret not in kept
            assert secret not in repeated.said
            assert secret not in repeated.sent


def test_no_part_of_a_key_that_was_cut_is_anywhere(repeated: Ran) -> None:
    said = {
        row["message"]
        for row in ask(
            repeated.home, "select message from fetch_log where dataset = 'price' and message is not null"
        )
    }
    assert any("is not a number: 'refused for customer ***'" in one for one in said), said
    assert any(f"market '{'A' * 40}***' is not in the venue's market list" in one for one in said), said
    kept = written(repeated.home)
    parts = {key[place : place + 8] for key in LONG for place in range(len(key) - 7)}
    for text in (kept, repeated.said, repeated.sent):
        assert [part for part in parts if part in text] == []


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_a_file_of_keys_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    file = home / "keys.toml"
    key, secret = KEYS["binance"]
    file.write_text(f'[binance]\nkey = "{key}"\nsecret = "{secret}"\n')
    file.chmod(mode)
    done = command("run", "--home", str(home), environment={"MARGIN_DEBT_REDIRECT": "http://127.0.0.1:1"})
    assert done.returncode == 2
    assert f"can be read by others (mode {mode:04o}): run `chmod 600 {file}`" in done.stderr
    assert key not in done.stderr + done.stdout
    assert secret not in done.stderr + done.stdout
    assert not (home / "raw").exists()
