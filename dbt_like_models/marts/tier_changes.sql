/*
title: Changes of the venues' margin tables, one row a change
grain: [day, venue, market]
columns:
  day: UTC date of the first table that was different from the one before
  before_day: UTC date of that table before; changes between two days that were not asked share one row
  first_tier_before_ratio: maintenance margin of the smallest positions before, a fraction of notional
  first_tier_after_ratio: the same after, a fraction of notional
  max_leverage_before: largest leverage offered before, a multiple of margin
  max_leverage_after: the same after
  steps_before: steps of the table before, a count
  steps_after: the same after, a count
  formula_version: version of the formulas of this table
checks:
  rows: 0
*/
select
    n.day, n.venue, n.market, b.day as before_day,
    b.first_maintenance_ratio as first_tier_before_ratio, n.first_maintenance_ratio as first_tier_after_ratio,
    b.max_leverage as max_leverage_before, n.max_leverage as max_leverage_after,
    b.steps as steps_before, n.steps as steps_after, 1 as formula_version
from (select * from intermediate.int_tier_table where day >= $from_day::date) as n
asof join (select * from intermediate.int_tier_table where day >= $from_day::date - 400) as b
    on b.venue = n.venue and b.market = n.market and n.day > b.day
-- a market that was away for more than 400 days begins anew
where n.content != b.content and n.day - b.day <= 400
