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
with chosen as (
    select v.vintage, p.day, p.venue, p.market, coalesce(p.mark_price, p.index_price) as price
    from staging.stg_price as p
    inner join intermediate.int_vintages as v
        on p.known_at <= end_of(p.day) + to_seconds(v.listens_hours * 3600)
    where p.day >= $from_day::date
    qualify row_number() over (
        partition by v.vintage, p.day, p.venue, p.market order by p.distance_hours, p.known_at desc, p.mark_price
    ) = 1
)
select
    c.vintage, c.day, g.asset,
    median(c.price * q.usd_value::double / g.multiplier) as price_usd,
    count(*) as priced_markets
from chosen as c
inner join intermediate.int_grid as g
    on g.day = c.day and g.venue = c.venue and g.market = c.market and g.kind = 'swap'
inner join seeds.usd_currencies as q on q.currency = g.quote
where c.price > 0
group by c.vintage, c.day, g.asset
