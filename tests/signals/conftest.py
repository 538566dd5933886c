"""Hand-made daily inputs for the signals. Expected levels are worked out in the tests, not here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pandas as pd
import pytest

FIRST_DAY = date(2024, 1, 1)
COLUMNS = (
    "open_interest_usd",
    "quantity_growth_30d_ratio",
    "quantity_growth_7d_ratio",
    "quantity_growth_1d_ratio",
    "usd_growth_30d_ratio",
    "funding_apr",
    "hhi_venue_ratio",
    "hhi_asset_ratio",
    "seen_ratio",
    "price_usd",
    "oi_to_market_cap_ratio",
    "borrow_apr",
    "loan_utilisation_ratio",
    "liquidations_to_oi_ratio",
)
ORDINARY = {
    "open_interest_usd": 1e10,
    "quantity_growth_30d_ratio": 0.0,
    "quantity_growth_7d_ratio": 0.0,
    "quantity_growth_1d_ratio": 0.0,
    "usd_growth_30d_ratio": 0.0,
    "funding_apr": 0.1095,
    "hhi_venue_ratio": 0.38,
    "hhi_asset_ratio": 0.30,
    "seen_ratio": 1.0,
    "price_usd": 100.0,
    "oi_to_market_cap_ratio": 0.02,
    "borrow_apr": 0.1095,
    "loan_utilisation_ratio": 0.7,
    "liquidations_to_oi_ratio": 0.002,
}
Maker = Callable[..., pd.DataFrame]


@pytest.fixture
def make_inputs() -> Maker:
    """Build the inputs of one scope: columns given as lists of one number a day, the others ordinary."""

    def make(scope_type: str = "market", scope: str = "all", **given: Sequence[float]) -> pd.DataFrame:
        length = {len(numbers) for numbers in given.values()}.pop()
        frame = pd.DataFrame({column: [ORDINARY[column]] * length for column in COLUMNS})
        days = pd.date_range(FIRST_DAY, periods=length)
        frame = frame.assign(**{name: list(numbers) for name, numbers in given.items()})
        return frame.assign(day=days, scope_type=scope_type, scope=scope)

    return make
