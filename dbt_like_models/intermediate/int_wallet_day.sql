/*
title: Each listed account at the end of each day - positions, own money, margin at the leverage it set
grain: [day, venue, address]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  address: public address of the account, in small letters
  positions: open positions, a count
  long_usd: its long positions, US dollars by the venue's own mark
  short_usd: its short positions, US dollars, never negative
  notional_usd: long and short positions together, US dollars
  set_margin_usd: what the leverage it set asks of these positions, US dollars
  equity_usd: the account's money with unrealised gains, US dollars, below zero when it is lost
  borrowed_usd: notional above the account's own money, US dollars, never negative
checks:
  rows_if: staging.stg_wallet_position as a where a.equity_usd is not null and not exists (select 1 from staging.stg_wallet_position as p where p.day = a.day and p.venue = a.venue and p.address = a.address and p.position_side != 'account' and (p.notional_usd is null or p.set_leverage is null))
  range: {notional_usd: [0, null], borrowed_usd: [0, null]}
*/
-- one answer tells the account and its positions: what was asked at another instant is not mixed in
with nearest as (
    select *
    from staging.stg_wallet_position
    where day >= $from_day::date
    qualify dense_rank() over (
        partition by day, venue, address order by distance_hours, observed_at desc, known_at desc
    ) = 1
),
added_up as (
    select
        day, venue, address, count_if(position_side != 'account') as positions,
        coalesce(exact_sum(case when position_side = 'long' then notional_usd end), 0) as long_usd,
        coalesce(exact_sum(case when position_side = 'short' then notional_usd end), 0) as short_usd,
        coalesce(exact_sum(case when position_side != 'account' then notional_usd / set_leverage end), 0)
            as set_margin_usd,
        max(equity_usd) as equity_usd,
        bool_and(position_side = 'account' or (notional_usd is not null and set_leverage is not null)) as is_whole
    from nearest
    group by day, venue, address
)
select
    day, venue, address, positions, long_usd, short_usd, long_usd + short_usd as notional_usd, set_margin_usd,
    equity_usd, greatest(long_usd + short_usd - equity_usd, 0) as borrowed_usd
from added_up
-- an account with a number that cannot be is not known: without that position it would look smaller than it is
where equity_usd is not null and is_whole
