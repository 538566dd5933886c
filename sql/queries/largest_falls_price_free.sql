/*
title: Largest falls of open interest in coins, both days at the earlier prices
parameters:
  days: {type: integer, default: 3, meaning: length of the fall}
  rows: {type: integer, default: 10, meaning: how many falls to list}
*/
with counted as (
  -- A closed market is a true zero; an unseen one is left out.
  select day, venue, market, case when status = 'closed' then 0 else open_interest_base end as amount_base,
    open_interest_usd as amount_usd
  from market_daily
  where status in ('seen', 'closed')
),
pairs as (
  select later.day, earlier.amount_usd as before_usd,
    earlier.amount_usd * later.amount_base / nullif(earlier.amount_base, 0) as after_usd
  from counted as later
  join counted as earlier
    on earlier.venue = later.venue and earlier.market = later.market and earlier.day = later.day - $days::integer
)
select
  day,
  sum(before_usd::decimal(38, 2))::double as before_usd,
  sum(after_usd::decimal(38, 2))::double as after_at_earlier_prices_usd,
  sum(after_usd::decimal(38, 2))::double / nullif(sum(before_usd::decimal(38, 2))::double, 0) - 1 as change_ratio,
  count(*) as markets
from pairs
where before_usd is not null and after_usd is not null
group by day
having change_ratio < 0
order by change_ratio, day
limit $rows::integer
