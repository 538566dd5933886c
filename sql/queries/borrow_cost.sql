/*
title: What borrowing a currency costs a year, over venues
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
*/
select
  currency,
  min(borrow_apr) as lowest_apr,
  median(borrow_apr) as median_apr,
  max(borrow_apr) as highest_apr,
  count(distinct venue) as venues,
  sum(used_usd::decimal(38, 2))::double as used_usd
from borrow_daily
where day = coalesce($day::date, (select max(day) from borrow_daily)) and borrow_apr is not null
group by currency
order by venues desc, currency
