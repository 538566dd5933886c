/*
title: Margin tables that changed lately, those that ask more first
parameters:
  day: {type: date, default: null, meaning: last day; the last published if not given}
  days: {type: integer, default: 30, meaning: how many days to look back}
*/
select
  day, venue, market, first_tier_before_ratio, first_tier_after_ratio, max_leverage_before, max_leverage_after,
  first_tier_after_ratio - first_tier_before_ratio as rise_ratio
from tier_changes
where day > coalesce($day::date, (select max(day) from market_daily)) - $days::integer
  and day <= coalesce($day::date, (select max(day) from market_daily))
order by rise_ratio desc, day, venue, market
