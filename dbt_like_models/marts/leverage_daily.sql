/*
title: Open interest against what it stands on - four ratios that must never be compared with each other
grain: [day, scope_type, scope]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  oi_to_market_cap_ratio: open interest over market capitalisation, a fraction; over the assets whose supply is known (BTC and ETH come along, others by `margin-debt import reference`)
  oi_to_exchange_reserve_ratio: coins of open interest over coins on exchanges, a fraction; assets only
  oi_to_posted_margin_ratio: open interest over margin posted, a ratio; over the venues with dated account evidence
  oi_to_volume_days: open interest over what is traded in a day, days; over the markets where both are seen
  market_cap_usd: coins in circulation at the median price, US dollars
  market_cap_as_of: UTC date of the oldest supply in it; the price is of the day
  reserve_as_of: UTC date of the reserve
  debt_high_to_stablecoin_supply_ratio: upper bound of the debt over all stablecoins, a fraction; market only
  stablecoin_supply_usd: stablecoins in circulation, US dollars; market only
  stablecoin_supply_as_of: UTC date of that supply
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_open_interest
  range:
    oi_to_market_cap_ratio: [0, null]
    oi_to_posted_margin_ratio: [1, null]
    oi_to_volume_days: [0, null]
*/
with rows_seen as (
    select day, venue, asset, seen_usd, open_interest_base, volume_usd
    from intermediate.int_market_day
    where vintage = 'latest' and day >= $from_day::date and status = 'seen'
),
scoped as (
    select 'market' as scope_type, 'all' as scope, * from rows_seen
    union all by name
    select 'asset' as scope_type, asset as scope, * from rows_seen
    union all by name
    select 'venue' as scope_type, venue as scope, * from rows_seen
),
turned as (
    select
        day, scope_type, scope,
        safe_ratio(
            exact_sum(case when volume_usd > 0 then seen_usd end), exact_sum(case when volume_usd > 0 then volume_usd end)
        ) as oi_to_volume_days
    from scoped
    group by day, scope_type, scope
),
asset_rows as (
    select day, asset, exact_sum(seen_usd) as open_interest_usd, exact_sum(open_interest_base) as open_interest_base
    from rows_seen
    group by day, asset
),
capped as (
    select
        a.day, a.asset, a.open_interest_usd, r.amount * p.price_usd as market_cap_usd, r.told_day as market_cap_as_of,
        safe_ratio(a.open_interest_base, e.amount) as oi_to_exchange_reserve_ratio, e.told_day as reserve_as_of
    from asset_rows as a
    left join intermediate.int_asset_price as p
        on p.vintage = 'latest' and p.day = a.day and p.asset = a.asset and p.day >= $from_day::date
    left join intermediate.int_reference_day as r
        on r.day = a.day and r.kind = 'circulating_supply' and r.asset = a.asset and r.day >= $from_day::date
    left join intermediate.int_reference_day as e
        on e.day = a.day and e.kind = 'exchange_reserve' and e.asset = a.asset and e.day >= $from_day::date
),
against_cap as (
    select
        day, 'asset' as scope_type, asset as scope, open_interest_usd, market_cap_usd, market_cap_as_of,
        oi_to_exchange_reserve_ratio, reserve_as_of
    from capped
    union all by name
    select
        day, 'market' as scope_type, 'all' as scope, exact_sum(open_interest_usd) as open_interest_usd,
        exact_sum(market_cap_usd) as market_cap_usd, min(market_cap_as_of) as market_cap_as_of
    from capped
    where market_cap_usd is not null
    group by day
),
debts as (
    select day, venue, asset, class, estimate_usd, high_usd, low_usd
    from intermediate.int_margin_debt
    where vintage = 'latest' and day >= $from_day::date
),
evidenced as (
    select d.day, d.venue, d.asset, r.notional_usd, d.estimate_usd
    from debts as d
    inner join intermediate.int_margin_rate as r
        on r.vintage = 'latest' and r.day = d.day and r.venue = d.venue and r.asset = d.asset
        and r.day >= $from_day::date
    where d.class = 'derivative' and d.estimate_usd is not null
),
posted as (
    select
        day, scope_type, scope,
        safe_ratio(exact_sum(notional_usd), exact_sum(notional_usd - estimate_usd)) as oi_to_posted_margin_ratio
    from (
        select day, 'market' as scope_type, 'all' as scope, notional_usd, estimate_usd from evidenced
        union all
        select day, 'asset' as scope_type, asset as scope, notional_usd, estimate_usd from evidenced
        union all
        select day, 'venue' as scope_type, venue as scope, notional_usd, estimate_usd from evidenced
    )
    group by day, scope_type, scope
),
owed as (
    select day, exact_sum(high_usd) as high_usd from debts group by day
)
select
    t.day, t.scope_type, t.scope,
    safe_ratio(c.open_interest_usd, c.market_cap_usd) as oi_to_market_cap_ratio,
    c.oi_to_exchange_reserve_ratio, p.oi_to_posted_margin_ratio, t.oi_to_volume_days,
    c.market_cap_usd, c.market_cap_as_of, c.reserve_as_of,
    safe_ratio(o.high_usd, s.amount) as debt_high_to_stablecoin_supply_ratio,
    s.amount as stablecoin_supply_usd, s.told_day as stablecoin_supply_as_of,
    1 as formula_version
from turned as t
left join against_cap as c on c.day = t.day and c.scope_type = t.scope_type and c.scope = t.scope
left join posted as p on p.day = t.day and p.scope_type = t.scope_type and p.scope = t.scope
left join intermediate.int_reference_day as s
    on t.scope_type = 'market' and s.day = t.day and s.kind = 'stablecoin_supply' and s.asset = 'all'
    and s.day >= $from_day::date
left join owed as o on t.scope_type = 'market' and o.day = t.day
