/*
title: The margin table of each open market in force on the last day, step by step
grain: [venue, market, tier]
columns:
  tier: 1 for the smallest positions, then rising
  tiers_as_of: UTC date of the table, the last one seen; no older than forty days before the last day
  floor_usd: smallest position of the step, US dollars; NULL where its unit or currency has no known worth
  cap_usd: largest position of the step, US dollars; NULL where the step is open or its worth is not known
  floor_amount: smallest position of the step as sent, in unit
  cap_amount: largest position of the step as sent, in unit; NULL where the step is open
  unit: what the bounds count as sent (quote, usd, base, contracts)
  maintenance_ratio: fraction of notional to keep a position of this step
  initial_ratio: fraction of notional to open one, NULL where the venue says none
  max_leverage: largest leverage of the step, a multiple of margin; NULL where the venue says none
  deduction_usd: US dollars off notional x maintenance_ratio where a venue lets each step count for its own part only
  formula_version: version of the formulas of this table
materialized: full
checks:
  rows_if: intermediate.int_tier_table as t inner join intermediate.int_grid as g using (venue, market) where g.day = (select max(day) from intermediate.int_days) and not g.is_closed and t.day between (select max(day) - 40 from intermediate.int_days) and (select max(day) from intermediate.int_days)
  range: {maintenance_ratio: [0, 1], initial_ratio: [0, 1], floor_usd: [0, null], max_leverage: [1, 2000]}
  not_null: [tiers_as_of, maintenance_ratio, unit]
*/
with last as (
    select max(day) as day from intermediate.int_days
),
listed as (
    select g.day, g.venue, g.market, g.asset, g.direction, g.quote, q.usd_value::double as quote_usd
    from intermediate.int_grid as g
    left join seeds.usd_currencies as q on q.currency = g.quote
    where g.day = (select day from last) and not g.is_closed
),
-- a table not seen for forty days is no longer known to be in force
tables as (
    select venue, market, max(day) as tiers_as_of
    from intermediate.int_tier_table
    where day between (select day - 40 from last) and (select day from last)
    group by venue, market
),
steps as (
    select * from intermediate.int_tier_step where day >= (select day - 40 from last)
)
select
    l.venue, l.market, s.step as tier, l.asset, l.direction, l.quote, t.tiers_as_of,
    s.floor_quote * l.quote_usd as floor_usd, s.cap_quote * l.quote_usd as cap_usd,
    s.floor_sent as floor_amount, s.cap_sent as cap_amount, s.unit, s.maintenance_ratio, s.initial_ratio,
    s.max_leverage, s.deduction_quote * l.quote_usd as deduction_usd, 1 as formula_version
from listed as l
inner join tables as t on t.venue = l.venue and t.market = l.market
inner join steps as s on s.venue = l.venue and s.market = l.market and s.day = t.tiers_as_of
