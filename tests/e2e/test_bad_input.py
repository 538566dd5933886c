"""Bad input gets its exit code and one sentence: what, where and what to do. Never a traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from homes import DAYS, PROJECT, backfill_words, clean_environment, command

from pipeline.cli import main

NOWHERE = "/dev/null/x"  # a folder under a file: even root cannot make it
Refused = Callable[..., tuple[int, str]]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Refused:
    """The exit code and the one line on standard error of a command that must be refused."""
    for name in ("MARGIN_DEBT_REDIRECT", "MARGIN_DEBT_TIMEOUT_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MARGIN_DEBT_HOME", str(tmp_path / "home"))

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["margin-debt", *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capfd.readouterr()
        assert shown.out == ""
        return int(ended.value.code or 0), one_sentence(shown.err)

    return run


def one_sentence(shown: str) -> str:
    """The sentence behind the program's name, if that is all there is."""
    lines = shown.splitlines()
    assert len(lines) == 1, shown
    assert lines[0].startswith("margin-debt: "), shown
    assert "Traceback" not in shown
    return lines[0].removeprefix("margin-debt: ")


def assert_holds(sentence: str, *parts: str) -> None:
    for part in parts:
        assert part in sentence, sentence


def test_a_venue_that_there_is_not(refused: Refused, world: Path) -> None:
    code, sentence = refused("run", "--venues", "binance,krakken", "--replay", str(world))
    assert code == 2
    assert_holds(sentence, "krakken", "did you mean krakenfutures: `margin-debt venues` lists all ")
    assert "binance" not in sentence  # it was spelled right, and thirty names bury the one that was meant


def test_a_day_that_has_not_ended(refused: Refused) -> None:
    code, sentence = refused("run", "--day", "2999-01-01")
    assert code == 2
    assert_holds(sentence, "2999-01-01", "has not ended yet", "the last day to ask about is")


def test_a_day_after_the_history(refused: Refused, world: Path) -> None:
    code, sentence = refused("run", "--day", "2025-07-01", "--replay", str(world))
    assert code == 2
    assert_holds(sentence, "2025-07-01", "after the end of the history", "2025-06-30")


def test_a_day_before_the_history(refused: Refused, world: Path) -> None:
    words = ("--from", "2025-05-31", "--to", "2025-06-02", "--replay", str(world))
    code, sentence = refused("backfill", *words)
    assert code == 2
    assert_holds(sentence, "2025-05-31", "before the history begins", "2025-06-01")


def test_from_after_to(refused: Refused, world: Path) -> None:
    words = ("--from", "2025-06-12", "--to", "2025-06-10", "--replay", str(world))
    code, sentence = refused("backfill", *words)
    assert code == 2
    assert_holds(sentence, "2025-06-12", "2025-06-10", "exchange --from and --to")


@pytest.mark.parametrize("text", ["2025-13-01", "yesterday", "2025-6-1"])
def test_a_day_that_is_none(refused: Refused, text: str) -> None:
    code, sentence = refused("run", "--day", text)
    assert code == 2
    assert_holds(sentence, f"--day {text}", "write it as 2026-01-31")


def test_a_home_that_cannot_be_written(refused: Refused, world: Path) -> None:
    code, sentence = refused("run", "--home", NOWHERE, "--replay", str(world))
    assert code == 2
    assert_holds(sentence, NOWHERE, "cannot write", "--home")


