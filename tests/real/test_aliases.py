"""The alias table against every base that the recorded market lists hold."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from recorded import SHARED, needs_shared

pytestmark = [needs_shared, pytest.mark.real]

SEED = Path(__file__).resolve().parents[2] / "dbt_like_models" / "seeds" / "asset_aliases.csv"
# what a contract of many coins looks like: 1000PEPE, 1MBONK, 1KSHIB, kPEPE
_MANY = re.compile(r"^(10{2,}[A-Z]|1[KM][A-Z]{2,}|k[A-Z]{3,})")


def recorded_bases() -> set[str]:
    """Bases of the recorded lists: 96 venues of one day, Binance's 907 contracts, eight venues' markets."""
    with gzip.open(SHARED / "data" / "structure" / "binance_leverage_tiers_907.json.gz") as file:
        found = {symbol.split("/")[0] for symbol in json.load(file)}
    day = pd.read_parquet(SHARED / "data" / "structure" / "oi_by_venue_asset_2026-01-28.parquet")
    # that list writes some multipliers apart ("1000 BONK")
    found |= {str(base).replace(" ", "") for base in day["base_asset"].dropna()}
    for path in (SHARED / "venues" / "markets").glob("*.json"):
        listed = json.loads(path.read_text())
        found |= {str(m["base"]) for m in (listed.values() if isinstance(listed, dict) else listed)}
    return found


def test_every_multiplier_of_the_recorded_lists_is_known() -> None:
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {row["name"] for row in rows}
    many = {base for base in recorded_bases() if _MANY.match(base)}
    assert len(many) >= 30
    assert many - known == set()
    for row in rows:
        digits = re.match(r"^(10{2,})[A-Z]", row["name"])
        if digits and row["asset"] != row["name"]:
            assert float(row["multiplier"]) == float(digits[1]), row
