/*
title: Open interest of each asset over all venues
grain: [day, asset]
columns:
  open_interest_base: coins of the asset, one side counted
  open_interest_usd: US dollars, one side counted
  venues: venues with a seen market, a count
  markets: markets seen, a count
  coverage_ratio: share of the asset's listed markets that were seen
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_open_interest
  range: {open_interest_usd: [0, null], coverage_ratio: [0, 1]}
*/
select
    day, asset,
    exact_sum(case when status = 'seen' then open_interest_base end) as open_interest_base,
    exact_sum(case when status = 'seen' then open_interest_usd end) as open_interest_usd,
    count(distinct case when status = 'seen' then venue end) as venues,
    count_if(status = 'seen') as markets,
    count_if(status = 'seen') / count(*) as coverage_ratio,
    1 as formula_version
from intermediate.int_market_day
where vintage = 'latest' and day >= $from_day::date and status != 'closed'
group by day, asset
