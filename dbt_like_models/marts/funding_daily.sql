/*
title: What leverage costs on perpetuals, weighted by open interest
grain: [day, scope_type, scope]
columns:
  dollar_borrow_apr: what borrowing dollars or dollar coins costs, a fraction a year, simple; weighted by loans where their size is known, else the median over venues
  carry_apr: funding less the cost of borrowed dollars, a fraction a year; what holding the coin against a short pays
  formula_version: version of the formulas of this table
checks:
  rows_if: raw.funding_rate
*/
with borrowed as (
    select
        b.day,
        coalesce(
            safe_ratio(
                exact_sum(case when b.used_usd is not null then b.used_usd * b.borrow_apr end), exact_sum(b.used_usd)
            ),
            median(b.borrow_apr)
        ) as dollar_borrow_apr
    from marts.borrow_daily as b
    inner join seeds.usd_currencies as u on u.currency = b.currency
    where b.day >= $from_day::date and b.borrow_apr is not null
    group by b.day
)
select
    f.day, f.scope_type, f.scope, f.funding_apr, f.funding_apy, f.funding_paid_usd, f.positive_share_ratio, f.markets,
    b.dollar_borrow_apr, f.funding_apr - b.dollar_borrow_apr as carry_apr,
    1 as formula_version
from intermediate.int_funding_scope as f
left join borrowed as b on b.day = f.day
where f.vintage = 'latest' and f.day >= $from_day::date
