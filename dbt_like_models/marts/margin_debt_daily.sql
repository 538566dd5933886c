/*
title: Margin debt by class, venue and asset, between bounds
grain: [day, class, venue, asset]
columns:
  class: derivative (the borrowed part of futures positions) or margin_loan (loans outstanding); cefi, defi, cdp, cme and options are not seen
  venue: exchange; of a class that is not seen, who is meant within it
  asset: position's asset, or the currency borrowed; all for a class that is not seen
  low_usd: lower bound, US dollars; NULL for a class that is not seen
  high_usd: upper bound, US dollars; NULL for a class that is not seen
  coverage_ratio: share of the expected open interest seen; 1 for a loan amount that was observed, 0 for a class that is not seen
  measure: what the amounts count - notional_less_margin for derivatives, used or position_size for loans; not_seen has none
  not_seen_usd: dated size of a class that is not seen, US dollars, part of no total; NULL for the others and where no source gives one
  not_seen_as_of: UTC date of that size
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_open_interest
  not_null: [low_basis, high_basis]
  range: {low_usd: [0, null], high_usd: [0, null], not_seen_usd: [0, null]}
  values: {class: [derivative, margin_loan, cefi, defi, cdp, cme, options], measure: [notional_less_margin, used, position_size, not_seen]}
*/
with seen as (
    select
        day, class, venue, asset, low_usd, estimate_usd, high_usd, low_basis, estimate_basis, high_basis,
        coverage_ratio,
        case when class = 'derivative' then 'notional_less_margin' when estimate_usd is not null then 'used'
            else 'position_size' end as measure
    from intermediate.int_margin_debt
    where vintage = 'latest' and day >= $from_day::date and high_usd is not null
)
select *, null::double as not_seen_usd, null::date as not_seen_as_of, 2 as formula_version
from seen
union all by name
-- beside what was seen, so that no day looks whole; a day on which nothing was seen has no rows at all
select
    n.day, n.class, n.member as venue, 'all' as asset, n.basis as low_basis, n.basis as high_basis,
    0.0 as coverage_ratio, 'not_seen' as measure, n.size_usd as not_seen_usd, n.size_as_of as not_seen_as_of,
    2 as formula_version
from intermediate.int_not_seen as n
where n.day >= $from_day::date and exists (select 1 from seen as s where s.day = n.day)
