/*
title: What the positions on each venue hold of each asset, with how much own money, and how far closing them would move the price
grain: [day, venue, asset]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  asset: base after the alias table
  open_interest_usd: open interest that was seen, US dollars, one side counted
  own_money_low_usd: what the holders of one side put in themselves, US dollars, at the upper bound of their debt
  own_money_usd: the same at the margin posted at the assumed leverages, US dollars, never outside the two bounds
  own_money_high_usd: the same at the lower bound of their debt, US dollars
  asset_open_interest_usd: open interest of the asset on all venues seen, US dollars
  oi_to_volume_days: the asset's open interest over what is traded in a day, days; over the markets where both are seen
  daily_sigma_ratio: volatility of a day's return of the asset, a fraction
  closing_move_ratio: fall of the asset's price, a fraction, were one side of all its open interest sold within a day - daily sigma times the root of open interest over a day's volume; NULL where either is unknown
checks:
  rows_if: intermediate.int_margin_rate where vintage = 'latest' and notional_usd > 0
  range:
    own_money_low_usd: [0, null]
    closing_move_ratio: [0, 1]
source: square-root law of impact, its coefficient by seeds.impact_coefficient - Donier and Bonart (2015), Market Microstructure and Liquidity 1, on bitcoin
*/
with rates as (
    select day, venue, asset, notional_usd, coalesce(initial_ratio, maintenance_high_ratio) as demanded_ratio
    from intermediate.int_margin_rate
    where vintage = 'latest' and day >= $from_day::date and notional_usd > 0
),
-- as in leverage_daily: over the markets where both are seen
traded as (
    select
        day, asset, exact_sum(seen_usd) as asset_usd,
        safe_ratio(
            exact_sum(case when volume_usd > 0 then seen_usd end), exact_sum(case when volume_usd > 0 then volume_usd end)
        ) as oi_to_volume_days
    from intermediate.int_market_day
    where vintage = 'latest' and day >= $from_day::date and status = 'seen'
    group by day, asset
),
moved as (
    select
        t.*, c.daily_sigma_ratio,
        -- least() passes over a NULL, and an unknown move is no loss of everything
        case when c.daily_sigma_ratio * t.oi_to_volume_days is not null
            then least(1, square_root_impact(t.oi_to_volume_days, 1, c.daily_sigma_ratio, i.estimate::double)) end
            as closing_move_ratio
    from traded as t
    cross join seeds.impact_coefficient as i
    left join intermediate.int_cushion as c
        on c.day = t.day and c.asset = t.asset and c.book = 'vintage' and c.day >= $from_day::date
)
select
    r.day, r.venue, r.asset, r.notional_usd as open_interest_usd,
    r.notional_usd - d.high_usd as own_money_low_usd,
    greatest(
        r.notional_usd - d.high_usd,
        least(
            r.notional_usd - d.low_usd,
            r.notional_usd * margin_posting_at_most(1.0, r.demanded_ratio, x.shares, x.margins)
        )
    ) as own_money_usd,
    r.notional_usd - d.low_usd as own_money_high_usd,
    m.asset_usd as asset_open_interest_usd, m.oi_to_volume_days, m.daily_sigma_ratio, m.closing_move_ratio
from rates as r
inner join intermediate.int_margin_debt as d
    on d.vintage = 'latest' and d.day = r.day and d.class = 'derivative' and d.venue = r.venue and d.asset = r.asset
    and d.day >= $from_day::date
inner join moved as m on m.day = r.day and m.asset = r.asset
cross join intermediate.int_leverage_mixture as x
