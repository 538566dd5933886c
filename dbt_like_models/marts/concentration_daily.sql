/*
title: How concentrated open interest, debt and loans are
grain: [day, measure, dimension]
columns:
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_open_interest
*/
select
    day, measure, dimension, hhi_ratio, effective_n, top1_ratio, top3_ratio, top5_ratio, gini_ratio, theil_t,
    theil_venue, theil_asset, theil_mutual, members, 1 as formula_version
from intermediate.int_concentration
where vintage = 'latest' and day >= $from_day::date
