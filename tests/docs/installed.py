"""A wheel of the tree, an environment that holds it and not the checkout, and the home its demo makes.

Used by the tests beside it and by `rewrite.py`. No expectation belongs here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from blocks import ROOT, tidy

DEMO = "margin-debt demo --family quiet --days 30"
SECONDS = 550


@dataclass(frozen=True)
class Installed:
    """`programs`: the environment's folder of commands, then this one's; `folder`: where the demo was run."""

    wheel: Path
    python: Path
    folder: Path
    output: str

    @property
    def programs(self) -> str:
        """Folders of programs, the wheel's first."""
        return f"{self.python.parent}:{sysconfig.get_path('scripts')}"


def build_wheel(target: Path) -> Path:
    """A wheel of the files git keeps or would keep; nothing is written into the tree."""
    source = target / "source"
    source.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        origin, copy = ROOT / name, source / name
        if origin.is_file() or origin.is_symlink():
            copy.parent.mkdir(parents=True, exist_ok=True)
            if origin.is_symlink():
                copy.symlink_to(origin.readlink())
            else:
                copy.write_bytes(origin.read_bytes())
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", str(target), str(source)], check=True)
    (wheel,) = target.glob("*.whl")
    return wheel


def install(target: Path) -> Installed:
    """Build, install and run the demo in an empty folder.

    The environment is new; what the project depends on is read from this one's packages through a .pth file,
    which does not lead to the checkout: an editable install is itself a .pth, and those are read once only.
    """
    wheel = build_wheel(target / "wheel")
    venv = target / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", str(wheel)], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    folder = target / "folder"
    folder.mkdir()
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MARGIN_DEBT_", "PYTHON"))
    }
    ended = subprocess.run(
        DEMO.split(),
        executable=python.parent / "margin-debt",
        cwd=folder,
        env=kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Installed(wheel, python, folder, tidy(ended.stdout, folder))
