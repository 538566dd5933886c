"""Each declared unit is broken on purpose, and the line of defence that catches it is named.

Lines of defence: `truth` (the comparison of test_truth.py: the only one that needs to know the answer),
`own_usd` (int_market_day excludes what is off the venue's own dollars by more than 2 %), `price` (off the
median over venues by more than 5 %), `sql` (an unknown unit stops the build), `unreadable` (the row is
refused where it is read, and the log says partial or failed). Only the first is at home in tests: what it
alone catches is what a live run cannot see.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from compare import differences
from evidence import needs
from venue_truth import ASKED, collect, modelled

from pipeline.errors import ContractBroken
from pipeline.fetch import Outcome
from pipeline.moments import replay_moments
from pipeline.records import (
    BorrowRateRow,
    Dataset,
    Direction,
    FundingRateRow,
    LiquidationRow,
    LoanMeasure,
    MarginLoanRow,
    OpenInterestRow,
    PriceRow,
    RawRow,
    Status,
    Unit,
)
from pipeline.venues import VENUES
from pipeline.venues._bitfinex_risk import BitfinexRisk
from pipeline.venues.asker import Asker
from pipeline.venues.base import Reports, Venue

if TYPE_CHECKING:
    from conftest import Truth

# the cases break these, and the median price is over all four
pytestmark = needs("binance", "okx", "hyperliquid", "bitfinex")

MORE = pytest.mark.soak  # the same mistake once more, in another venue or by another factor
DAY = ASKED[2]  # an ordinary day: no gap, no listing, no change


def redeclare(monkeypatch: pytest.MonkeyPatch, name: str, dataset: Dataset, **changed: Any) -> None:
    """Change fields of one declaration of one venue."""
    venue = type(VENUES[name])
    declared = venue.reports[dataset]
    assert isinstance(declared, Reports)
    monkeypatch.setattr(venue, "reports", {**venue.reports, dataset: replace(declared, **changed)})


def spoil(monkeypatch: pytest.MonkeyPatch, row_type: type[RawRow], change: Callable[[Any], None]) -> None:
    """Let the venue file hand over rows of one type changed, as a wrong line in its parser would."""
    keep = Asker.keep

    def keep_changed(self: Asker, row: RawRow) -> None:
        if isinstance(row, row_type):
            change(row)
        keep(self, row)

    monkeypatch.setattr(Asker, "keep", keep_changed)


def resize(monkeypatch: pytest.MonkeyPatch, market: str, size: float | None) -> None:
    """Let ccxt name another contract size for one market."""
    load = Asker.load_markets

    async def load_changed(self: Asker) -> None:
        await load(self)
        for listed in self.listed:
            if listed["id"] == market and isinstance(listed, dict):
                listed["contractSize"] = size

    monkeypatch.setattr(Asker, "load_markets", load_changed)


@dataclass
class Bench:
    """One good day of the venues broken here; `run` asks one venue again and says what became of it."""

    truth: Truth
    good: Path
    home: Path

    def run(self, name: str) -> Outcome:
        shutil.copytree(self.good, self.home, ignore=shutil.ignore_patterns(f"venue={name}", "fetch_log"))
        venue: Mapping[str, Venue] = {name: VENUES[name]}
        return collect(self.truth.server, self.home, replay_moments([DAY]), venue)[0]

    def differences(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        return differences(connection, self.truth.tables, [DAY], {DAY: DAY})

    def found(self) -> list[str]:
        with modelled(self.home, ("staging",)) as connection:
            return self.differences(connection)

    def excluded(self) -> dict[str, str]:
        """Markets left out of all totals, and the reason given."""
        with modelled(self.home, only=["intermediate.int_market_day"]) as connection:
            return dict(
                connection.execute(
                    "select market, reason from intermediate.int_market_day"
                    " where vintage = 'latest' and status = 'excluded' and day = $1"
                    " and seen_usd is null",
                    [DAY],
                ).fetchall()
            )


# The venues that are broken here are these; the others would only make every case slower.
BROKEN = ("binance", "okx", "hyperliquid", "bitfinex")


@pytest.fixture(scope="module")
def few(truth: Truth) -> Truth:
    """The truth of the venues that are broken here."""
    tables = {name: table[table["venue"].isin(BROKEN)] for name, table in truth.tables.items()}
    return replace(truth, tables={name: table for name, table in tables.items() if len(table)})


@pytest.fixture(scope="module")
def good(few: Truth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("good")
    collect(few.server, home, replay_moments([DAY]), {name: VENUES[name] for name in BROKEN})
    compared = [f"staging.stg_{dataset.value}" for dataset in Dataset if dataset is not Dataset.MARKETS]
    # the unbroken day: nothing differs, nothing is excluded
    with modelled(home, only=[*compared, "intermediate.int_market_day"]) as connection:
        assert differences(connection, few.tables, [DAY], {DAY: DAY}) == []
        excluded = connection.execute(
            "select count(*) from intermediate.int_market_day where status = 'excluded'"
        ).fetchone()
        assert excluded == (0,)
    (home / "warehouse.duckdb").unlink()
    return home


@pytest.fixture
def bench(few: Truth, good: Path, tmp_path: Path) -> Bench:
    return Bench(few, good, tmp_path / "home")


OWN_USD = "own USD off the venue's USD by more than 2 %"
OFF_PRICE = "price off the median over venues by more than 5 %"


@pytest.mark.parametrize("unit", [Unit.BASE, pytest.param(Unit.USD, marks=MORE)])
def test_okx_contracts_taken_for_coins_or_dollars_own_usd(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, unit: Unit
) -> None:
    redeclare(monkeypatch, "okx", Dataset.OPEN_INTEREST, unit=unit)
    bench.run("okx")
    excluded = bench.excluded()
    linear = {"BTC-USDT-SWAP", "BTC-USDT-260327", "FIL-USDT-SWAP"}
    assert {market for market, reason in excluded.items() if reason == OWN_USD} >= linear


def test_okx_both_legs_counted_own_usd(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    redeclare(monkeypatch, "okx", Dataset.OPEN_INTEREST, sides=2)
    bench.run("okx")
    assert bench.excluded()["BTC-USDT-SWAP"] == OWN_USD


def test_okx_contract_size_ignored_own_usd(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    resize(monkeypatch, "BTC-USDT-SWAP", 1.0)
    bench.run("okx")
    assert bench.excluded() == {"BTC-USDT-SWAP": OWN_USD}


def test_okx_contract_size_missing_unreadable(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """No size is never taken for one: the row is refused, the other markets stay."""
    resize(monkeypatch, "BTC-USDT-SWAP", None)
    outcome = bench.run("okx")
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.PARTIAL
    missing = f"stg_open_interest: no row for okx BTC-USDT-SWAP {DAY}"
    tiers = [f"stg_leverage_tier: no row for okx BTC-USDT-SWAP {tier} {DAY}" for tier in (1, 2, 3)]
    assert sorted(bench.found()) == [*tiers, missing]  # their bounds, too, count contracts
    with modelled(bench.home, only=["staging.stg_fetch_log"]) as connection:
        said = connection.execute(
            "select error_class, message from staging.stg_fetch_log"
            " where venue = 'okx' and dataset = 'open_interest'"
        ).fetchall()
    assert said == [("PayloadUnreadable", "no contract size is listed for 'BTC-USDT-SWAP'")]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("binance", {"sides": 2}),
        ("hyperliquid", {"sides": 2}),
        # contracts of COIN-M taken for coins: the price that value and amount imply stays the mark
        ("binance", {"unit": {Direction.LINEAR: Unit.BASE, Direction.INVERSE: Unit.BASE}}),
        pytest.param("hyperliquid", {"unit": Unit.USD}, marks=MORE),
        pytest.param("bitfinex", {"unit": Unit.USD}, marks=MORE),
    ],
)
def test_open_interest_without_own_dollars_truth(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, changed: dict[str, Any]
) -> None:
    """Where a venue sends no dollars of its own, value and amount shift together: only the truth tells."""
    redeclare(monkeypatch, name, Dataset.OPEN_INTEREST, **changed)
    bench.run(name)
    found = bench.found()
    assert found
    assert all(line.startswith(f"stg_open_interest {name} ") for line in found)
    assert any("open_interest_quote" in line for line in found)


def test_coin_margined_contract_size_ignored_truth(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    resize(monkeypatch, "ETHUSD_PERP", 1.0)
    bench.run("binance")
    assert any("ETHUSD_PERP" in line and "open_interest_quote" in line for line in bench.found())


def test_a_direction_without_a_unit_unreadable(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    redeclare(monkeypatch, "binance", Dataset.OPEN_INTEREST, unit={Direction.LINEAR: Unit.BASE})
    outcome = bench.run("binance")
    assert outcome.statuses[Dataset.OPEN_INTEREST] is Status.PARTIAL
    lost = {"ETHUSD_PERP", "BTCUSD_260327"}
    assert bench.found() == [
        f"stg_open_interest: no row for binance {market} {DAY}" for market in sorted(lost)
    ]


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("hyperliquid", Dataset.OPEN_INTEREST),
        ("hyperliquid", Dataset.FUNDING_RATE),
        ("hyperliquid", Dataset.PRICE),
        ("okx", Dataset.BORROW_RATE),
        ("bitfinex", Dataset.MARGIN_LOAN),
        ("okx", Dataset.LONG_SHORT_RATIO),
        ("okx", Dataset.LEVERAGE_TIER),
        ("bitfinex", Dataset.LIQUIDATION),
    ],
)
def test_a_unit_that_staging_does_not_know_sql(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, dataset: Dataset
) -> None:
    redeclare(monkeypatch, name, dataset, unit=Unit.LISTING)
    bench.run(name)
    with pytest.raises(ContractBroken, match=r"(?i)unknown|no conversion"):
        bench.found()


@pytest.mark.parametrize("name", ["binance", pytest.param("bitfinex", marks=MORE)])
def test_price_of_something_else_price(bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A mark price a tenth too high, as from a wrong field, for one venue's bitcoin."""

    def change(row: PriceRow) -> None:
        if "BTC" in row.market and row.mark_price is not None and row.contract_size == 1:
            row.mark_price *= 1.1

    spoil(monkeypatch, PriceRow, change)
    bench.run(name)
    excluded = bench.excluded()
    assert set(excluded.values()) == {OFF_PRICE}
    assert len(excluded) == 1


