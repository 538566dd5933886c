/*
title: Funding weighted by open interest, for the market, each asset and each venue
grain: [vintage, day, scope_type, scope]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date that the rate belongs to
  scope_type: market (the whole market), asset or venue
  scope: name within the scope type, all for the market
  funding_apr: fraction a year, simple, weighted by open interest in US dollars
  funding_apy: the same compounded daily, a fraction a year
  funding_paid_usd: US dollars that longs paid to shorts over the day, of the markets whose settlements are known
  positive_share_ratio: share of open interest whose funding was positive
  markets: markets in the average, a count
checks:
  rows_if: raw.funding_rate
  range: {positive_share_ratio: [0, 1.000001], funding_apr: [-876, 876]}
  values: {scope_type: [market, asset, venue]}
*/
with rows_seen as (
    select vintage, day, venue, asset, seen_usd, funding_apr, funding_paid_ratio
    from intermediate.int_market_day
    where day >= $from_day::date and status = 'seen' and funding_apr is not null and seen_usd > 0
),
scoped as (
    select vintage, day, 'market' as scope_type, 'all' as scope, seen_usd, funding_apr, funding_paid_ratio
    from rows_seen
    union all
    select vintage, day, 'asset' as scope_type, asset as scope, seen_usd, funding_apr, funding_paid_ratio
    from rows_seen
    union all
    select vintage, day, 'venue' as scope_type, venue as scope, seen_usd, funding_apr, funding_paid_ratio
    from rows_seen
),
weighted as (
    select
        vintage, day, scope_type, scope,
        exact_sum(seen_usd * funding_apr) / exact_sum(seen_usd) as funding_apr,
        exact_sum(seen_usd * funding_paid_ratio) as funding_paid_usd,
        exact_sum(case when funding_apr > 0 then seen_usd else 0 end) / exact_sum(seen_usd) as positive_share_ratio,
        count(*) as markets
    from scoped
    group by vintage, day, scope_type, scope
)
select
    vintage, day, scope_type, scope, funding_apr, pow(1 + funding_apr / 365, 365) - 1 as funding_apy,
    funding_paid_usd, positive_share_ratio, markets
from weighted
