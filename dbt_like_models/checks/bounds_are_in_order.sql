/*
title: Bounds are in order
holds: low <= estimate <= high in every row of debt, liquidations, calls, contagion and deficits that has them
warn_fraction: 1e-9
error_fraction: 1e-6
*/
with bounds as (
    select day, class || ' ' || venue || ' ' || asset as scope, low_usd, estimate_usd, high_usd
    from marts.margin_debt_daily
    union all
    select day, 'liquidations ' || venue || ' ' || asset as scope, low_usd, estimate_usd, high_usd
    from marts.liquidations_daily
    union all
    select
        day, 'calls ' || asset || ' at ' || shock_ratio as scope, called_low_usd as low_usd,
        called_usd as estimate_usd, called_high_usd as high_usd
    from marts.call_ladder_daily
    union all
    select
        day, 'contagion of ' || venue as scope, debtrank_low_ratio as low_usd, debtrank_ratio as estimate_usd,
        debtrank_high_ratio as high_usd
    from marts.contagion_daily
    union all
    select
        day, 'deficits of ' || venue || ' at ' || shock_ratio as scope, deficit_low_usd as low_usd,
        deficit_usd as estimate_usd, deficit_high_usd as high_usd
    from marts.deficit_daily
)
-- greatest() passes over a NULL: a bound that is not there is out of no order
select
    day, scope,
    greatest(low_usd - estimate_usd, estimate_usd - high_usd, low_usd - high_usd, 0) / greatest(high_usd, 1) as off_ratio
from bounds
where high_usd is not null
