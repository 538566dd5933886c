/*
title: Growth of open interest on the matched sample, in dollars and price-free
grain: [day, scope_type, scope, horizon_days]
columns:
  formula_version: version of the formulas of this table
checks:
  rows_if: raw.markets
  rows: 0
  range: {matched_ratio: [0, 1.000001]}
*/
select
    day, scope_type, scope, horizon_days, usd_growth_ratio, quantity_growth_ratio, matched_ratio,
    1 as formula_version
from intermediate.int_growth
where vintage = 'latest' and day >= $from_day::date and horizon_days > 1
