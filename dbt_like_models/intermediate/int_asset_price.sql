/*
title: What one coin costs in US dollars at the end of a day, the median over venues
grain: [vintage, day, asset]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date whose end (00:00 of the next day) the value stands for
  asset: base after the alias table
  price_usd: median of the venues' mark prices, US dollars a coin
  priced_markets: markets in the median, a count
checks:
  rows_if: raw.price
  range: {price_usd: [0, null]}
*/
-- both vintages in one pass: the nearest price of all, and of those known then
with nearest as (
    select
        day, venue, market,
        arg_min(
            {'price': coalesce(mark_price, index_price)}, (distance_hours, -epoch_us(known_at), mark_price)
        ) as latest,
        arg_min(
            {'price': coalesce(mark_price, index_price)}, (distance_hours, -epoch_us(known_at), mark_price)
        ) filter (where known_at <= heard_until(day, (
            select listens_hours from intermediate.int_vintages where vintage = 'as_known'
        ))) as as_known
    from staging.stg_price
    where day >= $from_day::date
    group by day, venue, market
),
chosen as (
    select
        n.day, g.asset,
        n.latest.price * q.usd_value::double / g.multiplier as latest,
        n.as_known.price * q.usd_value::double / g.multiplier as as_known
    from nearest as n
    inner join intermediate.int_grid as g
        on g.day = n.day and g.venue = n.venue and g.market = n.market and g.kind = 'swap'
        and g.day >= $from_day::date
    inner join seeds.usd_currencies as q on q.currency = g.quote
)
select
    v.vintage, c.day, c.asset,
    median(case v.vintage when 'latest' then c.latest else c.as_known end) as price_usd,
    count(*) as priced_markets
from chosen as c
cross join intermediate.int_vintages as v
where case v.vintage when 'latest' then c.latest else c.as_known end > 0
group by v.vintage, c.day, c.asset
