"""Turns an assessment into reading rows: the threshold shown, where it comes from, and the sentence.

A sentence has the numbers and units with which a person can check the level by hand. Levels are decided in
`levels.py`; nothing here changes one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.signals.base import RANKED
from pipeline.signals.levels import MINIMUM_HISTORY_DAYS, Assessment, Band, LevelRule, level_of
from pipeline.signals.panel import Panel

# From here on, the sentence says how much of the scope was not seen.
MENTION_SEEN_BELOW_RATIO = 0.9


@dataclass(frozen=True)
class Wording:
    """What the value is called in a sentence, and how its number is written.

    `needs` says what is missing while there was no value yet; `fixed_source` where a fixed threshold is from.
    """

    subject: str
    number: Callable[[float], str]
    needs: str = ""
    fixed_source: str = "fixed, declared"


def percent(ratio: float) -> str:
    """A fraction as a signed percentage: 0.1234 becomes +12.3 %."""
    return f"{100 * ratio:+.1f} %"


def share(ratio: float) -> str:
    """A fraction that cannot be negative, as a percentage without a sign: 0.1234 becomes 12.3 %."""
    return f"{100 * ratio:.1f} %"


class _Cell(NamedTuple):
    """One reading's numbers as plain Python ones: a hundred thousand sentences are made from them."""

    rank: int
    value: float
    seen_ratio: float
    history_days: int
    value_age_days: float
    is_blind: bool
    entry: tuple[float, float, float]
    quantiles: tuple[float, float, float]


def readings_of(panel: Panel, assessment: Assessment, wording: Wording) -> pd.DataFrame:
    """One row for each reading that is due, with every column of a Reading but the signal's name."""
    rows, columns = np.nonzero(panel.is_due)
    as_of = (panel.days + pd.Timedelta(days=1)).tz_localize("UTC").as_unit("us")
    cells = _cells(assessment, panel.is_due)
    reached = [max(cell.rank, 1) - 1 for cell in cells]
    rule = assessment.rule
    return pd.DataFrame(
        {
            "as_of": as_of[rows],
            "scope_type": pd.Series([panel.scope_type] * len(rows), dtype="str"),
            "scope": pd.Series([panel.scopes[column] for column in columns], dtype="str"),
            "value": assessment.value[rows, columns],
            "level": pd.Series([level_of(cell.rank).value for cell in cells], dtype="str"),
            "threshold": np.asarray(
                [cell.entry[place] for cell, place in zip(cells, reached, strict=True)], dtype=float
            ),
            "threshold_source": pd.Series(
                [
                    _source(rule.bands[place], cell.quantiles[place], cell.history_days, wording)
                    for cell, place in zip(cells, reached, strict=True)
                ],
                dtype="str",
            ),
            "history_days": assessment.history_days[rows, columns].astype(np.int64),
            "reason": pd.Series([_reason(cell, rule, wording) for cell in cells], dtype="str"),
        }
    )


def _cells(found: Assessment, is_due: npt.NDArray[np.bool_]) -> list[_Cell]:
    numbers = (
        found.rank[is_due].tolist(),
        found.value[is_due].tolist(),
        found.seen_ratio[is_due].tolist(),
        found.history_days[is_due].astype(np.int64).tolist(),
        found.value_age_days[is_due].tolist(),
        found.is_blind[is_due].tolist(),
        zip(*(entry[is_due].tolist() for entry in found.entry), strict=True),
        zip(*(quantile[is_due].tolist() for quantile in found.quantiles), strict=True),
    )
    return [_Cell(*cell) for cell in zip(*numbers, strict=True)]


def _reason(cell: _Cell, rule: LevelRule, wording: Wording) -> str:
    if cell.rank < 0:
        return f"{_why_unknown(cell, wording)}."
    seen = ""
    if cell.seen_ratio < MENTION_SEEN_BELOW_RATIO:
        seen = f"; only {100 * cell.seen_ratio:.0f} % of the expected open interest was seen"
    return f"{_why(cell, rule, wording)}{seen}."


def _why(cell: _Cell, rule: LevelRule, wording: Wording) -> str:
    """The sentence of a level that is known."""
    held = max(cell.rank, 1)
    entry = wording.number(cell.entry[held - 1])
    text = f"{wording.subject} is {wording.number(cell.value)}"
    reached = sum(cell.value > threshold for threshold in cell.entry)
    if reached > cell.rank:
        over = wording.number(cell.entry[reached - 1])
        return f"{text}, above {over} ({RANKED[reached]}) but on fewer than {rule.confirm_days} days running"
    if cell.rank == 0:
        return f"{text}, not above {entry} ({RANKED[held]})"
    if reached == cell.rank:
        return f"{text}, above {entry} ({RANKED[held]})"
    exit_at = wording.number(rule.exit_share_ratio * cell.entry[held - 1])
    span = f" on {rule.confirm_days} days running" if rule.confirm_days > 1 else ""
    return f"{text}; {RANKED[held]} is entered above {entry} and left below {exit_at}{span}"


def _why_unknown(cell: _Cell, wording: Wording) -> str:
    if math.isinf(cell.value_age_days):
        needs = f": it needs {wording.needs}" if wording.needs else ""
        return f"{wording.subject} could not be computed yet{needs}"
    if cell.value_age_days > 0:
        return f"{wording.subject} is missing; the last one is {cell.value_age_days:.0f} day(s) old"
    if cell.is_blind:
        return (
            f"{wording.subject} cannot be judged: only {100 * cell.seen_ratio:.0f} % of the expected open"
            " interest was seen"
        )
    return (
        f"{wording.subject} is {wording.number(cell.value)}, but only {cell.history_days} days of its own"
        f" past are known and {MINIMUM_HISTORY_DAYS} are needed"
    )


def _source(band: Band, quantile: float, history_days: int, wording: Wording) -> str:
    if band.quantile is None:
        return wording.fixed_source
    if math.isnan(quantile):
        return f"none: {history_days} of {MINIMUM_HISTORY_DAYS} days of history"
    past = f"{100 * band.quantile:g} % quantile" if band.quantile < 1 else "highest"
    if quantile < band.floor:
        return (
            f"fixed, declared floor; walk-forward {past} of {history_days} days is {wording.number(quantile)}"
        )
    if quantile > band.ceiling:
        return (
            f"fixed, declared ceiling; walk-forward {past} of {history_days} days is "
            f"{wording.number(quantile)}"
        )
    return f"walk-forward {past} of {history_days} days"
