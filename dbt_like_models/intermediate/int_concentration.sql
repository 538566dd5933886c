/*
title: How concentrated open interest, debt and loans are over venues, assets and their cells
grain: [vintage, day, measure, dimension]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date whose end (00:00 of the next day) the value stands for
  measure: open_interest, debt (upper bound of all classes) or loans (amount used)
  dimension: venue, asset, or cell (venue x asset)
  hhi_ratio: Herfindahl-Hirschman index, sum of squared shares, 1/n to 1
  effective_n: 1 / HHI, a count of equal members
  top1_ratio: share of the largest member
  top3_ratio: share of the three largest
  top5_ratio: share of the five largest
  gini_ratio: Gini coefficient of the members' amounts
  theil_t: Theil T in nats; for cells over the full grid with its empty cells
  theil_venue: part of the cells' Theil T between venues, nats
  theil_asset: part of the cells' Theil T between assets, nats
  theil_mutual: the rest, the mutual information of venue and asset, nats
  members: members with a positive amount, a count
checks:
  rows_if: staging.stg_open_interest
  range: {hhi_ratio: [0, 1.000001], top1_ratio: [0, 1.000001], gini_ratio: [-0.000001, 1]}
  values: {measure: [open_interest, debt, loans], dimension: [venue, asset, cell]}
*/
with amounts as (
    select vintage, day, 'open_interest' as measure, venue, asset, seen_usd as usd
    from intermediate.int_market_day
    where day >= $from_day::date and status = 'seen' and seen_usd > 0
    union all
    select vintage, day, 'debt' as measure, venue, asset, high_usd as usd
    from intermediate.int_margin_debt
    where day >= $from_day::date and high_usd > 0
    union all
    select vintage, day, 'loans' as measure, venue, asset, estimate_usd as usd
    from intermediate.int_margin_debt
    where day >= $from_day::date and class = 'margin_loan' and estimate_usd > 0
),
members as (
    select
        vintage, day, measure,
        case when grouping(asset) = 1 then 'venue' when grouping(venue) = 1 then 'asset' else 'cell' end
            as dimension,
        venue, asset, exact_sum(usd) as usd
    from amounts
    group by grouping sets (
        (vintage, day, measure, venue), (vintage, day, measure, asset), (vintage, day, measure, venue, asset)
    )
),
totals as (
    select vintage, day, measure, dimension, exact_sum(usd) as total, count(*) as members
    from members
    group by vintage, day, measure, dimension
),
shares as (
    select
        m.vintage, m.day, m.measure, m.dimension, m.usd / t.total as share, t.members,
        row_number() over (
            partition by m.vintage, m.day, m.measure, m.dimension order by m.usd desc, m.venue, m.asset
        ) as place
    from members as m
    inner join totals as t
        on t.vintage = m.vintage and t.day = m.day and t.measure = m.measure and t.dimension = m.dimension
),
measured as (
    select
        vintage, day, measure, dimension, any_value(members) as members,
        hhi(share) as hhi_ratio,
        exact_sum(case when place <= 1 then share end) as top1_ratio,
        exact_sum(case when place <= 3 then share end) as top3_ratio,
        exact_sum(case when place <= 5 then share end) as top5_ratio,
        -- place 1 is the largest: the ascending rank is members + 1 - place
        exact_sum((members + 1 - 2 * place) * share) / any_value(members) as gini_ratio,
        exact_sum(entropy_term(share)) as entropy_sum
    from shares
    group by vintage, day, measure, dimension
),
split as (
    select
        c.vintage, c.day, c.measure,
        theil_of(v.entropy_sum, v.members) as theil_venue,
        theil_of(a.entropy_sum, a.members) as theil_asset,
        c.entropy_sum - v.entropy_sum - a.entropy_sum as theil_mutual
    from measured as c
    inner join measured as v
        on v.vintage = c.vintage and v.day = c.day and v.measure = c.measure and v.dimension = 'venue'
    inner join measured as a
        on a.vintage = c.vintage and a.day = c.day and a.measure = c.measure and a.dimension = 'asset'
    where c.dimension = 'cell'
)
select
    m.vintage, m.day, m.measure, m.dimension, m.hhi_ratio, 1 / m.hhi_ratio as effective_n,
    m.top1_ratio, m.top3_ratio, m.top5_ratio, m.gini_ratio,
    case when m.dimension = 'cell' then s.theil_venue + s.theil_asset + s.theil_mutual
        else theil_of(m.entropy_sum, m.members) end as theil_t,
    case when m.dimension = 'cell' then s.theil_venue end as theil_venue,
    case when m.dimension = 'cell' then s.theil_asset end as theil_asset,
    case when m.dimension = 'cell' then s.theil_mutual end as theil_mutual,
    m.members
from measured as m
left join split as s on s.vintage = m.vintage and s.day = m.day and s.measure = m.measure
