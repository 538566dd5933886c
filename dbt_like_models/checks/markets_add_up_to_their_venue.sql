/*
title: Markets add up to their venue
holds: the markets seen of a venue make its open interest, and as many as it says
warn_fraction: 1e-9
error_fraction: 1e-6
*/
select
    v.day, v.venue as scope,
    abs(coalesce(m.usd, 0) - coalesce(v.open_interest_usd, 0)) / greatest(v.open_interest_usd, m.usd, 1)
        + abs(coalesce(m.markets, 0) - v.markets) as off_ratio
from marts.open_interest_by_venue_daily as v
left join (
    select day, venue, exact_sum(open_interest_usd) as usd, count(*) as markets
    from marts.market_daily
    where status = 'seen'
    group by day, venue
) as m on m.day = v.day and m.venue = v.venue
