/*
title: Open interest against market capitalisation by asset, with the age of the supply
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
*/
select
  scope as asset, oi_to_market_cap_ratio, market_cap_usd, market_cap_as_of,
  day - market_cap_as_of as supply_age_days, oi_to_exchange_reserve_ratio, reserve_as_of, oi_to_volume_days
from leverage_daily
where scope_type = 'asset' and market_cap_usd is not null
  and day = coalesce($day::date, (select max(day) from leverage_daily))
order by oi_to_market_cap_ratio desc, asset
