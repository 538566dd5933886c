"""A run that asks some venues only: the others are not asked, and their silence is no failure."""

from __future__ import annotations

from pathlib import Path

from homes import DAYS, ask
from typer.testing import CliRunner

from pipeline.cli import app


def test_a_run_of_two_venues_fetches_checks_and_publishes_those(tmp_path: Path, world: Path) -> None:
    home = tmp_path / "home"
    words = ["run", "--home", str(home), "--replay", str(world), "--day", DAYS[0].isoformat()]
    done = CliRunner().invoke(app, [*words, "--venues", "okx,hyperliquid", "--quiet"])
    assert done.exit_code == 0, done.output
    seen = ask(home, "select distinct venue from market_daily where status = 'seen' order by 1")
    assert [row["venue"] for row in seen] == ["hyperliquid", "okx"]
    asked = ask(home, "select distinct venue, day from fetch_log order by 1")
    assert [(row["venue"], row["day"]) for row in asked] == [("hyperliquid", DAYS[0]), ("okx", DAYS[0])]
