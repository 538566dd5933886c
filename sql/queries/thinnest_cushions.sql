/*
title: Assets whose standing longs are nearest to a margin call
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
  rows: {type: integer, default: 20, meaning: how many assets to list}
*/
select
  scope as asset, notional_usd, distance_long_ratio, distance_long_low_ratio, distance_long_high_ratio,
  distance_sigmas, call_probability_7d_ratio, compression_30d_ratio, tiers_as_of, is_counterfactual
from cushion_daily
where scope_type = 'asset' and book = 'vintage'
  and day = coalesce($day::date, (select max(day) from cushion_daily))
order by distance_sigmas nulls last, asset
limit $rows::integer
