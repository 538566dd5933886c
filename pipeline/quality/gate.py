"""Runs rules with Great Expectations on one frame and says, rule by rule, which rows broke them.

Great Expectations takes seconds to import, so that happens here and only when rules are run. Frames go in
as pandas: its SQL path reads results after DuckDB's connection is closed. A batch is validated directly; a
checkpoint does the same at several times the cost.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd

from pipeline.quality.rules import NOT_COMPARED, Rule

EXAMPLES = 5


@dataclass(frozen=True)
class Verdict:
    """One rule's outcome. compared: rows that hold what it reads; broken_by: rows that broke it, by venue.

    examples: a few of their values.
    """

    rule: Rule
    passed: bool
    rows: int
    compared: int
    unexpected: int
    examples: str
    broken_by: Mapping[str, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What broke it, or none, or that nothing was compared."""
        if self.passed:
            return "none" if self.compared else NOT_COMPARED
        return f"{self.rule.name}: {self.unexpected} of {self.rows} rows, such as {self.examples}"


@dataclass(frozen=True)
class Validation:
    """The verdicts on one frame, and Great Expectations' own result of them for its pages."""

    verdicts: tuple[Verdict, ...]
    result: Any


def validate(name: str, frame: pd.DataFrame, rules: Sequence[Rule], by: str | None = None) -> Validation:
    """Hold rules against a frame; one verdict a rule, in the rules' order. by: the column of the venue.

    A rule that cannot be judged counts as broken and its verdict says why.
    """
    gx, batches = _library()
    batch = batches.get_batch({"dataframe": frame})

    def held(some: Sequence[Rule], detail: str) -> Any:  # noqa: ANN401 untyped library
        expectations = [
            getattr(gx.expectations, rule.expectation)(
                **rule.arguments,
                **({} if rule.unit is None else _only_of(rule.unit)),
                severity="critical" if rule.is_blocking else "warning",
                meta={"rule": rule.name},
            )
            for rule in some
        ]
        suite = gx.ExpectationSuite(name=name, expectations=expectations)
        return batch.validate(
            suite, result_format={"result_format": detail, "partial_unexpected_count": EXAMPLES}
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = held(rules, "BASIC")
        by_rule = _by_rule(result)
        # which rows: half as much work again for every rule, and asked of those alone that are broken
        broken = [rule for rule in rules if not by_rule[rule.name].success]
        if broken:
            by_rule |= _by_rule(held(broken, "COMPLETE"))
            result.results = [by_rule[one.expectation_config.meta["rule"]] for one in result.results]
    return Validation(tuple(_verdict(rule, by_rule[rule.name], frame, by) for rule in rules), result)


def _by_rule(result: Any) -> dict[str, Any]:  # noqa: ANN401 untyped library
    return {one.expectation_config.meta["rule"]: one for one in result.results}


def _verdict(rule: Rule, result: Any, frame: pd.DataFrame, by: str | None) -> Verdict:  # noqa: ANN401 untyped library
    detail = result.result or {}
    places = detail.get("unexpected_index_list") or []
    examples = str(detail.get("partial_unexpected_list", ""))
    if (result.exception_info or {}).get("raised_exception"):
        examples = f"it cannot be judged: {result.exception_info['exception_message']}"
    venues = frame.loc[places, by].value_counts() if by and places else {}
    return Verdict(
        rule=rule,
        passed=bool(result.success),
        rows=len(frame),
        compared=compared_in(detail),
        unexpected=int(detail.get("unexpected_count") or 0),
        examples=" ".join(examples.split())[:200],
        broken_by={str(venue): int(count) for venue, count in venues.items()},
    )


def compared_in(detail: Mapping[str, Any]) -> int:
    """Rows that a rule judged, of Great Expectations' detail: those in its unit that are not NULL to it."""
    return int(detail.get("element_count") or 0) - int(detail.get("missing_count") or 0)


@cache
def _library() -> tuple[Any, Any]:
    """Great Expectations, quiet and sending nothing anywhere, and what makes a batch of a frame."""
    # read at import
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx  # noqa: PLC0415

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # one asset for all frames: each new one writes the whole context out as YAML
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return gx, asset.add_batch_definition_whole_dataframe("rows")


def _only_of(unit: str) -> dict[str, str]:
    return {"row_condition": f'unit == "{unit}"', "condition_parser": "pandas"}
