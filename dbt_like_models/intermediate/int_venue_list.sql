/*
title: Each market list that a venue answered with, and how long it was
grain: [day, venue]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  markets: perpetuals and dated futures in the list, a count
checks:
  rows_if: raw.markets
  range: {markets: [1, null]}
*/
select day, venue, count(*) as markets
from staging.stg_markets
where day >= $from_day::date and kind in ('swap', 'future')
group by day, venue
