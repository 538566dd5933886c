/*
title: What each venue asks of the positions in each asset, weighted by open interest
grain: [vintage, day, venue, asset]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date whose end (00:00 of the next day) the value stands for
  venue: exchange
  asset: base after the alias table
  notional_usd: open interest that was seen, US dollars, one side counted
  maintenance_low_ratio: fraction of notional to keep positions, were all of them in the first tier
  maintenance_high_ratio: the same fraction were all positions of the assumed size; the first tier where no table is known
  initial_ratio: fraction of notional to open positions of that size, NULL where no table is known
  tabled_ratio: share of the notional whose margin table was collected
  tiers_as_of: UTC date of the youngest table used, NULL where none has a date
  tier_source: where the first tier comes from
checks:
  rows_if: staging.stg_open_interest
  not_null: [maintenance_low_ratio, tier_source]
  range: {maintenance_low_ratio: [0, 1], maintenance_high_ratio: [0, 1], initial_ratio: [0, 1]}
*/
with book as (
    select
        m.vintage, m.day, m.venue, m.market, m.asset, m.seen_usd, v.listens_hours,
        -- quote currencies are at par with the dollar: see seeds.usd_currencies
        least(s.median_usd::double, m.seen_usd * s.largest_market_share_ratio::double) as position_quote
    from intermediate.int_market_day as m
    inner join intermediate.int_vintages as v on v.vintage = m.vintage
    cross join seeds.position_sizes as s
    where m.day >= $from_day::date and m.status = 'seen'
),
-- a table not seen for forty days is no longer known to be in force, and older days need not be read
tables as (
    select * from intermediate.int_tier_table where day >= $from_day::date - 40
),
steps as (
    select * from intermediate.int_tier_step where day >= $from_day::date - 40
),
dated as (
    select
        b.*, f.first_maintenance_ratio,
        case when f.known_at <= end_of(b.day) + to_seconds(b.listens_hours * 3600) and b.day - f.day <= 40
            then f.day end as table_day
    from (select * from book where (venue, market) in (select (venue, market) from tables)) as b
    asof left join tables as f
        on f.venue = b.venue and f.market = b.market and b.day >= f.day
),
sized as (
    select
        d.*, s.initial_ratio,
        -- a position of no size is in the first tier
        case when d.position_quote > 0 then s.maintenance_ratio - s.deduction_quote / d.position_quote
            else s.maintenance_ratio end as sized_maintenance_ratio
    from dated as d
    asof left join steps as s
        on s.venue = d.venue and s.market = d.market and s.day = d.table_day and d.position_quote >= s.floor_quote
    union all by name
    -- a market without any table needs no search for the last one
    select *, null::double as initial_ratio, null::double as sized_maintenance_ratio,
        null::double as first_maintenance_ratio, null::date as table_day
    from book
    where (venue, market) not in (select (venue, market) from tables)
),
declared as (
    select
        s.*,
        coalesce(own.first_tier_maintenance_ratio, whole.first_tier_maintenance_ratio, rest.first_tier_maintenance_ratio)::double
            as declared_ratio,
        coalesce(own.tiers_as_of, whole.tiers_as_of)::date as declared_as_of,
        coalesce(own.source, whole.source, rest.source) as declared_source
    from sized as s
    left join seeds.first_tier_margins as own on own.venue = s.venue and own.asset = s.asset
    left join seeds.first_tier_margins as whole on whole.venue = s.venue and whole.asset = '*'
    left join seeds.first_tier_margins as rest on rest.venue = '*' and rest.asset = '*'
),
rated as (
    select
        vintage, day, venue, asset, seen_usd, table_day, initial_ratio,
        case when table_day is not null then first_maintenance_ratio else declared_ratio end as low_ratio,
        case when table_day is not null then greatest(first_maintenance_ratio, sized_maintenance_ratio)
            else declared_ratio end as high_ratio,
        coalesce(table_day, declared_as_of) as tiers_as_of,
        case when table_day is not null then 'the venue''s own margin table'
            else declared_source end as tier_source
    from declared
)
select
    vintage, day, venue, asset, exact_sum(seen_usd) as notional_usd,
    coalesce(safe_ratio(exact_sum(seen_usd * low_ratio), exact_sum(seen_usd)), min(low_ratio))
        as maintenance_low_ratio,
    coalesce(safe_ratio(exact_sum(seen_usd * high_ratio), exact_sum(seen_usd)), min(high_ratio))
        as maintenance_high_ratio,
    safe_ratio(
        exact_sum(case when initial_ratio is not null then seen_usd * initial_ratio end),
        exact_sum(case when initial_ratio is not null then seen_usd end)
    ) as initial_ratio,
    coalesce(safe_ratio(exact_sum(case when table_day is not null then seen_usd else 0 end), exact_sum(seen_usd)), 0)
        as tabled_ratio,
    max(tiers_as_of) as tiers_as_of,
    max(tier_source) as tier_source
from rated
group by vintage, day, venue, asset
