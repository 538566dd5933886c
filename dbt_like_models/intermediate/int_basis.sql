/*
title: Dated futures over the price of the coin, by expiry
grain: [day, asset, expires_at]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  asset: base after the alias table
  expires_at: UTC instant of expiry
  tenor_days: days from the end of the day to expiry, at least 3
  forward_log: logarithm of the future's price over the coin's, weighted by open interest
  markets: dated futures in it, a count
checks:
  rows_if: intermediate.int_market_day where kind = 'future' and seen_usd > 0
  range: {tenor_days: [3, null], forward_log: [-1, 1]}
*/
with dated as (
    select
        m.day, m.asset, l.expires_at, m.seen_usd,
        hours_between(l.expires_at, end_of(m.day)) / 24 as tenor_days,
        -- the venue's own index where it sends one: a perpetual's mark is off the coin by its own premium
        ln(m.price_usd / coalesce(m.index_price_usd, p.price_usd)) as forward_log
    from intermediate.int_market_day as m
    inner join intermediate.int_grid as g
        on g.day = m.day and g.venue = m.venue and g.market = m.market and g.day >= $from_day::date
    inner join staging.stg_markets as l on l.day = g.list_day and l.venue = m.venue and l.market = m.market
    left join intermediate.int_asset_price as p
        on p.vintage = m.vintage and p.day = m.day and p.asset = m.asset and p.day >= $from_day::date
    where
        m.vintage = 'latest' and m.day >= $from_day::date and m.kind = 'future' and m.status = 'seen'
        and m.seen_usd > 0 and m.price_usd > 0 and l.expires_at >= end_of(m.day) + interval 3 days
)
select
    day, asset, expires_at, any_value(tenor_days) as tenor_days,
    exact_sum(seen_usd * forward_log) / exact_sum(seen_usd) as forward_log, count(*) as markets
from dated
-- a price e times another one is a fault of one of them
where abs(forward_log) <= 1
group by day, asset, expires_at
