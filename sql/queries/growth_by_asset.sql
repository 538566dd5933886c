/*
title: Growth of open interest by asset, in coins and in dollars
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
  horizon_days: {type: integer, default: 30, meaning: "7, 30, 90 or 365"}
  rows: {type: integer, default: 30, meaning: how many assets to list}
*/
select
  growth.scope as asset,
  growth.quantity_growth_ratio,
  growth.usd_growth_ratio,
  growth.matched_ratio,
  interest.open_interest_usd
from growth_daily as growth
left join open_interest_by_asset_daily as interest
  on interest.asset = growth.scope and interest.day = growth.day
where growth.scope_type = 'asset'
  and growth.horizon_days = $horizon_days::integer
  and growth.day = coalesce($day::date, (select max(day) from growth_daily))
order by growth.quantity_growth_ratio desc nulls last, asset
limit $rows::integer
