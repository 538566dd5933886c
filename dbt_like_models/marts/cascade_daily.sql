/*
title: Where the price would end if all positions that a first move calls were closed at once
grain: [day, asset, shock_ratio]
columns:
  shock_ratio: first move of the price, a fraction; a fall calls longs, a rise calls shorts
  first_called_usd: US dollars of positions that the first move alone calls, as in call_ladder_daily
  final_move_low_ratio: move at which it ends, a fraction with the sign of the first; least calls, lowest impact coefficient
  final_move_ratio: the same fraction by the estimates; NULL where it does not end within 60 % or volume or volatility is unknown
  final_move_high_ratio: the same fraction by the most calls and the highest coefficient; NULL beside an estimate means it does not end within 60 %
  forced_usd: US dollars of positions called by the whole move of the estimate, valued at the day's price; NULL as the move is; one called just at a step counts there, in the ladder on either side
  amplification_ratio: final_move_ratio over shock_ratio
  gain_ratio: further move that one unit of move sets off at the first one, over its next hundredth; 1 less it is the distance to instability
  is_unstable: whether the estimate finds no end within 60 %, NULL where volume or volatility is unknown
  daily_volume_usd: traded in perpetuals and futures that were seen, US dollars as venues report them; spot is not in it, so moves are overstated
  volume_coverage_ratio: share of the open interest whose market's volume is known, a fraction; under 0.6 the volume counts as unknown
  daily_sigma_ratio: volatility of a day's return, a fraction; decay 0.97 over 90 days, NULL under 20 returns
  impact_assumption: coefficient of the square-root impact and where it comes from
  is_counterfactual: whether a margin table younger than the day was used
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_cushion
  range: {first_called_usd: [0, null], forced_usd: [0, null], amplification_ratio: [1, null], gain_ratio: [0, null]}
*/
-- Where each position is called is worked out once and counted in its step of half a percent, as whole trillionths of
-- the book, whose sums are exact in any order. Formulas as in the macros called_long and called_short.
with traded as (
    select
        day, asset, exact_sum(volume_usd) as volume_usd,
        safe_ratio(exact_sum(case when volume_usd is not null then seen_usd else 0 end), exact_sum(seen_usd)) as covered_ratio
    from intermediate.int_market_day
    where vintage = 'latest' and day >= $from_day::date and status = 'seen'
    group by day, asset
),
valued as (
    select
        c.day, c.asset, c.notional_usd, c.maintenance_rate_low_ratio, c.maintenance_rate_high_ratio, c.demanded_ratio,
        c.daily_sigma_ratio, c.tiers_as_of, t.volume_usd, t.covered_ratio,
        case when t.covered_ratio >= 0.6 and t.volume_usd > 0 and c.daily_sigma_ratio is not null then t.volume_usd end
            as known_usd,
        i.low::double as low, i.estimate::double as estimate, i.high::double as high, i.source
    from intermediate.int_cushion as c
    left join traded as t on t.day = c.day and t.asset = c.asset
    cross join seeds.impact_coefficient as i
    where c.day >= $from_day::date and c.book = 'vintage'
),
-- no cascade reaches further than the sale of the whole book at once
book as (
    select
        *, maintenance_rate_low_ratio = maintenance_rate_high_ratio as has_one_rate,
        least(120, 3 + coalesce(ceil(200 * square_root_impact(notional_usd, known_usd, daily_sigma_ratio, high)), 0))::integer
            as reach_steps
    from valued
),
-- a position is called at its entry price times this factor; sign is that of the move which calls it. Without a margin
-- table there is one rate, and both bounds are counted once
factors as (
    select
        b.day, b.asset, s.sign, r.is_high, b.reach_steps, 1e12 * x.notional_share_ratio::double as weight,
        (1 + s.sign * greatest(1 / x.leverage::double, b.demanded_ratio))
            / (1 + s.sign * case when r.is_high then b.maintenance_rate_high_ratio else b.maintenance_rate_low_ratio end)
            as factor
    from book as b
    cross join seeds.leverage_mixture as x
    cross join (select unnest([-1, 1]) as sign) as s
    inner join (select unnest([false, true]) as is_high) as r on r.is_high or not b.has_one_rate
),
placed as (
    select
        v.day, v.asset, f.sign, f.is_high, f.reach_steps, f.weight, v.pro_rata_share_ratio, v.fifo_share_ratio,
        v.lifo_share_ratio,
        ceil(200 * f.sign * (v.entry_price_usd / v.price_usd * f.factor - 1) - 1e-9)::integer as step
    from intermediate.int_entry_vintage as v
    inner join factors as f on f.day = v.day and f.asset = v.asset
    where v.day >= $from_day::date and v.pro_rata_share_ratio > 0
),
-- steps 10, 20 and 40 are the first moves, a call between their reaches counts at the next of them; step 0 is who is
-- past the call today: gone by the estimate and the low bound, counted again by the high one
counted as (
    select
        day, asset, sign, is_high,
        case when step <= 0 then 0 when step <= 10 then 10 when step <= 10 + reach_steps then step
            when step <= 20 then 20 when step <= 20 + reach_steps then step
            when step <= 40 then 40 when step <= 40 + reach_steps then step end as step,
        sum(round(weight * pro_rata_share_ratio)) as pro_rata, sum(round(weight * fifo_share_ratio)) as fifo,
        sum(round(weight * lifo_share_ratio)) as lifo
    from placed
    where step <= 40 + reach_steps
    group by all
),
grid as (
    select b.day, b.asset, s.sign, b.has_one_rate, g.step::integer as step
    from book as b
    cross join (select unnest([-1, 1]) as sign) as s
    inner join range(0, 121) as g (step)
        on g.step = 0 or g.step between 10 and 10 + b.reach_steps or g.step between 20 and 20 + b.reach_steps
        or g.step between 40 and 40 + b.reach_steps
),
summed as (
    select
        g.day, g.asset, g.sign, g.step,
        sum(case when g.step > 0 then h.pro_rata end) over upto as pro_rata,
        sum(case when g.step > 0 then l.pro_rata end) over upto as pro_rata_low,
        sum(case when g.step > 0 then l.fifo end) over upto as fifo_low,
        sum(case when g.step > 0 then l.lifo end) over upto as lifo_low,
        sum(h.pro_rata) over upto as pro_rata_high, sum(h.fifo) over upto as fifo_high, sum(h.lifo) over upto as lifo_high
    from grid as g
    left join counted as h
        on h.day = g.day and h.asset = g.asset and h.sign = g.sign and h.step = g.step and h.is_high
    left join counted as l
        on l.day = g.day and l.asset = g.asset and l.sign = g.sign and l.step = g.step and l.is_high = g.has_one_rate
    window upto as (partition by g.day, g.asset, g.sign order by g.step rows unbounded preceding)
),
ladder as (
    select
        s.day, s.asset, s.sign, s.step, b.notional_usd * coalesce(s.pro_rata, 0) / 1e12 as called_usd,
        b.notional_usd * coalesce(least(s.pro_rata, s.pro_rata_low, s.fifo_low, s.lifo_low), 0) / 1e12 as called_low_usd,
        b.notional_usd * coalesce(greatest(s.pro_rata_high, s.fifo_high, s.lifo_high), 0) / 1e12 as called_high_usd
    from summed as s
    inner join book as b on b.day = s.day and b.asset = s.asset
),
pushed as (
    select
        l.day, l.asset, l.sign, l.step / 200 as move_ratio, l.called_usd,
        square_root_impact(l.called_low_usd, b.known_usd, b.daily_sigma_ratio, b.low) as impact_low_ratio,
        square_root_impact(l.called_usd, b.known_usd, b.daily_sigma_ratio, b.estimate) as impact_ratio,
        square_root_impact(l.called_high_usd, b.known_usd, b.daily_sigma_ratio, b.high) as impact_high_ratio
    from ladder as l
    inner join book as b on b.day = l.day and b.asset = l.asset
),
-- the end is the first move that holds its own consequences; it is that of the step's calls, late by less than a step
ended as (
    select
        p.day, p.asset, p.sign, f.first_ratio,
        min(p.impact_ratio) as first_impact_ratio,
        min(p.impact_ratio) filter (where p.move_ratio > f.first_ratio + 0.0075) as next_impact_ratio,
        min(f.first_ratio + p.impact_low_ratio) filter (where f.first_ratio + p.impact_low_ratio <= p.move_ratio) as low_ratio,
        min(f.first_ratio + p.impact_ratio) filter (where f.first_ratio + p.impact_ratio <= p.move_ratio) as final_ratio,
        min(f.first_ratio + p.impact_high_ratio) filter (where f.first_ratio + p.impact_high_ratio <= p.move_ratio) as high_ratio,
        min(p.called_usd) filter (where f.first_ratio + p.impact_ratio <= p.move_ratio) as forced_usd
    from pushed as p
    inner join (select unnest([0.05, 0.10, 0.20]::double[]) as first_ratio) as f on p.move_ratio >= f.first_ratio
    group by p.day, p.asset, p.sign, f.first_ratio
)
select
    e.day, e.asset, e.sign * e.first_ratio as shock_ratio, l.called_usd as first_called_usd,
    e.sign * e.low_ratio as final_move_low_ratio, e.sign * e.final_ratio as final_move_ratio,
    e.sign * e.high_ratio as final_move_high_ratio, e.forced_usd,
    e.final_ratio / e.first_ratio as amplification_ratio,
    (e.next_impact_ratio - e.first_impact_ratio) / 0.01 as gain_ratio,
    case when b.known_usd is not null then e.final_ratio is null end as is_unstable,
    b.volume_usd as daily_volume_usd, b.covered_ratio as volume_coverage_ratio, b.daily_sigma_ratio,
    'coefficient ' || b.estimate || ', between ' || b.low || ' and ' || b.high || ': ' || b.source as impact_assumption,
    b.tiers_as_of, coalesce(b.tiers_as_of > b.day, false) as is_counterfactual, 1 as formula_version
from ended as e
inner join book as b on b.day = e.day and b.asset = e.asset
inner join marts.call_ladder_daily as l
    on l.day = e.day and l.asset = e.asset and l.shock_ratio = e.sign * e.first_ratio and l.day >= $from_day::date
