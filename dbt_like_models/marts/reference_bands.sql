/*
title: What others published, and our number of the same day beside it
grain: [id, day, measure, source]
columns:
  id: number of the record among the project's checks
  measure: loans, liquidations, open_interest, bitcoin_open_interest, or volume
  what: what was published
  day: UTC date the published figure stands for
  published_usd: as published, US dollars
  our_usd: our own figure of that day, US dollars; NULL where the day is not covered
  our_ratio: our figure over the published one, a ratio
  source: who published it
  why_ours_differs: what one holds and the other does not
  formula_version: version of the formulas of this table
materialized: full
checks:
  not_null: [published_usd, why_ours_differs]
  range: {published_usd: [0, null]}
*/
with open_interest as (
    select day, exact_sum(open_interest_usd) as usd from marts.open_interest_by_asset_daily group by day
),
bitcoin as (
    select day, open_interest_usd as usd from marts.open_interest_by_asset_daily where asset = 'BTC'
),
traded as (
    select day, exact_sum(volume_usd) as usd from marts.market_daily where status = 'seen' group by day
),
loans as (
    select day, exact_sum(estimate_usd) as usd from marts.margin_debt_daily where class = 'margin_loan' group by day
),
forced as (
    select day, exact_sum(estimate_usd) as usd from marts.liquidations_daily group by day
),
ours as (
    select 'open_interest' as measure, * from open_interest
    union all
    select 'bitcoin_open_interest' as measure, * from bitcoin
    union all
    select 'volume' as measure, * from traded
    union all
    select 'loans' as measure, * from loans
    union all
    select 'liquidations' as measure, * from forced
)
select
    b.id, b.measure, b.what, b.day::date as day, b.published_usd::double as published_usd, o.usd as our_usd,
    safe_ratio(o.usd, b.published_usd::double) as our_ratio, b.source, b.why_ours_differs, 1 as formula_version
from seeds.reference_bands as b
left join ours as o on o.measure = b.measure and o.day = b.day::date
