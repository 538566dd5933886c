"""Listed accounts, from the settings to what is added up of them: equal to the truth, whole, or not there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from evidence import UNDER_TEST, needs
from venue_truth import ASKED, EXACT, addresses, collect

from pipeline.build import FIRST_DAY, build_model
from pipeline.clock import VirtualClock, end_of
from pipeline.errors import SettingsError
from pipeline.fetch import fetch
from pipeline.lake import Lake
from pipeline.models import read_models
from pipeline.moments import AFTER_MIDNIGHT, replay_moments
from pipeline.quality.identities import check_identities, read_identities
from pipeline.records import Dataset, Status
from pipeline.settings import Settings
from pipeline.venues import VENUES
from pipeline.venues.asker import Asker

if TYPE_CHECKING:
    from conftest import Asked, Truth

pytestmark = needs("hyperliquid")
MODELS = {model.name: model for model in read_models()}
ONE, TWO = "0x" + "0" * 38 + "a1", "0x" + "0" * 38 + "b2"
VARIABLE = "MARGIN_DEBT_HYPERLIQUID_ADDRESSES"


def stored(home: Path, dataset: str) -> list[dict[str, Any]]:
    """Rows of a dataset in the lake of a home."""
    return [
        row
        for file in sorted((home / "raw" / dataset).rglob("*.parquet"))
        for row in pq.ParquetFile(file).read().to_pylist()
    ]


def test_positions_and_money_are_the_truth(truth: Truth, asked: Asked) -> None:
    """Every account and position of every day that was asked while it could be, and nothing else."""
    table, price = truth.tables["wallet_position"], truth.tables["price"]
    price = price[price["venue"] == "hyperliquid"].set_index(["market", "observed_at"])["mark_price"]
    days = asked.days[-1:] if asked.name == "backfill" else asked.days  # nothing reaches back
    wanted = {}
    for row in table[table["observed_at"].isin([end_of(day) for day in days])].itertuples():
        instant = (row.observed_at - pd.Timedelta(days=1)).date()
        if isinstance(row.market, str):
            side = "long" if row.position_base > 0 else "short"
            worth = abs(row.position_base) * price[row.market, row.observed_at]
            wanted[instant, row.address, row.market, side] = (
                abs(row.position_base), worth, worth / row.set_leverage, row.set_leverage, None
            )  # fmt: skip
        else:
            wanted[instant, row.address, "USDC", "account"] = (0.0, None, None, None, row.equity_usd)
    said = {
        tuple(row[:4]): row[4:]
        for row in asked.connection.execute(
            "select day, address, market, position_side, size_base_listed,"
            " case when position_side != 'account' then notional_usd end,"
            " case when position_side != 'account' then margin_usd end, set_leverage, equity_usd"
            " from staging.stg_wallet_position where distance_hours < 1"
        ).fetchall()
    }
    assert said.keys() == wanted.keys()
    assert {key[2:] for key in wanted} >= {("BTC", "long"), ("kPEPE", "short"), ("USDC", "account")}
    for key, numbers in wanted.items():
        assert [one is None for one in said[key]] == [one is None for one in numbers], key
        known = [(mine, true) for mine, true in zip(said[key], numbers, strict=True) if true is not None]
        assert [mine for mine, _ in known] == pytest.approx([true for _, true in known], rel=EXACT), key


def test_an_account_is_added_up(asked: Asked) -> None:
    """The account that lost its money owes all of its position and more; one without positions is there."""
    rows = asked.connection.execute(
        "select right(address, 2), positions, notional_usd, equity_usd, borrowed_usd, set_margin_usd"
        " from intermediate.int_wallet_day where day = $1 order by address",
        [asked.days[-1]],
    ).fetchall()
    assert [row[:2] for row in rows] == [("a1", 2), ("b2", 1), ("c3", 0)]
    _, lost, empty = rows
    assert lost[3] < 0
    assert lost[4] == pytest.approx(lost[2] - lost[3], rel=EXACT)
    assert lost[5] == pytest.approx(lost[2] / 40, rel=EXACT)
    assert empty[2:] == (0, empty[3], 0, 0)
    assert empty[3] > 900


@pytest.mark.parametrize("asked", ["daily"], indirect=True, scope="session")
def test_what_is_public_reaches_the_tables_that_are_quoted(asked: Asked) -> None:
    """Ratios and wallets, tiers by size and classes not seen, from real answers; no identity is broken."""
    names = (
        "open_interest_by_venue_daily open_interest_by_asset_daily margin_debt_daily concentration_daily"
        " participants_daily maintenance_rate_daily"
    )
    for name in names.split():
        build_model(asked.connection, MODELS[name], FIRST_DAY)
    day = asked.days[-1]

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return asked.connection.execute(sql, [day]).fetchall()

    said = rows("select population, accounts, equity_debt_ratio from marts.participants_daily where day = $1")
    wallets = [row for row in said if row[0] == "listed_wallets"]
    assert [row[1] for row in wallets] == [3]
    assert 0 < wallets[0][2] < 1
    if len(UNDER_TEST) == len(VENUES):
        assert {row[0] for row in said} == {"accounts", "top_accounts", "top_positions", "listed_wallets"}
    by_size = rows(
        "select first_tier_ratio, lognormal_ratio, largest_ratio from marts.maintenance_rate_daily"
        " where day = $1 and scope_type = 'venue' and scope = 'hyperliquid'"
    )
    assert len(by_size) == 1
    assert list(by_size[0]) == sorted(by_size[0])
    (debtors,) = rows(
        "select members from marts.concentration_daily"
        " where day = $1 and measure = 'debt' and dimension = 'participant'"
    )
    assert debtors == (2,)  # the third holds nothing
    unseen = rows("select class from marts.margin_debt_daily where day = $1 and measure = 'not_seen'")
    assert {row[0] for row in unseen} == {"cefi", "defi", "cdp", "cme", "options"}
    held = {"not_seen_is_in_no_total", "maintenance_rates_are_in_order", "shares_make_the_concentration"}
    outcomes = list(
        check_identities(asked.connection, FIRST_DAY, [one for one in read_identities() if one.name in held])
    )
    assert {one.identity.name for one in outcomes} == held
    assert [one.sentence for one in outcomes if one.status != "passed"] == []
    assert all(one.compared for one in outcomes)


def asked_with(truth: Truth, home: Path, listed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The log's row of wallet_position after one day of Hyperliquid alone."""
    settings = Settings(home=home, redirect=truth.server.address, addresses=listed)
    (moment,) = replay_moments([ASKED[2]])
    instant = end_of(moment.day) + AFTER_MIDNIGHT
    truth.server.set_now(instant)
    asyncio.run(
        fetch(
            {"hyperliquid": VENUES["hyperliquid"]},
            [moment],
            settings=settings,
            clock=VirtualClock(instant),
            lake=Lake(settings.raw),
            run_id="wallets",
        )
    )
    log = stored(home, "fetch_log")
    (row,) = [one for one in log if one["dataset"] == "wallet_position"]
    return dict(row)


