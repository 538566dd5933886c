"""The outside test: credit growth before the 88 crises of Jorda, Schularick and Taylor, scored by our code.

The definition is fixed in `tests/evaluation/RULE.md`; the data are of release 6 of their macrohistory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from recorded import SHARED

from pipeline.methods.scoring import auroc
from pipeline.methods.scoring_bootstrap import block_counts, interval, pairs_by_day, resampled_aurocs

WARS = ((1914, 1918), (1939, 1945))
GROWTH_YEARS = 5
REPETITIONS, SEED = 2000, 42


@dataclass(frozen=True)
class CrisisScore:
    """AUROC with its interval, over so many country-years and the crises among them."""

    auroc: float
    low: float
    high: float
    country_years: int
    crises: int


def macrohistory() -> pd.DataFrame:
    """One row a country and year: loans, GDP and price index as in the source, and whether a crisis began."""
    columns = ["year", "iso", "tloans", "gdp", "cpi", "crisisJST"]
    table = pd.read_stata(SHARED / "data" / "tradfi" / "jst_macrohistory_R6.dta", columns=columns)
    return table.astype({"year": int}).sort_values(["iso", "year"], ignore_index=True)


def score_crises(table: pd.DataFrame, deflator: str) -> CrisisScore:
    """Log change of loans over `deflator` (cpi or gdp) from t-6 to t-1, against a crisis that begins in t."""
    ratio = np.log(table["tloans"] / table[deflator])
    of_country = ratio.groupby(table["iso"])
    growth = of_country.shift(1) - of_country.shift(1 + GROWTH_YEARS)
    is_war = np.logical_or.reduce([table["year"].between(*war) for war in WARS])
    known = growth.notna() & table["crisisJST"].notna() & ~is_war
    labels, scores = table.loc[known, "crisisJST"].to_numpy(), growth[known].to_numpy()
    years = table.loc[known, "year"].to_numpy()
    place = years - years.min()
    counts = block_counts(int(place.max()) + 1, GROWTH_YEARS, REPETITIONS, SEED)
    low, high = interval(resampled_aurocs(pairs_by_day(labels, scores, place), counts))
    return CrisisScore(auroc(labels, scores), low, high, len(labels), int(labels.sum()))
