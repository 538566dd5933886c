"""History folders: what is written is read back, and every fault is named with its file and column."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import HistoryInvalid
from pipeline.replay.history import HISTORY_TABLES, read_history, write_history
from pipeline.replay.server import Exchange

AT = datetime(2026, 3, 2, tzinfo=UTC)


def edit(folder: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Rewrite one file of a folder without the writer's checks."""
    file = folder / f"{name}.parquet"
    frame = change(pq.read_table(file).to_pandas())
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), file)


def setting(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A change of the first row's cell."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame[column] = frame[column].astype(object)
        frame.loc[0, column] = value  # type: ignore[call-overload]
        if not isinstance(value, str) and column not in {"market", "venue", "direction"}:
            frame[column] = frame[column].astype(float)
        return frame

    return change


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny history that a test may spoil."""
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_what_is_written_is_read_back(tiny: Path) -> None:
    history = read_history(tiny)
    assert history.about == {"format_version": 1, "title": "tiny", "is_made": True}
    assert set(history.tables) == {
        "markets", "open_interest", "price", "funding_rate", "margin_loan", "borrow_rate", "long_short_ratio",
        "leverage_tier", "liquidation", "insurance_fund",
    }  # fmt: skip
    assert ("okx", "leverage_tier") in history.held()
    assert ("okx", "liquidation") not in history.held()
    interest = history.tables["open_interest"]
    named = (interest["venue"] == "binance") & (interest["market"] == "BTCUSDT")
    row = interest[named & (interest["observed_at"] == AT)]
    assert row["open_interest_base"].tolist() == [86123.456]
    assert str(interest["observed_at"].dtype) == "datetime64[us, UTC]"
    spot = history.tables["markets"].set_index("market").loc["tBTCUSD"]
    assert spot[["settle", "direction", "contract_size", "expires_at"]].isna().all()


def test_equal_tables_give_equal_bytes(tiny: Path, tmp_path: Path) -> None:
    tables = read_history(tiny).tables
    write_history(
        tmp_path, {n: t.sample(frac=1, random_state=3) for n, t in tables.items()}, {"title": "tiny"}
    )
    for name in tables:
        assert (tmp_path / f"{name}.parquet").read_bytes() == (tiny / f"{name}.parquet").read_bytes()


def test_the_format_has_eleven_tables_and_instants_in_utc() -> None:
    assert len(HISTORY_TABLES) == 11
    for schema in HISTORY_TABLES.values():
        for field in schema:
            if field.name.endswith("_at") or field.name == "effective_from":
                assert field.type == pa.timestamp("us", tz="UTC")


def test_only_markets_is_required(folder: Path) -> None:
    for file in folder.iterdir():
        if file.name != "markets.parquet":
            file.unlink()
    history = read_history(folder)
    assert list(history.tables) == ["markets"]
    assert history.about == {}


def test_rows_need_no_order_and_integers_and_nanoseconds_are_fine(folder: Path) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame["observed_at"] = frame["observed_at"].dt.as_unit("ns").dt.tz_convert("Asia/Tokyo")
        frame["open_interest_base"] = frame["open_interest_base"].astype(int)
        return frame.iloc[::-1]

    edit(folder, "open_interest", change)
    interest = read_history(folder).tables["open_interest"]
    assert interest["open_interest_base"].dtype == float
    named = (interest["venue"] == "binance") & (interest["market"] == "BTCUSDT")
    row = interest[named & (interest["observed_at"] == AT)]
    assert row["open_interest_base"].tolist() == [86123.0]


BAD = [
    ("price", setting("mark_price", None), "mark_price", "null or NaN"),
    ("price", setting("mark_price", 0.0), "mark_price", "not above zero"),
    ("price", setting("mark_price", -1.0), "mark_price", "not above zero"),
    ("price", setting("mark_price", np.inf), "mark_price", "infinite"),
    ("price", setting("index_price", -1.0), "index_price", "not above zero"),
    ("open_interest", setting("open_interest_base", np.nan), "open_interest_base", "null or NaN"),
    ("open_interest", setting("open_interest_base", -3.0), "open_interest_base", "negative"),
    ("open_interest", setting("market", "NOPEUSDT"), "market", "NOPEUSDT"),
    ("open_interest", setting("venue", "mtgox"), "venue", "mtgox"),
    ("margin_loan", setting("collateral_market", "tXYZUSD"), "collateral_market", "tXYZUSD"),
    ("margin_loan", setting("measure", "borrowed"), "measure", "unknown word"),
    ("markets", setting("direction", None), "direction", "null"),
    ("markets", setting("contract_size", 0.0), "contract_size", "not above zero"),
    ("funding_rate", setting("interval_hours", 0.0), "interval_hours", "not above zero"),
    ("price", lambda f: f.drop(columns="volume_base_24h"), "volume_base_24h", "missing"),
    ("price", lambda f: f.assign(mark_price="dear"), "mark_price", "must be double"),
    ("price", lambda f: f.assign(observed_at=f["observed_at"].dt.tz_localize(None)), "observed_at", "zone"),
    ("price", lambda f: f.assign(observed_at="2026-03-02"), "observed_at", "must be timestamp"),
    ("open_interest", lambda f: pd.concat([f, f.iloc[[0]]]), "observed_at", "more than once"),
    ("markets", lambda f: pd.concat([f, f.iloc[[0]]]), "effective_from", "more than once"),
    ("margin_loan", lambda f: pd.concat([f, f.iloc[[0]]]), "measure", "more than once"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "column", "complaint"), BAD)
def test_a_bad_table_is_refused_with_file_column_and_remedy(
    folder: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame], column: str, complaint: str
) -> None:
    edit(folder, name, change)
    with pytest.raises(HistoryInvalid) as raised:
        read_history(folder)
    sentence = str(raised.value)
    assert f"{name}.parquet" in sentence
    assert column in sentence
    assert complaint in sentence
    assert ": " in sentence  # the remedy follows the colon
    assert "\n" not in sentence


def test_a_missing_folder_and_a_missing_list_of_markets(folder: Path) -> None:
    with pytest.raises(HistoryInvalid, match="no history folder"):
        read_history(folder / "absent")
    edit(folder, "markets", lambda frame: frame.iloc[:0])
    with pytest.raises(HistoryInvalid, match=r"markets\.parquet lists no market"):
        read_history(folder)
    (folder / "markets.parquet").unlink()
    with pytest.raises(HistoryInvalid, match=r"markets\.parquet"):
        read_history(folder)


def test_another_version_and_a_broken_file_are_refused(folder: Path) -> None:
    (folder / "history.json").write_text(json.dumps({"format_version": 2}))
    with pytest.raises(HistoryInvalid, match="format_version is 2"):
        read_history(folder)
    (folder / "history.json").unlink()
    (folder / "price.parquet").write_bytes(b"not parquet")
    with pytest.raises(HistoryInvalid, match=r"price\.parquet cannot be read"):
        read_history(folder)


def test_an_unknown_table_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(HistoryInvalid, match="order_book"):
        write_history(tmp_path, {"order_book": pd.DataFrame()}, {})


def test_coin_margined_contracts_that_are_not_whole_are_refused(folder: Path) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        is_hit = (frame["market"] == "ETHUSD_PERP") & (frame["observed_at"] == AT)
        frame.loc[is_hit, "open_interest_base"] = 106_454.098  # 26,613,524.5 contracts
        return frame

    edit(folder, "open_interest", change)
    with pytest.raises(HistoryInvalid, match=r"ETHUSD_PERP .*26613524\.5 contracts"):
        Exchange(folder)
