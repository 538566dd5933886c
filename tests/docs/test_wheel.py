"""The wheel works where the checkout is not."""

from __future__ import annotations

import subprocess
import zipfile

from blocks import HOME, ROOT, answer
from installed import Installed


def test_the_demo_ran_from_the_wheel_alone(installed: Installed) -> None:
    """In an empty folder, to a published file with every day and a report."""
    where = "import pipeline, pathlib; print(pathlib.Path(pipeline.__file__).resolve())"
    command = [str(installed.python), "-I", "-c", where]
    place = subprocess.run(command, cwd=installed.folder, capture_output=True, text=True, check=True).stdout
    assert str(installed.python.parent.parent) in place, installed.output
    assert str(ROOT) not in place
    assert "report:   ~/md/.margin-debt/demo/reports/2025-06-30.html\n" in installed.output
    assert (installed.folder / HOME / "reports" / "2025-06-30.html").stat().st_size > 100_000
    days = answer("select count(distinct day) as days from margin_debt_daily", installed.folder / HOME)
    assert days.splitlines()[-1] == "| 30 |"


def test_the_wheel_holds_every_file_that_is_no_code(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        inside = {name.removeprefix("pipeline/") for name in wheel.namelist()}
    wanted = {
        path.relative_to(ROOT).as_posix().removeprefix("pipeline/")
        for folder in ("sql", "dbt_like_models", "pipeline")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".sql", ".csv", ".json", ".html", ".css", ".js") and not path.is_symlink()
    }
    assert len(wanted) > 50
    assert wanted - inside == set()


def test_the_wheel_holds_the_package_and_nothing_else(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top.split("-")[0] for top in tops} == {"pipeline", "margin_debt"}
