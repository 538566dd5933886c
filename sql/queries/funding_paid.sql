/*
title: What longs paid shorts over some days, by asset
parameters:
  day: {type: date, default: null, meaning: last day; the last published if not given}
  days: {type: integer, default: 30, meaning: how many days to add up}
  rows: {type: integer, default: 20, meaning: how many assets to list}
*/
select
  scope as asset,
  sum(funding_paid_usd::decimal(38, 2))::double as funding_paid_usd,
  count(funding_paid_usd) as days_known
from funding_daily
where scope_type = 'asset'
  and day > coalesce($day::date, (select max(day) from funding_daily)) - $days::integer
  and day <= coalesce($day::date, (select max(day) from funding_daily))
group by scope
order by abs(coalesce(sum(funding_paid_usd::decimal(38, 2)), 0)) desc, asset
limit $rows::integer
