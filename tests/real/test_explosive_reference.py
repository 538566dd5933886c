"""Explosive tests and the credit gap on public series (A01, A02, A03, A06, A08, A14, A16, B03)."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from recorded import SHARED

from pipeline.methods.credit_gap import hp_gap, scaled_lambda
from pipeline.methods.critical_values import Settings, critical_values
from pipeline.methods.explosive import (
    ExplosiveTest,
    adf,
    episodes,
    explosive_test,
    minimum_duration,
    minimum_window,
)

Array = npt.NDArray[np.float64]

REFERENCE = SHARED / "methods" / "reference"
pytestmark = [
    pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"the public series are not at {REFERENCE}"),
    pytest.mark.real,
]

# exuber counts the 19 rows of the shortest regression of 100 levels, which is a window of 20 levels.
EXUBER_WINDOW = minimum_window(100) + 1
# A08, 95 %: exuber's GSADF value of 100 levels.
GSADF_CRITICAL = 1.974097


def column(name: str, header: str) -> Array:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return np.array([float(row[header]) for row in csv.DictReader(file)])


def months(name: str) -> list[str]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return [date.fromisoformat(row["date"]).strftime("%Y-%m") for row in csv.DictReader(file)]


def exuber(series: str) -> ExplosiveTest:
    return explosive_test(column("exuber_sim_data.csv", series), shortest=EXUBER_WINDOW)


def first_observation_stamps(found: ExplosiveTest) -> list[list[int]]:
    """Observations counted from 1, the end not included, against exuber's own values."""
    by_level = np.full(100, np.nan)
    by_level[EXUBER_WINDOW - 1 :] = column("radf_crit_n100_bsadf.csv", "cv95")
    stamps = episodes(found, GSADF_CRITICAL, by_level, minimum_duration(100))
    return [[one.start + 1, one.end + 1] for one in stamps]


@pytest.mark.parametrize(
    ("series", "whole", "sadf", "gsadf", "highest_at"),
    [
        pytest.param("psy1", -2.460998, 1.945769, 5.190472, 48, id="A01"),
        pytest.param("psy2", -2.857952, 7.87969, 7.87969, 40, id="A02"),
        pytest.param("div", -1.949656, 1.113449, 1.335424, 22, id="A03"),
    ],
)
def test_a01_a02_a03_statistics(
    series: str, whole: float, sadf: float, gsadf: float, highest_at: int
) -> None:
    found = exuber(series)
    assert [found.adf, found.sadf, found.gsadf] == pytest.approx([whole, sadf, gsadf], abs=1e-5)
    assert np.nanargmax(found.bsadf) + 1 == highest_at


def test_a03_a_series_without_a_bubble_is_not_stamped() -> None:
    """Its BSADF is above the value of the day for five days, long enough, but GSADF does not reject."""
    found = exuber("div")
    assert found.gsadf < GSADF_CRITICAL
    above = found.bsadf[EXUBER_WINDOW - 1 :] > column("radf_crit_n100_bsadf.csv", "cv95")
    assert np.flatnonzero(above).tolist() == [0, 1, 2, 3, 4]
    assert first_observation_stamps(found) == []


def test_a06_dates() -> None:
    assert first_observation_stamps(exuber("psy1")) == [[44, 56]]
    assert first_observation_stamps(exuber("psy2")) == [[22, 41], [62, 71]]


def test_a08_values_of_each_level() -> None:
    """All 81 values at 95 %: 2,000 walks there, 10,000 here, a standard error of 0.04 of the difference."""
    own = critical_values(Settings(100, EXUBER_WINDOW, repetitions=10_000)).dating[1, EXUBER_WINDOW - 1 :]
    published = column("radf_crit_n100_bsadf.csv", "cv95")
    assert np.abs(own - published).max() < 0.12


def test_a06_dates_with_values_of_our_own() -> None:
    own = critical_values(Settings(100, EXUBER_WINDOW, repetitions=10_000))
    stamps = episodes(exuber("psy1"), own.gsadf[1], own.dating[1], minimum_duration(100))
    assert [(one.start + 1, one.end + 1) for one in stamps] == [(44, 56)]


@pytest.mark.parametrize(
    ("name", "power", "sequence", "expected", "highest_at"),
    [
        pytest.param(
            "psymonitor_spread.csv", 1.0, "spread_bsadf_IC0_lag0.csv",
            [-0.982874, 7.707189, 9.019022], "2009-01", id="A14",
        ),
        pytest.param(
            "psymonitor_snp.csv", -1.0, "snp_pd_bsadf_IC0_lag0.csv",
            [-1.253276, 2.335472, 2.927748], "1998-03", id="A16",
        ),
    ],
)  # fmt: skip
def test_a14_a16_statistics(
    name: str, power: float, sequence: str, expected: list[float], highest_at: str
) -> None:
    series = column(name, "value") ** power
    found = explosive_test(series)
    assert [found.adf, found.sadf, found.gsadf] == pytest.approx(expected, abs=1e-5)
    assert found.adf == adf(series)
    assert months(name)[int(np.nanargmax(found.bsadf))] == highest_at
    published = np.array([float(line) for line in (REFERENCE / sequence).read_text().split()])
    np.testing.assert_allclose(found.bsadf[found.minimum_window - 1 :], published, atol=1e-9)


def finra() -> dict[str, float]:
    rows = json.loads(Path(REFERENCE / "finra_margin_debt.json").read_text())["data"]
    return {row["date"]: row["margin_debt"] for row in rows}


def test_b03_gap_of_margin_debt() -> None:
    debt = finra()
    gap = hp_gap(100.0 * np.log(list(debt.values())), scaled_lambda(3), minimum=120)
    by_month = dict(zip(debt, gap, strict=True))
    assert by_month["2007-07"] == pytest.approx(43.852896, abs=1e-4)
    assert by_month["2021-10"] == pytest.approx(22.129529, abs=1e-4)
    assert np.isnan(gap[:119]).all()
    assert np.isfinite(gap[119])
