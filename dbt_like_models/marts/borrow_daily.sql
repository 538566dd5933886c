/*
title: What borrowing costs and how much is borrowed, by venue and currency
grain: [day, venue, currency, kind]
columns:
  kind: cross, isolated, or pool (peer-to-peer funding)
  borrow_apr: fraction a year, simple
  used_amount: units of the currency used in positions, the debt; NULL where the venue does not publish it
  lent_amount: units of the currency lent out
  used_usd: the used amount in US dollars
  utilisation_ratio: used over lent
  age_hours: hours between the rate's observation and the end of the day
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_borrow_rate
  range: {borrow_apr: [0, 100], used_usd: [0, null], utilisation_ratio: [0, null]}
*/
with rates as (
    select r.*
    from staging.stg_borrow_rate as r
    inner join intermediate.int_days as d on d.day = r.day
    where r.day >= $from_day::date
    qualify row_number() over (
        partition by r.day, r.venue, r.currency, r.kind order by r.distance_hours, r.known_at desc, r.rate
    ) = 1
),
amounts as (
    select
        day, venue, currency,
        exact_sum(case when measure = 'used' then amount end) as used_amount,
        exact_sum(case when measure = 'lent' then amount end) as lent_amount,
        exact_sum(case when measure = 'used' then amount_usd end) as used_usd
    from intermediate.int_loan_day
    where vintage = 'latest' and day >= $from_day::date and measure in ('used', 'lent')
    group by day, venue, currency
)
select
    r.day, r.venue, r.currency, r.kind, r.borrow_apr, a.used_amount, a.lent_amount, a.used_usd,
    safe_ratio(a.used_amount, a.lent_amount) as utilisation_ratio, r.distance_hours as age_hours,
    1 as formula_version
from rates as r
left join amounts as a on a.day = r.day and a.venue = r.venue and a.currency = r.currency and r.kind = 'pool'
