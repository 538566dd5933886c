/*
title: Shares of venues in the open interest that was seen
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
*/
select
  venue,
  open_interest_usd,
  open_interest_usd / sum(open_interest_usd) over () as share_ratio,
  coverage_ratio
from open_interest_by_venue_daily
where day = coalesce($day::date, (select max(day) from open_interest_by_venue_daily))
  and open_interest_usd is not null
order by open_interest_usd desc, venue
