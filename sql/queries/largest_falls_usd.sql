/*
title: Largest falls of open interest in dollars, on the venues seen on both days
parameters:
  days: {type: integer, default: 3, meaning: length of the fall}
  rows: {type: integer, default: 10, meaning: how many falls to list}
*/
with pairs as (
  select
    later.day,
    earlier.open_interest_usd as before_usd,
    later.open_interest_usd as after_usd
  from open_interest_by_venue_daily as later
  join open_interest_by_venue_daily as earlier
    on earlier.venue = later.venue and earlier.day = later.day - $days::integer
  where later.open_interest_usd is not null and earlier.open_interest_usd is not null
)
select
  day,
  sum(before_usd::decimal(38, 2))::double as before_usd,
  sum(after_usd::decimal(38, 2))::double as after_usd,
  sum(after_usd::decimal(38, 2))::double / nullif(sum(before_usd::decimal(38, 2))::double, 0) - 1 as change_ratio,
  count(*) as venues
from pairs
group by day
having change_ratio < 0
order by change_ratio, day
limit $rows::integer
