"""The limiter, holds and refusals by themselves: clocks are handed in, slots are worked out by hand."""

from __future__ import annotations

import random
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.clock import VirtualClock
from pipeline.errors import VenueBlocked, VenueUnavailable
from pipeline.venues import VENUES
from pipeline.venues.holds import Hold, Holds
from pipeline.venues.limiter import Limit, Limiter, limiter_of
from pipeline.venues.problems import Refusal, without_secrets

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Monotonic:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Monotonic:
    return Monotonic()


def test_slots_are_evenly_spaced_from_the_first_call(now: Monotonic) -> None:
    """200 in 20 s is one in 0.1 s; 1 % of the window is left for the way: 0.101, 0.202, 0.303."""
    limiter = Limiter({"": Limit(200, 20)}, now)
    waits = [limiter.reserve("public/x", 1) for _ in range(4)]
    assert waits == pytest.approx([0, 0.101, 0.202, 0.303], abs=1e-9)


def test_of_a_short_window_fifty_milliseconds_are_left(now: Monotonic) -> None:
    """10 in 1 s: 1 % would be 10 ms, less than a network's own jitter."""
    limiter = Limiter({"": Limit(10, 1)}, now)
    assert [limiter.reserve("public/x", 1) for _ in range(2)] == pytest.approx([0, 0.105], abs=1e-9)


def test_a_late_caller_does_not_delay_those_behind_it(now: Monotonic) -> None:
    """Each call leaves 30 ms after its slot, as a busy loop does; the thousandth slot stays."""
    limiter = Limiter({"": Limit(100, 10)}, now)
    start = now.seconds
    for _ in range(1000):
        now.seconds += limiter.reserve("public/x", 1) + 0.03
    assert now.seconds + limiter.reserve("public/x", 1) - start == pytest.approx(1000 * 0.101, abs=1e-6)


def test_an_idle_hour_earns_one_second_of_slots_and_no_more(now: Monotonic) -> None:
    """100 in 10 s: of the slots since the last call those of one second are made up for, nine in all."""
    limiter = Limiter({"": Limit(100, 10)}, now)
    limiter.reserve("public/x", 1)
    now.seconds += 3600
    waits = [limiter.reserve("public/x", 1) for _ in range(11)]
    assert [wait <= 0 for wait in waits] == [True] * 10 + [False]
    assert waits[10] == pytest.approx(-1 + 10 * 0.101, abs=1e-9)


def test_calls_that_come_late_and_together_wait_for_the_window(now: Monotonic) -> None:
    """A loop that stood still for 5 s lets the calls of 10 slots go at once: 10 in 10 s, and not one more."""
    limiter = Limiter({"": Limit(10, 10)}, now)
    for _ in range(12):
        limiter.reserve("public/x", 1)
    now.seconds += 15
    assert [limiter.leave("public/x", 1) for _ in range(10)] == [0] * 10
    assert limiter.leave("public/x", 1) == pytest.approx(10.1)
    now.seconds += 10.1
    assert limiter.leave("public/x", 1) == 0


def test_a_call_heavier_than_the_window_leaves_alone(now: Monotonic) -> None:
    """A weight above the whole limit cannot wait for room that there will never be."""
    limiter = Limiter({"": Limit(5, 1, is_weighted=True)}, now)
    assert limiter.leave("public/x", 20) == 0
    assert limiter.leave("public/x", 1) > 0


@pytest.mark.parametrize("seed", range(5))
def test_no_sliding_window_holds_more_than_the_limit(seed: int, now: Monotonic) -> None:
    """Callers come in bunches, the loop stands still at times, calls arrive up to 1 % of a window late."""
    draw = random.Random(seed)  # noqa: S311  # not a secret
    limiter = Limiter({"": Limit(15, 60)}, now)
    arrived: deque[float] = deque()
    for _ in range(600):
        now.seconds += max(0, limiter.reserve("public/x", 1)) + draw.choice([0, 0, 0, 0.2, 5, 90])
        while (wait := limiter.leave("public/x", 1)) > 0:
            now.seconds += wait
        arrived.append(now.seconds + draw.uniform(0, 0.6))
        while arrived[-1] - arrived[0] >= 60:
            arrived.popleft()
        assert len(arrived) <= 15


def test_the_longest_part_of_a_path_decides_and_others_are_not_slowed(now: Monotonic) -> None:
    limiter = Limiter({"": Limit(100, 10), "Data/": Limit(1, 10), "Data/open": Limit(1, 20)}, now)
    for path in ("fapiPublic/openInterest", "fapiData/takers", "fapiData/openInterestHist"):
        assert limiter.reserve(path, 1) == 0
    assert limiter.reserve("fapiPublic/time", 1) == pytest.approx(0.101)
    assert limiter.reserve("dapiData/takers", 1) == pytest.approx(10.1)
    assert limiter.reserve("dapiData/openInterestHist", 1) == pytest.approx(20.2)


def test_a_weighted_limit_counts_weights_and_another_counts_calls(now: Monotonic) -> None:
    """2,400 of weight a minute: after a call of weight 40 one second has to pass (and 1 % of it)."""
    weighted, plain = Limiter({"": Limit(2400, 60, True)}, now), Limiter({"": Limit(2400, 60)}, now)
    for limiter in (weighted, plain):
        limiter.reserve("x", 40)
    assert weighted.reserve("x", 1) == pytest.approx(1.01)
    assert plain.reserve("x", 1) == pytest.approx(0.02525)


