"""Which column of which table a column of a model is computed from, as Dagster's page shows it."""

from __future__ import annotations

from dataclasses import replace

from pipeline.models import column_lineage, read_models

SELECT = """
with both as (
    select a.day, a.open_interest_base * b.mark_price as usd, b.venue
    from staging.levels a join staging.prices b using (day)
    union all by name
    select c.day, c.loan_usd as usd, c.venue from staging.loans c
)
select day, sum(usd) as debt_usd, count(distinct venue) as venues, 1 as formula_version from both group by day
"""
SCHEMAS = {
    "staging.levels": {"day": "date", "open_interest_base": "double"},
    "staging.prices": {"day": "date", "mark_price": "double", "venue": "varchar"},
    "staging.loans": {"day": "date", "loan_usd": "double", "venue": "varchar"},
}


def test_a_column_is_traced_through_a_join_and_a_union_to_what_it_is_made_of() -> None:
    wanted = {"debt_usd": "", "venues": "", "formula_version": ""}
    model = replace(read_models()[0], select=SELECT, columns=wanted)
    assert column_lineage(model, SCHEMAS) == {
        "debt_usd": [
            ("staging.levels", "open_interest_base"),
            ("staging.loans", "loan_usd"),
            ("staging.prices", "mark_price"),
        ],
        "venues": [("staging.loans", "venue"), ("staging.prices", "venue")],
    }
