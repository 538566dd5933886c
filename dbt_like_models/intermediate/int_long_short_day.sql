/*
title: Longs over shorts of each market on each day, by population of accounts
grain: [day, venue, market]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  long_short_ratio: accounts long over accounts short, each account counted once
  top_account_long_short_ratio: the same ratio among the venue's largest accounts
  top_position_long_short_ratio: ratio of the largest accounts' longs to their shorts, by size
checks:
  rows_if: staging.stg_long_short_ratio
  range: {long_short_ratio: [0, null]}
*/
with nearest as (
    select day, venue, market, population, long_short_ratio
    from staging.stg_long_short_ratio
    where day >= $from_day::date
    qualify row_number() over (
        partition by day, venue, market, population order by distance_hours, known_at desc, long_short_ratio
    ) = 1
)
select
    day, venue, market,
    max(case when population = 'accounts' then long_short_ratio end) as long_short_ratio,
    max(case when population = 'top_accounts' then long_short_ratio end) as top_account_long_short_ratio,
    max(case when population = 'top_positions' then long_short_ratio end) as top_position_long_short_ratio
from nearest
group by day, venue, market
