/*
title: What venues' own margin tables ask of the book - in the first tier, by lognormal sizes, and of the largest size
grain: [day, scope_type, scope]
columns:
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  notional_usd: open interest under a margin table that was collected, US dollars
  tabled_ratio: share of the open interest seen that it is
  first_tier_ratio: fraction of notional to keep positions, were all of them in the first tier; the lower bound
  lognormal_ratio: the same fraction, were sizes spread lognormally with none above the largest; an estimate by a stated assumption
  largest_ratio: the same fraction, were all positions of the largest size; the upper bound
  assumption: what is assumed of the sizes, and from where
  sizes_as_of: UTC date of the sample of sizes; applied to earlier days too, which is counterfactual
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_margin_by_size
  range: {first_tier_ratio: [0, 1], lognormal_ratio: [0, 1], largest_ratio: [0, 1], tabled_ratio: [0, 1.000001]}
*/
with scoped as (
    select 'market' as scope_type, 'all' as scope, * from intermediate.int_margin_by_size where day >= $from_day::date
    union all
    select 'asset' as scope_type, asset as scope, * from intermediate.int_margin_by_size where day >= $from_day::date
    union all
    select 'venue' as scope_type, venue as scope, * from intermediate.int_margin_by_size where day >= $from_day::date
),
rates as (
    select
        day, scope_type, scope, exact_sum(notional_usd) as notional_usd,
        exact_sum(notional_usd * first_tier_ratio) / exact_sum(notional_usd) as first_tier_ratio,
        exact_sum(notional_usd * lognormal_ratio) / exact_sum(notional_usd) as lognormal_ratio,
        exact_sum(notional_usd * largest_ratio) / exact_sum(notional_usd) as largest_ratio
    from scoped
    group by day, scope_type, scope
),
seen as (
    select day, 'market' as scope_type, 'all' as scope, exact_sum(open_interest_usd) as usd
    from marts.open_interest_by_venue_daily where day >= $from_day::date group by day
    union all
    select day, 'venue' as scope_type, venue as scope, open_interest_usd as usd
    from marts.open_interest_by_venue_daily where day >= $from_day::date
    union all
    select day, 'asset' as scope_type, asset as scope, open_interest_usd as usd
    from marts.open_interest_by_asset_daily where day >= $from_day::date
)
select
    r.day, r.scope_type, r.scope, r.notional_usd, r.notional_usd / s.usd as tabled_ratio, r.first_tier_ratio,
    r.lognormal_ratio, r.largest_ratio,
    'median ' || p.median_usd || ' USD of notional, sigma of logs ' || p.sigma_log || ', largest '
        || p.largest_market_share_ratio || ' of its market: ' || p.source as assumption,
    p.as_of::date as sizes_as_of, 2 as formula_version
from rates as r
left join seen as s on s.day = r.day and s.scope_type = r.scope_type and s.scope = r.scope
cross join seeds.position_sizes as p
