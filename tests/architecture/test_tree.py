"""What every file of the tree keeps to: what it is, how long, and that it names no machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from judge_skips import judge
from package import PACKAGE, ROOT, trees

MOST_LINES = 350
CONSTRAINTS = ("constraints.txt", "constraints-extras.txt")
# a folder of one machine or one person; a shebang and Debian's own /usr/bin are everybody's
MACHINE_PATH = re.compile(r"(?<![\w.:}/-])/(?:home|root|Users|work|opt|mnt|srv|tmp|private)/[\w.-]+")
REGISTRY = re.compile(
    r"https?://[^\s\"')]*(pypi|pythonhosted|anaconda|conda\.|npmjs|crates\.io|artifactory|nexus)",
    re.IGNORECASE,
)
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==(\S+)(?: ;[^\\]*)? \\$")


def tracked() -> list[Path]:
    """Files git keeps or would keep, that are text."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in files if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


@pytest.mark.parametrize("module", list(trees()))
def test_a_module_begins_with_what_it_is(module: str) -> None:
    body = trees()[module].body
    assert body, module
    first = body[0]
    text = getattr(getattr(first, "value", None), "value", None)
    assert isinstance(text, str), f"{module} has no docstring"
    assert len(text.strip()) > 20, f"{module} says nothing about itself"


def test_no_module_grew_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        for pattern in (MACHINE_PATH, REGISTRY)
        for match in pattern.finditer(path.read_text())
        if path != Path(__file__)
    ]
    assert found == []


def test_the_patterns_above_find_what_they_are_for() -> None:
    assert MACHINE_PATH.search("see /home/anna/notes")
    assert MACHINE_PATH.search('open("/tmp/out")')
    assert not MACHINE_PATH.search("http://127.0.0.1/tmp/x")
    assert not MACHINE_PATH.search("#!/usr/bin/env bash")
    assert REGISTRY.search("--index-url https://pypi.org/simple")
    assert not REGISTRY.search("https://www.okx.com/docs-v5/en/")


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_every_package_is_pinned_and_hashed(name: str) -> None:
    """Each entry is `name==version`, then at least one hash, and nothing else."""
    lines = (ROOT / name).read_text().splitlines()
    assert lines
    hashes_of_entry = 1
    for line in lines:
        if line.startswith("    --hash="):
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
            hashes_of_entry += 1
        else:
            assert hashes_of_entry > 0, f"no hash before {line}"
            assert PINNED.match(line), line
            hashes_of_entry = 0
    assert hashes_of_entry > 0


def _pins(name: str) -> dict[str, str]:
    found = (PINNED.match(line) for line in (ROOT / name).read_text().splitlines())
    return {match[1].lower().replace("_", "-"): match[2] for match in found if match}


def test_both_files_pin_the_same_versions() -> None:
    base, extras = (_pins(name) for name in CONSTRAINTS)
    both = base.keys() & extras.keys()
    assert len(both) > 50
    assert [name for name in sorted(both) if base[name] != extras[name]] == []


def test_what_the_project_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    base, extras = (_pins(name) for name in CONSTRAINTS)
    optional = project["project"]["optional-dependencies"]

    def names(requirements: list[str]) -> set[str]:
        return {
            re.split(r"[\[<>=!~; ]", one, maxsplit=1)[0].lower().replace("_", "-") for one in requirements
        }

    wanted = names(project["project"]["dependencies"]) | names(project["build-system"]["requires"])
    assert wanted | names(optional["test"]) <= set(base)
    assert wanted | names(optional["pdf"]) | names(optional["production"]) <= set(extras)


CASE = '<testcase classname="{}" name="t">{}</testcase>'


def _junit(skips: list[str], passed: int) -> str:
    cases = [CASE.format("tests.x", f'<skipped message="{why}"/>') for why in skips]
    return (
        f"<testsuites><testsuite>{''.join(cases + [CASE.format('a', '')] * passed)}</testsuite></testsuites>"
    )


def test_a_skipped_test_of_recorded_series_fails_the_run_where_they_are() -> None:
    junit = _junit(["the recorded series are not here"], 99)
    assert judge(junit, has_recorded_series=False) == []
    (problem,) = judge(junit, has_recorded_series=True)
    assert "tests.x.t was skipped" in problem


def test_many_skips_or_no_tests_fail_the_run() -> None:
    chromium = "no Chromium on this machine"
    assert judge(_junit([chromium] * 4, 96), has_recorded_series=True) == []
    (many,) = judge(_junit([chromium] * 5, 95), has_recorded_series=True)
    assert "5 of 100" in many
    assert judge(_junit([], 0), has_recorded_series=False) == ["no test was run"]
