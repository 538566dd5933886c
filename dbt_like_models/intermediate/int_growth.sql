/*
title: Growth of open interest on the markets present at both dates
grain: [vintage, day, scope_type, scope, horizon_days]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date at the end of the horizon
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  horizon_days: length of the comparison, days
  usd_growth_ratio: growth in US dollars, a fraction; NULL when the matched base is under 60 %
  quantity_growth_ratio: growth in coins at the old prices (price-free), a fraction; NULL under 60 %
  matched_ratio: share of the earlier total whose markets are seen, or known closed, today
checks:
  rows_if: intermediate.int_market_day where seen_usd > 0 and day <= (select max(day) - 7 from intermediate.int_days)
  range: {matched_ratio: [0, 1.000001], usd_growth_ratio: [-1, null], quantity_growth_ratio: [-1, null]}
  values: {scope_type: [market, asset, venue]}
*/
with horizons as (
    select unnest([1, 7, 30, 90, 365]) as horizon_days
),
-- which day is compared with which is worked out first: a join on a difference of three tables' columns is no
-- equality to the planner, and pairs every day of a market with every other
compared as (
    select n.day, h.horizon_days, n.day - h.horizon_days as before_day
    from (select distinct day from intermediate.int_market_day where day >= $from_day::date) as n
    cross join horizons as h
),
earlier as (
    select c.day, c.horizon_days, b.vintage, b.venue, b.market, b.asset, b.seen_usd, b.price_usd
    from compared as c
    inner join intermediate.int_market_day as b on b.day = c.before_day
    where b.status = 'seen' and b.day >= $from_day::date - 365
),
pairs as (
    select
        b.vintage, n.day, b.venue, b.asset, b.horizon_days,
        b.seen_usd as usd_before,
        n.seen_usd as usd_now,
        -- a closed market holds zero coins; otherwise today's coins at the old price
        case when n.status = 'closed' then 0 else n.open_interest_base * b.price_usd end as revalued_now
    from intermediate.int_market_day as n
    inner join earlier as b
        on b.vintage = n.vintage and b.day = n.day and b.venue = n.venue and b.market = n.market
    where n.day >= $from_day::date
),
summed as (
    select
        vintage, day, horizon_days,
        case when grouping(asset) = 0 then 'asset' when grouping(venue) = 0 then 'venue' else 'market' end
            as scope_type,
        coalesce(asset, venue, 'all') as scope,
        exact_sum(usd_before) as before_all,
        exact_sum(case when usd_now is not null then usd_before end) as before_matched,
        exact_sum(usd_now) as now_matched,
        exact_sum(case when usd_now is not null then revalued_now end) as revalued_matched
    from pairs
    group by grouping sets (
        (vintage, day, horizon_days), (vintage, day, horizon_days, asset), (vintage, day, horizon_days, venue)
    )
)
select
    vintage, day, scope_type, scope, horizon_days,
    case when before_matched >= 0.6 * before_all and before_matched > 0
        then now_matched / before_matched - 1 end as usd_growth_ratio,
    case when before_matched >= 0.6 * before_all and before_matched > 0
        then revalued_matched / before_matched - 1 end as quantity_growth_ratio,
    coalesce(safe_ratio(before_matched, before_all), 0) as matched_ratio
from summed
where before_all > 0
