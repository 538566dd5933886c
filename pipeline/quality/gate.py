"""Runs a suite with Great Expectations on one frame and says, rule by rule, what held.

Great Expectations takes seconds to import, so that happens here and only when a suite is run. Frames go in
as pandas: its SQL path reads results after DuckDB's connection is closed.
"""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass

import pandas as pd

from pipeline.quality.suites import Rule, Suite


@dataclass(frozen=True)
class Verdict:
    """One rule's outcome. unexpected: rows that broke it; examples: a few of their values."""

    rule: Rule
    passed: bool
    rows: int
    unexpected: int
    examples: str


def run_suite(suite: Suite, frame: pd.DataFrame) -> list[Verdict]:
    """Validate a frame (rows of `suite.columns`) and return one verdict a rule, in the suite's order."""
    # read at import: nothing is sent anywhere
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx  # noqa: PLC0415

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe("rows")
    )
    expectations = [
        getattr(gx.expectations, rule.expectation)(**rule.arguments, meta={"rule": rule.name})
        for rule in suite.rules
    ]
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=suite.name,
            data=batch,
            suite=context.suites.add(gx.ExpectationSuite(name=suite.name, expectations=expectations)),
        )
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=suite.name, validation_definitions=[definition], result_format="SUMMARY")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = checkpoint.run(batch_parameters={"dataframe": frame})
    results = next(iter(outcome.run_results.values())).results
    by_rule = {result.expectation_config.meta["rule"]: result for result in results}
    verdicts = []
    for rule in suite.rules:
        result = by_rule[rule.name]
        detail = result.result or {}
        verdicts.append(
            Verdict(
                rule=rule,
                passed=bool(result.success),
                rows=len(frame),
                unexpected=int(detail.get("unexpected_count") or 0),
                examples=str(detail.get("partial_unexpected_list", ""))[:200],
            )
        )
    return verdicts
