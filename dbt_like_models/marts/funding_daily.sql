/*
title: What leverage costs on perpetuals, weighted by open interest
grain: [day, scope_type, scope]
columns:
  formula_version: version of the formulas of this table
checks:
  rows_if: raw.funding_rate
*/
select
    day, scope_type, scope, funding_apr, funding_apy, funding_paid_usd, positive_share_ratio, markets,
    1 as formula_version
from intermediate.int_funding_scope
where vintage = 'latest' and day >= $from_day::date
