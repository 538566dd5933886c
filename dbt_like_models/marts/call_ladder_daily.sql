/*
title: How many dollars of positions a move of the price would call
grain: [day, asset, shock_ratio]
columns:
  shock_ratio: move of the price, a fraction; a fall calls longs, a rise calls shorts
  called_low_usd: US dollars of positions, the least of the three rules of who leaves first, at the low maintenance rate
  called_usd: US dollars of positions, entries pro rata, at the high maintenance rate; those past their call today are left out
  called_high_usd: US dollars of positions, the most of the three rules, those past their call today counted again
  tiers_as_of: UTC date of the youngest margin table used, NULL where none has a date
  is_counterfactual: whether a margin table younger than the day was used
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_cushion
  range: {called_low_usd: [0, null], called_usd: [0, null], called_high_usd: [0, null]}
*/
with book as (
    select
        c.day, c.asset, c.notional_usd, c.maintenance_rate_low_ratio as low_ratio,
        c.maintenance_rate_high_ratio as high_ratio, c.demanded_ratio, c.tiers_as_of, x.shares
    from intermediate.int_cushion as c
    cross join intermediate.int_leverage_mixture as x
    where c.day >= $from_day::date and c.book = 'vintage'
),
shocks as (
    select unnest([-0.20, -0.10, -0.05, 0.05, 0.10, 0.20])::double as shock_ratio
),
called as (
    select
        v.day, v.asset, s.shock_ratio, v.pro_rata_share_ratio, v.fifo_share_ratio, v.lifo_share_ratio,
        case when s.shock_ratio < 0
            then called_long(v.entry_price_usd / v.price_usd, 1 + s.shock_ratio, b.high_ratio, b.demanded_ratio, b.shares)
            else called_short(v.entry_price_usd / v.price_usd, 1 + s.shock_ratio, b.high_ratio, b.demanded_ratio, b.shares)
        end as at_high,
        case when s.shock_ratio < 0
            then called_long(v.entry_price_usd / v.price_usd, 1, b.high_ratio, b.demanded_ratio, b.shares)
            else called_short(v.entry_price_usd / v.price_usd, 1, b.high_ratio, b.demanded_ratio, b.shares)
        end as before_high,
        case when s.shock_ratio < 0
            then called_long(v.entry_price_usd / v.price_usd, 1 + s.shock_ratio, b.low_ratio, b.demanded_ratio, b.shares)
                - called_long(v.entry_price_usd / v.price_usd, 1, b.low_ratio, b.demanded_ratio, b.shares)
            else called_short(v.entry_price_usd / v.price_usd, 1 + s.shock_ratio, b.low_ratio, b.demanded_ratio, b.shares)
                - called_short(v.entry_price_usd / v.price_usd, 1, b.low_ratio, b.demanded_ratio, b.shares)
        end as newly_low
    from intermediate.int_entry_vintage as v
    inner join book as b on b.day = v.day and b.asset = v.asset
    cross join shocks as s
    -- on a day without a rise nobody entered
    where v.day >= $from_day::date and v.pro_rata_share_ratio > 0
),
summed as (
    select
        day, asset, shock_ratio,
        least(
            exact_sum(pro_rata_share_ratio * newly_low), exact_sum(fifo_share_ratio * newly_low),
            exact_sum(lifo_share_ratio * newly_low)
        ) as low_ratio,
        exact_sum(pro_rata_share_ratio * (at_high - before_high)) as estimate_ratio,
        greatest(
            exact_sum(pro_rata_share_ratio * at_high), exact_sum(fifo_share_ratio * at_high),
            exact_sum(lifo_share_ratio * at_high)
        ) as high_ratio
    from called
    group by day, asset, shock_ratio
)
select
    s.day, s.asset, s.shock_ratio,
    b.notional_usd * least(s.low_ratio, s.estimate_ratio) as called_low_usd,
    b.notional_usd * s.estimate_ratio as called_usd,
    b.notional_usd * s.high_ratio as called_high_usd,
    b.tiers_as_of, coalesce(b.tiers_as_of > b.day, false) as is_counterfactual,
    2 as formula_version
from summed as s
inner join book as b on b.day = s.day and b.asset = s.asset
