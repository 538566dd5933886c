/*
title: Positions of the accounts that the settings list, and what each account holds
grain: [day, venue, address, market, position_side, observed_at, known_at]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  address: public address of the account, in small letters
  market: the venue's own id of the market; in the row of the account the coin of its margin
  position_side: long, short, or account (the account itself)
  observed_at: UTC instant of the observation
  known_at: UTC instant from which it was known
  distance_hours: hours between the observation and the end of the day
  size_base_listed: coins as listed, never negative; 0 in the row of the account
  notional_usd: the venue's own dollars of the position; in the row of the account, of all its positions; NULL over 1e11, which no account has held
  margin_usd: margin that the venue counts as used, US dollars; NULL over 1e11
  set_leverage: leverage that the holder chose, a multiple of margin; NULL outside 1 to 2000, and in the row of the account
  equity_usd: the account's money with unrealised gains, US dollars, below zero when lost; NULL beyond 1e11, and in other rows
checks:
  rows_if: raw.wallet_position
  values: {position_side: [long, short, account]}
  range: {notional_usd: [0, null], size_base_listed: [0, null]}
*/
with observations as (
    select
        unnest(candidate_days(coalesce(observed_at, fetched_at))) as day, venue, address, market,
        coalesce(position_side, 'account') as position_side, coalesce(observed_at, fetched_at) as observed_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        case unit when 'base' then amount else error('unknown unit of a position ' || unit) end as size_base_listed,
        if_possible(own_usd, 0, 1e11) as notional_usd, if_possible(margin_usd, 0, 1e11) as margin_usd,
        if_possible(set_leverage, 1, 2000) as set_leverage, if_possible(equity_usd, -1e11, 1e11) as equity_usd,
        tolerance_hours
    from raw.wallet_position
    where day >= $from_day::date
)
select
    day, venue, address, market, position_side, observed_at, known_at,
    hours_between(observed_at, end_of(day)) as distance_hours, size_base_listed, notional_usd, margin_usd,
    set_leverage, equity_usd
from observations
where day >= $from_day::date and hours_between(observed_at, end_of(day)) <= tolerance_hours
qualify row_number() over (
    partition by day, venue, address, market, position_side, observed_at, known_at order by size_base_listed
) = 1
