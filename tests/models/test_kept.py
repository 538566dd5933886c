"""What is kept between processes is what would be made, or it is made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.kept import kept


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often something was made; the cache folder is a new one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return []


def ask(made: list[str], *made_of: str) -> str:
    def make() -> str:
        made.append("once")
        return "one\ntwo"

    return kept("text", made_of, make)


def test_it_is_made_once_for_all_it_depends_on(made: list[str]) -> None:
    assert [ask(made, "1.0", "a"), ask(made, "1.0", "a")] == ["one\ntwo"] * 2
    assert len(made) == 1
    ask(made, "1.1", "a")
    ask(made, "1.0", "b")
    assert len(made) == 3


@pytest.mark.parametrize("damage", ["", "one\ntwo", "garbage\none\ntwo"])
def test_a_file_that_is_not_whole_is_made_anew(made: list[str], tmp_path: Path, damage: str) -> None:
    ask(made)
    (file,) = (tmp_path / "cache" / "margin-debt").iterdir()
    whole = file.read_text()
    for text in (damage, whole[:-1], whole + "x"):
        file.write_text(text)
        assert ask(made) == "one\ntwo"
        assert file.read_text() == whole
    assert len(made) == 4


def test_a_folder_that_cannot_be_written_costs_only_time(
    made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert [ask(made), ask(made)] == ["one\ntwo"] * 2
    assert len(made) == 2
