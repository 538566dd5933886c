"""The help of every command: it fits a terminal, shows an example, and the example is a command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cli_options import day_of
from pipeline.look import list_questions

WIDTH = 80
ROOT: Any = typer.main.get_command(app)  # typer brings a click of its own, without types


def _walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, one in getattr(command, "commands", {}).items():
        yield from _walk(one, (*path, name))


COMMANDS = list(_walk(ROOT))


def _command(path: tuple[str, ...]) -> Any:
    found = ROOT
    for name in path:
        found = found.commands[name]
    return found


def _help(*path: str) -> str:
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": str(WIDTH), "TERM": "dumb"})
    assert shown.exit_code == 0, shown.output
    return shown.output


def _examples(path: tuple[str, ...]) -> list[str]:
    """Every command line that the help calls an example; `A, then B` is two of them."""
    one = _command(path)
    text = " ".join(f"{one.help or ''}\n{one.epilog or ''}".split())
    told = re.findall(r"Example: (.*?)(?=Example: |$)", text)
    return [line.strip() for example in told for line in example.split(", then ")]


def test_the_walk_meets_the_commands() -> None:
    assert {("demo",), ("run",), ("export",), ("query",), ("import", "reference")} <= set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_fits_eighty_columns_and_explains_every_option(path: tuple[str, ...]) -> None:
    text = _help(*path)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= WIDTH
    for parameter in _command(path).params:
        assert getattr(parameter, "help", None), f"{parameter.name} of {path} has no help"
        for option in parameter.opts:
            assert option.startswith("-") is False or option in text  # not cut off


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != ("import",)], ids=" ".join)
def test_every_example_parses(path: tuple[str, ...]) -> None:
    examples = _examples(path)
    shown: list[tuple[str, ...]] = []
    for example in examples:
        program, *words = shlex.split(example)
        assert program == "margin-debt"
        command, parent = ROOT, ROOT.context_class(ROOT, info_name=program)
        while hasattr(command, "commands"):
            name, command, words = command.resolve_command(parent, words)
            parent = command.context_class(command, parent=parent, info_name=name)
        values = command.make_context(command.name, words, parent=parent.parent).params
        shown.append(_path_of(command))
        for name in ("day", "first", "last", "before"):
            day_of(values.get(name), name)  # raises for what is no day
    assert path in shown or (path == () and shown)  # the program's own example is of its commands


def _path_of(command: Any) -> tuple[str, ...]:
    return next(path for path in COMMANDS if _command(path) is command)


def test_an_example_of_a_question_names_one_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    named = [shlex.split(line)[2] for line in (*_examples(("query",)), *_examples(("queries",)))]
    for name in [one for one in named if " " not in one]:
        list_questions(name, is_json=False)  # raises for one that there is not
        assert "select" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("repot", "report"), ("querry", "query"), ("expotr", "export"), ("bakfill", "backfill")],
)
def test_a_command_that_there_is_not_is_answered_with_the_one_that_was_meant(typed: str, meant: str) -> None:
    refused = CliRunner().invoke(app, [typed], env={"COLUMNS": str(WIDTH), "TERM": "dumb"})
    assert refused.exit_code == 2
    assert f"'{meant}'" in refused.output
