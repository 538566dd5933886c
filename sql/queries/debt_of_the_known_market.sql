/*
title: Debt seen on a day by class, beside the dated size of every class that is not seen
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
*/
select
  class, measure,
  sum(low_usd::decimal(38, 2))::double as low_usd,
  sum(high_usd::decimal(38, 2))::double as high_usd,
  sum(not_seen_usd::decimal(38, 2))::double as not_seen_usd,
  max(not_seen_as_of) as not_seen_as_of,
  case when measure = 'not_seen' then max(high_basis) end as basis
from margin_debt_daily
where day = coalesce($day::date, (select max(day) from margin_debt_daily))
group by class, measure
order by class, measure
