/*
title: Forced orders by venue over some days, between bounds
parameters:
  day: {type: date, default: null, meaning: last day; the last published if not given}
  days: {type: integer, default: 7, meaning: how many days to add up}
*/
select
  venue,
  sum(long_usd::decimal(38, 2))::double as long_usd,
  sum(short_usd::decimal(38, 2))::double as short_usd,
  sum(low_usd::decimal(38, 2))::double as low_usd,
  sum(estimate_usd::decimal(38, 2))::double as estimate_usd,
  case when count(high_usd) = count(*) then sum(high_usd::decimal(38, 2))::double end as high_usd,
  bool_or(is_censored) as is_censored
from liquidations_daily
where day > coalesce($day::date, (select max(day) from liquidations_daily)) - $days::integer
  and day <= coalesce($day::date, (select max(day) from liquidations_daily))
group by venue
order by estimate_usd desc, venue
