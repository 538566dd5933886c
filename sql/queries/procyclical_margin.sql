/*
title: How much margin would have swung had it followed volatility - largest over smallest, and the largest rise
parameters:
  from_day: {type: date, default: null, meaning: first day; the first published if not given}
  days: {type: integer, default: 30, meaning: length of the rise}
*/
with margins as (
  select day, scope, dynamic_margin_ratio
  from cushion_daily
  where scope_type = 'asset' and book = 'new_position' and dynamic_margin_ratio is not null
    and day >= coalesce($from_day::date, (select min(day) from cushion_daily))
)
select
  later.scope as asset,
  max(later.dynamic_margin_ratio) / min(later.dynamic_margin_ratio) as peak_to_trough_ratio,
  greatest(0, max(later.dynamic_margin_ratio - earlier.dynamic_margin_ratio)) as largest_rise_ratio,
  count(*) as days
from margins as later
left join margins as earlier on earlier.scope = later.scope and earlier.day = later.day - $days::integer
group by later.scope
order by peak_to_trough_ratio desc, asset
