"""The written file: self-contained, escaped, honest about what is missing, the same bytes again."""

from __future__ import annotations

import json
import os
import re
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from made_reports import ABOUT, HOSTILE, LAST_DAY, PRODUCED_AT, Reader, small_database

from pipeline.errors import UsageError
from pipeline.report import find_sections
from pipeline.report.base import shared_block, write_report
from pipeline.report.content import Chart, Series
from pipeline.settings import Settings
from pipeline.summary import summary

LIMIT_BYTES = 2_000_000


@pytest.fixture(scope="module")
def page(report: Path) -> Reader:
    return Reader(report.read_text(encoding="utf-8"))


def test_sections_are_found_and_ordered() -> None:
    keys = [section.key for section in find_sections()]
    assert keys == [
        "headline", "changes", "debt", "leverage", "cost", "cushion", "stress", "concentration", "contagion",
        "signals", "coverage", "method",
    ]  # fmt: skip


def test_nothing_is_loaded_from_anywhere(report: Path, page: Reader) -> None:
    assert page.loads == []
    assert {link for link in page.links if not link.startswith("#")} == {"index.html"}
    style = re.search(r"<style>(.*?)</style>", report.read_text(), re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert not any("import(" in script.rsplit("(function ()", 1)[-1] for script in page.scripts)
    assert "default-src 'none'" in report.read_text()


def test_four_hundred_days_stay_under_two_megabytes(report: Path) -> None:
    assert report.stat().st_size <= LIMIT_BYTES


def test_a_venue_whose_name_is_markup_stays_text(report: Path, page: Reader) -> None:
    text = report.read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert "=&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert HOSTILE in page.text  # it is still named
    assert "=\\u003cscript>" in page.columns  # the data block cannot be closed by it
    assert len(page.scripts) == 2  # the chart library and the page's own


def test_same_data_and_instant_give_the_same_bytes(
    report: Path, reader: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    again = write_report(reader, LAST_DAY, tmp_path, PRODUCED_AT, ABOUT)
    assert again.name == "2026-03-31.html"
    assert again.read_bytes() == report.read_bytes()


def test_what_a_killed_writer_left_is_removed_and_a_living_ones_is_not(
    reader: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    # no process has a number above the largest that Linux gives
    dead, living = (tmp_path / f".2026-03-31.html.{number}.part" for number in (2**22 + 1, os.getppid()))
    for part in (dead, living):
        part.write_text("half a page")
    write_report(reader, LAST_DAY, tmp_path, PRODUCED_AT, ABOUT)
    assert not dead.exists()
    assert living.exists()


def test_made_data_are_labelled_and_real_ones_are_not(
    page: Reader, reader: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert "Made data. Seeded scenario 7, 400 days" in page.text
    real = write_report(reader, LAST_DAY, tmp_path, PRODUCED_AT, {"is_made": False})
    assert "Made data" not in Reader(real.read_text()).text


def test_the_headline_says_level_reason_and_times(page: Reader) -> None:
    # published.sql: accumulation is critical for the last 4 days, after 14 days of high.
    assert "critical Accumulation critical; crowding elevated: positions grew 31.2 % in 30 days" in page.text
    assert "Critical for 4 days, before that high." in page.text
    assert "Read as of 2026-04-01 00:00 UTC" in page.text
    assert "Produced 2026-04-01 00:20 UTC" in page.text


@pytest.mark.parametrize(
    ("level", "drivers", "levels", "expected"),
    [
        (
            "calm",
            "none",
            ("calm", "calm"),
            # 12 of 15 % is nearer than 10 of 20 %
            "All 2 signals with data are calm; nearest to its threshold: 61 % was not seen. Read as of",
        ),
        (
            "calm",
            "none",
            ("calm", "unknown"),
            "The one signal with data is calm (1 cannot be read yet): growth is +1.0 %.",
        ),
        (
            "elevated",
            "accumulation elevated",
            ("elevated", "calm"),
            "Accumulation elevated: growth is +1.0 %.",
        ),
        ("unknown", "blindness critical", ("calm", "critical"), "Blindness critical: 61 % was not seen."),
        ("unknown", "accumulation unknown; blindness high", ("unknown", "high"), "high: growth is +1.0 %."),
    ],
)
def test_the_sentence_follows_the_level(
    level: str, drivers: str, levels: tuple[str, str], expected: str, tmp_path: Path
) -> None:
    rows = f"""
    set timezone = 'UTC';
    insert into margin_debt_daily (day, class, venue, asset)
      values ('2026-03-31', 'derivative', 'okx', 'BTC');
    insert into risk_level_daily (as_of, level, drivers) values ('2026-04-01', '{level}', '{drivers}');
    insert into signal_readings (as_of, signal, scope_type, scope, level, value, threshold, reason) values
      ('2026-04-01', 'accumulation', 'market', 'all', '{levels[0]}', 0.10, 0.20, 'growth is +1.0 %.'),
      ('2026-04-01', 'blindness', 'market', 'all', '{levels[1]}', 0.12, 0.15, '61 % was not seen.');
    """
    with small_database(tmp_path / "level.duckdb", rows) as connection:
        page = Reader(write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT).read_text())
    assert expected in page.text


def test_the_console_gives_the_reason_that_the_headline_gives(tmp_path: Path) -> None:
    # 12 of 15 % is nearer than 10 of 20 %; a level that is unknown comes after, and NaN is no number
    rows = """
    set timezone = 'UTC';
    insert into margin_debt_daily (day, class, venue, asset)
      values ('2026-03-31', 'derivative', 'okx', 'BTC');
    insert into risk_level_daily (as_of, level, drivers) values ('2026-04-01', 'calm', 'none');
    insert into signal_readings (as_of, signal, scope_type, scope, level, value, threshold, reason) values
      ('2026-04-01', 'accumulation', 'market', 'all', 'calm', 0.10, 0.20, 'Growth is +1.0 %.'),
      ('2026-04-01', 'blindness', 'market', 'all', 'calm', 0.12, 0.15, '61 % was not seen.'),
      ('2026-04-01', 'comovement', 'market', 'all', 'calm', 'nan', 0.15, 'Nothing is known.'),
      ('2026-04-01', 'crowding', 'market', 'all', 'unknown', 0.90, 0.15, 'It is too early.');
    """
    home = Settings(tmp_path)
    home.serving.parent.mkdir()
    with small_database(home.serving, rows) as connection:
        page = Reader(write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT).read_text())
    assert "nearest to its threshold: 61 % was not seen. Read as of" in page.text
    assert summary(home)["reason"] == "61 % was not seen."


def test_changes_of_many_scopes_are_told_in_one_line(tmp_path: Path) -> None:
    assets = [f"A{at:02}" for at in range(10)]
    values = ", ".join(
        f"('2026-04-01', 'crowding', 'asset', '{name}', 'calm', 'high')" for name in reversed(assets)
    )
    rows = f"""
    set timezone = 'UTC';
    insert into margin_debt_daily (day, class, venue, asset)
      values ('2026-03-31', 'derivative', 'okx', 'BTC');
    insert into risk_events ("at", signal, scope_type, scope, from_level, to_level) values {values},
      ('2026-04-01', 'crowding', 'market', 'all', 'calm', 'elevated'),
      ('2026-03-31', 'accumulation', 'market', 'all', 'high', 'calm');
    """
    with small_database(tmp_path / "events.duckdb", rows) as connection:
        text = Reader(write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT).read_text()).text
    today, week = text.split("Since yesterday")[1].split("Since a week ago")
    told = "Crowding, asset A00, A01, A02, A03, A04, A05, A06, A07 and 2 more: calm became high."
    assert f"Crowding, market: calm became elevated. {told}" in today
    assert "Accumulation" not in today  # that change is a day older
    assert "Accumulation, market: high became calm." in week


def test_what_was_not_seen_is_named_with_its_size(page: Reader) -> None:
    assert "CeFi lenders 24.4 bn USD" in page.text
    assert "options not known" in page.text
    assert "connection reset by peer" in page.text


def test_a_null_is_never_a_zero(tmp_path: Path) -> None:
    rows = """
    insert into margin_debt_daily (day, class, venue, asset, measure)
      values ('2026-03-31', 'derivative', 'okx', 'BTC', 'open_interest');
    insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, high_usd)
      values ('2026-03-30', 'derivative', 'okx', 'BTC', 'open_interest', 1e9, 2e9);
    insert into funding_daily (day, scope_type, scope) values ('2026-03-31', 'market', 'all');
    insert into growth_daily (day, scope_type, scope, horizon_days)
      values ('2026-03-31', 'market', 'all', 30);
    insert into concentration_daily (day, measure, dimension) values ('2026-03-31', 'open_interest', 'venue');
    insert into coverage_daily (day, dataset, venue, status)
      values ('2026-03-31', 'open_interest', 'okx', 'failed');
    """
    with small_database(tmp_path / "empty.duckdb", rows) as connection:
        written = write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT)
    page = Reader(written.read_text())
    days = json.loads(page.columns)["frames"]["day"]
    assert (days["debt_low_usd"][-2], days["debt_high_usd"][-2]) == (1_000_000_000, 2_000_000_000)
    assert {column[-1] for column in days.values()} == {None, "2026-03-31"}
    assert not re.findall(r"(?<![\d.,])0(?:\.0)? (?:%|bn|mn|USD|pp)", page.text)
    assert "Margin debt, lower to upper bound not known" in page.text
    assert "unknown No risk level was computed for this day" in page.text


