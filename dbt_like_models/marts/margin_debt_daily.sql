/*
title: Margin debt by class, venue and asset, between bounds
grain: [day, class, venue, asset]
columns:
  measure: what the amounts count - notional_less_margin for derivatives, used or position_size for loans
  formula_version: version of the formulas of this table
checks:
  rows_if: staging.stg_open_interest
  not_null: [low_usd, high_usd]
  range: {low_usd: [0, null], high_usd: [0, null]}
  values: {class: [derivative, margin_loan], measure: [notional_less_margin, used, position_size]}
*/
select
    day, class, venue, asset, low_usd, estimate_usd, high_usd, low_basis, estimate_basis, high_basis,
    coverage_ratio,
    case when class = 'derivative' then 'notional_less_margin' when estimate_usd is not null then 'used'
        else 'position_size' end as measure,
    1 as formula_version
from intermediate.int_margin_debt
where vintage = 'latest' and day >= $from_day::date and high_usd is not null
