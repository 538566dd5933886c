/*
title: What the signals read - each day as it was known twelve hours after it ended
grain: [day, scope_type, scope]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  open_interest_usd: US dollars, one side counted
  quantity_growth_30d_ratio: growth in coins at the old prices over 30 days, matched sample, a fraction
  quantity_growth_7d_ratio: the same over 7 days
  usd_growth_30d_ratio: growth in US dollars over 30 days, matched sample, a fraction
  hhi_venue_ratio: HHI of open interest over venues, market scope only
  hhi_asset_ratio: HHI of open interest over assets, market scope only
  seen_ratio: share of the expected open interest seen, market and venue scope
  formula_version: version of the formulas of this table
checks:
  rows_if: raw.markets
  range: {seen_ratio: [0, 1.000001], hhi_venue_ratio: [0, 1.000001]}
*/
with rows_known as (
    select day, venue, asset, seen_usd
    from intermediate.int_market_day
    where vintage = 'as_known' and day >= $from_day::date and status != 'closed'
),
scoped as (
    select day, 'market' as scope_type, 'all' as scope, exact_sum(seen_usd) as open_interest_usd
    from rows_known group by day
    union all
    select day, 'asset' as scope_type, asset as scope, exact_sum(seen_usd) as open_interest_usd
    from rows_known group by day, asset
    union all
    select day, 'venue' as scope_type, venue as scope, exact_sum(seen_usd) as open_interest_usd
    from rows_known group by day, venue
),
growth as (
    select
        day, scope_type, scope,
        max(case when horizon_days = 30 then quantity_growth_ratio end) as quantity_growth_30d_ratio,
        max(case when horizon_days = 7 then quantity_growth_ratio end) as quantity_growth_7d_ratio,
        max(case when horizon_days = 30 then usd_growth_ratio end) as usd_growth_30d_ratio
    from intermediate.int_growth
    where vintage = 'as_known' and day >= $from_day::date
    group by day, scope_type, scope
),
concentration as (
    select
        day,
        max(case when dimension = 'venue' then hhi_ratio end) as hhi_venue_ratio,
        max(case when dimension = 'asset' then hhi_ratio end) as hhi_asset_ratio
    from intermediate.int_concentration
    where vintage = 'as_known' and measure = 'open_interest' and day >= $from_day::date
    group by day
)
select
    s.day, s.scope_type, s.scope, s.open_interest_usd,
    g.quantity_growth_30d_ratio, g.quantity_growth_7d_ratio, g.usd_growth_30d_ratio,
    f.funding_apr,
    case when s.scope_type = 'market' then h.hhi_venue_ratio end as hhi_venue_ratio,
    case when s.scope_type = 'market' then h.hhi_asset_ratio end as hhi_asset_ratio,
    c.seen_ratio,
    1 as formula_version
from scoped as s
left join growth as g on g.day = s.day and g.scope_type = s.scope_type and g.scope = s.scope
left join intermediate.int_funding_scope as f
    on f.vintage = 'as_known' and f.day = s.day and f.scope_type = s.scope_type and f.scope = s.scope
left join concentration as h on h.day = s.day
left join intermediate.int_coverage as c
    on c.vintage = 'as_known' and c.day = s.day
    and ((s.scope_type = 'market' and c.venue = 'all') or (s.scope_type = 'venue' and c.venue = s.scope))
