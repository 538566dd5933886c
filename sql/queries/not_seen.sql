/*
title: What was not seen on a day, and why, the largest first
parameters:
  day: {type: date, default: null, meaning: the last published if not given}
*/
select dataset, venue, status, expected_usd, seen_usd, reason
from coverage_daily
where day = coalesce($day::date, (select max(day) from coverage_daily))
  and status not in ('answered', 'seen', 'unsupported')
  and venue <> 'all'
order by expected_usd - coalesce(seen_usd, 0) desc nulls last, dataset, venue