@pytest.mark.parametrize(("name", "unit"), [("hyperliquid", Unit.BASE), ("okx", Unit.USD)])
def test_volume_in_the_wrong_unit_truth(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, unit: Unit
) -> None:
    redeclare(monkeypatch, name, Dataset.PRICE, unit=unit)
    bench.run(name)
    found = bench.found()
    assert found
    assert all("volume_quote" in line or "volume_base_listed" in line for line in found)


def _eighth(row: FundingRateRow) -> None:
    row.funding_rate /= 8


def _eight_hours(row: FundingRateRow) -> None:
    row.interval_hours = 8.0


def _percent(row: FundingRateRow) -> None:
    row.funding_rate *= 100


@pytest.mark.parametrize(
    "change", [_eighth, *(pytest.param(one, marks=MORE) for one in (_eight_hours, _percent))]
)
def test_hourly_funding_read_otherwise_truth(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]
) -> None:
    spoil(monkeypatch, FundingRateRow, change)
    bench.run("hyperliquid")
    assert any("funding_apr" in line for line in bench.found())


@pytest.mark.parametrize(
    ("name", "unit", "factor"),
    [
        ("okx", Unit.RATE_PER_HOUR, 24),
        pytest.param("okx", Unit.RATE_PER_YEAR, 1 / 365, marks=MORE),
        pytest.param("okx", Unit.RATE_PER_DAY_OVER_365, 365, marks=MORE),
        ("bitfinex", Unit.RATE_PER_DAY, 1 / 365),
    ],
)
def test_borrow_period_mistaken_truth(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, unit: Unit, factor: float
) -> None:
    redeclare(monkeypatch, name, Dataset.BORROW_RATE, unit=unit)
    bench.run(name)
    found = bench.found()
    assert any(line.startswith(f"stg_borrow_rate {name} ") for line in found)
    said, true = (float(part) for part in found[0].split(" is ")[1].replace("truth ", "").split(", "))
    assert said / true == pytest.approx(factor, rel=1e-9)


