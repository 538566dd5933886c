"""What a fall would set off, as a reader meets it: ends, what is unstable or unknown, and deficits."""

from __future__ import annotations

from pathlib import Path

from made_reports import ABOUT, PRODUCED_AT, Reader, small_database

from pipeline.report.base import write_report

ONE_DAY = """
insert into margin_debt_daily (day, class, venue, asset) values ('2026-03-31', 'derivative', 'okx', 'BTC');
"""
CASCADES = (
    "insert into cascade_daily (day, asset, shock_ratio, first_called_usd, final_move_low_ratio,"
    " final_move_ratio, final_move_high_ratio, forced_usd, amplification_ratio, is_unstable, tiers_as_of,"
    " is_counterfactual) values"
)
DEFICITS = (
    "insert into deficit_daily (day, venue, shock_ratio, deficit_low_usd, deficit_usd, deficit_high_usd,"
    " insurance_fund_usd, is_fund_partial, fund_covers, uncovered_usd, fund_to_deficit_ratio,"
    " is_counterfactual) values"
)


def written(rows: str, folder: Path) -> str:
    with small_database(folder / "one.duckdb", ONE_DAY + rows) as connection:
        return Reader(write_report(connection, None, folder, PRODUCED_AT, ABOUT).read_text()).text


def test_without_rows_nothing_is_known(tmp_path: Path) -> None:
    text = written("", tmp_path)
    assert "What a fall would set off is not known: no asset has a book of entries on this day." in text
    assert "Not known: no venue's open interest has a book of entries." in text


def test_ends_add_up_without_those_that_find_none_or_are_not_known(tmp_path: Path) -> None:
    # BTC and ETH: 2 + 3 = 5 bn called, 3 + 3 = 6 bn forced; further 3 and 1 %, in the middle 2 %. SOL and
    # XRP are in no sum.
    text = written(
        f"""{CASCADES}
        ('2026-03-31', 'BTC', -0.1, 2e9, -0.12, -0.13, -0.15, 3e9, 1.3, false, '2026-09-01', true),
        ('2026-03-31', 'ETH', -0.1, 3e9, -0.105, -0.11, -0.12, 3e9, 1.1, false, '2026-09-01', true),
        ('2026-03-31', 'SOL', -0.1, 9e9, null, null, null, null, null, true, '2026-09-01', true),
        ('2026-03-31', 'XRP', -0.1, 8e9, null, null, null, null, null, null, '2026-09-01', true)
        """,
        tmp_path,
    )
    assert "A fall of 10.0 % in every price calls 5.0 bn USD of positions; were they closed at once," in text
    assert "6.0 bn USD would be forced in all, and the median asset would move 2.0 % further." in text
    assert "1 asset in no sum would find no end within 60 %. For 1 asset the impact is not known." in text
    assert "Counterfactual: margin tables as of 2026-09-01, later than this day." in text
    assert "would go 1.0 % (ETH) to 3.0 % (BTC) further (counterfactual)" in text
    assert "BTC 2.0 % 3.0 % 5.0 %" in text
    assert "-10.0 % 5.0 bn USD 6.0 bn USD 2.0 % 1.20 1.30, BTC 1 1" in text


def test_an_upper_bound_without_an_end_is_counted_and_not_drawn(tmp_path: Path) -> None:
    text = written(
        f"""{CASCADES}
        ('2026-03-31', 'BTC', -0.1, 2e9, -0.12, -0.13, -0.15, 3e9, 1.3, false, null, false),
        ('2026-03-31', 'ETH', -0.1, 1e9, -0.12, -0.14, null, 3e9, 1.4, false, null, false)
        """,
        tmp_path,
    )
    assert "would go 3.0 % (BTC) further 1 asset, those with most called." in text
    assert "Without an end of the upper bound within 60 %: 1." in text
    assert "counterfactual)" not in text


def test_an_unknown_impact_is_not_an_impact_of_zero(tmp_path: Path) -> None:
    text = written(
        f"""{CASCADES}
        ('2026-03-31', 'BTC', -0.1, 2e9, null, null, null, null, null, null, null, false)
        """,
        tmp_path,
    )
    assert "What a fall of 10.0 % would set off is not known: an impact needs a day's volume" in text
    assert "-10.0 % not known not known not known not known not known 0 1" in text


def test_a_fund_not_collected_leaves_the_uncovered_part_unknown(tmp_path: Path) -> None:
    text = written(
        f"""{DEFICITS}
        ('2026-03-31', 'binance', -0.2, 1e9, 2e9, 4e9, 1.5e9, true, 'USDT-margined contracts', 5e8, 0.75,
          true),
        ('2026-03-31', 'gate', -0.2, 1e8, 3e8, 4e8, 2e8, true, null, 1e8, 0.667, true),
        ('2026-03-31', 'okx', -0.2, 1e8, 2e8, 4e8, 8e8, false, null, 0, 4, true),
        ('2026-03-31', 'xt', -0.2, 1e7, 2e7, 4e7, null, null, null, null, null, true),
        ('2026-03-31', 'xt', -0.1, 1, 1, 1, null, null, null, null, null, true)
        """,
        tmp_path,
    )
    assert "Were all prices 20.0 % lower at once: deficits and insurance funds (counterfactual)" in text
    assert (
        "binance 2.0 bn USD 1.0 to 4.0 bn USD at least 1.5 bn USD 500.0 mn USD 75.0 % USDT-margined contracts"
        in text
    )
    assert "at least 200.0 mn USD 100.0 mn USD 66.7 % some of its currencies" in text
    assert "800.0 mn USD 0 USD 400.0 % as published" in text
    assert "xt 20.0 mn USD 10.0 to 40.0 mn USD not known not known not known not collected" in text
