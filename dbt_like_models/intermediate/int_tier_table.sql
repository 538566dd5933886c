/*
title: The margin table of each market on each day it was seen, one row a table
grain: [day, venue, market]
columns:
  day: UTC date whose end (00:00 of the next day) the table stands for
  venue: exchange
  market: the venue's own id of the market
  known_at: UTC instant from which it was known
  first_maintenance_ratio: fraction of notional to keep the smallest positions
  max_leverage: largest leverage of any step, a multiple of margin
  steps: steps of the table, a count
  content: fingerprint of the table as sent; a bound in coins does not change when its worth in dollars does
checks:
  rows_if: intermediate.int_tier_step
  range: {first_maintenance_ratio: [0, 1]}
*/
select
    day, venue, market, any_value(known_at) as known_at,
    arg_min(maintenance_ratio, step) as first_maintenance_ratio,
    max(max_leverage) as max_leverage,
    count(*) as steps,
    md5(string_agg(
        concat_ws(' ', unit, floor_sent, maintenance_ratio, initial_ratio, max_leverage), '|' order by step
    )) as content
from intermediate.int_tier_step
where day >= $from_day::date
group by day, venue, market
