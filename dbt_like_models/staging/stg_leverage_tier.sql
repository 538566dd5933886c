/*
title: Margin tables of the markets as each venue showed them, bounds in quote currency
grain: [day, venue, market, tier, observed_at, known_at]
columns:
  day: UTC date whose end (00:00 of the next day) the table stands for
  venue: exchange
  market: the venue's own id of the market
  tier: 1 for the smallest positions
  observed_at: UTC instant of the observation, the fetch time where the venue sends none
  known_at: UTC instant from which it was known
  distance_hours: hours between the observation and the end of the day
  unit: what the bounds count as sent (quote, usd, base, contracts)
  notional_floor: as sent, in unit
  notional_cap: as sent, in unit, NULL where the last step is open
  notional_floor_quote: bound in quote currency, NULL where no price tells what coins are worth
  notional_cap_quote: the same for the upper bound
  initial_margin_rate_ratio: fraction of notional to open a position, NULL where the venue says none
  maintenance_margin_rate_ratio: fraction of notional to keep it, NULL where the venue says none
  max_leverage: largest leverage of the step, a multiple of margin
checks:
  rows_if: raw.leverage_tier
  not_null: [notional_floor]
  range:
    notional_floor: [0, null]
    maintenance_margin_rate_ratio: [0, 1]
    initial_margin_rate_ratio: [0, 1]
    max_leverage: [1, 2000]
  values: {unit: [quote, usd, base, contracts]}
*/
with observations as (
    select
        unnest(candidate_days(coalesce(observed_at, fetched_at))) as day, venue, market, tier,
        coalesce(observed_at, fetched_at) as observed_at,
        case when is_backfilled then observed_at + to_seconds(publication_lag_hours * 3600) else fetched_at end
            as known_at,
        unit, contract_size, tolerance_hours, notional_floor, notional_cap,
        if_possible(initial_margin_rate, 0, 1) as initial_margin_rate,
        -- who has to keep all of a position's worth as margin has borrowed nothing: that is no margin table
        case when maintenance_margin_rate >= 0 and maintenance_margin_rate < 1 then maintenance_margin_rate end
            as maintenance_margin_rate,
        if_possible(max_leverage, 1, 2000) as max_leverage
    from raw.leverage_tier
    where day >= $from_day::date
),
near as (
    select *, hours_between(observed_at, end_of(day)) as distance_hours
    from observations
    where day >= $from_day::date and hours_between(observed_at, end_of(day)) <= tolerance_hours
    qualify row_number() over (
        partition by day, venue, market, tier, observed_at, known_at order by notional_floor, notional_cap
    ) = 1
),
price as (
    select day, venue, market, arg_min(mark_price, (distance_hours, known_at, mark_price)) as mark_price
    from staging.stg_price
    where day >= $from_day::date and mark_price is not null
    group by day, venue, market
),
valued as (
    select
        n.*,
        case
            when n.unit in ('quote', 'usd') then 1
            when n.unit = 'base' then p.mark_price
            when n.unit = 'contracts' and m.direction = 'inverse' then n.contract_size
            when n.unit = 'contracts' then n.contract_size * p.mark_price
            else error('unknown unit of tiers ' || n.unit)
        end as quote_per_unit
    from near as n
    left join staging.stg_markets as m
        on m.day = n.day and m.venue = n.venue and m.market = n.market and m.day >= $from_day::date
    left join price as p on p.day = n.day and p.venue = n.venue and p.market = n.market
)
select
    day, venue, market, tier, observed_at, known_at, distance_hours, unit, notional_floor, notional_cap,
    notional_floor * quote_per_unit as notional_floor_quote,
    notional_cap * quote_per_unit as notional_cap_quote,
    initial_margin_rate as initial_margin_rate_ratio,
    maintenance_margin_rate as maintenance_margin_rate_ratio, max_leverage
from valued
