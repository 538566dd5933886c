/*
title: Funding against the cost of borrowed dollars, day by day
parameters:
  from_day: {type: date, default: null, meaning: first day; the first published if not given}
  scope: {type: text, default: all, meaning: "an asset, or all for the market"}
*/
select day, funding_apr, dollar_borrow_apr, carry_apr
from funding_daily
where scope = $scope::text and scope_type in ('market', 'asset')
  and day >= coalesce($from_day::date, (select min(day) from funding_daily))
order by day
