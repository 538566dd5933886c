/*
title: How thin the cushion under open positions is, and how probable a margin call
grain: [day, scope_type, scope, book]
columns:
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  book: new_position (entered today) or vintage (entered when open interest rose, at the price of then)
  notional_usd: open interest that the figures are weighted by, US dollars
  distance_sigmas: distance_long_ratio in daily standard deviations of the price
  call_probability_7d_ratio: probability, a fraction, that the price falls by that distance within 7 days (no drift)
  compression_30d_ratio: share of the longs' distance that was lost in 30 days; below zero if it grew
  dynamic_margin_ratio: counterfactual maintenance, a fraction of notional - 2.33 daily sigmas for one day, never below the first tier
  is_counterfactual: whether a margin table younger than the day was used
  formula_version: version of the formulas of this table
checks:
  rows_if: intermediate.int_cushion
  range: {distance_long_ratio: [0, 1], call_probability_7d_ratio: [0, 1], distance_short_ratio: [0, null]}
  values: {scope_type: [market, asset, venue], book: [new_position, vintage]}
*/
-- the days built and those 30 days before them, not the days between
with wanted as (
    select day from intermediate.int_days where day >= $from_day::date
    union
    select day - 30 as day from intermediate.int_days where day >= $from_day::date
),
asset_rows as (
    select * from intermediate.int_cushion
    where day >= $from_day::date - 30 and day in (select day from wanted)
),
-- a venue's standing book cannot be seen: entries are those of the asset over all venues
venue_rows as (
    select
        r.day, r.venue, 'new_position' as book, r.notional_usd,
        r.maintenance_low_ratio as maintenance_rate_low_ratio,
        r.maintenance_high_ratio as maintenance_rate_high_ratio,
        margin_posting_at_most(1.0, r.demanded_ratio, x.shares, x.margins) as initial_rate_ratio,
        distance_long(1.0, r.maintenance_high_ratio, r.demanded_ratio, x.shares, x.margins) as distance_long_ratio,
        distance_long(1.0, r.maintenance_high_ratio, r.demanded_ratio, x.shares, x.margins) as distance_long_low_ratio,
        distance_long(1.0, r.maintenance_low_ratio, r.demanded_ratio, x.shares, x.margins) as distance_long_high_ratio,
        distance_short(1.0, r.maintenance_high_ratio, r.demanded_ratio, x.shares, x.margins) as distance_short_ratio,
        distance_short(1.0, r.maintenance_high_ratio, r.demanded_ratio, x.shares, x.margins) as distance_short_low_ratio,
        distance_short(1.0, r.maintenance_low_ratio, r.demanded_ratio, x.shares, x.margins) as distance_short_high_ratio,
        c.daily_sigma_ratio, r.tabled_ratio, r.tiers_as_of
    from (
        select *, coalesce(initial_ratio, maintenance_high_ratio) as demanded_ratio
        from intermediate.int_margin_rate
        where
            vintage = 'latest' and day >= $from_day::date - 30 and notional_usd > 0
            and day in (select day from wanted)
    ) as r
    inner join asset_rows as c on c.day = r.day and c.asset = r.asset and c.book = 'vintage'
    cross join intermediate.int_leverage_mixture as x
),
scoped as (
    select 'market' as scope_type, 'all' as scope, * exclude (asset, demanded_ratio) from asset_rows
    union all by name
    select 'asset' as scope_type, asset as scope, * exclude (asset, demanded_ratio) from asset_rows
    union all by name
    select 'venue' as scope_type, venue as scope, * exclude (venue) from venue_rows
),
weighted as (
    select
        day, scope_type, scope, book, exact_sum(notional_usd) as notional_usd,
        exact_sum(notional_usd * maintenance_rate_low_ratio) / exact_sum(notional_usd) as maintenance_rate_low_ratio,
        exact_sum(notional_usd * maintenance_rate_high_ratio) / exact_sum(notional_usd) as maintenance_rate_high_ratio,
        exact_sum(notional_usd * initial_rate_ratio) / exact_sum(notional_usd) as initial_rate_ratio,
        exact_sum(notional_usd * distance_long_ratio) / exact_sum(notional_usd) as distance_long_ratio,
        exact_sum(notional_usd * distance_long_low_ratio) / exact_sum(notional_usd) as distance_long_low_ratio,
        exact_sum(notional_usd * distance_long_high_ratio) / exact_sum(notional_usd) as distance_long_high_ratio,
        exact_sum(notional_usd * distance_short_ratio) / exact_sum(notional_usd) as distance_short_ratio,
        exact_sum(notional_usd * distance_short_low_ratio) / exact_sum(notional_usd) as distance_short_low_ratio,
        exact_sum(notional_usd * distance_short_high_ratio) / exact_sum(notional_usd) as distance_short_high_ratio,
        exact_sum(notional_usd * daily_sigma_ratio)
            / exact_sum(case when daily_sigma_ratio is not null then notional_usd end) as daily_sigma_ratio,
        exact_sum(notional_usd * tabled_ratio) / exact_sum(notional_usd) as tabled_ratio,
        max(tiers_as_of) as tiers_as_of
    from scoped
    group by day, scope_type, scope, book
)
select
    n.day, n.scope_type, n.scope, n.book, n.notional_usd, n.maintenance_rate_low_ratio,
    n.maintenance_rate_high_ratio, n.initial_rate_ratio, n.distance_long_ratio, n.distance_long_low_ratio,
    n.distance_long_high_ratio, n.distance_short_ratio, n.distance_short_low_ratio, n.distance_short_high_ratio,
    n.daily_sigma_ratio,
    safe_ratio(n.distance_long_ratio, n.daily_sigma_ratio) as distance_sigmas,
    first_passage(safe_ratio(n.distance_long_ratio, n.daily_sigma_ratio), 7) as call_probability_7d_ratio,
    1 - safe_ratio(n.distance_long_ratio, b.distance_long_ratio) as compression_30d_ratio,
    case when n.daily_sigma_ratio is not null
        then greatest(n.maintenance_rate_low_ratio, 2.33 * n.daily_sigma_ratio) end as dynamic_margin_ratio,
    n.tabled_ratio, n.tiers_as_of, coalesce(n.tiers_as_of > n.day, false) as is_counterfactual,
    2 as formula_version
from weighted as n
left join weighted as b
    on b.day = n.day - 30 and b.scope_type = n.scope_type and b.scope = n.scope and b.book = n.book
where n.day >= $from_day::date
