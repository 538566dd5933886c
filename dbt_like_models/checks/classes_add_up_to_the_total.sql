/*
title: Classes of debt add up to the totals made of them
holds: >-
  derivative debt and margin loans are the debt that leverage_daily holds against stablecoins, and open interest
  with margin loans is what coverage_daily has seen of the known market
warn_fraction: 1e-9
error_fraction: 1e-6
*/
with classes as (
    select
        day, exact_sum(high_usd) as debt_usd,
        exact_sum(case when class = 'margin_loan' then high_usd end) as loans_usd
    from marts.margin_debt_daily
    group by day
),
against_stablecoins as (
    select
        l.day, 'debt against stablecoins' as scope, c.debt_usd as said_usd,
        l.debt_high_to_stablecoin_supply_ratio * l.stablecoin_supply_usd as total_usd
    from marts.leverage_daily as l
    inner join classes as c on c.day = l.day
    where l.scope_type = 'market' and l.debt_high_to_stablecoin_supply_ratio is not null
),
of_known_market as (
    select
        k.day, 'seen of the known market' as scope,
        coalesce(i.seen_usd, 0) + coalesce(c.loans_usd, 0) as said_usd, k.seen_usd as total_usd
    from marts.coverage_daily as k
    left join marts.coverage_daily as i on i.day = k.day and i.dataset = 'open_interest' and i.venue = 'all'
    left join classes as c on c.day = k.day
    where k.dataset = 'known_universe' and k.venue = 'all'
)
select day, scope, abs(said_usd - total_usd) / greatest(said_usd, total_usd, 1) as off_ratio
from against_stablecoins
union all
select day, scope, abs(said_usd - total_usd) / greatest(said_usd, total_usd, 1) as off_ratio
from of_known_market
