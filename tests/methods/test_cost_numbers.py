"""Published rates, conventions of charging and basis, each with its id (D01...)."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline.methods.basis import basis_apr, constant_maturity_apr
from pipeline.methods.cost import (
    full_hours_passed,
    funding_apr,
    funding_apy,
    hours_begun,
    hours_touched,
    periods_and_opening,
    settlement_interval_hours,
    weighted_apr,
)
from pipeline.methods.forced_orders import orders_behind


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


def test_d01_a_hundredth_of_a_percent_every_eight_hours() -> None:
    assert funding_apr(1e-4, 8) == pytest.approx(0.1095, abs=1e-12)
    assert funding_apy(1e-4, 8) == pytest.approx(0.115714, abs=1e-6)


def test_d02_settlements_a_year() -> None:
    assert funding_apr(1.0, [1, 4, 8]) == pytest.approx([8760, 2190, 1095])


def test_d04_a_gap_never_lengthens_the_interval() -> None:
    assert settlement_interval_hours([0, 8, 16, 40, 48]) == 8
    assert settlement_interval_hours([0, 4.01, 8, 11.98]) == 4
    assert np.isnan(settlement_interval_hours([0, 30]))
    assert np.isnan(settlement_interval_hours([0]))


def test_d06_bitfinex_prints_a_365th_of_the_daily_rate() -> None:
    printed = 1e-4 / 365
    assert printed * 365 == pytest.approx(0.0001, abs=1e-12)
    assert 100 * printed * 365 * 365 == pytest.approx(3.65, abs=1e-9)


def test_d07_binance_charges_the_clock_hours_touched() -> None:
    hours = hours_touched(at(13, 20), at(14, 15))
    assert hours == 2
    assert 1000 * 0.0002 / 24 * hours == pytest.approx(0.0166666667, abs=1e-9)
    assert hours_touched(at(13, 0), at(14, 0)) == 1
    assert hours_touched(at(13, 20), at(13, 20)) == 1


def test_d09_freqtrade_charges_periods_begun() -> None:
    assert 60 * 0.0005 / 24 * hours_begun(at(10, 0), at(10, 10)) == pytest.approx(0.00125, abs=1e-12)
    assert 60 * 0.0005 * periods_and_opening(at(10, 0), at(10, 10)) == pytest.approx(0.06, abs=1e-12)
    # the same table at half the rate for five hours: 60 x 0.00025 x 3 and 60 x 0.00025 / 24 x 5
    assert 60 * 0.00025 * periods_and_opening(at(10, 0), at(15, 0)) == pytest.approx(0.045, abs=1e-12)
    assert 60 * 0.00025 / 24 * hours_begun(at(10, 0), at(15, 0)) == pytest.approx(0.003125, abs=1e-12)


def test_d12_crypto_com_charges_at_the_top_of_the_hour() -> None:
    daily = 1000 * 0.00052
    assert daily / 24 * full_hours_passed(at(12, 5), at(14, 15)) == pytest.approx(0.04333, abs=1e-5)
    assert full_hours_passed(at(12, 5), at(12, 58)) == 0


def test_funding_of_two_contracts_is_weighted_by_open_interest() -> None:
    assert weighted_apr([10, 50], [300, 100]) == pytest.approx(20)
    # one unseen weight leaves its rate out; it is no zero
    assert weighted_apr([10, 50], [300, float("nan")]) == 10
    assert np.isnan(weighted_apr([10], [0]))
    with pytest.raises(ValueError, match="never negative"):
        weighted_apr([1], [-1])


def test_d11_basis_a_year() -> None:
    assert basis_apr(102, 100, 73) == pytest.approx(0.10, abs=1e-9)
    with pytest.raises(ValueError, match="above zero"):
        basis_apr(102, 100, 0)


def test_constant_maturity_is_a_straight_line_of_logarithms() -> None:
    assert constant_maturity_apr([102], 100, [73], 73) == pytest.approx(0.10)
    assert constant_maturity_apr([102], 100, [73], 30) == pytest.approx((1.02 ** (30 / 73) - 1) * 365 / 30)
    # half way between ln 1.01 and ln 1.03 is the root of their product
    found = constant_maturity_apr([103, 101], 100, [80, 40], 60)
    assert found == pytest.approx((np.sqrt(1.01 * 1.03) - 1) * 365 / 60)
    assert np.isnan(constant_maturity_apr([102], 100, [73], 90))
    assert np.isnan(constant_maturity_apr([102], 100, [2.9], 1))


def test_a_feed_of_one_order_a_second_hides_the_rest() -> None:
    # of 3,600 seconds 2,276 showed one (63.2 %, 1 - 1/e): 3,600 orders
    assert orders_behind(3600, 2276) == pytest.approx(3600, rel=1e-3)
    assert orders_behind(3600, 0) == 0
    assert orders_behind(3600, 3600) == pytest.approx(3600 * np.log(3600))
    with pytest.raises(ValueError, match="cannot have shown"):
        orders_behind(10, 11)
