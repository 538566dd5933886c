/*
title: Margin debt by day and class, lower and upper bound, and the dated size of classes that are not seen
parameters:
  from_day: {type: date, default: null, meaning: first day; the first published if not given}
  to_day: {type: date, default: null, meaning: last day; the last published if not given}
*/
select
  day,
  class,
  sum(low_usd::decimal(38, 2))::double as low_usd,
  case when count(estimate_usd) = count(*) then sum(estimate_usd::decimal(38, 2))::double end as estimate_usd,
  sum(high_usd::decimal(38, 2))::double as high_usd,
  count(*) - count(high_usd) as rows_without_upper_bound,
  sum(not_seen_usd::decimal(38, 2))::double as not_seen_usd,
  max(not_seen_as_of) as not_seen_as_of
from margin_debt_daily
where day >= coalesce($from_day::date, (select min(day) from margin_debt_daily))
  and day <= coalesce($to_day::date, (select max(day) from margin_debt_daily))
group by day, class
order by day, class
