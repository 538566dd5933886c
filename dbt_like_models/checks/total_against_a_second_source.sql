/*
title: Our total against a second source
holds: >-
  open interest that was brought in from elsewhere is near ours of the same day; two vendors differ by 7 % for one
  day and some by a factor of two, a factor of ten is a fault of units
warn_fraction: 0.25
error_fraction: 9
*/
with ours as (
    select day, 'all' as asset, exact_sum(open_interest_usd) as usd
    from marts.open_interest_by_asset_daily
    group by day
    union all
    select day, asset, open_interest_usd as usd from marts.open_interest_by_asset_daily
)
select
    r.day, r.asset || ' by ' || r.source as scope,
    greatest(o.usd / r.amount, r.amount / o.usd) - 1 as off_ratio
from staging.stg_reference as r
inner join ours as o on o.day = r.day and o.asset = r.asset
where r.kind = 'open_interest' and r.amount > 0 and o.usd > 0