def test_without_a_list_nothing_is_asked_and_the_log_says_so(truth: Truth, tmp_path: Path) -> None:
    row = asked_with(truth, tmp_path, {})
    assert (row["status"], row["rows"], row["calls"]) == ("needs_addresses", 0, 0)
    assert row["message"] == f"no account is listed: set {VARIABLE} to public addresses"
    assert not (tmp_path / "raw" / "wallet_position").exists()


def test_an_address_nobody_knows_is_an_account_without_anything(truth: Truth, tmp_path: Path) -> None:
    """As on the chain: an answer, with zero; and not the same as an account that was not asked."""
    stranger = "0x" + "9" * 40
    row = asked_with(truth, tmp_path, {"hyperliquid": (stranger,)})
    assert (row["status"], row["rows"], row["calls"]) == ("answered", 1, 1)
    (kept,) = stored(tmp_path, "wallet_position")
    assert (kept["address"], kept["equity_usd"], kept["own_usd"], kept["position_side"]) == (
        stranger, 0.0, 0.0, None
    )  # fmt: skip


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state["assetPositions"].pop(),
        lambda state: state["assetPositions"][0]["position"].update(szi="NaN"),
        lambda state: state["assetPositions"][0]["position"].update(szi="0.0"),
        lambda state: state["assetPositions"][0]["position"]["leverage"].update(value=0),
        lambda state: state["assetPositions"].append(state["assetPositions"][0]),
        lambda state: state["assetPositions"][0]["position"].update(coin="a\u202eb"),
        lambda state: state["marginSummary"].pop("accountValue"),
        lambda state: state.update(time="yesterday"),
        lambda state: state.update(assetPositions=None),
    ],
    ids=["missing", "nan", "empty", "unlevered", "twice", "hostile", "moneyless", "timeless", "none"],
)
def test_an_account_with_a_fault_is_left_out_whole_and_the_others_kept(
    truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Any
) -> None:
    """A leverage made of some of its positions would be wrong and look right."""
    call = Asker.call

    async def spoilt(self: Asker, method: str, params: Mapping[str, Any] | None = None) -> Any:
        answer = await call(self, method, params)
        if (params or {}).get("user") != ONE:
            return answer
        mine = json.loads(json.dumps(answer))
        spoil(mine)
        return mine

    monkeypatch.setattr(Asker, "call", spoilt)
    row = asked_with(truth, tmp_path, {"hyperliquid": (ONE, TWO)})
    assert row["status"] == "partial"
    assert row["message"]
    kept = stored(tmp_path, "wallet_position")
    assert {one["address"] for one in kept} == {TWO}
    assert len(kept) == 2


def test_the_settings_read_addresses_once_each() -> None:
    large = ONE.replace("a1", "A1")
    settings = Settings.from_environment(environment={VARIABLE: f" {large}, {TWO} ,{ONE},"})
    assert settings.addresses == {"hyperliquid": (ONE, TWO)}
    assert Settings.from_environment(environment={VARIABLE: " , "}).addresses == {}
    assert Settings.from_environment(environment={}).addresses == {}


@pytest.mark.parametrize(
    "word",
    [
        "0x12",
        "0x" + "g" * 40,
        ONE + "0",
        ONE.removeprefix("0x"),
        f"{ONE};{TWO}",
        f"{ONE}\n{TWO}",
        "../../etc",
    ],
)
def test_what_is_no_address_is_refused_with_the_remedy(word: str) -> None:
    with pytest.raises(SettingsError, match=r"write 0x and 40 hexadecimal digits") as raised:
        Settings.from_environment(environment={VARIABLE: f"{TWO},{word}"})
    assert VARIABLE in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_run_of_all_asks_each_account_once(truth: Truth, tmp_path: Path) -> None:
    (outcome,) = collect(
        truth.server, tmp_path, replay_moments([ASKED[2]]), {"hyperliquid": VENUES["hyperliquid"]}
    )
    assert outcome.statuses[Dataset.WALLET_POSITION] is Status.ANSWERED
    log = stored(tmp_path, "fetch_log")
    (row,) = [one for one in log if one["dataset"] == "wallet_position"]
    assert row["calls"] == len(addresses()["hyperliquid"]) == 3
