/*
title: Borrowed money by class, venue and asset - lower bound, estimate, upper bound
grain: [vintage, day, class, venue, asset]
columns:
  vintage: latest shows every correction; as_known holds only what was known shortly after the day ended
  day: UTC date whose end (00:00 of the next day) the value stands for
  class: derivative (the borrowed part of futures positions) or margin_loan (loans outstanding)
  venue: exchange
  asset: position's asset, or the currency borrowed
  low_usd: lower bound, US dollars
  estimate_usd: from a named, dated source, US dollars; NULL where there is none
  high_usd: upper bound, US dollars
  low_basis: what the lower bound rests on
  estimate_basis: what the estimate rests on, NULL where there is none
  high_basis: what the upper bound rests on
  coverage_ratio: share of the expected open interest seen; 1 for a loan amount that was observed
checks:
  rows_if: staging.stg_open_interest
  not_null: [low_basis, high_basis]
  range: {low_usd: [0, null], high_usd: [0, null], coverage_ratio: [0, 1.000001]}
  values: {class: [derivative, margin_loan]}
*/
with expected as (
    select vintage, day, venue, asset, count(*) as expected, count(seen_usd) as seen
    from intermediate.int_market_day
    where day >= $from_day::date and status != 'closed'
    group by vintage, day, venue, asset
),
rates as (
    select r.*, e.seen / e.expected as coverage_ratio
    from intermediate.int_margin_rate as r
    inner join expected as e
        on e.vintage = r.vintage and e.day = r.day and e.venue = r.venue and e.asset = r.asset
    where r.day >= $from_day::date
),
derivative as (
    select
        t.vintage, t.day, 'derivative' as class, t.venue, t.asset,
        -- a sample of accounts tells of the whole venue: where a coin's own table leaves room for less, that holds.
        -- least() passes over a NULL, and what has no evidence has no estimate
        t.notional_usd * least(coalesce(a.low_debt_ratio::double, 0), 1 - t.maintenance_low_ratio) as low_usd,
        case when a.estimate_debt_ratio is not null then
            t.notional_usd * least(a.estimate_debt_ratio::double, 1 - t.maintenance_low_ratio) end as estimate_usd,
        t.notional_usd * (1 - t.maintenance_low_ratio) as high_usd,
        coalesce(a.low_source, 'no account data: every position may be fully paid') as low_basis,
        a.estimate_source
            || case when a.estimate_debt_ratio::double > 1 - t.maintenance_low_ratio then ', cut to the upper bound' else '' end
            as estimate_basis,
        t.tier_source || case when t.tiers_as_of > t.day then ' (counterfactual: of ' || t.tiers_as_of || ')' else '' end
            as high_basis,
        t.coverage_ratio
    from rates as t
    left join seeds.account_evidence as a on a.venue = t.venue and a.as_of::date <= t.day
),
loans as (
    select
        vintage, day, venue, currency as asset,
        exact_sum(case when measure = 'used' then amount_usd end) as used_usd,
        exact_sum(case when measure = 'position_size' then amount_usd end) as position_usd
    from intermediate.int_loan_day
    where day >= $from_day::date
    group by vintage, day, venue, currency
),
-- positions only bound what finances them, and only where the venue's used amounts are not known that day
margin_loan as (
    select
        l.vintage, l.day, 'margin_loan' as class, l.venue, l.asset,
        coalesce(l.used_usd, 0) as low_usd,
        l.used_usd as estimate_usd,
        coalesce(l.used_usd, l.position_usd) as high_usd,
        case when l.used_usd is not null then 'amount used in positions, published by the venue'
            else 'margin positions only: they may be fully paid' end as low_basis,
        case when l.used_usd is not null then 'amount used in positions, published by the venue' end as estimate_basis,
        case when l.used_usd is not null then 'amount used in positions, published by the venue'
            else 'margin positions only: they may be fully borrowed' end as high_basis,
        1.0 as coverage_ratio
    from loans as l
    where
        l.used_usd is not null
        or (
            l.position_usd is not null
            and not exists (
                select 1 from loans as o
                where o.vintage = l.vintage and o.day = l.day and o.venue = l.venue and o.used_usd is not null
            )
        )
)
select * from derivative
union all by name
select * from margin_loan
