/*
title: Open interest as a chain of matched daily changes, for drawing
grain: [day, scope_type, scope]
columns:
  day: UTC date at the end of the last change
  quantity_index_ratio: coins over those of the first day at the old prices, a fraction; a day without a matched change adds none
  usd_index_ratio: US dollars over those of the first day, a fraction
  formula_version: version of the formulas of this table
materialized: full
checks:
  rows_if: intermediate.int_growth where horizon_days = 1 and vintage = 'latest'
  range: {quantity_index_ratio: [0, null], usd_index_ratio: [0, null]}
*/
-- A book that closed whole stays at nothing: its logarithm is taken at a trillionth.
select
    day, scope_type, scope,
    exp((sum(ln(greatest(1 + coalesce(quantity_growth_ratio, 0), 1e-12))::decimal(38, 12)) over in_order)::double)
        as quantity_index_ratio,
    exp((sum(ln(greatest(1 + coalesce(usd_growth_ratio, 0), 1e-12))::decimal(38, 12)) over in_order)::double)
        as usd_index_ratio,
    1 as formula_version
from intermediate.int_growth
where vintage = 'latest' and horizon_days = 1
window in_order as (partition by scope_type, scope order by day rows unbounded preceding)
