"""`margin-debt position`: a home with margin tables asked end to end, arithmetic by hand, each refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from homes import DAYS, ask, command, copied, published
from hypothesis import given
from hypothesis import strategies as st
from soak.small_world import rebuild

from pipeline.errors import UsageError
from pipeline.lake import Lake
from pipeline.methods.sizing import Rule
from pipeline.position import Question, answer_of, require_possible, show_position
from pipeline.position_facts import Facts, Step, read_facts
from pipeline.records import Dataset, LeverageTierRow, RawRow
from pipeline.settings import Settings

# Steps as sent: unit, then floor, cap, rate to keep, rate to open.
TABLES = {
    ("okx", "BTC-USDT-SWAP"): ("contracts", (0, 500, 0.004, 0.01), (500, 5_000, 0.01, 0.02)),
    ("okx", "BTC-USD-SWAP"): ("contracts", (0, None, 0.004, 0.01)),
    ("binance", "BTCUSDT"): ("quote", (0, 50_000, 0.004, 0.008), (50_000, None, 0.005, 0.01)),
    ("binance", "BTCUSD_PERP"): ("base", (0, 5, 0.004, 0.008), (5, None, 0.005, 0.01)),
}
NORMAL_0975 = 1.959964  # a driftless price touches a distance with 5 % at this many sigmas


def margin_tables(raw: Path) -> Iterator[LeverageTierRow]:
    """The tables above, as sent with the last day's open interest of their markets."""
    for (venue, market), (unit, *steps) in TABLES.items():
        (file,) = (raw / "open_interest" / f"venue={venue}" / f"day={DAYS[-1] + timedelta(days=1)}").glob("*")
        (sent,) = (row for row in pq.ParquetFile(file).read().to_pylist() if row["market"] == market)
        shared = {field.name: sent.get(field.name, venue) for field in fields(RawRow)}
        for tier, (floor, cap, maintenance, initial) in enumerate(steps, start=1):
            yield LeverageTierRow(
                **{**shared, "unit": unit}, tier=tier, notional_floor=float(floor),
                notional_cap=None if cap is None else float(cap), initial_margin_rate=initial,
                maintenance_margin_rate=maintenance, max_leverage=1 / initial,
            )  # fmt: skip


