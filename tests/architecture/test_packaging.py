"""The files around the code: the container's instructions, and the hooks before a commit, say what make does.

No container engine is here: the container was never built, and this reads its instructions only.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
MAKEFILE = (PROJECT / "Makefile").read_text()
CONTAINER = (PROJECT / "Containerfile").read_text()
KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "ENTRYPOINT", "CMD"}


class Instruction(NamedTuple):
    word: str
    rest: str


def instructions(text: str) -> list[Instruction]:
    """Each instruction with its continued lines joined; comments and empty lines left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def faults(text: str, project: Path = PROJECT) -> list[str]:
    """What is wrong with a container file, one sentence each."""
    found = instructions(text)
    stages = [one.rest for one in found if one.word == "FROM"]
    last = found[max(at for at, one in enumerate(found) if one.word == "FROM") :]
    users = [one.rest for one in last if one.word == "USER"]
    wrong = [f"{one.word} is not needed here" for one in found if one.word not in KNOWN]
    wrong += [
        f"FROM {stage}: not the pinned Python" for stage in stages if not stage.startswith("python:3.11-slim")
    ]
    if not users or users[-1].split(":")[0] in ("0", "root"):
        wrong.append("runs as root")
    for one in found:
        if one.word == "COPY" and "--from=" not in one.rest:
            *sources, _ = shlex.split(one.rest)
            wrong += [
                f"COPY of {name}, which is not there" for name in sources if not (project / name).exists()
            ]
        if one.word in ("ENTRYPOINT", "CMD") and not one.rest.startswith("["):
            wrong.append(f"{one.word} is run by a shell, which does not pass signals on")
        if one.word == "ENV" and re.search(r"_(KEY|SECRET|PASSWORD)\b", one.rest):
            wrong.append("a secret in the image")
        if one.word == "RUN" and "pip install" in one.rest and "--no-cache-dir" not in one.rest:
            wrong.append("pip's cache stays in the image")
    for one, after in pairwise(found):
        if one.word == after.word == "COPY" and one.rest == after.rest:
            wrong.append(f"COPY {one.rest} twice")
    return wrong


def test_the_container_has_no_fault_and_says_that_it_was_never_built() -> None:
    assert faults(CONTAINER) == []
    assert CONTAINER.startswith("# NEVER BUILT")
    assert instructions(CONTAINER)[-2:] == [("ENTRYPOINT", '["margin-debt"]'), ("CMD", '["--help"]')]


def test_the_container_installs_what_make_installs() -> None:
    """The same pins with the same hashes; the package itself without the network and without a choice."""
    runs = " ".join(one.rest for one in instructions(CONTAINER) if one.word == "RUN")
    for flags in ("--require-hashes --requirement constraints.txt", "--no-deps --no-build-isolation"):
        assert flags in runs
        assert flags in MAKEFILE
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert declared["project"]["scripts"]["margin-debt"] == "pipeline.cli:main"
    copied = {word for one in instructions(CONTAINER) if one.word == "COPY" for word in one.rest.split()}
    # what the wheel is made of: the package, what its links lead to, and what pyproject.toml names
    assert {"pipeline", "sql", "dbt_like_models", "pyproject.toml", "README.md", "LICENSE"} <= copied


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("USER 10001\n", "", "runs as root"),
        ("USER 10001", "USER root", "runs as root"),
        ("FROM python:3.11-slim\n", "FROM python:latest\n", "FROM python:latest: not the pinned Python"),
        ("VOLUME /data", "EXPOSE 3000", "EXPOSE is not needed here"),
        ("COPY sql ./sql", "COPY sqls ./sql", "COPY of sqls, which is not there"),
        (
            'ENTRYPOINT ["margin-debt"]',
            "ENTRYPOINT margin-debt",
            "ENTRYPOINT is run by a shell, which does not",
        ),
        ("MARGIN_DEBT_HOME=/data", "MARGIN_DEBT_OKX_KEY=abc", "a secret in the image"),
    ],
)
def test_a_fault_is_found(before: str, after: str, fault: str) -> None:
    assert before in CONTAINER
    assert any(one.startswith(fault) for one in faults(CONTAINER.replace(before, after)))


def test_hooks_before_a_commit_are_those_of_make() -> None:
    hooks = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]  # nothing is fetched
    entries = [hook["entry"].replace(".venv/bin/", "$(BIN)/") for hook in hooks[0]["hooks"]]
    recipe = re.findall(r"^(?:lint|types): .*\n((?:\t@.*\n)+)", MAKEFILE, re.MULTILINE)
    assert entries == [line.removeprefix("\t@") for block in recipe for line in block.splitlines()]
    assert all(hook["language"] == "system" for hook in hooks[0]["hooks"])
