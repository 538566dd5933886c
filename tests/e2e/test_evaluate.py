"""`margin-debt evaluate` on a real home: it publishes the table it prints, in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest
from homes import command, copied

from pipeline.errors import UsageError
from pipeline.evaluate.baselines import VOLATILITY
from pipeline.evaluate.command import evaluate
from pipeline.settings import Settings
from pipeline.signals import SIGNALS

BASELINES = {VOLATILITY, "return_90d", "oi_growth_30d", "funding", "always_calm"}


@pytest.fixture(scope="module")
def home(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(finished, tmp_path_factory.mktemp("evaluated") / "home")


def test_it_prints_what_it_publishes(home: Path) -> None:
    ended = command("evaluate", "--home", str(home), "--format", "csv")
    assert ended.returncode == 0, ended.stderr
    printed = list(csv.DictReader(io.StringIO(ended.stdout)))
    with duckdb.connect(str(home / "serving" / "margin_debt.duckdb"), read_only=True) as connection:
        published = connection.execute("select signal, event_rule, horizon_days from scoreboard").fetchall()
        described = connection.execute(
            "select count(*) from dictionary where table_name = 'scoreboard'"
        ).fetchone()
    key = [(row["signal"], row["event_rule"], int(row["horizon_days"])) for row in printed]
    assert sorted(key) == sorted(published)
    # every signal, the composite and the baselines; three rules and three horizons
    assert {name for name, _, _ in key} == set(SIGNALS) | BASELINES | {"composite"}
    assert len(key) == 9 * (len(SIGNALS) + 6)
    assert {int(row["variants_tried"]) for row in printed} == {len(key)}
    # seven quiet days: no event, so no interval, and the reason stands there
    assert {row["auroc_low"] for row in printed} == {""}
    assert all(row["reason"] for row in printed)
    assert described == (len(printed[0]),)


def test_json_has_null_where_nothing_is_known(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(Settings(home), "json")
    rows = json.loads(capsys.readouterr().out)
    assert {row["auroc"] for row in rows} == {None}
    assert {row["events"] for row in rows} == {0}


def test_the_table_fits_80_columns_and_says_that_the_history_is_made(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate(Settings(home), "table")
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "This history is made, not recorded: it shows the method and is no track record."
    assert lines[-1] == "Nothing can be said against volatility: no row has 5 events or more."
    assert "\x1b" not in printed


def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path: Path, home: Path) -> None:
    with pytest.raises(UsageError, match="nothing is published"):
        evaluate(Settings(tmp_path), "table")
    with pytest.raises(UsageError, match="--format xml is not known"):
        evaluate(Settings(home), "xml")


def test_a_home_of_an_older_version_is_asked_to_build(tmp_path: Path, home: Path) -> None:
    old = copied(home, tmp_path / "old")
    with duckdb.connect(str(old / "warehouse.duckdb")) as connection:
        connection.execute("drop table marts.market_moves_daily")
    with pytest.raises(UsageError, match="run `margin-debt build` first"):
        evaluate(Settings(old), "table")
