"""Leverage, cushion, basis, reference bands and the record of the signals, as a reader meets them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
import vl_convert
from altair import load_schema
from jsonschema import Draft7Validator
from made_reports import ABOUT, HOSTILE, LAST_DAY, PRODUCED_AT, Reader, small_database

from pipeline.models import read_models
from pipeline.report.base import write_report
from pipeline.report.pictures import charts_of
from pipeline.report.quality import ANOMALIES

ONE_DAY = """
insert into margin_debt_daily (day, class, venue, asset) values ('2026-03-31', 'derivative', 'okx', 'BTC');
"""


def _written(rows: str, folder: Path) -> str:
    with small_database(folder / "one.duckdb", ONE_DAY + rows) as connection:
        return Reader(write_report(connection, None, folder, PRODUCED_AT, ABOUT).read_text()).text


@pytest.fixture(scope="module")
def text(report: Path) -> str:
    return Reader(report.read_text(encoding="utf-8")).text


def test_empty_tables_are_one_sentence_each(tmp_path: Path) -> None:
    text = _written("", tmp_path)
    for said in (
        "No ratio is known: leverage_daily holds no day up to this one",
        "The cushion is not known: it needs a price and an open interest",
        "Not known: no margin table of a venue was collected on this day",
        "Not known: no venue that was asked publishes its forced orders",
        "Not known: no venue showed a dated future",
        "Contagion is not known: it needs two venues that were seen",
        "Not known: no series of at least half a year was tested on days up to this one.",
        "Not known: nothing was scored on days up to this one; margin-debt evaluate scores them.",
        "Nothing to compare: no figure published elsewhere",
    ):
        assert said in text


def test_the_ladder_adds_up_assets_and_names_both_sides(tmp_path: Path) -> None:
    # 2 + 3 = 5 bn of longs, 1 + 1 = 2 bn of shorts.
    text = _written(
        """
        insert into cushion_daily (day, scope_type, scope, book, distance_long_ratio, is_counterfactual)
          values ('2026-03-31', 'market', 'all', 'vintage', 0.1, true);
        insert into call_ladder_daily values
          ('2026-03-31', 'BTC', -0.1, 1e9, 2e9, 4e9, '2026-09-01', true, '1'),
          ('2026-03-31', 'ETH', -0.1, 2e9, 3e9, 4e9, '2026-09-01', true, '1'),
          ('2026-03-31', 'BTC', 0.1, 1e9, 1e9, 1e9, '2026-09-01', true, '1'),
          ('2026-03-31', 'ETH', 0.1, 1e9, 1e9, 1e9, '2026-09-01', true, '1')
        """,
        tmp_path,
    )
    assert (
        "A fall of 10.0 % would call 5.0 bn USD of longs, "
        "a rise of 10.0 % would call 2.0 bn USD of shorts (counterfactual)" in text
    )
    assert "-10 % 3.0 bn USD 5.0 bn USD 8.0 bn USD" in text
    assert "Margin tables as of 2026-09-01." in text


def test_the_venue_that_costs_most_is_named_and_who_is_hit_hardest(tmp_path: Path) -> None:
    # closings in a fall: 0.25 + 0.05 + nothing known of gate
    text = _written(
        """
        insert into contagion_daily (day, venue, open_interest_usd, debtrank_low_ratio, debtrank_ratio,
          debtrank_high_ratio, fire_sale_ratio) values
          ('2026-03-31', 'okx', 2e9, 0.01, 0.02, 0.9, 0.05),
          ('2026-03-31', 'gate', 9e9, null, null, null, null),
          ('2026-03-31', 'bybit', 3e9, 0.015, 0.125, 0.8, 0.25),
          ('2026-03-30', 'okx', 2e9, 0.9, 0.9, 0.9, 0.9);
        insert into contagion_pairs_daily values ('2026-03-31', 'okx', 'bybit', 0.03, '1'),
          ('2026-03-31', 'bybit', 'okx', 0.37, '1'), ('2026-03-30', 'okx', 'bybit', 0.99, '1')
        """,
        tmp_path,
    )
    assert (
        "Were all longs on bybit closed by force within a day, longs elsewhere would lose 12.5 % of what all "
        "longs own (bounds 1.5 % to 80.0 %). When all prices fall alike, closings by those who keep their "
        "leverage add 30.0 % to the loss." in text
    )
    assert "A close on bybit hits okx hardest: 37.0 % of its longs' own money" in text
    assert "bybit not known 37.0 % okx 3.0 % not known" in text
    assert "99.0 %" not in text


def test_wallets_and_sides_are_told_with_what_they_cannot_tell(tmp_path: Path) -> None:
    bias = "only a few <b>addresses</b>"
    text = _written(
        f"""
        insert into participants_daily (day, population, long_share_ratio, covered_usd, covered_ratio, venues,
          accounts, equity_debt_ratio, account_debt_ratio, set_debt_ratio, hhi_ratio, top1_ratio, sample_bias)
        values ('2026-03-31', 'listed_wallets', 0.25, 2e9, 0.125, 1, 3, 0.2, 0.53, 0.9, 0.5, 0.6, '{bias}'),
          ('2026-03-31', 'top_positions', 0.8, 3e9, 0.3, 2, null, null, null, null, null, null, 'one side')
        """,
        tmp_path,
    )
    assert "the largest accounts, by size 80.0 % 30.0 % 2 one side" in text
    assert f"listed wallets, by size 25.0 % 12.5 % 1 {bias}" in text
    assert "Leverage of 3 listed wallets, 2.0 bn USD of positions" in text
    assert "of all together 20.0 %" in text
    assert "of each one 53.0 %" in text
    assert "they set 90.0 %" in text


def test_maintenance_by_size_stands_with_its_assumption(tmp_path: Path) -> None:
    text = _written(
        """
        insert into maintenance_rate_daily values
          ('2026-03-31', 'market', 'all', 5e9, 0.5, 0.004, 0.0123, 0.05, 'sizes of a few', '2026-02-22', '1'),
          ('2026-03-31', 'asset', 'BTC', 4e9, 0.8, 0.005, 0.02, 0.06, 'sizes of a few', '2026-02-22', '1')
        """,
        tmp_path,
    )
    assert "the market 0.4 % 1.2 % 5.0 % 50.0 %" in text
    assert "BTC 0.5 % 2.0 % 6.0 % 80.0 %" in text
    assert "Assumed: sizes of a few; as of 2026-02-22, also on earlier days." in text


def test_a_class_that_is_not_seen_has_a_row_and_no_part_of_the_total(tmp_path: Path) -> None:
    text = _written(
        """
        insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, high_usd) values
          ('2026-03-31', 'margin_loan', 'bitfinex', 'USD', 'used', 3e9, 3e9);
        insert into margin_debt_daily (day, class, venue, asset, measure, high_basis, not_seen_usd,
          not_seen_as_of) values
          ('2026-03-31', 'defi', 'money_markets', 'all', 'not_seen', 'not seen: a report, 2025-06-30',
            26.47e9, '2025-06-30'),
          ('2026-03-31', 'options', 'all_venues', 'all', 'not_seen', 'not seen: nothing', null, null)
        """,
        tmp_path,
    )
    assert "Margin debt is between its bounds: 3.0 bn USD" in text
    assert "defi money markets 26.5 bn USD a report, 2025-06-30" in text
    assert "options all venues not known nothing" in text


@pytest.mark.parametrize(
    ("tiers_as_of", "is_counterfactual", "expected"),
    [
        (
            "'2026-09-01'",
            "true",
            "Counterfactual: the youngest margin table behind it is as of 2026-09-01, later",
        ),
        ("'2026-03-30'", "false", "Margin tables as of 2026-03-30. 40.0 % of the open interest stands under"),
        ("null", "false", "No margin table behind it has a date. 40.0 % of the open interest"),
    ],
)
def test_the_lead_says_of_when_the_margin_tables_are(
    tiers_as_of: str, is_counterfactual: str, expected: str, tmp_path: Path
) -> None:
    text = _written(
        f"""
        insert into cushion_daily (day, scope_type, scope, book, distance_long_ratio, distance_long_low_ratio,
          distance_long_high_ratio, tabled_ratio, tiers_as_of, is_counterfactual)
        values ('2026-03-31', 'market', 'all', 'vintage', 0.126, 0.114, 0.138, 0.4, {tiers_as_of},
          {is_counterfactual})
        """,
        tmp_path,
    )
    assert "called after a fall of 12.6 % on average (bounds 11.4 % to 13.8 %), not known daily" in text
    assert expected in text


def test_ratios_are_named_in_full_and_dated(text: str) -> None:
    assert "open interest / market capitalisation 2.0 %" in text
    assert "oldest supply as of 2025-06-06" in text
    assert "open interest / margin posted 8.0 times 8.0 times" in text
    assert "upper bound of debt / stablecoins in circulation not known not known no dated figure" in text


def test_a_changed_margin_table_names_both_rates_and_a_hostile_venue_as_text(text: str) -> None:
    assert f"2026-03-28 {HOSTILE} BTC-PERP 0.40 % 0.50 % 125 100 2026-03-26" in text


def test_what_others_publish_is_dated_sourced_and_never_of_a_later_day(text: str) -> None:
    # 60 / 145.1 = 41.35 %
    assert (
        "global futures open interest 2025-12-31 145.1 bn USD 60.0 bn USD 41.4 % CoinGlass it holds" in text
    )
    assert "of a later day" not in text
    assert "These data are made: the ratio checks nothing here." in text


def test_the_record_stands_beside_its_baseline_and_is_not_read_before_it_was_made(
    text: str, reader: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert "crowding 4 of 6 0.71 0.60 to 0.80 +0.05 40.0 % 50.0 % 2.5 9" in text
    assert "funding (baseline) 4 of 6" in text
    assert "12 rows were scored together" in text
    earlier = write_report(reader, LAST_DAY - timedelta(days=60), tmp_path, PRODUCED_AT, ABOUT)
    assert "Not known: nothing was scored on days up to this one" in Reader(earlier.read_text()).text


def test_the_dearest_cell_names_the_heat_map(tmp_path: Path) -> None:
    # The larger BTC perpetual of okx counts (5 %), not the smaller one (90 %); a future has no cell.
    text = _written(
        """
        insert into market_daily (day, venue, market, asset, kind, open_interest_usd, funding_apr, status)
        values
          ('2026-03-31', 'okx', 'a', 'BTC', 'swap', 9, 0.05, 'seen'),
          ('2026-03-31', 'okx', 'b', 'BTC', 'swap', 1, 0.90, 'seen'),
          ('2026-03-31', 'gate', 'c', 'BTC', 'swap', 5, 0.20, 'seen'),
          ('2026-03-31', 'gate', 'd', 'ETH', 'future', 5, 0.70, 'seen')
        """,
        tmp_path,
    )
    assert "Longs pay most for BTC on gate: 20.0 % a year" in text
    assert "asset okx gate BTC 5.0 % 20.0 %" in text


def test_changes_are_on_what_was_seen_on_both_days_and_name_who_is_missing(tmp_path: Path) -> None:
    # okx 10 bn -> 11 bn is +10 % (lower bound 2 -> 3 is +50 %); gate's 5 bn fall silent and count on no side.
    text = _written(
        """
        insert into margin_debt_daily (day, class, venue, asset, measure, low_usd, high_usd) values
          ('2026-03-30', 'derivative', 'okx', 'BTC', 'open_interest', 2e9, 10e9),
          ('2026-03-30', 'derivative', 'gate', 'BTC', 'open_interest', 1e9, 5e9),
          ('2026-03-31', 'derivative', 'okx', 'BTC', 'open_interest', 3e9, 11e9);
        insert into coverage_daily (day, dataset, venue, status, seen_usd) values
          ('2026-03-30', 'open_interest', 'gate', 'answered', 5e9),
          ('2026-03-31', 'open_interest', 'gate', 'failed', null);
        """,
        tmp_path,
    )
    assert "margin debt, lower bound 3.0 bn USD +50.0 % not known" in text
    assert "margin debt, upper bound 11.0 bn USD +10.0 % not known" in text
    assert "the upper bound of debt rose 10.0 % and open interest cannot be compared; 1 venue newly" in text
    assert "Open interest of gate is no longer seen." in text


def test_falls_near_each_other_are_one_event_and_a_fall_of_coins_alone_is_none(text: str) -> None:
    # published.sql: falls 100 and 95 days before 2026-03-31; one 200 days before without a fall of prices.
    assert "1 event is marked, on 2025-12-21" in text


def test_runs_of_a_level_end_where_a_day_is_missing(tmp_path: Path) -> None:
    text = _written(
        """
        set timezone = 'UTC';
        insert into margin_debt_daily (day, class, venue, asset)
          values ('2026-03-26', 'derivative', 'okx', 'BTC');
        insert into risk_level_daily (as_of, level) values
          ('2026-03-28', 'calm'), ('2026-03-29', 'calm'), ('2026-03-31', 'calm'), ('2026-04-01', 'high');
        """,
        tmp_path,
    )
    assert "The risk level was high or critical on 1 of 4 days; no event is marked" in text
    # the reading of 2026-03-28 00:00 is about the day before
    assert "risk level (all signals) calm 2026-03-27 2026-03-29" in text
    assert "risk level (all signals) calm 2026-03-30 2026-03-31" in text
    assert "risk level (all signals) high 2026-03-31 2026-04-01" in text


def test_what_is_doubtful_is_named_with_its_reason(text: str) -> None:
    assert f"{HOSTILE} XRP-PERP own dollars are 100 times the amount" in text
    assert "stale 7 6" in text  # SOL of six venues, and a second row of the odd one


ANOMALIES_TABLE = """
create table anomalies (kind text, venue text, market text, series text, first_day date, last_day date,
  value double, threshold double, sentence text, formula_version text);
