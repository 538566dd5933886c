/*
title: Open interest in coins and US dollars, one side counted, all versions within the declared tolerance
grain: [day, venue, market, observed_at, known_at]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  market: the venue's own id of the market
  observed_at: UTC instant of the observation, the fetch time where the venue sends none
  known_at: UTC instant from which it was known
  distance_hours: hours between the observation and the end of the day
  is_backfilled: whether it came from a history call
  amount: as sent, in unit
  unit: what the amount counts (base, contracts, usd, quote)
  evidence: what the unit rests on (recorded, documented, ccxt_source, none)
  sides: 1 if the venue counts each contract once, 2 if it adds longs and shorts
  own_usd: the venue's own dollar figure, NULL where it sends none
  mark_price: mark price of the same fetch, quote per listed base
  open_interest_base_listed: one-sided, in the market's own base as listed
  open_interest_quote: one-sided value in quote currency (US dollars for inverse contracts)
  asset: base after the alias table
  multiplier: coins of the asset in one unit of the listed base
  direction: linear pays in quote, inverse in base, quanto in a third coin
checks:
  rows_if: raw.open_interest
  not_null: [amount, unit, sides]
  range: {amount: [0, null], open_interest_base_listed: [0, null], open_interest_quote: [0, null]}
  values: {unit: [base, contracts, usd, quote], evidence: [recorded, documented, ccxt_source, none]}
*/
with observations as (
    select
        day_ending_nearest(coalesce(observed_at, fetched_at)) as day, venue, market,
        coalesce(observed_at, fetched_at) as observed_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        is_backfilled, amount, unit, evidence, sides, own_usd, contract_size, tolerance_hours
    from raw.open_interest
    where
        day >= $from_day::date
        and hours_from_midnight(coalesce(observed_at, fetched_at)) <= tolerance_hours
),
near as (
    select *, hours_between(observed_at, end_of(day)) as distance_hours
    from observations
    where day >= $from_day::date and hours_between(observed_at, end_of(day)) <= tolerance_hours
),
-- each list and the days it is in force; before the first one, that one
spans as (
    select
        venue, market, direction, asset, multiplier,
        case
            when lag(day) over (partition by venue, market order by day) is null then date '0001-01-01' else day
        end as in_force_from,
        coalesce(lead(day) over (partition by venue, market order by day), date '9999-12-31') as until_day,
        first_value(direction) over (partition by venue, market order by day) as first_direction
    from staging.stg_market_version
),
listed as (
    select
        n.*, coalesce(m.direction, m.first_direction) as direction, m.asset, m.multiplier
    from near as n
    -- a market has few lists that differ, so an equal join that tries each costs less than a sorted one
    left join spans as m
        on m.venue = n.venue and m.market = n.market and n.day >= m.in_force_from and n.day < m.until_day
),
-- the price of the same fetch: a later price never revalues an earlier observation; of rows told twice, the least
priced as (
    select l.*, p.mark_price
    from listed as l
    left join staging.stg_price as p
        on p.day = l.day and p.day >= $from_day::date and p.venue = l.venue and p.market = l.market
        and p.mark_price is not null
        and p.known_at <= l.known_at + interval 6 hours
    qualify row_number() over (
        partition by l.day, l.venue, l.market, l.observed_at, l.known_at
        order by
            l.amount, l.own_usd, hours_between(p.observed_at, l.observed_at), p.known_at desc, p.mark_price
    ) = 1
),
counted as (
    select
        *,
        case
            when unit = 'base' then amount / sides
            when unit = 'contracts' and direction != 'inverse' then amount * contract_size / sides
        end as base_sent,
        case
            when unit in ('usd', 'quote') then amount / sides
            when unit = 'contracts' and direction = 'inverse' then amount * contract_size / sides
        end as quote_sent
    from priced
    where direction is not null
)
select
    day, venue, market, observed_at, known_at, distance_hours, is_backfilled, amount, unit, evidence, sides, own_usd,
    mark_price,
    case
        when base_sent is not null then base_sent
        when quote_sent is not null then quote_sent / mark_price
        else error('no conversion for ' || unit || ' ' || direction || ' on ' || venue)
    end as open_interest_base_listed,
    case when quote_sent is not null then quote_sent else base_sent * mark_price end as open_interest_quote,
    asset, multiplier, direction
from counted