def test_a_redirect_off_this_machine(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARGIN_DEBT_REDIRECT", "http://192.0.2.1:8080")
    code, sentence = refused("run")
    assert code == 2
    assert_holds(sentence, "MARGIN_DEBT_REDIRECT=http://192.0.2.1:8080", "http://127.0.0.1:PORT")


def test_a_redirect_where_nobody_answers(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARGIN_DEBT_REDIRECT", "http://127.0.0.1:1")
    code, sentence = refused("run")
    assert code == 2
    assert_holds(sentence, "http://127.0.0.1:1", "margin-debt replay")


def test_a_time_limit_that_is_no_number(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARGIN_DEBT_TIMEOUT_SECONDS", "soon")
    code, sentence = refused("run")
    assert code == 2
    assert_holds(sentence, "MARGIN_DEBT_TIMEOUT_SECONDS=soon", "unset it")


@pytest.mark.parametrize("words", [["run", "--replay"], ["replay"]])
def test_a_history_that_is_not_there(refused: Refused, tmp_path: Path, words: list[str]) -> None:
    code, sentence = refused(*words, str(tmp_path / "gone"))
    assert code == 2
    assert_holds(sentence, str(tmp_path / "gone"), "there is no history folder", "markets.parquet")


@pytest.mark.parametrize("words", [["run", "--replay"], ["replay"]])
def test_a_folder_that_holds_no_history(refused: Refused, tmp_path: Path, words: list[str]) -> None:
    code, sentence = refused(*words, str(tmp_path))
    assert code == 2
    assert_holds(sentence, str(tmp_path), "holds no markets.parquet")


def test_a_history_without_a_column(refused: Refused, world: Path, tmp_path: Path) -> None:
    spoiled = _spoiled(world, tmp_path, lambda prices: prices.drop_columns(["mark_price"]))
    code, sentence = refused("run", "--replay", str(spoiled))
    assert code == 1
    assert_holds(sentence, str(spoiled / "price.parquet"), "column mark_price is missing", "add it")


def test_a_history_with_a_price_that_is_no_number(refused: Refused, world: Path, tmp_path: Path) -> None:
    def spoil(prices: pa.Table) -> pa.Table:
        place = prices.column_names.index("mark_price")
        values = prices.column(place).to_pylist()
        values[5] = float("nan")
        return prices.set_column(place, "mark_price", pa.array(values, pa.float64()))

    spoiled = _spoiled(world, tmp_path, spoil)
    code, sentence = refused("run", "--replay", str(spoiled))
    assert code == 1
    row = pq.read_table(world / "price.parquet").slice(5, 1).to_pylist()[0]
    assert_holds(sentence, str(spoiled / "price.parquet"), "mark_price", "NaN", row["market"], row["venue"])


def test_a_home_that_holds_another_source(refused: Refused, world: Path, early: Path, tmp_path: Path) -> None:
    other = _spoiled(world, tmp_path, lambda prices: prices.slice(0, prices.num_rows - 1))
    code, sentence = refused("run", "--replay", str(other), "--home", str(early))
    assert code == 2
    assert_holds(sentence, str(early), "choose another --home")
    code, sentence = refused("run", "--home", str(early))
    assert code == 2
    assert_holds(sentence, str(early), "live venues", "choose another --home")


def test_a_home_where_nothing_was_fetched(refused: Refused, tmp_path: Path) -> None:
    for words in (["build"], ["query", "select 1"], ["report"]):
        code, sentence = refused(*words)
        assert code == 2
        assert_holds(sentence, str(tmp_path / "home"), "margin-debt run")


_HOLDS_LOCK = """
import sys, pathlib
from pipeline.engine import home_lock
with home_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held_home(early: Path, tmp_path: Path) -> Iterator[Path]:
    """A home in which another process is working."""
    home = tmp_path / "held"
    shutil.copytree(early, home, ignore=shutil.ignore_patterns("dagster"))
    words: Sequence[str] = [sys.executable, "-c", _HOLDS_LOCK, str(home)]
    with subprocess.Popen(
        words,
        cwd=PROJECT,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield home
        assert holder.stdin is not None
        holder.stdin.close()


def test_a_home_where_another_run_works(held_home: Path) -> None:
    ended = command("build", "--quiet", "--home", str(held_home))
    assert ended.returncode == 1
    assert_holds(one_sentence(ended.stderr), str(held_home), "another run", "wait", "--home")
    # readers are not kept out
    assert command("query", "select 1 as one", "--home", str(held_home)).returncode == 0


def test_the_process_itself_ends_with_the_code_and_the_sentence(world: Path) -> None:
    ended = command(*backfill_words(Path(NOWHERE), world, DAYS))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert NOWHERE in one_sentence(ended.stderr)


def _spoiled(world: Path, tmp_path: Path, change: Callable[[pa.Table], pa.Table]) -> Path:
    """A copy of the world with its prices changed."""
    folder = tmp_path / "spoiled"
    shutil.copytree(world, folder)
    pq.write_table(change(pq.read_table(folder / "price.parquet")), folder / "price.parquet")
    return folder
