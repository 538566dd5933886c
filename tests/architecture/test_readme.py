"""The README promises only what the command line, the Makefile and the venues' declarations hold."""

from __future__ import annotations

import re
import shlex
import subprocess

import click
import pytest
import typer
from package import ROOT
from readme_table import README, venue_table, with_table

from pipeline.cli import app

TEXT = README.read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
GROUP = typer.main.get_command(app)
BLOCKS = "\n".join(re.findall(r"^```console\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE))
COMMANDS = [
    line.split("#")[0].strip().partition("margin-debt ")[2]
    for line in re.sub(r"\n {4}", " ", BLOCKS).splitlines()
    if "margin-debt " in line.partition("#")[0]
]


def _commands() -> dict[str, click.Command]:
    return dict(getattr(GROUP, "commands", {}))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    """Parsed by the command line itself, options and values included; nothing is run."""
    name, *arguments = shlex.split(line)
    _commands()[name].make_context(name, arguments)


def test_the_readme_shows_a_command() -> None:
    assert COMMANDS


def test_the_makefile_has_every_target_the_readme_names() -> None:
    named = set(re.findall(r"(?:`|^\$ )make ([a-z]+)", TEXT, re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert {"demo", "test", "docs", "picture"} <= named <= targets


def test_readme_and_makefile_print_the_same_apt_line() -> None:
    """The Makefile prints it where Python or venv is missing."""
    line = next(line for line in MAKEFILE.splitlines() if line.startswith("APT := ")).removeprefix("APT := ")
    assert line.startswith("sudo apt-get install --yes ")
    assert f"\n$ {line}\n" in TEXT


def test_a_machine_without_a_fitting_python_is_told_what_to_do() -> None:
    """One sentence with the apt line, from a make that really ran."""
    ended = subprocess.run(
        ["make", "--no-print-directory", "--always-make", "PYTHON=", "install"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    sentence = ended.stderr.splitlines()[0]
    assert "needs Python 3.11 or 3.12" in sentence
    assert "sudo apt-get install" in sentence


def test_the_table_of_venues_is_the_declared_one() -> None:
    assert with_table(TEXT) == TEXT, "the README's table of venues is old: run `make readme`"


def test_the_table_says_what_was_never_checked_live() -> None:
    assert venue_table().endswith("Last checked live: none of them.\n")


def test_links_of_the_readme_lead_somewhere() -> None:
    local = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in link]
    assert local
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_exit_codes_are_the_programs_own() -> None:
    """The README's table against the codes the engine and the command line really give."""
    from pipeline.engine import Ending

    assert Ending(succeeded=True).exit_code == 0
    assert Ending(succeeded=False).exit_code == 1
    assert Ending(succeeded=True, gaps=["okx price failed"]).exit_code == 3
    assert {int(code) for code in re.findall(r"^\| (\d) \|", TEXT, re.MULTILINE)} == {0, 1, 2, 3}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md", "README.md"])
def test_paths_in_the_documents_exist(name: str) -> None:
    """A path in backticks, but for those of a home, of a folder named before, and what tests leave."""
    elsewhere = ("test-artefacts/", "./.margin-debt", "raw/", "reports/", "dagster/", "serving/")
    elsewhere += ("queries/", "architecture/", "real/")
    paths = re.findall(r"`([\w./-]+/[\w./-]*)`", (ROOT / name).read_text())
    assert [path for path in paths if not path.startswith(elsewhere) and not (ROOT / path).exists()] == []