def test_a_zero_is_a_number(tmp_path: Path) -> None:
    rows = """
    insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, high_usd)
      values ('2026-03-31', 'derivative', 'okx', 'BTC', 'open_interest', 0, 2e9);
    insert into funding_daily (day, scope_type, scope, funding_apr) values ('2026-03-31', 'market', 'all', 0);
    """
    with small_database(tmp_path / "zero.duckdb", rows) as connection:
        page = Reader(write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT).read_text())
    assert "Margin debt, lower to upper bound 0.0 to 2.0 bn USD" in page.text
    assert "Funding is 0.0 % a year" in page.text


def test_a_silent_venue_is_not_a_repayment(tmp_path: Path) -> None:
    # okx 10 bn -> 11 bn is +10 %; gate's 5 bn fall silent. The total falls, the change is +10 %.
    rows = """
    insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, high_usd) values
      ('2026-03-30', 'derivative', 'okx', 'BTC', 'open_interest', 0, 10e9),
      ('2026-03-30', 'derivative', 'gate', 'BTC', 'open_interest', 0, 5e9),
      ('2026-03-31', 'derivative', 'okx', 'BTC', 'open_interest', 0, 11e9);
    """
    with small_database(tmp_path / "silent.duckdb", rows) as connection:
        page = Reader(write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT).read_text())
    assert "0.0 to 11.0 bn USD 1 day +10.0 % 7 days not known" in page.text