@pytest.fixture(scope="module")
def tabled(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished week with margin tables in it: the made world has none."""
    home = Settings(copied(finished, tmp_path_factory.mktemp("position") / "home"))
    for venue in ("okx", "binance"):
        assert Lake(home.raw).write(
            Dataset.LEVERAGE_TIER, (row for row in margin_tables(home.raw) if row.venue == venue)
        )
    rebuild(home.home, DAYS[-1])
    return home.home


def asked(home: Path, *words: str) -> dict[str, Any]:
    ended = command("position", *words, "--home", str(home), "--format", "json")
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def mark(home: Path, market: str) -> float:
    (row,) = ask(
        home, "select mark_price from market_daily where market = $1 and day = $2::date", market, DAYS[-1]
    )
    return float(row["mark_price"])


def test_a_position_of_okx_by_its_table_of_contracts(tabled: Path) -> None:
    before = published(tabled).read_bytes()
    answer = asked(tabled, "okx", "BTC-USDT-SWAP", "--side", "long", "--leverage", "10")
    price = mark(tabled, "BTC-USDT-SWAP")
    assert answer["mark_price"] == answer["entry_price"] == price
    # 25,000 dollars are less than 500 contracts of 0.01 coins: the first step keeps 0.4 %, a tenth is posted
    assert (answer["tier"], answer["posted_usd"], answer["maintenance_usd"]) == (1, 2_500, 100)
    assert (answer["least_initial_usd"], answer["max_leverage"]) == (250, 100)
    assert answer["tier_cap_usd"] == pytest.approx(500 * 0.01 * price)
    # okx counts its fee of closing: 0.9 over 1 - 0.004 - 0.0005
    assert answer["liquidation_price"] == pytest.approx(price * 0.9 / 0.9955, rel=1e-12)
    assert answer["rule_version"] == "okx, rules of 2025-05-16"
    assert answer["tiers_as_of"] == DAYS[-1].isoformat()
    # a week of prices is no volatility: what rests on it is not known, and that is said
    assert answer["call_probability_ratio"] is answer["largest_leverage"] is answer["top_up_usd"] is None
    assert any("takes 20 days" in note for note in answer["notes"])
    assert published(tabled).read_bytes() == before


def test_a_step_of_okx_holds_for_the_whole_position(tabled: Path) -> None:
    price = mark(tabled, "BTC-USDT-SWAP")
    size = 6 * price  # 600 contracts: the second step, which counts contracts and stays when the price falls
    answer = asked(tabled, "okx", "BTC-USDT-SWAP", "--notional", str(size), "--side", "short")
    assert answer["tier"] == 2
    assert answer["maintenance_usd"] == pytest.approx(0.01 * size)
    assert answer["liquidation_price"] == pytest.approx(price * 1.1 / 1.0105, rel=1e-12)


def test_steps_of_binance_count_their_own_part(tabled: Path) -> None:
    price = mark(tabled, "BTCUSDT")
    answer = asked(tabled, "binance", "BTCUSDT", "--notional", "54000", "--leverage", "5")
    # 0.5 % of 54,000 less 50,000 x 0.1 % = 220
    assert (answer["tier"], answer["maintenance_usd"]) == (2, pytest.approx(220))
    # the price falls by about a fifth, where 43,400 dollars are left: the first step, 0.8 / 0.996
    assert answer["liquidation_price"] == pytest.approx(price * 0.8 / 0.996, rel=1e-12)


def test_an_inverse_position_of_binance_is_margined_in_coins(tabled: Path) -> None:
    price = mark(tabled, "BTCUSD_PERP")
    answer = asked(tabled, "binance", "BTCUSD_PERP", "--leverage", "10")
    # Q (1 + 0.004) / (Q / (10 e) + Q / e) = e 1.004 / 1.1
    assert answer["liquidation_price"] == pytest.approx(price * 1.004 / 1.1, rel=1e-12)
    assert (answer["posted_usd"], answer["maintenance_usd"]) == (pytest.approx(2_500), pytest.approx(100))
    assert answer["price_currency"] == "USD"


def test_a_person_sees_it_in_eighty_columns_and_a_pipe_uncut(tabled: Path) -> None:
    ended = command("position", "okx", "BTC-USDT-SWAP", "--home", str(tabled))
    assert (ended.returncode, ended.stderr) == (0, "")
    first, *_ = ended.stdout.splitlines()
    assert first.rstrip() == f"long 10 times, 25,000 USD of okx BTC-USDT-SWAP, {DAYS[-1]}"
    table = ended.stdout.split("\nrule: ", 1)[0]
    assert max(len(line.rstrip()) for line in table.splitlines()) <= 80
    assert "liquidation price, USDT" in table
    assert "0.004 of notional, step 1 of 2025-06-14" in table


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["hyperliquid", "BTC"],
            "no margin table of hyperliquid BTC was collected: `margin-debt run --venues",
        ),
        (["okx", "BTC-USDT-SWP"], "did you mean BTC-USDT-SWAP"),
        (["okex", "BTC-USDT-SWAP"], "did you mean okx: there are binance, bitfinex, hyperliquid, okx"),
        (["okx", "BTC-USD-SWAP"], "no rule by which okx closes inverse contracts is known"),
        (["okx", "ETH-USD-SWAP"], "no rule by which okx closes inverse contracts is known"),
        (["okx", "BTC-USDT-SWAP", "--leverage", "101"], "ask --leverage 100 or less"),
        (["okx", "BTC-USDT-SWAP", "--notional", "1e9"], "its largest position is"),
        (["okx", "BTC-USDT-SWAP", "--maintenance", "0.1"], "cannot be opened at 10 times"),
        (["okx", "BTC-USDT-SWAP", "--entry", "1e7"], "is past its call"),
        (["okx", "BTC-USDT-SWAP", "--side", "both"], "use long or short"),
        (["okx", "BTC-USDT-SWAP", "--format", "csv"], "use table or json"),
    ],
    ids=lambda one: "-".join(one)[:40] if isinstance(one, list) else "",
)
def test_what_cannot_be_answered_is_one_sentence_with_the_remedy(
    tabled: Path, words: list[str], said: str
) -> None:
    ended = command("position", *words, "--home", str(tabled))
    assert ended.returncode == 2
    assert ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    assert sentence.startswith("margin-debt: ")
    assert said in sentence


def test_a_rate_in_the_hand_serves_where_no_table_was_collected(finished: Path) -> None:
    with pytest.raises(UsageError, match="shows it to a read-only key alone"):
        read_facts(published(finished), "binance", "BTCUSDT")
    facts = read_facts(published(finished), "binance", "BTCUSDT", maintenance_ratio=0.005)
    answer = answer_of(question(venue="binance", market="BTCUSDT", maintenance_ratio=0.005), facts)
    assert answer["maintenance_usd"] == pytest.approx(125)
    assert answer["tier"] is answer["least_initial_usd"] is None
    assert "the rate to keep is the one given" in answer["notes"]


def test_a_venue_without_a_rule_of_its_own_is_answered_by_the_general_one(finished: Path) -> None:
    facts = read_facts(published(finished), "bitfinex", "tBTCF0:USTF0", 0.005)
    answer = answer_of(question(venue="bitfinex", market="tBTCF0:USTF0"), facts)
    # a tenth posted and 0.5 % kept, and no fee: 0.9 over 0.995 of the mark
    assert answer["liquidation_price"] == pytest.approx(facts.mark_price * 0.9 / 0.995)
    assert answer["rule_source"] is None
    assert any("no rule of bitfinex itself is known" in note for note in answer["notes"])
    dear = read_facts(published(finished), "bitfinex", "tBTCF0:USTF0", 0.005, 0.001)
    assert answer_of(question(), dear)["liquidation_price"] == pytest.approx(facts.mark_price * 0.9 / 0.994)


def test_a_file_of_an_older_version_is_named_with_the_remedy(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.serving.parent.mkdir(parents=True)
    duckdb.connect(str(settings.serving)).execute("create table market_daily (day date)").close()
    with pytest.raises(UsageError, match="older version: `margin-debt build`"):
        show_position(settings, question())


# The arithmetic, on facts that are written here: a mark of 100, and 2 % a day.
BY_QUOTE = (
    Step(0.004, 1, 0.0, 50_000.0, 0.0, "quote", 0.008, 125.0),
    Step(0.01, 2, 50_000.0, None, 50_000.0, "quote", 0.02, 50.0),
)
BY_COINS = (
    Step(0.004, 1, 0.0, 50_000.0, 0.0, "base", 0.008, 125.0),
    Step(0.01, 2, 50_000.0, None, 500.0, "base", 0.02, 50.0),
)
MADE = Facts(
    venue="made", market="M", asset="M", direction="linear", day=date(2026, 3, 1), price_currency="USDT",
    mark_price=100.0, table_price=100.0, daily_sigma_ratio=0.02, steps=BY_QUOTE, tiers_as_of=date(2026, 3, 1),
    is_whole=False, rule=Rule(is_inverse=False, is_at_entry=False), rule_version="made", rule_source=None,
    notes=(),
)  # fmt: skip
ALL_RULES = {
    "at price": MADE,
    "at price with a fee": replace(MADE, rule=Rule(False, False, 0.0005)),
    "at price, steps whole": replace(MADE, is_whole=True),
    "at entry": replace(MADE, rule=Rule(False, True)),
    "inverse at price": replace(MADE, steps=BY_COINS, rule=Rule(True, False)),
    "inverse at entry": replace(MADE, steps=BY_COINS, rule=Rule(True, True, 0.0005)),
    "linear, steps of coins": replace(MADE, steps=BY_COINS),
}


def question(**given: Any) -> Question:
    plain: dict[str, Any] = {
        "venue": "made",
        "market": "M",
        "side": "long",
        "leverage": 10.0,
        "notional_usd": 25_000.0,
        "days": 4.0,
        "call_probability_ratio": 0.05,
    }
    return Question(**{**plain, **given})


def test_the_answer_by_hand() -> None:
    answer = answer_of(question(leverage=20.0), MADE)
    # 0.4 % of 25,000 kept, a twentieth posted: 100 x 0.95 / 0.996
    assert answer["liquidation_price"] == pytest.approx(95.3815261, abs=1e-7)
    assert answer["distance_ratio"] == pytest.approx(0.046184739, abs=1e-9)
    # four days are a sigma of 0.04; touched with 5 % at 1.96 of them, 7.84 % away
    assert answer["distance_sigmas"] == pytest.approx(0.046184739 / 0.02)
    away = NORMAL_0975 * 0.04
    # margin that is used up there: 0.4 % of what is left, and the loss
    needed = 25_000 * (0.004 * (1 - away) + away)
    assert answer["top_up_usd"] == pytest.approx(needed - 1_250, rel=1e-6)
    assert answer["largest_leverage"] == pytest.approx(25_000 / needed, rel=1e-6)
    assert answer["call_probability_ratio"] > 0.05


def test_a_position_that_is_safe_enough_needs_no_top_up() -> None:
    answer = answer_of(question(leverage=2.0), MADE)
    assert answer["top_up_usd"] == 0.0
    assert answer["call_probability_ratio"] < 0.05
    assert answer["largest_leverage"] > 2


def test_the_largest_leverage_is_no_more_than_the_venue_lends() -> None:
    answer = answer_of(question(), replace(MADE, daily_sigma_ratio=0.0001))
    assert answer["largest_leverage"] == 125
    assert any("largest leverage of the venue" in note for note in answer["notes"])


def test_where_one_times_is_too_much_there_is_no_leverage() -> None:
    wild = replace(MADE, daily_sigma_ratio=0.9)
    answer = answer_of(question(side="short"), wild)
    assert answer["largest_leverage"] is None
    assert answer["top_up_usd"] > 25_000  # more than all of it must be posted
    # a long that borrows nothing is called by no price, and an inverse one by some whatever it posts
    assert answer_of(question(), wild)["largest_leverage"] == 1
    inverse = answer_of(question(), replace(ALL_RULES["inverse at price"], daily_sigma_ratio=0.9))
    assert inverse["largest_leverage"] is inverse["top_up_usd"] is None


def test_a_long_of_one_times_is_called_by_no_price() -> None:
    answer = answer_of(question(leverage=1.0), MADE)
    assert answer["liquidation_price"] is answer["distance_ratio"] is None
    assert answer["call_probability_ratio"] == 0


@pytest.mark.parametrize("name", ALL_RULES)
@given(
    side=st.sampled_from(["long", "short"]),
    wanted=st.floats(0.01, 0.4),
    days=st.floats(1, 30),
    notional=st.floats(1_000, 200_000),
)
def test_the_largest_leverage_has_the_probability_that_was_asked(
    name: str, side: str, wanted: float, days: float, notional: float
) -> None:
    """T21: P(L(p)) = p by every rule, asked once for L and once again with it; and by the top-up, too."""
    first = question(side=side, leverage=1.2, call_probability_ratio=wanted, days=days, notional_usd=notional)
    facts = ALL_RULES[name]
    largest = answer_of(first, facts)["largest_leverage"]
    assert largest is not None
    if largest in (50, 125):
        return  # the venue lends no more
    again = answer_of(replace(first, leverage=largest), facts)
    assert again["call_probability_ratio"] == pytest.approx(wanted, rel=1e-6)
    assert again["top_up_usd"] == pytest.approx(0, abs=1e-6 * notional)
    # a twentieth more lent: what is missing is what the safe position posts more
    bold = replace(first, leverage=largest * 1.05)
    if bold.leverage < answer_of(first, facts)["max_leverage"]:
        missing = answer_of(bold, facts)
        assert missing["top_up_usd"] + missing["posted_usd"] == pytest.approx(again["posted_usd"], rel=1e-6)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"leverage": 0.0}, "--leverage 0 cannot be"),
        ({"notional_usd": float("nan")}, "--notional nan cannot be"),
        ({"days": -1.0}, "--days -1 cannot be"),
        ({"call_probability_ratio": 5.0}, "so 5 % is 0.05"),
        ({"maintenance_ratio": 0.0}, "--maintenance 0 cannot be"),
        ({"taker_fee_ratio": 5.0}, "so 0.05 % is 0.0005"),
    ],
)
def test_a_number_that_cannot_be_is_refused(given_: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        require_possible(question(**given_))