def test_a_pause_holds_every_part_and_a_shorter_one_changes_nothing(now: Monotonic) -> None:
    limiter = Limiter({"": Limit(100, 10), "Data/": Limit(1, 1)}, now)
    limiter.pause(5)
    limiter.pause(2)
    assert limiter.reserve("fapiData/x", 1) == pytest.approx(5)
    assert limiter.reserve("x", 1) == pytest.approx(5)
    assert limiter.reserve("x", 1) == pytest.approx(5.101)


def test_a_venue_without_limits_keeps_the_pace_that_ccxt_declares() -> None:
    """250 ms a unit and 2.7 units a call: 0.675 s, and 1 %; asked for again it is the same limiter."""
    limiter = limiter_of("of this test only", {}, 250.0)
    first = limiter.reserve("public/x", 2.7)
    assert limiter.reserve("public/x", 2.7) - first == pytest.approx(0.68175, abs=0.01)
    assert limiter_of("of this test only", {}, 250.0) is limiter


def test_the_rest_keeps_the_pace_of_ccxt_where_only_a_part_is_declared() -> None:
    limiter = limiter_of("another of this test", {"slow/": Limit(1, 3600)}, 100.0)
    assert limiter.reserve("public/slow/x", 1) <= 0
    assert limiter.reserve("public/x", 1) <= 0
    assert limiter.reserve("public/x", 1) == pytest.approx(0.1025, abs=0.01)


def test_threads_share_the_slots(now: Monotonic) -> None:
    limiter = Limiter({"": Limit(100, 10)}, now)
    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: limiter.reserve("x", 1), range(200)))
    assert waits == pytest.approx([0.101 * count for count in range(200)], abs=1e-6)


def test_binance_counts_its_lists_apart() -> None:
    """As its documents say: 2,400 of weight a minute, 1,000 in 5 minutes for /futures/data."""
    limits = VENUES["binance"].limits
    assert limits[""] == Limit(2400, 60, is_weighted=True)
    assert limits["Data/"] == Limit(1000, 300)


def test_a_hold_is_kept_for_the_next_run_and_ends_by_itself(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    Holds(tmp_path / "holds.json", clock).put("okx", Hold(NOON + timedelta(minutes=5), "HTTP 418", False))
    next_run = Holds(tmp_path / "holds.json", clock)
    held = next_run.of("okx")
    assert held is not None
    problem = held.problem("okx")
    assert isinstance(problem, VenueUnavailable)
    assert str(problem) == "okx is not asked before 2026-03-02 12:05:00 UTC: HTTP 418"
    assert next_run.of("binance") is None
    clock.set(NOON + timedelta(minutes=5))
    assert next_run.of("okx") is None
    assert next_run.lasting() == {}


def test_a_longer_hold_is_not_shortened_and_a_blocked_venue_stays_blocked(tmp_path: Path) -> None:
    holds = Holds(tmp_path / "holds.json", VirtualClock(NOON))
    holds.put("okx", Hold(NOON + timedelta(hours=12), "HTTP 451", True))
    holds.put("okx", Hold(NOON + timedelta(minutes=1), "HTTP 429", False))
    held = holds.of("okx")
    assert held is not None
    assert held.until == NOON + timedelta(hours=12)
    assert isinstance(held.problem("okx"), VenueBlocked)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"okx": {"until": "soon"}}'])
def test_a_file_that_cannot_be_read_holds_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "holds.json").write_text(text)
    assert Holds(tmp_path / "holds.json", VirtualClock(NOON)).lasting() == {}


BANNED = '{"code":-1003,"msg":"Way too many requests; IP(1.2.3.4) banned until 1772454000000. Please use"}'
WAITS = [
    # 1772454000000 is 2026-03-02 12:20:00 UTC
    ({}, BANNED, timedelta(minutes=20)),
    ({"retry-after": "30"}, BANNED, timedelta(minutes=20)),
    ({"retry-after": "30"}, "", timedelta(seconds=30)),
    ({"retry-after": "Mon, 02 Mar 2026 12:01:00 GMT"}, "", timedelta(minutes=1)),
    ({"retry-after": "99999999"}, "", timedelta(days=7)),
    ({"retry-after": "0"}, "", timedelta(0)),
    ({"retry-after": "-5"}, "", None),
    ({"retry-after": "1e300"}, "", timedelta(days=7)),
    ({"retry-after": "soon"}, "", None),
    ({}, '{"msg":"banned until 1672454000000"}', None),
    ({}, "", None),
]


@pytest.mark.parametrize(("headers", "body", "length"), WAITS)
def test_how_long_a_venue_asks_to_wait(headers: dict[str, str], body: str, length: timedelta | None) -> None:
    until = Refusal(429, headers, body).wait_until(NOON)
    assert until == (None if length is None else NOON + length)


def test_what_is_printed_holds_no_key_and_no_password_of_a_proxy() -> None:
    line = without_secrets("GET https://x/y?apiKey=abc&signature=def via http://me:word@127.0.0.1:3128\n no")
    assert line == "GET https://x/y?apiKey=***&signature=*** via http://***@127.0.0.1:3128 no"