"""


def test_what_a_series_hides_is_shown_while_it_lasts(tmp_path: Path) -> None:
    text = _written(
        ANOMALIES_TABLE
        + """
        insert into anomalies values
          ('tile', 'okx', 'BTC-PERP', 'open_interest', '2026-01-30', '2026-03-30', 1, 0.5, '9 of 10', '1'),
          ('stale', 'okx', 'BTC-PERP', 'price', '2026-01-01', '2026-02-01', 9, 5, 'is over', '1'),
          ('gap', 'okx', 'ETH-PERP', 'funding', '2026-04-01', '2026-04-05', 5, 3, 'is to come', '1');
        """,
        tmp_path,
    )
    assert "Series that hide something: 1 finding" in text
    assert "tile of open interest okx BTC-PERP 2026-01-30 9 of 10" in text
    assert "is over" not in text
    assert "is to come" not in text


def test_nothing_is_said_of_series_that_hide_nothing(tmp_path: Path) -> None:
    assert "hide something" not in _written(ANOMALIES_TABLE, tmp_path)


def test_the_table_of_hidden_things_is_one_that_the_job_publishes() -> None:
    (mart,) = (model for model in read_models() if model.name in ANOMALIES)
    assert set(ANOMALIES[mart.name]) <= set(mart.columns)
    assert f"marts.{mart.name}" == mart.table


def test_classes_add_up_and_the_larger_one_is_named(text: str) -> None:
    assert "Derivative debt is 9" in text
    assert "of the upper bound" in text


def test_pictures_stand_without_the_page(reader: duckdb.DuckDBPyConnection) -> None:
    drawn = dict(charts_of(reader, None, ABOUT))
    assert {"debt", "debt_classes", "levels", "funding_heat", "call_ladder"} <= drawn.keys()
    for name in ("debt", "levels", "cells"):
        spec = drawn[name]
        assert "var(--" not in json.dumps({part: spec[part] for part in spec if part != "datasets"})
        assert "Made data." in " ".join(spec["title"]["subtitle"])
        svg = vl_convert.vegalite_to_svg(spec)
        assert "<path" in svg
        assert "NaN" not in svg
    assert len(drawn["debt"]["datasets"]["rows"]) == 400


def test_every_picture_is_valid_vega_lite(reader: duckdb.DuckDBPyConnection) -> None:
    """By Altair's own copy of the schema, which a report does not ask: see `charts.py`.

    Without our config: its transparent background, null, is known to Vega and not to the schema.
    """
    drawn = {
        name: {key: part for key, part in spec.items() if key != "config"}
        for name, spec in charts_of(reader, None, ABOUT)
    }
    assert len(drawn) > 10
    schema = Draft7Validator(load_schema())
    for name, spec in drawn.items():
        assert schema.is_valid(spec), name
    assert not schema.is_valid({**drawn["contagion"], "layer": [{"mark": {"type": "pie in the sky"}}]})


EPISODES = """
insert into explosive_episodes (scope_type, scope, series, tested_to, gsadf, gsadf_critical, is_explosive,
  from_day, to_day, is_open, series_tested) values
  ('asset', 'BTC', 'coins', '2026-03-31', 2.75, 2.28, true, '2026-02-14', '2026-03-19', false, 40),
  ('market', 'all', 'coins_over_market_cap', '2026-03-31', 3.11, 2.28, true, '2026-03-01', '2026-03-31',
    true, 40),
  ('asset', 'SOL', 'coins', '2026-03-31', 1.9, 2.28, false, null, null, null, 40);
"""


def test_explosive_stretches_are_dated_with_the_number_of_tests_beside_them(tmp_path: Path) -> None:
    text = _written(EPISODES, tmp_path)
    assert "When positions grew explosively: 2 of 40 series, 1 to the last day" in text
    # 5 % of 40 series is 2
    assert (
        "40 series tested together, up to 2026-03-31; about 2.0 would reject if nothing had happened." in text
    )
    # 14 February to 19 March, both counted: 15 days of February and 19 of March
    assert "BTC 2026-02-14 2026-03-19 34 2.75 2.28" in text
    market = "market, over market cap 2026-03-01 still on 31 3.11 2.28"
    assert text.index(market) < text.index("BTC 2026-02-14")
    assert "SOL" not in text


def test_nothing_tested_on_later_days_is_told_and_no_rejection_is_not_unknown(tmp_path: Path) -> None:
    later = EPISODES.replace("2026-03-31', 2", "2026-04-30', 2").replace("2026-03-31', 3", "2026-04-30', 3")
    text = _written(later, tmp_path)
    assert "No series rejects a random walk: no stretch is dated. 40 series tested together" in text
    assert "BTC 2026-02-14" not in text
