/*
title: Assets add up to the market
holds: the open interest of all assets is that of all venues, day by day
warn_fraction: 1e-9
error_fraction: 1e-6
*/
select
    coalesce(a.day, v.day) as day, 'all assets' as scope,
    abs(coalesce(a.usd, 0) - coalesce(v.usd, 0)) / greatest(a.usd, v.usd, 1) as off_ratio
from (
    select day, exact_sum(open_interest_usd) as usd from marts.open_interest_by_asset_daily group by day
) as a
full join (
    select day, exact_sum(open_interest_usd) as usd from marts.open_interest_by_venue_daily group by day
) as v on v.day = a.day
