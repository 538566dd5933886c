/*
title: Forced orders, as published and with what a censored feed must have left out
grain: [day, venue, asset]
columns:
  day: UTC date on which they happened
  long_usd: longs closed as published, US dollars
  short_usd: shorts closed as published, US dollars
  low_usd: both as published, US dollars; a censored feed shows no more than it shows
  estimate_usd: US dollars; a censored feed scaled by -s ln(1 - k/s) / k, with k of the s seconds of an hour showing one
  high_usd: US dollars; what is published where the feed is whole, else all that was traded in these markets
  is_censored: whether the venue leaves orders out; true where nothing is known of it
  feed_basis: what is known of the venue's feed, and from whom
  orders: orders published, a count
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_liquidation
  range: {low_usd: [0, null], estimate_usd: [0, null], high_usd: [0, null]}
*/
-- Orders of one second cluster, so the Poisson scale is itself a low estimate of what was left out.
with priced as (
    select
        l.day, l.venue, l.market, l.asset, l.position_side, l.occurred_at,
        l.value_quote * q.usd_value::double as value_usd,
        coalesce(f.is_complete::boolean, false) as is_complete,
        coalesce(f.source, 'nothing is known of this feed: taken as one that leaves orders out') as feed_basis
    from staging.stg_liquidation as l
    inner join intermediate.int_grid as g
        on g.day = l.day and g.venue = l.venue and g.market = l.market and g.day >= $from_day::date
    inner join seeds.usd_currencies as q on q.currency = g.quote
    asof left join (
        -- what is only remembered narrows no bound
        select venue, since::date as since, is_complete, source from seeds.liquidation_feeds where evidence != 'memory'
    ) as f
        on f.venue = l.venue and l.day >= f.since
    where l.day >= $from_day::date and l.asset is not null
),
hourly as (
    select
        day, venue, market, asset, is_complete, feed_basis, date_trunc('hour', occurred_at) as hour_at,
        exact_sum(case when position_side = 'long' then value_usd else 0 end) as long_usd,
        exact_sum(case when position_side = 'short' then value_usd else 0 end) as short_usd,
        count(*) as orders,
        count(distinct date_trunc('second', occurred_at)) as seconds_shown
    from priced
    group by all
),
scaled as (
    select
        *,
        case when is_complete then 1.0 else orders_behind_ratio(seconds_shown) end as scale_ratio
    from hourly
),
summed as (
    select
        day, venue, asset, exact_sum(long_usd) as long_usd, exact_sum(short_usd) as short_usd,
        exact_sum(long_usd + short_usd) as low_usd, exact_sum((long_usd + short_usd) * scale_ratio) as estimate_usd,
        not bool_and(is_complete) as is_censored, max(feed_basis) as feed_basis, sum(orders)::bigint as orders
    from scaled
    group by day, venue, asset
),
traded as (
    select m.day, m.venue, m.asset, exact_sum(m.volume_usd) as volume_usd
    from intermediate.int_market_day as m
    where m.vintage = 'latest' and m.day >= $from_day::date
    group by m.day, m.venue, m.asset
)
select
    s.day, s.venue, s.asset, s.long_usd, s.short_usd, s.low_usd, s.estimate_usd,
    case when s.is_censored then case when t.volume_usd is not null then greatest(t.volume_usd, s.estimate_usd) end
        else s.low_usd end as high_usd,
    s.is_censored, s.feed_basis, s.orders, 1 as formula_version
from summed as s
left join traded as t on t.day = s.day and t.venue = s.venue and t.asset = s.asset
