/*
title: Venues add up to the market
holds: the open interest of all venues is what coverage calls seen of the whole market, day by day
warn_fraction: 1e-9
error_fraction: 1e-6
*/
select
    c.day, 'all venues' as scope,
    abs(coalesce(v.usd, 0) - coalesce(c.seen_usd, 0)) / greatest(c.seen_usd, v.usd, 1) as off_ratio
from marts.coverage_daily as c
left join (
    select day, exact_sum(open_interest_usd) as usd from marts.open_interest_by_venue_daily group by day
) as v on v.day = c.day
where c.dataset = 'open_interest' and c.venue = 'all'
