/*
title: The margin table of each market on each day it was seen, step by step
grain: [day, venue, market, step]
columns:
  day: UTC date whose end (00:00 of the next day) the table stands for
  venue: exchange
  market: the venue's own id of the market
  step: 1 for the smallest positions, then rising
  known_at: UTC instant from which it was known
  unit: what the bounds count as sent (quote, usd, base, contracts)
  floor_sent: smallest notional of the step as sent, in unit
  floor_quote: the same in quote currency, NULL where no price tells what coins are worth
  cap_sent: largest notional of the step as sent, in unit, NULL where the step is open
  cap_quote: the same in quote currency, NULL where the step is open or no price tells what coins are worth
  maintenance_ratio: fraction of notional to keep a position of this step
  initial_ratio: fraction of notional to open one, NULL where the venue says none
  max_leverage: largest leverage of the step, a multiple of margin
  deduction_quote: what is taken off notional x maintenance_ratio so that margin has no jump between steps; 0 where a step's rate is asked of the whole position (seeds.liquidation_rules)
checks:
  rows_if: staging.stg_leverage_tier where maintenance_margin_rate_ratio is not null
  range: {maintenance_ratio: [0, 1], initial_ratio: [0, 1], floor_quote: [0, null]}
*/
with nearest as (
    select *
    from staging.stg_leverage_tier
    where day >= $from_day::date and maintenance_margin_rate_ratio is not null
    qualify dense_rank() over (
        partition by day, venue, market order by distance_hours, observed_at, known_at
    ) = 1
),
-- a venue whose rule is not known is taken to ask by steps, as most do: the least it can ask
whole as (
    select distinct venue from seeds.liquidation_rules where is_in_force::boolean and tiers = 'whole'
),
numbered as (
    select
        *,
        row_number() over in_order as step,
        maintenance_margin_rate_ratio - coalesce(lag(maintenance_margin_rate_ratio) over in_order, 0) as rise_ratio
    from nearest
    window in_order as (partition by day, venue, market order by notional_floor, tier)
)
select
    day, venue, market, step, known_at, unit, notional_floor as floor_sent, notional_floor_quote as floor_quote,
    notional_cap as cap_sent, notional_cap_quote as cap_quote,
    maintenance_margin_rate_ratio as maintenance_ratio,
    coalesce(initial_margin_rate_ratio, 1 / max_leverage) as initial_ratio,
    max_leverage,
    case
        when notional_floor_quote is null then null
        when venue in (select venue from whole) then 0
        else sum((notional_floor_quote * rise_ratio)::decimal(38, 6)) over (
            partition by day, venue, market order by step
        )::double
    end as deduction_quote
from numbered
