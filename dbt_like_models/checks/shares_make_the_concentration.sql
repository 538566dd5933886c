/*
title: Concentration is that of the published shares
holds: >-
  the squared shares of the venues, and of the assets, in the published open interest add up to the published
  index, and the inequality of cells is that of venues and assets and what they share
warn_fraction: 1e-9
error_fraction: 1e-6
*/
with members as (
    select day, 'venue' as dimension, open_interest_usd as usd from marts.open_interest_by_venue_daily
    union all
    select day, 'asset' as dimension, open_interest_usd as usd from marts.open_interest_by_asset_daily
),
totals as (
    select day, dimension, exact_sum(usd) as usd from members group by day, dimension
),
shared as (
    select m.day, m.dimension, hhi(m.usd / t.usd) as hhi_ratio
    from members as m
    inner join totals as t on t.day = m.day and t.dimension = m.dimension
    where t.usd > 0
    group by m.day, m.dimension
)
select c.day, 'shares by ' || c.dimension as scope, abs(s.hhi_ratio - c.hhi_ratio) as off_ratio
from marts.concentration_daily as c
left join shared as s on s.day = c.day and s.dimension = c.dimension
where c.measure = 'open_interest' and c.dimension in ('venue', 'asset')
union all
select
    day, measure || ' by cell' as scope,
    abs(theil_venue + theil_asset + theil_mutual - theil_t) / greatest(theil_t, 1) as off_ratio
from marts.concentration_daily
where dimension = 'cell' and theil_mutual is not null