def test_a_day_on_which_every_venue_failed_is_still_the_latest(tmp_path: Path) -> None:
    rows = """
    insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, high_usd)
      values ('2026-03-30', 'derivative', 'okx', 'BTC', 'open_interest', 0, 10e9);
    insert into coverage_daily (day, dataset, venue, status, reason)
      values ('2026-03-31', 'open_interest', 'okx', 'failed', 'no route to host');
    """
    with small_database(tmp_path / "dark.duckdb", rows) as connection:
        written = write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT)
    text = Reader(written.read_text()).text
    assert written.name == "2026-03-31.html"
    assert "Margin debt, lower to upper bound not known 1 day not known" in text
    assert "okx open interest failed no route to host" in text


def test_a_section_without_its_table_says_so(published: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(published.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("drop table borrow_daily")
        page = Reader(write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT).read_text())
    assert "Cost of leverage Not drawn: the published database lacks borrow_daily." in page.text


def test_a_report_of_a_past_day_reads_nothing_later(
    reader: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    day = LAST_DAY - timedelta(days=60)
    page = Reader(write_report(reader, day, tmp_path, PRODUCED_AT, ABOUT).read_text())
    assert max(json.loads(page.columns)["frames"]["day"]["day"]) == day.isoformat() == "2026-01-30"
    assert "critical Accumulation" not in page.text  # the alarms of March are still to come


@pytest.mark.parametrize("day", [date(2020, 1, 1), LAST_DAY + timedelta(days=1)])
def test_a_day_that_is_not_published_is_refused(
    day: date, reader: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="the published days are 2025-02-25 to 2026-03-31"):
        write_report(reader, day, tmp_path, PRODUCED_AT, ABOUT)


def test_nothing_published_yet_says_what_to_do(tmp_path: Path) -> None:
    with (
        small_database(tmp_path / "none.duckdb", "") as connection,
        pytest.raises(UsageError, match="margin-debt run"),
    ):
        write_report(connection, None, tmp_path, PRODUCED_AT, ABOUT)


def test_the_index_lists_every_report_latest_first(reader: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for back in (1, 0, 145):
        write_report(reader, LAST_DAY - timedelta(days=back), tmp_path, PRODUCED_AT, ABOUT)
    (tmp_path / "2020-01-01.html").write_text("<p>somebody else's page</p>")
    index = Reader((tmp_path / "index.html").read_text())
    assert index.links == ["2026-03-31.html", "2026-03-30.html", "2025-11-06.html"]
    assert re.search(
        r"2026-03-31 made data critical \d+\.\d to \d+\.\d bn USD Accumulation critical", index.text
    )
    assert "2025-11-06 made data unknown" in index.text  # okx was unseen that week
    assert list(tmp_path.glob(".*")) == []  # no half-written file is left


def test_one_key_cannot_hold_two_columns() -> None:
    def chart(values: list[float]) -> Chart:
        day = Series("day", "day", ["2026-03-31"], "text")
        return Chart("a", "", "", "day", day, (Series("x_usd", "x", values),), {"height": 1})

    assert shared_block([chart([1.0]), chart([1.0])])["frames"] == {
        "day": {"day": ["2026-03-31"], "x_usd": [1]}
    }
    with pytest.raises(ValueError, match=r"day\.x_usd already holds other values"):
        shared_block([chart([1.0]), chart([2.0])])