def test_a_borrow_rate_of_percent_is_unknown_truth(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bitfinex' BTC rate as percent a day and not over 365: 13 % a year would be 474,500 %, which none is."""

    def change(row: BorrowRateRow) -> None:
        row.rate *= 365 * 100

    spoil(monkeypatch, BorrowRateRow, change)
    bench.run("bitfinex")
    found = bench.found()
    assert found
    assert all(line.startswith("stg_borrow_rate bitfinex") for line in found)


def test_lent_taken_for_used_truth(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    swap = {LoanMeasure.LENT.value: LoanMeasure.USED.value, LoanMeasure.USED.value: LoanMeasure.LENT.value}

    def change(row: MarginLoanRow) -> None:
        row.measure = swap.get(row.measure, row.measure)

    spoil(monkeypatch, MarginLoanRow, change)
    bench.run("bitfinex")
    found = bench.found()
    assert found
    assert all(line.startswith("stg_margin_loan bitfinex") for line in found)


@pytest.mark.parametrize(
    ("name", "dataset", "unit"),
    [
        # ccxt calls OKX's bounds notional
        ("okx", Dataset.LEVERAGE_TIER, Unit.QUOTE),
        ("okx", Dataset.LONG_SHORT_RATIO, Unit.LONG_SHARE),
        ("bitfinex", Dataset.LIQUIDATION, Unit.QUOTE),
    ],
)
def test_another_dataset_in_the_wrong_unit_truth(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, dataset: Dataset, unit: Unit
) -> None:
    redeclare(monkeypatch, name, dataset, unit=unit)
    bench.run(name)
    found = bench.found()
    assert found
    assert all(line.startswith(f"stg_{dataset.value} ") for line in found)


def test_longs_taken_for_shorts_truth(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The side of Bitfinex' closings is the sign of the amount; ccxt reads it from another flag."""

    def change(row: LiquidationRow) -> None:
        row.position_side = "short"

    spoil(monkeypatch, LiquidationRow, change)
    bench.run("bitfinex")
    found = bench.found()
    assert found
    assert all(line.startswith("stg_liquidation ('bitfinex'") for line in found)


def test_a_trigger_and_its_execution_both_counted_truth(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue lists a closing twice: when it was triggered, and when the market filled it."""
    read = BitfinexRisk._liquidation

    def read_both(self: BitfinexRisk, ask: Asker, method: str, item: list[Any]) -> None:
        flag, at = item[8], item[2]
        read(self, ask, method, [*item[:2], at + flag, *item[3:8], 0, *item[9:]])

    monkeypatch.setattr(BitfinexRisk, "_liquidation", read_both)
    bench.run("bitfinex")
    assert any(line.startswith("stg_liquidation ('bitfinex'") for line in bench.found())


def test_clock_an_hour_wrong_truth(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Milliseconds of another time zone: the observation leaves its day's tolerance and the row is lost."""

    def change(row: OpenInterestRow) -> None:
        assert row.observed_at is not None
        row.observed_at += timedelta(hours=8)

    spoil(monkeypatch, OpenInterestRow, change)
    bench.run("okx")
    assert f"stg_open_interest: no row for okx BTC-USDT-SWAP {DAY}" in bench.found()
