/*
title: What a gap of all prices would leave unpaid at each venue beside its insurance funds
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
  shock: {type: double, default: -0.2, meaning: "gap, one of -0.2 -0.1 -0.05 0.05 0.1 0.2"}
*/
select
  venue,
  deficit_low_usd,
  deficit_usd,
  deficit_high_usd,
  insurance_fund_usd,
  is_fund_partial,
  fund_covers,
  uncovered_usd,
  fund_to_deficit_ratio,
  is_counterfactual
from deficit_daily
where day = coalesce($day::date, (select max(day) from deficit_daily)) and shock_ratio = $shock::double
order by deficit_usd desc, venue
