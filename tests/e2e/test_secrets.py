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
from pipeline.fetch import AFTER_MIDNIGHT
from pipeline.replay.process import ReplayServer

DAY = DAYS[0]
KEYS = {
    "binance": ("plantedkey-of-binance-4471", "planted/secret+of=binance-b03e"),
    "okx": ("plantedkey-of-okx-90aa", "plantedsecret-of-okx-1c5d"),
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
ANSWERS["/fapi/v1/premiumIndex"] = (200, json.dumps([_ROW]))


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
