/*
title: What the signals read - each day as it was known twelve hours after it ended
grain: [day, scope_type, scope]
columns:
  day: UTC date whose end (00:00 of the next day) the value stands for
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  open_interest_usd: US dollars, one side counted
  quantity_growth_30d_ratio: growth in coins at the old prices over 30 days, matched sample, a fraction
  quantity_growth_7d_ratio: the same over 7 days
  quantity_growth_1d_ratio: the same over 1 day
  usd_growth_30d_ratio: growth in US dollars over 30 days, matched sample, a fraction
  hhi_venue_ratio: HHI of open interest over venues, market scope only
  hhi_asset_ratio: HHI of open interest over assets, market scope only
  seen_ratio: share of the expected open interest seen, market and venue scope
  price_usd: US dollars a coin, the median over venues, asset scope only
  oi_to_market_cap_ratio: open interest over market capitalisation, a fraction; market scope, assets with a built-in supply
  borrow_apr: fraction a year, simple; median over venues of what borrowing dollars costs, market scope only
  loan_utilisation_ratio: loans used over lent where a venue publishes both, a fraction, market scope only
  liquidations_to_oi_ratio: forced orders of the day over open interest of the venues that publish them, market scope only
  formula_version: version of the formulas of this table
checks:
  rows_if: raw.markets
  range:
    seen_ratio: [0, 1.000001]
    hhi_venue_ratio: [0, 1.000001]
    price_usd: [0, null]
    oi_to_market_cap_ratio: [0, null]
    loan_utilisation_ratio: [0, null]
    liquidations_to_oi_ratio: [0, null]
*/
with rows_known as (
    select day, venue, asset, seen_usd
    from intermediate.int_market_day
    where vintage = 'as_known' and day >= $from_day::date and status != 'closed'
),
scoped as (
    select day, 'market' as scope_type, 'all' as scope, exact_sum(seen_usd) as open_interest_usd
    from rows_known group by day
    union all
    select day, 'asset' as scope_type, asset as scope, exact_sum(seen_usd) as open_interest_usd
    from rows_known group by day, asset
    union all
    select day, 'venue' as scope_type, venue as scope, exact_sum(seen_usd) as open_interest_usd
    from rows_known group by day, venue
),
growth as (
    select
        day, scope_type, scope,
        max(case when horizon_days = 30 then quantity_growth_ratio end) as quantity_growth_30d_ratio,
        max(case when horizon_days = 7 then quantity_growth_ratio end) as quantity_growth_7d_ratio,
        max(case when horizon_days = 1 then quantity_growth_ratio end) as quantity_growth_1d_ratio,
        max(case when horizon_days = 30 then usd_growth_ratio end) as usd_growth_30d_ratio
    from intermediate.int_growth
    where vintage = 'as_known' and day >= $from_day::date
    group by day, scope_type, scope
),
concentration as (
    select
        day,
        max(case when dimension = 'venue' then hhi_ratio end) as hhi_venue_ratio,
        max(case when dimension = 'asset' then hhi_ratio end) as hhi_asset_ratio
    from intermediate.int_concentration
    where vintage = 'as_known' and measure = 'open_interest' and day >= $from_day::date
    group by day
),
prices as (
    select day, asset, price_usd
    from intermediate.int_asset_price
    where vintage = 'as_known' and day >= $from_day::date
),
-- only supplies that come with the project: an imported one does not say since when it was known
capped as (
    select s.day, s.scope as asset, s.open_interest_usd, r.amount::double * p.price_usd as market_cap_usd
    from scoped as s
    inner join prices as p on p.day = s.day and p.asset = s.scope
    asof join (
        select day::date as day, asset, amount from seeds.reference_supply where kind = 'circulating_supply'
    ) as r on r.asset = s.scope and s.day >= r.day
    where s.scope_type = 'asset'
),
against_cap as (
    select day, safe_ratio(exact_sum(open_interest_usd), exact_sum(market_cap_usd)) as oi_to_market_cap_ratio
    from capped
    where open_interest_usd is not null
    group by day
),
borrow_rates as (
    select r.day, r.venue, r.currency, r.kind, r.borrow_apr
    from staging.stg_borrow_rate as r
    inner join intermediate.int_vintages as v
        on v.vintage = 'as_known' and r.known_at <= end_of(r.day) + to_seconds(v.listens_hours * 3600)
    inner join seeds.usd_currencies as q on q.currency = r.currency
    where r.day >= $from_day::date
    qualify row_number() over (
        partition by r.day, r.venue, r.currency, r.kind order by r.distance_hours, r.known_at desc, r.rate
    ) = 1
),
borrowing as (
    select day, median(borrow_apr) as borrow_apr from borrow_rates group by day
),
loans as (
    select
        day, venue, currency, exact_sum(case when measure = 'used' then amount_usd end) as used_usd,
        exact_sum(case when measure = 'lent' then amount_usd end) as lent_usd
    from intermediate.int_loan_day
    where vintage = 'as_known' and day >= $from_day::date and measure in ('used', 'lent')
    group by day, venue, currency
),
utilised as (
    select day, safe_ratio(exact_sum(used_usd), exact_sum(lent_usd)) as loan_utilisation_ratio
    from loans
    where used_usd is not null and lent_usd is not null
    group by day
),
forced as (
    select l.day, l.venue, exact_sum(l.value_quote * q.usd_value::double) as liquidations_usd
    from staging.stg_liquidation as l
    inner join intermediate.int_vintages as v
        on v.vintage = 'as_known' and l.known_at <= end_of(l.day) + to_seconds(v.listens_hours * 3600)
    inner join intermediate.int_grid as g
        on g.day = l.day and g.venue = l.venue and g.market = l.market and g.day >= $from_day::date - 6
    inner join seeds.usd_currencies as q on q.currency = g.quote
    where l.day >= $from_day::date - 6
    group by l.day, l.venue
),
-- a venue that published a forced order within a week is listened to: its silence is a day without any
listened as (
    select s.day, s.scope as venue, s.open_interest_usd, max(case when f.day = s.day then f.liquidations_usd end)
        as liquidations_usd
    from scoped as s
    inner join forced as f on f.venue = s.scope and f.day <= s.day and f.day > s.day - 7
    where s.scope_type = 'venue' and s.open_interest_usd is not null
    group by s.day, s.scope, s.open_interest_usd
),
pressed as (
    select
        day,
        safe_ratio(exact_sum(coalesce(liquidations_usd, 0)), exact_sum(open_interest_usd)) as liquidations_to_oi_ratio
    from listened
    group by day
)
select
    s.day, s.scope_type, s.scope, s.open_interest_usd,
    g.quantity_growth_30d_ratio, g.quantity_growth_7d_ratio, g.quantity_growth_1d_ratio, g.usd_growth_30d_ratio,
    f.funding_apr,
    case when s.scope_type = 'market' then h.hhi_venue_ratio end as hhi_venue_ratio,
    case when s.scope_type = 'market' then h.hhi_asset_ratio end as hhi_asset_ratio,
    c.seen_ratio,
    case when s.scope_type = 'asset' then p.price_usd end as price_usd,
    case when s.scope_type = 'market' then k.oi_to_market_cap_ratio end as oi_to_market_cap_ratio,
    case when s.scope_type = 'market' then b.borrow_apr end as borrow_apr,
    case when s.scope_type = 'market' then u.loan_utilisation_ratio end as loan_utilisation_ratio,
    case when s.scope_type = 'market' then l.liquidations_to_oi_ratio end as liquidations_to_oi_ratio,
    2 as formula_version
from scoped as s
left join growth as g on g.day = s.day and g.scope_type = s.scope_type and g.scope = s.scope
left join intermediate.int_funding_scope as f
    on f.vintage = 'as_known' and f.day = s.day and f.scope_type = s.scope_type and f.scope = s.scope
    and f.day >= $from_day::date
left join concentration as h on h.day = s.day
left join prices as p on p.day = s.day and p.asset = s.scope and s.scope_type = 'asset'
left join against_cap as k on k.day = s.day
left join borrowing as b on b.day = s.day
left join utilised as u on u.day = s.day
left join pressed as l on l.day = s.day
left join intermediate.int_coverage as c
    on c.vintage = 'as_known' and c.day = s.day and c.day >= $from_day::date
    and ((s.scope_type = 'market' and c.venue = 'all') or (s.scope_type = 'venue' and c.venue = s.scope))
