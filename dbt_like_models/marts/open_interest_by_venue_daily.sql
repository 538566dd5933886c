/*
title: Open interest of each venue over all assets
grain: [day, venue]
columns:
  open_interest_usd: US dollars, one side counted; NULL on a day when nothing of the venue was seen
  assets: assets with a seen market, a count
  markets: markets seen, a count
  coverage_ratio: share of the expected open interest seen
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_open_interest
  range: {open_interest_usd: [0, null], coverage_ratio: [0, 1.000001]}
*/
select
    m.day, m.venue,
    exact_sum(case when m.status = 'seen' then m.open_interest_usd end) as open_interest_usd,
    count(distinct case when m.status = 'seen' then m.asset end) as assets,
    count_if(m.status = 'seen') as markets,
    any_value(c.seen_ratio) as coverage_ratio,
    1 as formula_version
from intermediate.int_market_day as m
inner join intermediate.int_coverage as c
    on c.vintage = m.vintage and c.day = m.day and c.venue = m.venue and c.day >= $from_day::date
where m.vintage = 'latest' and m.day >= $from_day::date and m.status != 'closed'
group by m.day, m.venue
