/*
title: Markets that a venue's list no longer held
grain: [day, venue, market]
columns:
  day: UTC date of the first list without it
  venue: exchange
  market: the venue's own id of the market
  seen_day: UTC date of the last list with it
  asset: base after the alias table
  multiplier: coins of the asset in one unit of the listed base
  kind: swap (perpetual) or future (dated)
  direction: linear pays in quote, inverse in base, quanto in a third coin
  quote: quote currency
  settle: currency that margin and profit are paid in
checks:
  rows: 0
  not_null: [seen_day, asset, multiplier]
*/
with lists as (
    select venue, day, lag(day) over (partition by venue order by day) as day_before
    from intermediate.int_venue_list
)
select l.day, m.venue, m.market, m.day as seen_day, m.asset, m.multiplier, m.kind, m.direction, m.quote, m.settle
from lists as l
inner join staging.stg_markets as m
    on m.venue = l.venue and m.day = l.day_before and m.day >= $from_day::date - 400
anti join staging.stg_markets as n
    on n.venue = l.venue and n.day = l.day and n.market = m.market and n.day >= $from_day::date
    and n.kind in ('swap', 'future')
where l.day >= $from_day::date and m.kind in ('swap', 'future')
